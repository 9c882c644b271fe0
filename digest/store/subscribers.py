"""Subscribers: who they are, where their cursor stands. What their fields mean is decided above (see pipeline)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from digest.models import SubscriberStatus
from digest.store.database import Database
from digest.store.schema import subscribers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubscriber:
    """A row: `fields` as in a `[[subscriber]]` table, without defaults."""

    id: int
    key: str
    """Public and opaque; part of the links in the mail."""
    email: str
    status: SubscriberStatus
    origin: str
    """"config" (named by a TOML file) or "command" (added or imported)."""
    fields: Mapping[str, Any]
    cursor: int
    """Papers up to this sequence number were offered."""
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscriber:
    """A row to be made."""

    key: str
    email: str
    origin: str
    fields: Mapping[str, Any]
    cursor: int
    status: SubscriberStatus = "active"


class Subscribers:
    """The subscribers of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredSubscriber]:
        """Everybody, whatever the status, in the order they joined."""
        columns = [column for column in subscribers.c if column.name not in {"email_folded", "changed_at"}]
        async with self._database.read() as connection:
            rows = await connection.execute(select(*columns).order_by(subscribers.c.id))
            return [StoredSubscriber(**row) for row in rows.mappings()]

    async def add(self, new: Iterable[NewSubscriber], now: datetime) -> int:
        """Make rows; an address that is known already is left as it is. Returns how many were made."""
        rows = [
            {
                "key": one.key,
                "email": one.email,
                "email_folded": one.email.casefold(),
                "status": one.status,
                "origin": one.origin,
                "fields": dict(one.fields),
                "cursor": one.cursor,
                "joined_at": now,
                "changed_at": now,
            }
            for one in new
        ]
        if not rows:
            return 0
        statement = insert(subscribers).on_conflict_do_nothing()
        async with self._database.write() as connection:
            before = await connection.scalar(select(subscribers.c.id).order_by(subscribers.c.id.desc()).limit(1))
            await connection.execute(statement, rows)
            made = select(subscribers.c.id).where(subscribers.c.id > (before or 0))
            return len((await connection.execute(made)).all())

    async def set_fields(self, changes: Mapping[int, Mapping[str, Any]], now: datetime) -> None:
        """Replace the fields of some rows: id → fields."""
        if not changes:
            return
        statement = update(subscribers).where(subscribers.c.id == bindparam("row_id"))
        rows = [{"row_id": row_id, "fields": dict(fields), "changed_at": now} for row_id, fields in changes.items()]
        async with self._database.write() as connection:
            await connection.execute(
                statement.values(fields=bindparam("fields"), changed_at=bindparam("changed_at")), rows
            )

    async def set_status(self, ids: Sequence[int], status: SubscriberStatus, now: datetime) -> None:
        if not ids:
            return
        statement = update(subscribers).where(subscribers.c.id == bindparam("row_id"))
        values: dict[str, Any] = {"status": bindparam("new_status"), "changed_at": bindparam("now")}
        rows = [{"row_id": row_id, "new_status": status, "now": now} for row_id in ids]
        async with self._database.write() as connection:
            await connection.execute(statement.values(values), rows)

    async def reactivate(self, ids: Sequence[int], cursor: int, now: datetime) -> None:
        """Take back removed subscribers; what came while they were away is not offered to them."""
        if not ids:
            return
        values = {"status": "active", "changed_at": now, "cursor": func.max(subscribers.c.cursor, cursor)}
        async with self._database.write() as connection:
            await connection.execute(update(subscribers).where(subscribers.c.id.in_(ids)).values(values))
