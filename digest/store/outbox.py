"""The outbox: one row per email owed, written before it is sent and settled after the server's answer.

    queued → sending (leased) → sent | skipped | failed, or back to queued with `next_attempt_at`

Rows are written in planned. Settling moves the subscriber's cursor in the same transaction. How often to try again is
decided in deliver; what the rows tell afterwards is read in deliveries.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.models import Delivery, Settlement
from digest.store import planned
from digest.store.database import Database
from digest.store.deliveries import OPEN, as_delivery
from digest.store.planned import Planned
from digest.store.schema import deliveries, subscribers


class Outbox:
    """The outbox of one store; `owner` names this process in the leases it takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.owner = f"{_machine()}/{os.getpid()}"

    async def plan(self, owed: Sequence[Planned], now: datetime, *, again: bool = False) -> list[int]:
        """Write a row per issue owed (see planned); returns the ids of those whose earlier issue is on its way."""
        return await planned.plan(self._database, owed, now, again=again)

    async def withdraw(self, subscriber_ids: Sequence[int], reason: str, now: datetime) -> None:
        """Settle queued rows of some subscribers as skipped (see planned)."""
        await planned.withdraw(self._database, subscriber_ids, reason, now)

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
