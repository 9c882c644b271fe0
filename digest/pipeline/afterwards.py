"""After a round of sending: alarms in the store, a sign of life for who watches, a mail to the admin."""

from __future__ import annotations

from datetime import datetime

from digest.pipeline import admin_mail, heartbeat
from digest.pipeline.alarms import Change, apply, verdict
from digest.pipeline.runs import Run
from digest.settings import Settings
from digest.store import Store


async def tell(settings: Settings, store: Store, now: datetime, *, raised: bool, beat: bool) -> list[str]:
    """Tell whoever wants to know: of alarms that were just `raised`, else (with `beat`) that no alarm stands.

    Gives a sentence for each who could not be told; nothing else goes wrong by it.
    """
    unsaid = []
    if raised:
        unsaid.append(await heartbeat.beat(settings, now, failed=True))
    elif beat and not await store.alarms.standing():
        unsaid.append(await heartbeat.beat(settings, now))
    unsaid.append(await admin_mail.tell(settings, store, now))
    return [sentence for sentence in unsaid if sentence]


async def after(settings: Settings, store: Store, run: Run, now: datetime) -> tuple[list[Change], list[str]]:
    """Everything after one `digest send`: which alarms changed, and who could not be told."""
    changes = await apply(store, verdict(run), now)
    raised = any(not change.over for change in changes)
    return changes, await tell(settings, store, now, raised=raised, beat=True)
