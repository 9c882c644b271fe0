"""The outbox: one row per email owed, written before it is sent and settled after the server's answer.

    queued → sending (leased) → sent | skipped | failed, or back to queued with `next_attempt_at`

Settling moves the subscriber's cursor in the same transaction. How often to try again is decided in deliver; what the
rows tell afterwards is read in deliveries.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.models import Delivery, Settlement
from digest.store.database import Database, chunks
from digest.store.deliveries import OPEN, as_delivery
from digest.store.schema import deliveries, papers, subscribers

FOLDED = "folded into the issue of"
"""How the reason of a row begins whose papers a later issue covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One issue owed to one subscriber, about to become a row."""

    subscriber_id: int
    issue: date
    due_at: datetime
    by_name: bool = False
    """Asked for by hand: it says nothing of what is usual."""


class Outbox:
    """The outbox of one store; `owner` names this process in the leases it takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.owner = f"{_machine()}/{os.getpid()}"

    async def plan(self, owed: Sequence[Planned], now: datetime, *, again: bool = False) -> list[int]:
        """Write a row per issue owed, from the subscriber's cursor to the newest paper at this moment.

        A row that exists is left alone, but with `again` a skipped one is reopened. A queued row of an
        earlier issue that certainly never left is folded into the new one; while one may still be arriving, nothing
        is planned for that subscriber. Returns the ids of those.
        """
        waiting: list[int] = []
        async with self._database.write() as connection:
            newest = await connection.scalar(select(func.max(papers.c.seq))) or 0
            for chunk in chunks(owed):
                ids = [one.subscriber_id for one in chunk]
                busy = await _on_their_way(connection, {one.subscriber_id: one.issue for one in chunk})
                waiting.extend(busy)
                cursors = await _cursors(connection, ids)
                ready = [one for one in chunk if one.subscriber_id in cursors and one.subscriber_id not in busy]
                if not ready:
                    continue
                await _fold(connection, ready, now)
                rows = [_new_row(one, cursors[one.subscriber_id], newest, now) for one in ready]
                await connection.execute(_reopening() if again else insert(deliveries).on_conflict_do_nothing(), rows)
        return waiting

    async def withdraw(self, subscriber_ids: Sequence[int], reason: str, now: datetime) -> None:
        """Settle queued rows of some subscribers as skipped; the cursor stays, so a later issue has their papers.

        A row whose mail may have arrived stays: only its repeat has the same Message-ID.
        """
        values = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
        async with self._database.write() as connection:
            for ids in chunks(subscriber_ids):
                certain = and_(deliveries.c.state == "queued", deliveries.c.uncertain.is_(False))
                queued = and_(OPEN, certain, deliveries.c.subscriber_id.in_(ids))
                await connection.execute(update(deliveries).where(queued).values(values))

    async def recover(self, real_now: datetime) -> int:
        """Give back rows whose sender is gone: its lease ended, or its process on this machine has.

        Nobody knows whether such a message left, so the row is marked uncertain. Returns how many.
        """
        async with self._database.write() as connection:
            sending = and_(OPEN, deliveries.c.state == "sending")
            owners = (await connection.execute(select(deliveries.c.lease_owner).where(sending).distinct())).scalars()
            dead = [owner for owner in owners if owner != self.owner and _is_dead(owner)]
            lost = or_(deliveries.c.lease_owner.in_(dead), deliveries.c.lease_until < real_now)
            back = {"state": "queued", "uncertain": True, "lease_owner": "", "lease_until": None}
            return (await connection.execute(update(deliveries).where(sending, lost).values(back))).rowcount

    async def claim(
        self, now: datetime, lease_until: datetime, *, row_id: int | None = None, newest_subscriber: int | None = None
    ) -> Delivery | None:
        """Lease the queued row with the oldest window, or the one with `row_id`; None when none is due.

        `lease_until` is a moment of the real clock, later than any one message can take. Subscribers who came after
        `newest_subscriber` are left to the next run. An unsubscribed or suppressed address is never claimed: its row
        is settled instead.
        """
        due = and_(OPEN, deliveries.c.state == "queued", deliveries.c.next_attempt_at <= now)
        if row_id is not None:
            due = and_(due, deliveries.c.id == row_id)
        if newest_subscriber is not None:
            due = and_(due, deliveries.c.subscriber_id <= newest_subscriber)
        first = select(deliveries.c.id).where(due).order_by(deliveries.c.after_seq, deliveries.c.id).limit(1)
        async with self._database.write() as connection:
            while (found := await connection.scalar(first)) is not None:
                row = await _with_address(connection, found)
                if row["status"] == "active":
                    lease = {"state": "sending", "lease_owner": self.owner, "lease_until": lease_until}
                    await connection.execute(update(deliveries).where(deliveries.c.id == found).values(lease))
                    return as_delivery({**row, **lease})
                reason = f"the subscriber is {row['status']}"
                settled = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
                await connection.execute(update(deliveries).where(deliveries.c.id == found).values(settled))
        return None

    async def settle(self, delivery_id: int, settlement: Settlement, now: datetime) -> None:
        """Write what became of a row this process holds; sent and skipped move the cursor.

        That a message was sent counts even when the lease was lost: it has left.
        """
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
        allowed = self._mine(delivery_id)
        if settlement.state == "sent":
            allowed = and_(deliveries.c.id == delivery_id, deliveries.c.state != "sent")
        async with self._database.write() as connection:
            changed = await connection.execute(update(deliveries).where(allowed).values(values))
            if changed.rowcount and settlement.state in {"sent", "skipped"}:
                await _move_cursor(connection, delivery_id)

    async def release(self, delivery_id: int) -> None:
        """Back to queued, untouched."""
        values = {"state": "queued", "lease_owner": "", "lease_until": None}
        async with self._database.write() as connection:
            await connection.execute(update(deliveries).where(self._mine(delivery_id)).values(values))

    def _mine(self, delivery_id: int) -> ColumnElement[bool]:
        held = and_(deliveries.c.state == "sending", deliveries.c.lease_owner == self.owner)
        return and_(deliveries.c.id == delivery_id, held)


async def _on_their_way(connection: AsyncConnection, issues: dict[int, date]) -> set[int]:
    """Whose earlier issue is being sent, or may have arrived and will be repeated."""
    arriving = or_(deliveries.c.state == "sending", deliveries.c.uncertain.is_(True))
    statement = select(deliveries.c.subscriber_id, deliveries.c.issue).where(
        OPEN, arriving, deliveries.c.subscriber_id.in_(issues)
    )
    return {row.subscriber_id for row in await connection.execute(statement) if row.issue != issues[row.subscriber_id]}


async def _cursors(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, int]:
    """Where the active ones among some subscribers stand, as of this transaction."""
    columns = select(subscribers.c.id, subscribers.c.cursor)
    rows = await connection.execute(columns.where(subscribers.c.id.in_(ids), subscribers.c.status == "active"))
    return {row.id: row.cursor for row in rows}


async def _fold(connection: AsyncConnection, ready: Sequence[Planned], now: datetime) -> None:
    earlier = and_(
        OPEN,
        deliveries.c.subscriber_id == bindparam("of"),
        deliveries.c.state == "queued",
        deliveries.c.issue < bindparam("before"),
    )
    values: dict[str, Any] = {
        "state": "skipped",
        "reason": bindparam("why"),
        "settled_at": bindparam("at"),
        "next_attempt_at": None,
    }
    rows = [{"of": one.subscriber_id, "before": one.issue, "why": f"{FOLDED} {one.issue}", "at": now} for one in ready]
    await connection.execute(update(deliveries).where(earlier).values(values), rows)


def _new_row(one: Planned, after: int, upto: int, now: datetime) -> dict[str, Any]:
    return {
        "subscriber_id": one.subscriber_id,
        "kind": "digest",
        "issue": one.issue,
        "state": "queued",
        "reason": "",
        "due_at": one.due_at,
        "after_seq": after,
        "upto_seq": max(after, upto),
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
        "by_name": one.by_name,
    }


def _reopening() -> Insert:
    """An insert that opens a row again which was settled without a mail."""
    statement = insert(deliveries)
    names = ("state", "reason", "due_at", "after_seq", "upto_seq", "attempts", "uncertain", "reply", "next_attempt_at")
    return statement.on_conflict_do_update(
        index_elements=["subscriber_id", "kind", "issue"],
        set_={name: statement.excluded[name] for name in names} | {"settled_at": None},
        where=deliveries.c.state == "skipped",
    )


async def _with_address(connection: AsyncConnection, row_id: int) -> RowMapping:
    statement = select(deliveries, subscribers.c.email, subscribers.c.status).join(subscribers)
    return (await connection.execute(statement.where(deliveries.c.id == row_id))).mappings().one()


async def _move_cursor(connection: AsyncConnection, delivery_id: int) -> None:
    columns = select(deliveries.c.subscriber_id, deliveries.c.upto_seq).where(deliveries.c.id == delivery_id)
    row = (await connection.execute(columns)).one()
    behind = and_(subscribers.c.id == row.subscriber_id, subscribers.c.cursor < row.upto_seq)
    await connection.execute(update(subscribers).where(behind).values(cursor=row.upto_seq))


def _machine() -> str:
    """Where a process number means us: host, its last start, and the name space (containers may share a host name)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        boot = space = ""
    return f"{socket.gethostname()}/{boot}/{space}"


def _is_dead(owner: str) -> bool:
    """True when the owner was a process of this machine that has ended; the leases of others must run out."""
    machine, _, pid = owner.rpartition("/")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
