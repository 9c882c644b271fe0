"""Planning in sets: who of one schedule is owed one issue, found and written by a few statements for thousands at a time.

When a schedule is due is reckoned above (see pipeline/due); here stand only its results, and nothing is read row by row.
Rows planned by name are written in planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.database import Database
from digest.store.deliveries import OPEN
from digest.store.planned import FOLDED, NEW_ROW
from digest.store.schema import deliveries, issues, papers, subscribers

AT_A_TIME = 20_000
"""Rows of one transaction: others who write come in between."""

NOT_SENT = "no digest was sent on the days before"
"""Why an issue covers several days."""

_ACTIVE = text("subscribers.status = 'active'")
"""As a literal, because SQLite does not match a partial index to a parameter."""

_SCHEDULES = text(
    """
    WITH RECURSIVE each(schedule) AS (
        SELECT min(schedule) FROM subscribers WHERE status = 'active'
        UNION ALL
        SELECT (SELECT min(schedule) FROM subscribers WHERE status = 'active' AND schedule > each.schedule)
        FROM each WHERE each.schedule IS NOT NULL)
    SELECT schedule, (SELECT min(last_issue) FROM subscribers
                      WHERE status = 'active' AND subscribers.schedule = each.schedule) AS last_issue
    FROM each WHERE schedule IS NOT NULL
    """
).columns(schedule=String, last_issue=Date)
_PROFILE_SETS = text(
    """
    WITH RECURSIVE each(reads) AS (
        SELECT min(reads) FROM subscribers WHERE reads != ''
        UNION ALL
        SELECT (SELECT min(reads) FROM subscribers WHERE reads != '' AND reads > each.reads)
        FROM each WHERE each.reads IS NOT NULL)
    SELECT reads FROM each WHERE reads IS NOT NULL
    """
)

_batch = Table("batch", MetaData(), Column("id", Integer, primary_key=True), Column("last_issue", Date))
"""The subscribers of one schedule in one transaction, in a temporary table."""
_CREATE_BATCH = text("CREATE TEMP TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY, last_issue DATE)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMoment:
    """One due moment of a schedule, as a condition on subscribers: who had joined, and was not paused."""

    issue: date
    at: datetime
    """Without the spread."""
    next_day: datetime
    """When the local day after the issue begins: whom a TOML file named before is owed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """Subscribers of one schedule who are owed one issue now."""

    schedule: str
    moment: DueMoment
    missed: Sequence[DueMoment] = ()
    """Older due moments that may have passed without an issue, the newest first. Who was not served at the first of
    them waits for nothing."""
    spread: int = 0
    """Seconds over which the moment is spread."""
    upto: int | None = None
    """Only those whose share of the spread is at most so many seconds."""
    above: int | None = None
    """Only those whose share is more."""
    patient_above: int | None = None
    """While a source is late: those whose share is more wait for it, unless they were not served before."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A subscriber who waits for a late source."""

    email: str
    share: int


class DuePlan:
    """The subscribers of one store, by what they are owed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def schedules(self) -> dict[str, date]:
        """Each schedule of active subscribers → the oldest of their newest issues. One statement, a seek per schedule."""
        async with self._database.read() as connection:
            return {row.schedule: row.last_issue for row in await connection.execute(_SCHEDULES)}

    async def members(self) -> dict[str, int]:
        """Schedule → number of active subscribers."""
        columns = select(subscribers.c.schedule, func.count()).where(_ACTIVE, subscribers.c.origin != "report")
        async with self._database.read() as connection:
            rows = await connection.execute(columns.group_by(subscribers.c.schedule))
            return {row.schedule: row[1] for row in rows}

    async def profile_sets(self) -> list[str]:
        """The sets of profiles (JSON) of subscribers who have nothing else to read. One statement, a seek per set."""
        async with self._database.read() as connection:
            return list((await connection.execute(_PROFILE_SETS)).scalars())

    async def arriving(self) -> set[int]:
        """Whose digest is being sent, or may have arrived and will be repeated: nothing new is planned for them."""
        on_its_way = or_(deliveries.c.state == "sending", deliveries.c.uncertain.is_(True))
        statement = select(deliveries.c.subscriber_id).where(OPEN, deliveries.c.kind == "digest", on_its_way)
        async with self._database.read() as connection:
            return set((await connection.execute(statement)).scalars())

    async def count(self, owing: Owing, without: Sequence[str] = ()) -> int:
        """How many are owed an issue and need not wait; `without` are sets of profiles that are gone."""
        statement = select(func.count()).select_from(subscribers).where(_due(owing, without), _ready(owing))
        async with self._database.read() as connection:
            return await connection.scalar(statement) or 0

    async def count_waiting(self, owing: Owing, without: Sequence[str] = ()) -> int:
        """How many are owed an issue and wait for a late source."""
        if owing.patient_above is None:
            return 0
        statement = select(func.count()).select_from(subscribers).where(_due(owing, without), ~_ready(owing))
        async with self._database.read() as connection:
            return await connection.scalar(statement) or 0

    async def waiting(self, owing: Owing, without: Sequence[str] = ()) -> list[Waiting]:
        """Who is owed an issue and waits for a late source."""
        if owing.patient_above is None:
            return []
        columns = select(subscribers.c.email, _share(owing).label("share"))
        statement = columns.where(_due(owing, without), ~_ready(owing)).order_by(subscribers.c.id)
        async with self._database.read() as connection:
            return [Waiting(row.email, row.share) for row in await connection.execute(statement)]

    async def withdraw_paused(self, today: dict[str, date], now: datetime) -> int:
        """Settle queued digests of who is paused on this local day (schedule → day); the cursor stays."""
        certain = and_(OPEN, deliveries.c.state == "queued", deliveries.c.uncertain.is_(False))
        values = {"state": "skipped", "reason": "paused", "settled_at": now, "next_attempt_at": None}
        held = 0
        for schedule, day in today.items():
            paused = select(subscribers.c.id).where(
                subscribers.c.paused_until.is_not(None),
                subscribers.c.paused_until > day,
                subscribers.c.schedule == schedule,
            )
            rows = and_(certain, deliveries.c.kind == "digest", deliveries.c.subscriber_id.in_(paused))
            async with self._database.read() as connection:
                if not await connection.scalar(select(exists().where(rows))):
                    continue
            async with self._database.write() as connection:
                held += (await connection.execute(update(deliveries).where(rows).values(values))).rowcount
        return held

    async def paused_schedules(self, after: date) -> list[str]:
        """The schedules of those who are paused beyond a day."""
        columns = select(subscribers.c.schedule).distinct()
        statement = columns.where(subscribers.c.paused_until.is_not(None), subscribers.c.paused_until > after)
        async with self._database.read() as connection:
            return list((await connection.execute(statement)).scalars())

    async def write(
        self, owings: Sequence[Owing], now: datetime, without: Sequence[str] = (), at_a_time: int = AT_A_TIME
    ) -> int:
        """A row for everybody who is owed one of these issues and need not wait; returns how many rows.

        Each transaction decides anew who is due, so that two processes may do this at once. A queued row of an
        earlier issue that certainly never left is folded into the new one, and so are moments for which no row was
        written; the new row says from which day on it covers.
        """
        todo, written = list(owings), 0
        async with self._database.read() as connection:
            newest = await connection.scalar(select(func.max(papers.c.seq))) or 0
        while todo:
            room = at_a_time
            async with self._database.write() as connection:
                await connection.execute(_CREATE_BATCH)
                while todo and room:
                    count, made = await _write_batch(connection, todo[0], newest, now, without, room)
                    written += made
                    if count < room:
                        todo.pop(0)
                    room -= count
        return written


def _share(owing: Owing) -> ColumnElement[int]:
    return subscribers.c.share % owing.spread if owing.spread else literal(0)


def _joined(moment: DueMoment, share: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody had joined before their moment; a TOML file's subscriber is owed that day's issue too."""
    second = cast(func.strftime("%s", subscribers.c.joined_at), Integer)
    return case(
        (subscribers.c.origin == "config", subscribers.c.joined_at < moment.next_day),
        else_=second < int(moment.at.timestamp()) + share,
    )


def _counts(owing: Owing, moment: DueMoment) -> ColumnElement[bool]:
    """Whether a due moment has had no issue, and was one for them."""
    paused = or_(subscribers.c.paused_until.is_(None), subscribers.c.paused_until <= moment.issue)
    return and_(subscribers.c.last_issue < moment.issue, paused, _joined(moment, _share(owing)))


def _due(owing: Owing, without: Sequence[str]) -> ColumnElement[bool]:
    share, open_row = _share(owing), deliveries.alias("open_row")
    arriving = exists().where(
        text("open_row.state IN ('queued', 'sending')"),
        open_row.c.subscriber_id == subscribers.c.id,
        open_row.c.kind == "digest",
        or_(open_row.c.state == "sending", open_row.c.uncertain.is_(True)),
    )
    return and_(
        _ACTIVE,
        subscribers.c.origin != "report",
        subscribers.c.schedule == owing.schedule,
        _counts(owing, owing.moment),
        *([share <= owing.upto] if owing.upto is not None else []),
        *([share > owing.above] if owing.above is not None else []),
        *([subscribers.c.reads.not_in(without)] if without else []),
        ~arriving,
    )


def _ready(owing: Owing) -> ColumnElement[bool]:
    if owing.patient_above is None:
        return literal(True)
    unserved = _counts(owing, owing.missed[0]) if owing.missed else literal(False)
    return or_(_share(owing) <= owing.patient_above, unserved)


async def _write_batch(
    connection: AsyncConnection, owing: Owing, newest: int, now: datetime, without: Sequence[str], at_a_time: int
) -> tuple[int, int]:
    """One transaction's share: how many were due, and how many rows were made."""
    await connection.execute(_batch.delete())
    due = select(subscribers.c.id, subscribers.c.last_issue).where(_due(owing, without), _ready(owing)).limit(at_a_time)
    count = (await connection.execute(insert(_batch).from_select(["id", "last_issue"], due))).rowcount
    if not count:
        return 0, 0
    gaps = await _fold(connection, owing.moment.issue, now) + await _missed(connection, owing, now)
    made = (await connection.execute(_new_rows(owing, newest, now, gaps=bool(gaps)))).rowcount
    members = select(_batch.c.id)
    await connection.execute(
        update(subscribers).where(subscribers.c.id.in_(members)).values(last_issue=owing.moment.issue)
    )
    counted = sqlite_insert(issues).values(issue=owing.moment.issue, planned=made, allowed=False)
    more = {"planned": issues.c.planned + counted.excluded.planned}
    await connection.execute(counted.on_conflict_do_update(index_elements=["issue"], set_=more))
    return count, made


async def _fold(connection: AsyncConnection, issue: date, now: datetime) -> int:
    earlier = and_(
        OPEN,
        deliveries.c.state == "queued",
        deliveries.c.kind == "digest",
        deliveries.c.issue < issue,
        deliveries.c.subscriber_id.in_(select(_batch.c.id)),
    )
    reason = f"{FOLDED} {issue}"
    values = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
    return (await connection.execute(update(deliveries).where(earlier).values(values))).rowcount


async def _missed(connection: AsyncConnection, owing: Owing, now: datetime) -> int:
    """A settled row for each moment between a subscriber's newest issue and this one."""
    if not owing.missed:
        return 0
    since = func.max(_batch.c.last_issue, func.date(subscribers.c.joined_at, "-2 days"), type_=Date)
    oldest = await connection.scalar(
        select(func.min(since, type_=Date)).join(subscribers, subscribers.c.id == _batch.c.id)
    )
    rows = 0
    for moment in owing.missed:
        if oldest is not None and moment.issue <= oldest:
            break
        reason = f"nothing was sent on that day; {FOLDED} {owing.moment.issue}"
        chosen = and_(subscribers.c.id.in_(select(_batch.c.id)), _counts(owing, moment))
        values: dict[str, Any] = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
        rows += (await connection.execute(_insert(_columns(owing, moment, values), chosen))).rowcount
    return rows


def _new_rows(owing: Owing, newest: int, now: datetime, *, gaps: bool) -> Any:
    values: dict[str, Any] = {"state": "queued", "next_attempt_at": now}
    values["upto_seq"] = case((subscribers.c.cursor > newest, subscribers.c.cursor), else_=newest)
    if gaps:
        earlier, day = deliveries.alias("earlier"), owing.moment.issue
        since = (
            select(func.min(func.coalesce(earlier.c.covers_from, earlier.c.issue)))
            .where(
                earlier.c.subscriber_id == subscribers.c.id,
                earlier.c.kind == "digest",
                earlier.c.issue < day,
                earlier.c.state == "skipped",
                earlier.c.reason.endswith(f"{FOLDED} {day}"),
            )
            .scalar_subquery()
        )
        values |= {"covers_from": since, "covers_why": case((since.is_(None), ""), else_=NOT_SENT)}
    return _insert(_columns(owing, owing.moment, values), subscribers.c.id.in_(select(_batch.c.id)))


def _columns(owing: Owing, moment: DueMoment, values: dict[str, Any]) -> dict[str, Any]:
    """A row of the outbox as expressions over `subscribers`."""
    share = _share(owing)
    due_at: Any = moment.at
    if owing.spread:
        second = int(moment.at.timestamp()) + share
        due_at = func.strftime("%Y-%m-%d %H:%M:%S.000000", second, "unixepoch")
    return {
        **NEW_ROW,
        "subscriber_id": subscribers.c.id,
        "issue": moment.issue,
        "due_at": due_at,
        "after_seq": subscribers.c.cursor,
        "upto_seq": subscribers.c.cursor,
        **values,
    }


def _insert(columns: dict[str, Any], chosen: ColumnElement[bool]) -> Any:
    """An INSERT … SELECT over the subscribers chosen; a row that exists is left alone."""
    typed = [
        value if isinstance(value, ColumnElement) else literal(value, deliveries.c[name].type)
        for name, value in columns.items()
    ]
    rows: Select[Any] = select(*typed).where(chosen)
    return sqlite_insert(deliveries).from_select(list(columns), rows).on_conflict_do_nothing()
