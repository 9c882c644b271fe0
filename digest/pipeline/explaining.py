"""What became of one subscriber's issues, and why a day has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from digest.cadence import due_on, local_day, spread_of
from digest.models import Delivery
from digest.pipeline.audience import Reader, counts, find, owed
from digest.pipeline.upcoming import last_of, local_time
from digest.settings import Settings
from digest.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One subscriber's record."""

    reader: Reader
    next: str
    """What happens next, as a fragment of a sentence."""
    deliveries: Sequence[Delivery]
    """Newest first."""
    nothing: str = ""
    """Why there is no issue of the day asked for."""


async def explain(settings: Settings, store: Store, email: str, day: date | None, now: datetime) -> Explained | None:
    """The rows of somebody, all recent ones or a day's; None when nobody has the address."""
    reader = await find(settings, store, email, now)
    if reader is None:
        return None
    rows = await store.deliveries.of(reader.row_id or 0, day)
    nothing = "" if rows or day is None else await _nothing(settings, store, reader, day, now)
    return Explained(reader=reader, next=await _next(settings, store, reader, now), deliveries=rows, nothing=nothing)


async def _next(settings: Settings, store: Store, reader: Reader, now: datetime) -> str:
    if reader.status == "suppressed":
        why = await store.suppressions.covers(reader.subscriber.email)
        told = f" since {why.first_seen_at:%Y-%m-%d}: {why.reason} ({why.source})" if why else ""
        return f"nothing is sent: suppressed{told}; to lift that: digest subscribers allow {reader.subscriber.email}"
    if reader.status != "active":
        return f"nothing is sent: {reader.status}"
    last = (await last_of(store, [reader])).get(reader.row_id or 0)
    due = owed(reader, last, now, settings.schedule.spread)
    active = f"the issue of {due.issue} is due now" if due.due else due.reason
    newest = [row for row in await store.deliveries.of(reader.row_id or 0, limit=1) if row.state == "queued"]
    if newest:
        return (
            f"the issue of {newest[0].issue} is queued and goes out with the next send that may try it; then {active}"
        )
    return active


async def _nothing(settings: Settings, store: Store, reader: Reader, day: date, now: datetime) -> str:
    """Why a day has no row of its own."""
    cadence, paused_until = reader.subscriber.cadence, reader.subscriber.paused_until
    for row in await store.deliveries.of(reader.row_id or 0, limit=400):
        if row.kind == "digest" and row.covers_from and row.covers_from <= day < row.issue:
            return f"{day} is covered by the issue of {row.issue} ({row.state}), because {row.covers_why}"
    due = due_on(cadence, day, spread_of(reader.key, settings.schedule.spread))
    if due is None:
        why = (
            f"their cadence is {cadence.name}"
            if day.weekday() not in cadence.days
            else f"{cadence.zone} skipped that day"
        )
        return f"no issue is due on {day:%A}, {day}: {why}"
    if paused_until and day < paused_until:
        return f"their mail is paused until {paused_until}; its papers come with the first issue after that"
    if reader.row_id is not None and not counts(reader, due.issue, due.at):
        joined = local_day(reader.joined_at, cadence.zone)
        return f"they joined (or came back) on {joined}, after the issue of {day} was due"
    if due.at > now:
        return f"it is due on {local_time(due.at, cadence.zone)}"
    return (
        f"it was due on {local_time(due.at, cadence.zone)}, and nothing has been planned since: no run took place, or a "
        "brake holds it (digest status tells). Its papers come with the next issue"
    )
