"""The outbox: one row per email owed, written before it is sent and settled after the server's answer.

    queued → queued, leased → sending → sent | skipped | failed, or back to queued with `next_attempt_at`

A lease keeps others away; `sending` says more: the message may be on its way. Rows are leased several at a time and begun
one by one just before they leave, so a crash casts doubt on what was being sent and on nothing else. Rows are written in
planned, changed in settling. How often to try again is decided in deliver; what the rows tell afterwards is read in
deliveries.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, text, update

from digest.models import Delivery, Settlement
from digest.store import planned, settling
from digest.store.database import Database
from digest.store.deliveries import OPEN, as_delivery
from digest.store.group import GroupCommit
from digest.store.planned import Planned
from digest.store.schema import deliveries, subscribers
from digest.store.settling import Begin, Change, Park, Release, Settle
from digest.store.signups import CONFIRM, may_be_mailed

LEASED = text("deliveries.lease_owner != ''")
"""The condition of the partial index on leases, as a literal (see OPEN)."""
_DAY = timedelta(days=1)
_LONGER = timedelta(hours=2)
"""Beyond its lease: longer than a clock is likely to jump, and short of tomorrow's issue."""


@dataclass(frozen=True, slots=True)
class Leased:
    """Some rows to send; `braked` when more are due than may leave today."""

    rows: tuple[Delivery, ...] = ()
    braked: bool = False


class Outbox:
    """The outbox of one store; `owner` names this process in the leases it takes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.owner = f"{_machine()}/{os.getpid()}-{_started(os.getpid())}"
        self._commit: GroupCommit[Change, bool] = GroupCommit(self._write)

    async def plan(self, owed: Sequence[Planned], now: datetime, *, again: bool = False) -> list[int]:
        """Write a row per issue owed (see planned); returns the ids of those whose earlier issue is on its way."""
        return await planned.plan(self._database, owed, now, again=again)

    async def withdraw(self, subscriber_ids: Sequence[int], reason: str, now: datetime) -> None:
        """Settle queued rows of some subscribers as skipped (see planned)."""
        await planned.withdraw(self._database, subscriber_ids, reason, now)

    async def recover(self, real_now: datetime) -> int:
        """Give back rows whose sender is gone: its lease ended, or its process on this machine has.

        Nobody knows whether a message that was being sent has left, so such a row is marked uncertain; a row that was
        only leased is as it was. A living process of this machine keeps its rows two hours longer than it said, so that
        a clock that jumps takes none from it. Returns how many are uncertain.
        """
        owner = deliveries.c.lease_owner
        async with self._database.write() as connection:
            owners = (await connection.execute(select(owner).where(LEASED).distinct())).scalars().all()
            alive = {one: _is_alive(one) for one in owners}
            dead = [one for one, lives in alive.items() if lives is False]
            living = [one for one, lives in alive.items() if lives]
            ended = and_(owner.not_in(living), deliveries.c.lease_until < real_now)
            lost = and_(LEASED, or_(owner.in_(dead), ended, deliveries.c.lease_until < real_now - _LONGER))
            free = {"lease_owner": "", "lease_until": None}
            doubtful = update(deliveries).where(OPEN, deliveries.c.state == "sending", lost)
            count = (await connection.execute(doubtful.values(state="queued", uncertain=True, **free))).rowcount
            await connection.execute(update(deliveries).where(lost).values(**free))
            return count

    async def lease(
        self,
        now: datetime,
        lease_until: datetime,
        most: int,
        *,
        only: Collection[int] | None = None,
        newest_subscriber: int | None = None,
        per_day: int | None = None,
    ) -> Leased:
        """Lease up to `most` queued rows, the oldest windows first; `only` of these rows, where it is given.

        `lease_until` is a moment of the real clock, later than any one message can take. Subscribers who came after
        `newest_subscriber` are left to the next run, but for the mail that asks them to confirm. With `per_day`, what was sent within a day of `now` and what is
        leased, by whatever process, counts against it. An unsubscribed or suppressed address is never leased for anything
        else: its row is settled instead.
        """
        due = and_(
            OPEN, deliveries.c.state == "queued", deliveries.c.next_attempt_at <= now, deliveries.c.lease_owner == ""
        )
        if only is not None:
            due = and_(due, deliveries.c.id.in_(only))
        if newest_subscriber is not None:
            due = and_(due, or_(deliveries.c.subscriber_id <= newest_subscriber, deliveries.c.kind == CONFIRM))
        return await self._database.write_at_once(partial(self._lease, due, now, lease_until, most, per_day))

    async def begin(self, delivery_id: int, lease_until: datetime) -> bool:
        """Say that a leased row's message is about to leave; False when it must not any more, and the lease is off.

        It was folded into a later issue, or paused, or its subscriber has left, since it was leased.
        """
        return await self._commit(Begin(delivery_id, lease_until))

    async def park(self, delivery_id: int) -> None:
        """The message has certainly not arrived, and what that means is not yet known: leased as before it began."""
        await self._commit(Park(delivery_id))

    async def settle(self, delivery_id: int, settlement: Settlement, now: datetime) -> None:
        """Write what became of a row this process holds; sent and skipped move the cursor.

        That a message was sent counts even when the lease was lost: it has left.
        """
        await self._commit(Settle(delivery_id, settlement, now))

    async def release(self, delivery_id: int) -> None:
        """Back to queued, untouched."""
        await self._commit(Release(delivery_id))

    async def _write(self, changes: Sequence[Change]) -> Sequence[bool]:
        return await self._database.write_at_once(partial(settling.write, changes, self.owner))

    def _lease(
        self,
        due: ColumnElement[bool],
        now: datetime,
        lease_until: datetime,
        most: int,
        per_day: int | None,
        connection: Connection,
    ) -> Leased:
        first = (
            select(deliveries, subscribers.c.email, subscribers.c.status)
            .join(subscribers)
            .where(due)
            .order_by(deliveries.c.after_seq, deliveries.c.id)
        )
        left = most if per_day is None else max(0, min(most, per_day - _used(connection, now)))
        if not left:
            return Leased(braked=connection.execute(first.limit(1)).first() is not None)
        leased: list[Delivery] = []
        while len(leased) < left and (rows := connection.execute(first.limit(left - len(leased))).mappings().all()):
            away = {row["status"] for row in rows if not may_be_mailed(row["kind"], row["status"])}
            for status in away:
                ids = [
                    row["id"]
                    for row in rows
                    if not may_be_mailed(row["kind"], row["status"]) and row["status"] == status
                ]
                reason = f"the subscriber is {status}"
                values = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
                connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(values))
            ready = [row for row in rows if may_be_mailed(row["kind"], row["status"])]
            lease = {"lease_owner": self.owner, "lease_until": lease_until}
            connection.execute(
                update(deliveries).where(deliveries.c.id.in_([row["id"] for row in ready])).values(lease)
            )
            leased += [as_delivery(row) for row in ready]
        return Leased(tuple(leased))


def _used(connection: Connection, now: datetime) -> int:
    """How many messages count against today's brake; a little of the future too, for clocks that disagree."""
    at = deliveries.c.settled_at
    sent = and_(at > now - _DAY, at < now + _DAY, deliveries.c.state == "sent")
    counts = [connection.scalar(select(func.count()).select_from(deliveries).where(one)) for one in (sent, LEASED)]
    return sum(count or 0 for count in counts)


@cache
def _machine() -> str:
    """Where a process number means us: host, its last start, and the name space (containers may share a host name)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        boot = space = ""
    return f"{socket.gethostname()}/{boot}/{space}"


def _started(pid: int) -> str:
    """When a process began, in ticks since the start of the machine: tells it from a later one with its number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_alive(owner: str) -> bool | None:
    """Whether the owner's process lives; None when nobody here can know, and its lease must run out."""
    machine, _, process = owner.rpartition("/")
    pid, _, started = process.partition("-")
    if machine != _machine() or not pid.isdigit():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return None
    return started == _started(int(pid)) if started else None
