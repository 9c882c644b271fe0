"""How the instance is: sources, queue, next runs, and what a person should look at. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from digest.pipeline.audience import of_files, owed
from digest.pipeline.due import agenda_at, held_at
from digest.pipeline.upcoming import schedules_ahead
from digest.settings import Settings
from digest.store import Queue, Store

_DAY = timedelta(days=1)
_BAD = ("stale", "failing")
_STUCK = timedelta(hours=2)
"""A row that may be sent and has not been for so long means that nothing sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One look at everything."""

    papers: int
    sources: Sequence[Mapping[str, Any]]
    subscribers: Mapping[str, int]
    due_now: int
    next_due_at: datetime | None
    queue: Queue
    settled: Mapping[str, int]
    """State → rows settled in the last 24 hours."""
    last_fetch_at: datetime | None
    last_sent_at: datetime | None
    alarms: Sequence[str]
    """What is wrong, one sentence each, with what to do."""


async def survey(settings: Settings, store: Store, now: datetime) -> Survey:
    """Ask the store; a few indexed statements, however many subscribers there are."""
    names = {source.name for source in settings.sources}
    sources = [row for row in await store.sources.reports() if row["name"] in names]
    agenda = await agenda_at(settings, store, now)
    counts = await store.subscribers.counts()
    due_now = sum([await store.due.count(owing, agenda.gone) for owing in agenda.owings])
    ahead = [one.next_at for one in await schedules_ahead(settings, store, now) if one.next_at]
    for reader in await of_files(settings, store, now):  # those whom no run has enrolled yet
        if reader.row_id is None and reader.status == "active":
            one = owed(reader, None, now, settings.schedule.spread)
            counts["active"] = counts.get("active", 0) + 1
            due_now += one.due
            ahead.append(one.due_at)
    queue = await store.overview.queue(now)
    settled = await store.overview.settled(now - _DAY, now)
    alarms = [f"source {row['name']} is {row['state']}: {row['reason']}" for row in sources if row["state"] in _BAD]
    alarms += [
        f"{one.kind}, since {one.raised_at:%Y-%m-%d %H:%M} UTC: {one.message}" for one in await store.alarms.standing()
    ]
    alarms += agenda.problems
    alarms += [held for held in [await held_at(settings, store, now)] if held]
    if queue.due and queue.oldest_due_at and now - queue.oldest_due_at > _STUCK:
        alarms.append(
            f"{queue.due} mails may be sent, the oldest since {queue.oldest_due_at:%Y-%m-%d %H:%M} UTC; run: digest send"
        )
    if failed := settled.get("failed"):
        alarms.append(
            f"{failed} mails failed in the last 24 hours; see digest why ADDRESS, then digest resend --failed"
        )
    return Survey(
        papers=await store.papers.count(),
        sources=[dict(row) for row in sources],
        subscribers=counts,
        due_now=due_now,
        next_due_at=now if due_now else min(ahead, default=None),
        queue=queue,
        settled=settled,
        last_fetch_at=await store.overview.last_fetch_at(),
        last_sent_at=await store.deliveries.last_sent_at(),
        alarms=alarms,
    )
