"""What the rows of the outbox tell: who has had what, what is open, and how many. Changes nothing (see outbox)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select, text

from digest.models import Delivery, DeliveryState
from digest.store.database import Database, chunks
from digest.store.schema import deliveries, subscribers

OPEN = text("deliveries.state IN ('queued', 'sending')")
"""The condition of the partial index; as a literal, because SQLite does not match an index to a parameter."""


@dataclass(frozen=True, slots=True)
class LastIssue:
    """The newest digest row of a subscriber."""

    issue: date
    state: DeliveryState
    uncertain: bool


class Deliveries:
    """The record of one store's outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_issues(self) -> dict[int, LastIssue]:
        """Subscriber id → newest digest row."""
        whose, issue = deliveries.c.subscriber_id, deliveries.c.issue
        latest = (
            select(whose, func.max(issue).label("issue"))
            .where(deliveries.c.kind == "digest")
            .group_by(whose)
            .subquery()
        )
        same = and_(whose == latest.c.subscriber_id, issue == latest.c.issue)
        columns = (whose, issue, deliveries.c.state, deliveries.c.uncertain)
        statement = select(*columns).join(latest, same).where(deliveries.c.kind == "digest")
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return {row.subscriber_id: LastIssue(row.issue, row.state, row.uncertain) for row in rows}

    async def queued(self, now: datetime, only: Collection[int]) -> list[int]:
        """The ids of the rows of some subscribers that may be sent now, the oldest window first."""
        due = and_(OPEN, deliveries.c.state == "queued", deliveries.c.next_attempt_at <= now)
        found: list[tuple[int, int]] = []
        async with self._database.read() as connection:
            for ids in chunks(sorted(only)):
                columns = select(deliveries.c.after_seq, deliveries.c.id)
                rows = await connection.execute(columns.where(due, deliveries.c.subscriber_id.in_(ids)))
                found.extend((row.after_seq, row.id) for row in rows)
        return [row_id for _, row_id in sorted(found)]

    async def queued_count(self, now: datetime) -> int:
        """How many rows may be sent now."""
        due = and_(OPEN, deliveries.c.state == "queued", deliveries.c.next_attempt_at <= now)
        return await self._count(due)

    async def unsettled(self, only: Collection[int] | None = None) -> list[Delivery]:
        """Every row still queued or being sent, whenever its next attempt is."""
        statement = _with_address().where(OPEN).order_by(deliveries.c.next_attempt_at, deliveries.c.id)
        async with self._database.read() as connection:
            rows = [as_delivery(row) for row in (await connection.execute(statement)).mappings()]
        return rows if only is None else [row for row in rows if row.subscriber_id in only]

    async def of(self, subscriber_id: int, issue: date | None = None, limit: int = 30) -> list[Delivery]:
        """The rows of one subscriber, newest first."""
        statement = _with_address().where(deliveries.c.subscriber_id == subscriber_id)
        if issue is not None:
            statement = statement.where(deliveries.c.issue == issue)
        statement = statement.order_by(deliveries.c.issue.desc(), deliveries.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [as_delivery(row) for row in (await connection.execute(statement)).mappings()]

    async def totals(self) -> Mapping[str, int]:
        """State → number of rows."""
        statement = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        async with self._database.read() as connection:
            return {row.state: row[1] for row in await connection.execute(statement)}

    async def planned_by_issue(self, before: date, issues: int) -> list[int]:
        """How many digests were due for each of the last issues before a day, whatever became of them, newest first."""
        statement = (
            select(func.count())
            .where(deliveries.c.kind == "digest", deliveries.c.by_name.is_(False), deliveries.c.issue < before)
            .group_by(deliveries.c.issue)
            .order_by(deliveries.c.issue.desc())
            .limit(issues)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(statement)).scalars())

    async def last_sent_at(self) -> datetime | None:
        statement = select(func.max(deliveries.c.settled_at)).where(deliveries.c.state == "sent")
        async with self._database.read() as connection:
            moment: datetime | None = await connection.scalar(statement)
        return moment

    async def _count(self, condition: ColumnElement[bool]) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(deliveries).where(condition)) or 0


def _with_address() -> Select[Any]:
    return select(deliveries, subscribers.c.email).join(subscribers)


def as_delivery(row: Mapping[str, Any] | RowMapping) -> Delivery:
    """A row, joined with its address, in everybody's words."""
    left_out = {"by_name", "status", "lease_owner", "lease_until", "html_bytes", "message_bytes"}
    fields = {name: value for name, value in row.items() if name not in left_out}
    return Delivery(**{**fields, "papers": tuple(fields["papers"])})
