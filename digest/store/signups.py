"""Those who come by themselves: sign-ups until they are confirmed, and those who ask to be forgotten.

A sign-up and the row of its confirmation mail are written together. What the wishes mean is decided above (see pipeline).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from digest.models import same_address
from digest.store.database import Database
from digest.store.fields import derived
from digest.store.planned import Planned, new_row
from digest.store.schema import deliveries, signups, subscribers

CONFIRM = "confirm"
"""The kind of the mail that asks whether a sign-up is meant."""

NOBODY = "forgotten@localhost"
"""The address of who asked to be forgotten."""


def may_be_mailed(kind: str, status: str) -> bool:
    """Who is not suppressed may be asked to confirm; everything else is for those who have."""
    return status == "active" or (kind == CONFIRM and status != "suppressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signup:
    """What somebody asked for on the pages, to be done when the address confirms it."""

    email: str
    fields: Mapping[str, Any]
    network: str
    """Where it came from, as a network and not as a host: "203.0.113.0/24"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A stored sign-up."""

    fields: Mapping[str, Any]
    asked_at: datetime
    confirmed_at: datetime | None
    network: str


class Signups:
    """The sign-ups of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, signup: Signup, now: datetime) -> None:
        """Keep what somebody with a row asked for, and owe the address a confirmation mail, at most one a day.

        Somebody who reads already keeps what they have, and the same mail says so; a suppressed address is left alone.
        """
        columns = select(subscribers.c.id, subscribers.c.status, subscribers.c.origin)
        async with self._database.write() as connection:
            found = await connection.execute(columns.where(subscribers.c.email_folded == same_address(signup.email)))
            row = found.one_or_none()
            if row is None or row.status == "suppressed":
                return
            if (
                row.status != "active" or row.origin == "report"
            ):  # who gets reports about the instance reads nothing yet
                wish = {"fields": dict(signup.fields), "asked_at": now, "network": signup.network, "confirmed_at": None}
                statement = insert(signups).values(subscriber_id=row.id, **wish)
                await connection.execute(statement.on_conflict_do_update(index_elements=["subscriber_id"], set_=wish))
            owed = Planned(subscriber_id=row.id, issue=now.date(), due_at=now, kind=CONFIRM, by_name=True)
            await connection.execute(insert(deliveries).values(new_row(owed, 0, 0, now)).on_conflict_do_nothing())

    async def asked_since(self, moment: datetime) -> int:
        """How many addresses signed up since a moment, confirmed or not."""
        statement = select(func.count()).select_from(signups).where(signups.c.asked_at > moment)
        async with self._database.read() as connection:
            return await connection.scalar(statement) or 0

    async def wish(self, subscriber_id: int) -> Wish | None:
        """What a subscriber signed up for last."""
        columns = select(signups.c.fields, signups.c.asked_at, signups.c.confirmed_at, signups.c.network)
        async with self._database.read() as connection:
            row = (
                (await connection.execute(columns.where(signups.c.subscriber_id == subscriber_id)))
                .mappings()
                .one_or_none()
            )
        return Wish(**row) if row else None

    async def confirmed(self, subscriber_id: int, now: datetime) -> None:
        """What was asked for has been done: the same link does nothing more."""
        theirs = and_(signups.c.subscriber_id == subscriber_id, signups.c.confirmed_at.is_(None))
        async with self._database.write() as connection:
            await connection.execute(update(signups).where(theirs).values(confirmed_at=now))

    async def expire(self, before: datetime) -> int:
        """Forget the addresses that never confirmed what was asked before a moment. Returns how many."""
        old = select(signups.c.subscriber_id).where(signups.c.asked_at < before, signups.c.confirmed_at.is_(None))
        async with self._database.write() as connection:
            gone = delete(subscribers).where(subscribers.c.status == "unconfirmed", subscribers.c.id.in_(old))
            return (await connection.execute(gone)).rowcount

    async def forget(self, subscriber_id: int) -> None:
        """Delete a person with everything that is known of them."""
        async with self._database.write() as connection:
            await connection.execute(delete(subscribers).where(subscribers.c.id == subscriber_id))

    async def blacken(self, subscriber_id: int, now: datetime) -> None:
        """The same for somebody whom a file names: the key stays, which cannot be turned back into the address.

        It keeps the address from being taken in again.
        """
        async with self._database.write() as connection:
            await connection.execute(delete(signups).where(signups.c.subscriber_id == subscriber_id))
            await connection.execute(delete(deliveries).where(deliveries.c.subscriber_id == subscriber_id))
            values = {
                "email": NOBODY,
                "email_folded": "forgotten:" + subscribers.c.key,
                "status": "unsubscribed",
                "origin": "web",
                "fields": {},
                "overlay": None,
                "chosen": {},
                **derived({}),
                "changed_at": now,
            }
            await connection.execute(update(subscribers).where(subscribers.c.id == subscriber_id).values(values))
