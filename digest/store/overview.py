"""The outbox at a glance, for people who run it: what became of the last day's rows, and failed ones to try again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text, update

from digest.models import same_address
from digest.store.database import Database
from digest.store.deliveries import OPEN
from digest.store.schema import deliveries, sources, subscribers

_FAILED = text("deliveries.state = 'failed'")
_ACTIVE = text("subscribers.status = 'active'")


@dataclass(frozen=True, slots=True)
class Reason:
    """So many rows of one kind were settled, or wait, for one reason."""

    kind: str
    state: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What stands in the outbox now."""

    queued: int
    sending: int
    due: int
    """Of the queued, those that may be sent now."""
    oldest_due_at: datetime | None
    next_attempt_at: datetime | None
    """When the next of the others is tried."""


class Overview:
    """The outbox of one store, counted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(self, now: datetime) -> Queue:
        """What is open, and since when."""
        when = deliveries.c.next_attempt_at
        waiting = deliveries.c.state == "queued"
        statement = select(
            func.count().filter(waiting),
            func.count().filter(deliveries.c.state == "sending"),
            func.count().filter(waiting, when <= now),
            func.min(deliveries.c.due_at, type_=deliveries.c.due_at.type),
            func.min(when, type_=when.type).filter(waiting, when > now),
        ).where(OPEN)
        async with self._database.read() as connection:
            return Queue(*(await connection.execute(statement)).one())

    async def settled(self, since: datetime, until: datetime, *, kind: str = "") -> Mapping[str, int]:
        """State → rows settled in a span of time, of every kind or one."""
        statement = select(deliveries.c.state, func.count()).where(_within(since, until)).group_by(deliveries.c.state)
        statement = statement.where(deliveries.c.kind == kind) if kind else statement
        async with self._database.read() as connection:
            return {row.state: row[1] for row in await connection.execute(statement)}

    async def reasons(self, since: datetime, until: datetime, limit: int) -> list[Reason]:
        """Why rows were settled without a mail, or wait for another try; the most frequent first."""
        count = func.count().label("number")
        columns = (deliveries.c.kind, deliveries.c.state, deliveries.c.reason)
        without = and_(_within(since, until), deliveries.c.state.in_(["skipped", "failed"]))
        again = and_(OPEN, deliveries.c.state == "queued", deliveries.c.attempts > 0)
        found: list[Reason] = []
        async with self._database.read() as connection:
            for rows in (without, again):
                statement = select(*columns, count).where(rows).group_by(*columns).order_by(count.desc()).limit(limit)
                found += [Reason(*row) for row in await connection.execute(statement)]
        return found

    async def last_fetch_at(self) -> datetime | None:
        """When a source was last asked."""
        async with self._database.read() as connection:
            moment: datetime | None = await connection.scalar(select(func.max(sources.c.checked_at)))
        return moment

    async def try_again(self, now: datetime, *, failed: bool, address: str = "") -> dict[str, int]:
        """Let rows leave now: those that wait for another try, and with `failed` those that were given up.

        A failed issue whose papers a later one covers stays as it is. Returns how many of each: "queued", "failed".
        """
        theirs: list[ColumnElement[bool]] = []
        if address:
            whose = select(subscribers.c.id).where(subscribers.c.email_folded == same_address(address))
            theirs = [deliveries.c.subscriber_id.in_(whose)]
        later = and_(OPEN, deliveries.c.state == "queued", deliveries.c.next_attempt_at > now, *theirs)
        newest = select(subscribers.c.id).where(
            subscribers.c.id == deliveries.c.subscriber_id,
            _ACTIVE,
            or_(deliveries.c.kind != "digest", subscribers.c.last_issue == deliveries.c.issue),
        )
        lost = and_(_FAILED, newest.exists(), *theirs)
        anew: dict[str, Any] = {"state": "queued", "attempts": 0, "settled_at": None, "next_attempt_at": now}
        async with self._database.write() as connection:
            moved = await connection.execute(update(deliveries).where(later).values(next_attempt_at=now))
            given_up = await connection.execute(update(deliveries).where(lost).values(anew)) if failed else None
            return {"queued": moved.rowcount, "failed": given_up.rowcount if given_up else 0}

    async def failed(self, address: str = "") -> int:
        """How many rows were given up, whatever covers their papers now."""
        statement = select(func.count()).select_from(deliveries).where(_FAILED)
        if address:
            statement = statement.join(subscribers).where(subscribers.c.email_folded == same_address(address))
        async with self._database.read() as connection:
            return await connection.scalar(statement) or 0


def _within(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(deliveries.c.settled_at > since, deliveries.c.settled_at <= until)
