"""Addresses that are never mailed again, whatever a file or a form says, until a person lifts it.

Kept by a hash of the address, so that the entry outlives the account. The subscriber's status follows in the same
transaction: planning and claiming look at that alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.models import same_address
from digest.store.database import Database, chunks
from digest.store.schema import subscribers, suppressions

_EVIDENCE = 2000
"""Characters of a server's words or a report that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why an address is not mailed any more."""

    reason: str
    source: str
    """Who found out: "smtp", "bounce", "complaint", "command", "import", …"""
    evidence: str
    first_seen_at: datetime
    last_seen_at: datetime


def hashed(email: str) -> str:
    """What stands for an address in the list."""
    return hashlib.sha256(f"suppressed:{same_address(email)}".encode()).hexdigest()


async def suppress(
    connection: AsyncConnection, address: str, reason: str, source: str, evidence: str, now: datetime
) -> None:
    """Suppress an address within an open write transaction; once more only moves `last_seen_at`."""
    row = {
        "address": hashed(address),
        "reason": reason,
        "source": source,
        "evidence": evidence[:_EVIDENCE],
        "first_seen_at": now,
        "last_seen_at": now,
    }
    again = insert(suppressions).on_conflict_do_update(index_elements=["address"], set_={"last_seen_at": now})
    await connection.execute(again, row)
    theirs = and_(subscribers.c.email_folded == same_address(address), subscribers.c.status != "unsubscribed")
    await connection.execute(update(subscribers).where(theirs).values(status="suppressed", changed_at=now))


async def covered(connection: AsyncConnection, addresses: Iterable[str]) -> set[str]:
    """Which of these addresses are suppressed, as `same_address` writes them."""
    by_hash = {hashed(address): same_address(address) for address in addresses}
    found: set[str] = set()
    for chunk in chunks(list(by_hash)):
        rows = await connection.execute(select(suppressions.c.address).where(suppressions.c.address.in_(chunk)))
        found.update(by_hash[address] for address in rows.scalars())
    return found


class Suppressions:
    """The suppressed addresses of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, address: str, reason: str, source: str, evidence: str, now: datetime) -> None:
        """Never mail this address again; what is queued for it is refused when it is claimed."""
        async with self._database.write() as connection:
            await suppress(connection, address, reason, source, evidence, now)

    async def covers(self, address: str) -> Suppression | None:
        """Why an address is suppressed; None when it is not."""
        columns = [column for column in suppressions.c if column.name != "address"]
        statement = select(*columns).where(suppressions.c.address == hashed(address))
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return Suppression(**row) if row else None

    async def covered(self, addresses: Iterable[str]) -> set[str]:
        """Which of these addresses are suppressed, as `same_address` writes them."""
        async with self._database.read() as connection:
            return await covered(connection, addresses)

    async def lift(self, address: str, now: datetime) -> bool:
        """Take an address off the list, by a person's decision; False when it was not on it.

        Its subscriber is `removed` then: whoever lifts it says whether mail goes there again (`reactivate`).
        """
        async with self._database.write() as connection:
            gone = await connection.execute(delete(suppressions).where(suppressions.c.address == hashed(address)))
            theirs = and_(subscribers.c.email_folded == same_address(address), subscribers.c.status == "suppressed")
            back = await connection.execute(update(subscribers).where(theirs).values(status="removed", changed_at=now))
            return bool(gone.rowcount or back.rowcount)
