"""The outbox: one row per email owed, written before it is sent and settled after the server's answer.

    queued → sending (leased) → sent | skipped | failed, or back to queued with `next_attempt_at`

Settling moves the subscriber's cursor in the same transaction. How often to try again is decided in deliver.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.models import Delivery, DeliveryState, Settlement
from digest.store.database import Database
from digest.store.schema import deliveries, subscribers


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One issue owed to one subscriber, about to become a row."""

    subscriber_id: int
    issue: date
    due_at: datetime
    after_seq: int
    upto_seq: int


@dataclass(frozen=True, slots=True)
class LastIssue:
    """The newest digest row of a subscriber."""

    issue: date
    state: DeliveryState
    uncertain: bool


class Deliveries:
    """The outbox of one store; `owner` names this process in the leases it takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.owner = f"{socket.gethostname()}/{os.getpid()}"

    async def last_issues(self) -> dict[int, LastIssue]:
        """Subscriber id → newest digest row."""
        newest = select(deliveries.c.subscriber_id, func.max(deliveries.c.issue).label("issue")).where(
            deliveries.c.kind == "digest"
        )
        latest = newest.group_by(deliveries.c.subscriber_id).subquery()
        same = and_(deliveries.c.subscriber_id == latest.c.subscriber_id, deliveries.c.issue == latest.c.issue)
        columns = (deliveries.c.subscriber_id, deliveries.c.issue, deliveries.c.state, deliveries.c.uncertain)
        statement = select(*columns).join(latest, same).where(deliveries.c.kind == "digest")
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return {row.subscriber_id: LastIssue(row.issue, row.state, row.uncertain) for row in rows}

    async def plan(self, owed: Sequence[Planned], now: datetime, *, again: bool = False) -> None:
        """Write a row per issue owed; one that exists is left alone, but with `again` a skipped or failed one is reopened.

        A queued row of an earlier issue that certainly never left is folded into the new one, which covers its papers.
        """
        if not owed:
            return
        rows = [_new_row(one, now) for one in owed]
        fold = (
            update(deliveries)
            .where(
                deliveries.c.subscriber_id == bindparam("of"),
                deliveries.c.kind == "digest",
                deliveries.c.state == "queued",
                deliveries.c.uncertain.is_(False),
                deliveries.c.issue < bindparam("before"),
            )
            .values(state="skipped", reason=bindparam("why"), settled_at=bindparam("at"), next_attempt_at=None)
        )
        folds = [
            {"of": one.subscriber_id, "before": one.issue, "why": f"folded into the issue of {one.issue}", "at": now}
            for one in owed
        ]
        async with self._database.write() as connection:
            await connection.execute(fold, folds)
            await connection.execute(_reopening() if again else insert(deliveries).on_conflict_do_nothing(), rows)

    async def recover(self, real_now: datetime) -> int:
        """Give back rows whose sender is gone: its lease ended, or its process on this host has.

        Nobody knows whether such a message left, so the row is marked uncertain. Returns how many.
        """
        open_rows = select(deliveries.c.lease_owner, func.min(deliveries.c.lease_until)).where(
            deliveries.c.state == "sending"
        )
        async with self._database.write() as connection:
            owners = (await connection.execute(open_rows.group_by(deliveries.c.lease_owner))).all()
            dead = [owner for owner, _ in owners if owner != self.owner and _is_dead(owner)]
            lost = or_(deliveries.c.lease_owner.in_(dead), deliveries.c.lease_until < real_now)
            statement = update(deliveries).where(deliveries.c.state == "sending", lost)
            back = statement.values(state="queued", uncertain=True, lease_owner="", lease_until=None)
            return (await connection.execute(back)).rowcount

    async def claim(
        self, now: datetime, lease_until: datetime, only: Collection[int] | None = None
    ) -> Delivery | None:
        """Lease the queued row that has waited longest, or None; `only` limits it to some subscribers.

        `lease_until` is a moment of the real clock, later than any one message can take.

        An unsubscribed or suppressed address is never claimed: its row is settled instead.
        """
        due = and_(deliveries.c.state == "queued", deliveries.c.next_attempt_at <= now)
        if only is not None:
            due = and_(due, deliveries.c.subscriber_id.in_(only))
        async with self._database.write() as connection:
            while True:
                first = (
                    select(deliveries.c.id).where(due).order_by(deliveries.c.next_attempt_at, deliveries.c.id).limit(1)
                )
                row_id = await connection.scalar(first)
                if row_id is None:
                    return None
                row = await _with_address(connection, row_id)
                if row["status"] == "active":
                    lease = {"state": "sending", "lease_owner": self.owner, "lease_until": lease_until}
                    await connection.execute(update(deliveries).where(deliveries.c.id == row_id).values(lease))
                    return _delivery({**row, **lease})
                reason = f"the subscriber is {row['status']}"
                settled = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
                await connection.execute(update(deliveries).where(deliveries.c.id == row_id).values(settled))

    async def settle(self, delivery_id: int, settlement: Settlement, now: datetime) -> None:
        """Write what became of a row this process holds; sent and skipped move the cursor."""
        final = settlement.state not in {"queued", "sending"}
        values: dict[str, Any] = {
            "state": settlement.state,
            "reason": settlement.reason,
            "reply": settlement.reply,
            "next_attempt_at": settlement.next_attempt_at,
            "settled_at": now if final else None,
            "lease_owner": "",
            "lease_until": None,
            "attempts": deliveries.c.attempts + (settlement.state != "skipped"),
            **({"uncertain": True} if settlement.uncertain else {}),
        }
        if settlement.message_id:
            names = ("subject", "message_id", "html_bytes", "message_bytes")
            values |= {name: getattr(settlement, name) for name in names} | {"papers": list(settlement.papers)}
        mine = and_(
            deliveries.c.id == delivery_id, deliveries.c.state == "sending", deliveries.c.lease_owner == self.owner
        )
        async with self._database.write() as connection:
            changed = await connection.execute(update(deliveries).where(mine).values(values))
            if changed.rowcount and settlement.state in {"sent", "skipped"}:
                await _move_cursor(connection, delivery_id)

    async def release(self, delivery_id: int) -> None:
        """Back to queued, untouched."""
        mine = and_(
            deliveries.c.id == delivery_id, deliveries.c.state == "sending", deliveries.c.lease_owner == self.owner
        )
        values = {"state": "queued", "lease_owner": "", "lease_until": None}
        async with self._database.write() as connection:
            await connection.execute(update(deliveries).where(mine).values(values))

    async def queued(self, now: datetime, only: Collection[int] | None = None) -> list[Delivery]:
        """The rows that `claim` would give now, oldest first."""
        due = and_(deliveries.c.state == "queued", deliveries.c.next_attempt_at <= now)
        return await self._list(due if only is None else and_(due, deliveries.c.subscriber_id.in_(only)))

    async def unsettled(self, only: Collection[int] | None = None) -> list[Delivery]:
        """Every row still queued or being sent, whenever its next attempt is."""
        open_ = deliveries.c.state.in_(("queued", "sending"))
        return await self._list(open_ if only is None else and_(open_, deliveries.c.subscriber_id.in_(only)))

    async def of(self, subscriber_id: int, issue: date | None = None, limit: int = 30) -> list[Delivery]:
        """The rows of one subscriber, newest first."""
        whose = deliveries.c.subscriber_id == subscriber_id
        return await self._list(whose if issue is None else and_(whose, deliveries.c.issue == issue), newest=limit)

    async def totals(self) -> Mapping[str, int]:
        """State → number of rows."""
        statement = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        async with self._database.read() as connection:
            return {row.state: row[1] for row in await connection.execute(statement)}

    async def sent_between(self, start: datetime, end: datetime) -> int:
        moments = and_(deliveries.c.settled_at > start, deliveries.c.settled_at <= end, deliveries.c.state == "sent")
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(deliveries).where(moments))).scalar_one()

    async def sent_by_issue(self, before: date, issues: int) -> list[int]:
        """How many digests were sent for each of the last issues before a day, newest first."""
        statement = (
            select(func.count())
            .where(deliveries.c.kind == "digest", deliveries.c.state == "sent", deliveries.c.issue < before)
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

    async def _list(self, condition: Any, newest: int | None = None) -> list[Delivery]:
        statement = select(deliveries, subscribers.c.email, subscribers.c.status).join(subscribers).where(condition)
        if newest is None:
            statement = statement.order_by(deliveries.c.next_attempt_at, deliveries.c.id)
        else:
            statement = statement.order_by(deliveries.c.issue.desc(), deliveries.c.id.desc()).limit(newest)
        async with self._database.read() as connection:
            return [_delivery(row) for row in (await connection.execute(statement)).mappings()]


def _reopening() -> Insert:
    """An insert that opens a row again which was settled without a mail."""
    statement = insert(deliveries)
    names = ("state", "reason", "due_at", "after_seq", "upto_seq", "attempts", "reply", "next_attempt_at")
    return statement.on_conflict_do_update(
        index_elements=["subscriber_id", "kind", "issue"],
        set_={name: statement.excluded[name] for name in names} | {"settled_at": None},
        where=deliveries.c.state.in_(("skipped", "failed")),
    )


def _new_row(one: Planned, now: datetime) -> dict[str, Any]:
    return {
        "subscriber_id": one.subscriber_id,
        "kind": "digest",
        "issue": one.issue,
        "state": "queued",
        "reason": "",
        "due_at": one.due_at,
        "after_seq": one.after_seq,
        "upto_seq": one.upto_seq,
        "attempts": 0,
        "uncertain": False,
        "reply": "",
        "next_attempt_at": now,
        "lease_owner": "",
        "subject": "",
        "message_id": "",
        "papers": [],
        "html_bytes": 0,
        "message_bytes": 0,
    }


async def _with_address(connection: AsyncConnection, row_id: int) -> RowMapping:
    statement = select(deliveries, subscribers.c.email, subscribers.c.status).join(subscribers)
    return (await connection.execute(statement.where(deliveries.c.id == row_id))).mappings().one()


async def _move_cursor(connection: AsyncConnection, delivery_id: int) -> None:
    row = (
        await connection.execute(
            select(deliveries.c.subscriber_id, deliveries.c.upto_seq).where(deliveries.c.id == delivery_id)
        )
    ).one()
    behind = and_(subscribers.c.id == row.subscriber_id, subscribers.c.cursor < row.upto_seq)
    await connection.execute(update(subscribers).where(behind).values(cursor=row.upto_seq))


def _delivery(row: Mapping[str, Any] | RowMapping) -> Delivery:
    left_out = {"status", "lease_owner", "html_bytes", "message_bytes"}
    fields = {name: value for name, value in row.items() if name not in left_out}
    return Delivery(**{**fields, "papers": tuple(fields["papers"])})


def _is_dead(owner: str) -> bool:
    """True when the owner was a process of this host that has ended; other hosts' leases must run out."""
    host, _, pid = owner.rpartition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
