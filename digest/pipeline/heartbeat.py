"""The sign of life that a watching service waits for (healthchecks.io and its like): `[delivery] heartbeat_url`.

Asked after a round that went well; with /fail at the end of its path when an alarm was raised. The address is a secret:
it is in no message.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from digest.errors import FetchError
from digest.pipeline.wiring import heart
from digest.settings import Settings


async def beat(settings: Settings, now: datetime, *, failed: bool = False) -> str:
    """Tell the service how it is; a sentence when it could not be told, which harms nothing else."""
    url = settings.delivery.heartbeat_url
    if not url:
        return ""
    async with heart(settings) as client:
        try:
            await client.get(_failing(url) if failed else url, gate="heartbeat", now=now)
        except FetchError as error:
            return f"the heartbeat was not taken: {error}"
    return ""


def _failing(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
