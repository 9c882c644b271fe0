"""What comes next: which schedules are due when, and what the first of their subscribers would get. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from digest.cadence import DAY_NAMES, Cadence, next_due
from digest.models import same_address
from digest.pipeline.audience import Owed, Reader, find, of_files, owed, read_stored
from digest.pipeline.composing import Composer, Silence
from digest.pipeline.due import cadence_from
from digest.pipeline.planning import why_not
from digest.settings import Settings
from digest.store import LastIssue, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """The next issue of one subscriber, as it would be now."""

    subscriber: str
    issue: date
    due_at: datetime
    local: str
    """In their zone: "Mon 2026-11-23 07:30 Europe/Berlin"."""
    due: bool
    papers: int
    considered: int
    message_bytes: int
    reason: str
    """Why nothing comes, or not yet; empty for an issue that is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleAhead:
    """When a schedule is due next, and for how many active subscribers of the store."""

    cadence: Cadence | None
    stored: str
    next_at: datetime | None
    subscribers: int


async def schedules_ahead(settings: Settings, store: Store, now: datetime) -> list[ScheduleAhead]:
    """Each schedule of the store's active subscribers, the next due first."""
    ahead: list[ScheduleAhead] = []
    for stored, number in (await store.due.members()).items():
        cadence = cadence_from(stored, settings.schedule)
        due = next_due(cadence, now) if cadence else None
        ahead.append(ScheduleAhead(cadence=cadence, stored=stored, next_at=due.at if due else None, subscribers=number))
    return sorted(ahead, key=lambda one: (one.next_at is None, one.next_at or now, -one.subscribers))


async def coming(settings: Settings, store: Store, now: datetime, *, limit: int, to: str = "") -> list[Coming]:
    """The next issues of at most `limit` subscribers (0: all), the first due first; or of one."""
    if to:
        one = await find(settings, store, to, now)
        readers = [one] if one else []
    else:
        readers = await _soonest(settings, store, now, limit)
    last = await last_of(store, readers)
    spread = settings.schedule.spread
    dues = [owed(reader, last.get(reader.row_id or 0), now, spread) for reader in readers]
    dues.sort(key=lambda due: (due.due_at, due.reader.subscriber.email))
    dues = dues[:limit] if limit else dues
    composer = await Composer.ready(settings, store, [due.reader for due in dues])
    newest = await store.papers.newest()
    return [await _would_get(composer, due, newest, now) for due in dues]


async def _soonest(settings: Settings, store: Store, now: datetime, limit: int) -> list[Reader]:
    """Active readers of the files, and of the store as many as are asked for, by whose schedule is due first."""
    readers = {same_address(one.subscriber.email): one for one in await of_files(settings, store, now)}
    room = limit or -1
    for ahead in await schedules_ahead(settings, store, now):
        if room == 0:
            break
        stored = await store.subscribers.of_schedule(ahead.stored, room)
        for reader in await read_stored(settings, store, stored, now):
            readers.setdefault(same_address(reader.subscriber.email), reader)
        room = max(0, room - len(stored)) if limit else -1
    return [reader for reader in readers.values() if reader.status == "active"]


async def last_of(store: Store, readers: list[Reader]) -> dict[int, LastIssue]:
    """Row id → newest digest row, of a few readers."""
    found: dict[int, LastIssue] = {}
    for reader in readers:
        rows = [row for row in await store.deliveries.of(reader.row_id or 0, limit=3) if row.kind == "digest"]
        if rows:
            found[rows[0].subscriber_id] = LastIssue(rows[0].issue, rows[0].state, rows[0].uncertain)
    return found


async def _would_get(composer: Composer, due: Owed, newest: int, now: datetime) -> Coming:
    reader = due.reader
    reason, papers, size, considered = why_not(due, None, forced=False), 0, 0, 0
    if not reason:
        considered = await composer.considered(reader.cursor, newest)
        composed = await composer.compose(reader, due.issue, reader.cursor, newest, now)
        if isinstance(composed, Silence):
            reason = composed.reason
        else:
            papers, size = len(composed.digest.papers), len(composed.data)
    return Coming(
        subscriber=reader.subscriber.email,
        issue=due.issue,
        due_at=due.due_at,
        local=local_time(due.due_at, reader.subscriber.cadence.zone),
        due=due.due,
        papers=papers,
        considered=considered,
        message_bytes=size,
        reason="; ".join(filter(None, [reason, due.reason])),
    )


def local_time(moment: datetime, zone: str) -> str:
    """A moment where somebody lives."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{DAY_NAMES[there.weekday()].capitalize()} {there:%Y-%m-%d %H:%M} {zone}"
