"""Who reads, and what one reader is owed. `resolve` and `owed` decide (pure); `sync` and `preview` only order.

TOML files name subscribers; the store remembers what they cannot say: status, cursor, when somebody joined, what they
chose themselves. Who of all is owed an issue is decided in sets (see due), by the same rules.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from digest.cadence import due_on, last_due, local_day, next_due, spread_of
from digest.links import subscriber_key
from digest.models import Subscriber, SubscriberStatus, same_address
from digest.settings import Settings, SubscriberSettings, cadence_of
from digest.store import LastIssue, NewSubscriber, Store, StoredSubscriber, effective, still_chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A subscriber with all that is needed to send to them; `row_id` is None until the store knows them."""

    subscriber: Subscriber
    row_id: int | None
    key: str
    cursor: int
    joined_at: datetime
    origin: str
    status: SubscriberStatus = "active"
    lost: tuple[str, ...] = ()
    """Profiles that are asked for and do not exist any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Whether a reader is due, and for which issue; `reason` says why not."""

    reader: Reader
    issue: date
    due_at: datetime
    due: bool
    reason: str = ""
    held: bool = False
    """Due, but an earlier issue is still on its way."""


@dataclass(slots=True)
class _Changes:
    """What the TOML files say that the store does not know yet."""

    new: list[NewSubscriber] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    fields: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    overlay: dict[int, Mapping[str, Any] | None] = field(default_factory=dict)
    adopted: list[int] = field(default_factory=list)
    """Recipients of reports who are to read as well."""


async def sync(settings: Settings, store: Store, now: datetime) -> None:
    """Bring the store up to what the TOML files say; enough to do when they changed. Reads nobody else."""
    stored = await store.subscribers.of_files(table.email for table in settings.subscribers)
    _, changes, start = await _resolved(settings, store, stored, now)
    await store.subscribers.add(changes.new, now)
    await store.subscribers.adopt(changes.adopted, "config", start, now)
    await store.subscribers.set_fields(changes.fields, now)
    await store.subscribers.set_overlay(changes.overlay, now)
    await store.subscribers.reactivate(changes.returned, start, now, only="removed")
    await store.subscribers.set_status(changes.removed, "removed", now, only="active")


async def enrol(settings: Settings, store: Store, now: datetime) -> list[Reader]:
    """Bring the store up to what the TOML files say, and list everybody, whatever their status."""
    await sync(settings, store, now)
    return await preview(settings, store, now)


async def preview(settings: Settings, store: Store, now: datetime) -> list[Reader]:
    """The readers `enrol` would give, without writing anything."""
    readers, _, _ = await _resolved(settings, store, await store.subscribers.all(), now)
    return readers


async def find(settings: Settings, store: Store, email: str, now: datetime) -> Reader | None:
    """One reader by address, as `preview` has them; None when nobody has it. Reads nobody else."""
    stored = await store.subscribers.by_address([email])
    readers, _, _ = await _resolved(settings, store, stored, now)
    same = [reader for reader in readers if same_address(reader.subscriber.email) == same_address(email)]
    return same[0] if same else None


async def of_files(settings: Settings, store: Store, now: datetime) -> list[Reader]:
    """The readers whom the files name or named, as `preview` has them. Reads nobody else."""
    stored = await store.subscribers.of_files(table.email for table in settings.subscribers)
    readers, _, _ = await _resolved(settings, store, stored, now)
    return readers


async def read_stored(
    settings: Settings, store: Store, stored: Sequence[StoredSubscriber], now: datetime
) -> list[Reader]:
    """Some stored subscribers as readers; whom the files name besides is left out."""
    readers, _, _ = await _resolved(settings, store, stored, now)
    return [reader for reader in readers if reader.row_id is not None]


async def _resolved(
    settings: Settings, store: Store, stored: Sequence[StoredSubscriber], now: datetime
) -> tuple[list[Reader], _Changes, int]:
    # Papers are first seen on the real clock, so a time far ahead (--at) must not hide them all.
    joined_at = min(now, datetime.now(UTC))
    start = await store.papers.newest_before(joined_at - timedelta(days=settings.digest.first_days))
    never = await store.suppressions.covered(table.email for table in settings.subscribers)
    readers, changes = resolve(settings, stored, start, now, never)
    return readers, changes, start


def resolve(
    settings: Settings,
    stored: Sequence[StoredSubscriber],
    start: int,
    now: datetime,
    never: Collection[str] = (),
) -> tuple[list[Reader], _Changes]:
    """Lay the TOML tables over the stored rows; `start` is the cursor of somebody who joins now.

    `never` are suppressed addresses. What a subscriber chose stands over both, until its field changes in TOML.
    """
    named = {same_address(table.email): table for table in settings.subscribers}
    known = {profile.name for profile in settings.profiles}
    readers: list[Reader] = []
    changes = _Changes()
    for found in stored:
        table = named.pop(same_address(found.email), None)
        row = _reading(found, table, start, now, changes)
        if row is None:
            continue
        configured = _configured(row, table, changes)
        status, cursor = row.status, row.cursor
        if table is not None and status == "removed":
            changes.returned.append(row.id)
            status, cursor = "active", max(cursor, start)
        elif table is None and row.origin == "config" and status == "active":
            changes.removed.append(row.id)
            status = "removed"
        chosen = still_chosen(row.chosen, row.configured, configured)
        held = readable(row.email, effective(configured, None, chosen))
        readers.append(_reader(settings, known, held, row, status, cursor))
    secret, keys = settings.secret_key() if named else "", {row.key for row in stored}
    for folded, table in named.items():
        key = subscriber_key(table.email, secret)
        if key in keys:  # asked to be forgotten: the key is all that is left
            continue
        new = NewSubscriber(key=key, email=table.email, origin="config", fields=fields_of(table), cursor=start)
        changes.new.append(new)
        readers.append(
            Reader(
                subscriber=to_subscriber(settings, table),
                row_id=None,
                key=key,
                cursor=start,
                joined_at=now,
                origin="config",
                status="suppressed" if folded in never else "active",
            )
        )
    return readers, changes


def _reading(
    row: StoredSubscriber, table: SubscriberSettings | None, start: int, now: datetime, changes: _Changes
) -> StoredSubscriber | None:
    """A row of somebody who reads: who only gets reports does not, until a file names them."""
    if row.origin != "report":
        return row
    if table is None:
        return None
    if row.status == "active":
        changes.adopted.append(row.id)
    return replace(row, origin="config", fields={}, joined_at=now, cursor=max(row.cursor, start))


def _configured(row: StoredSubscriber, table: SubscriberSettings | None, changes: _Changes) -> Mapping[str, Any]:
    """The fields as they are configured now."""
    if table is None:
        if row.overlay is not None:
            changes.overlay[row.id] = None
        return row.fields
    said = fields_of(table)
    if row.origin == "config" and said != dict(row.fields):
        changes.fields[row.id] = said
    elif row.origin != "config" and said != row.overlay:
        changes.overlay[row.id] = said
    return said


def readable(email: str, fields: Mapping[str, Any]) -> SubscriberSettings:
    """Stored fields as a table; one that this version cannot read is left out, so that it stops nobody's mail."""
    try:
        return SubscriberSettings.model_validate({"email": email, **fields})
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors(include_input=False)}
        left = {name: value for name, value in fields.items() if name not in wrong}
        return SubscriberSettings.model_validate({"email": email, **left})


def fields_of(table: SubscriberSettings) -> dict[str, Any]:
    """What a subscriber's table says, without defaults and without the address, as JSON."""
    return table.model_dump(mode="json", exclude_unset=True, exclude={"email"})


def to_subscriber(settings: Settings, table: SubscriberSettings) -> Subscriber:
    """A configured table with the defaults of `[schedule]` filled in."""
    return Subscriber(
        email=table.email,
        name=table.name,
        cadence=cadence_of(table, settings.schedule),
        profiles=table.profiles,
        keywords=table.keywords,
        exclude=table.exclude,
        weights=table.weights,
        paused_until=table.paused_until,
    )


def _reader(
    settings: Settings,
    known: Collection[str],
    table: SubscriberSettings,
    row: StoredSubscriber,
    status: SubscriberStatus,
    cursor: int,
) -> Reader:
    # A profile that is gone from the TOML files is left out: an imported row must not stop everybody's mail.
    subscriber = to_subscriber(settings, table)
    lost = tuple(name for name in subscriber.profiles if name not in known)
    subscriber = replace(subscriber, profiles=tuple(name for name in subscriber.profiles if name in known))
    return Reader(
        subscriber=subscriber,
        row_id=row.id,
        key=row.key,
        cursor=cursor,
        joined_at=row.joined_at,
        origin=row.origin,
        status=status,
        lost=lost,
    )


def owed(reader: Reader, last: LastIssue | None, now: datetime, spread_minutes: int = 0) -> Owed:
    """The issue a reader is due now, or the next one with the reason why not yet."""
    cadence = reader.subscriber.cadence
    spread = spread_of(reader.key, spread_minutes)
    paused_until = reader.subscriber.paused_until
    due = last_due(cadence, now, spread)
    if due is None or not counts(reader, due.issue, due.at) or (paused_until and due.issue < paused_until):
        return _not_yet(reader, last, now, spread)
    if last and last.issue >= due.issue:
        return _not_yet(reader, last, now, spread)
    if last and (last.state == "sending" or (last.state == "queued" and last.uncertain)):
        reason = f"the issue of {last.issue} is still on its way"
        return Owed(reader=reader, issue=due.issue, due_at=due.at, due=False, reason=reason, held=True)
    return Owed(reader=reader, issue=due.issue, due_at=due.at, due=True)


def counts(reader: Reader, issue: date, at: datetime) -> bool:
    """Whether a due moment lies after somebody joined; a TOML file's new subscriber is owed that day's issue too."""
    if reader.origin == "config":
        return issue >= local_day(reader.joined_at, reader.subscriber.cadence.zone)
    return at > reader.joined_at


def _not_yet(reader: Reader, last: LastIssue | None, now: datetime, spread: timedelta) -> Owed:
    cadence, paused_until = reader.subscriber.cadence, reader.subscriber.paused_until
    upcoming = next_due(cadence, now, spread, from_day=paused_until)
    while upcoming and last and upcoming.issue <= last.issue:
        upcoming = next_due(cadence, upcoming.at, spread, from_day=paused_until)
    if upcoming is None:
        return Owed(reader=reader, issue=local_day(now, cadence.zone), due_at=now, due=False, reason="no day is set")
    paused = f"paused until {paused_until}; " if paused_until and local_day(now, cadence.zone) < paused_until else ""
    wall = f"{upcoming.issue} {cadence.at:%H:%M} {cadence.zone}"
    return Owed(
        reader=reader, issue=upcoming.issue, due_at=upcoming.at, due=False, reason=f"{paused}not due before {wall}"
    )


def due_today(reader: Reader, now: datetime) -> Owed:
    """Today's issue in the reader's zone, asked for by hand: due or not."""
    zone = reader.subscriber.cadence.zone
    today = local_day(now, zone)
    regular = due_on(reader.subscriber.cadence, today)
    due_at = regular.at if regular and regular.at <= now else now
    return Owed(reader=reader, issue=today, due_at=due_at, due=True)


def paused(reader: Reader, now: datetime) -> bool:
    """Whether mail is held until a later local day."""
    until = reader.subscriber.paused_until
    return until is not None and local_day(now, reader.subscriber.cadence.zone) < until
