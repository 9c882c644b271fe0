"""What `digest status` says of `digest run`: how its jobs went, when the sources are asked next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from digest.cli.output import print_table, say

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.store import Store


async def wellbeing(settings: Settings, store: Store, now: datetime) -> dict[str, Any]:
    """Its part of the document."""
    from digest.pipeline.fetch_times import next_fetch

    fetch_at = next_fetch(settings.schedule, now)
    return {
        "next_fetch": fetch_at.isoformat(timespec="minutes") if fetch_at else None,
        "jobs": [
            {
                "job": one.job,
                "at": _moment(one.at),
                "ok_at": _moment(one.ok_at),
                "failures": one.failures,
                "reason": one.reason,
            }
            for one in (await store.rounds.all()).values()
        ],
    }


def show_wellbeing(document: dict[str, Any]) -> None:
    """For people; nothing where `digest run` was never used."""
    if document["jobs"]:
        say(f"\ndigest run asks the sources next at {document['next_fetch'] or 'no time'}; its jobs:")
        rows = [
            [job["job"], job["at"], "failing" if job["failures"] else "ok", job["reason"]] for job in document["jobs"]
        ]
        print_table(("job", "last round", "state", "reason"), rows)


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
