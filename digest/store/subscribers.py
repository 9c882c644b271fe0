"""Subscribers: who they are, where their cursor stands. What their fields mean is decided above (see pipeline)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from digest.models import SubscriberStatus, same_address
from digest.store.database import Database, chunks
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
                "email_folded": same_address(one.email),
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

    async def set_fields(
        self, changes: Mapping[int, Mapping[str, Any]], now: datetime, *, origin: str | None = None
    ) -> None:
        """Replace the fields of some rows, id → fields; with `origin` also where the rows come from."""
        if not changes:
            return
        values: dict[str, Any] = {"fields": bindparam("new_fields"), "changed_at": now}
        values |= {"origin": origin} if origin else {}
        rows = [{"row_id": row_id, "new_fields": dict(fields)} for row_id, fields in changes.items()]
        async with self._database.write() as connection:
            await connection.execute(
                update(subscribers).where(subscribers.c.id == bindparam("row_id")).values(values), rows
            )

    async def set_status(
        self, ids: Sequence[int], status: SubscriberStatus, now: datetime, *, only: SubscriberStatus | None = None
    ) -> None:
        """Set the status of some rows; with `only`, of those that have this one still."""
        async with self._database.write() as connection:
            for chunk in chunks(ids):
                rows: ColumnElement[bool] = subscribers.c.id.in_(chunk)
                rows = rows if only is None else and_(rows, subscribers.c.status == only)
                await connection.execute(update(subscribers).where(rows).values(status=status, changed_at=now))

    async def reactivate(
        self, ids: Sequence[int], cursor: int, now: datetime, *, only: SubscriberStatus | None = None
    ) -> None:
        """Take back who was away; what came meanwhile is not offered, and the first issue is the next one."""
        values = {
            "status": "active",
            "changed_at": now,
            "joined_at": now,
            "cursor": func.max(subscribers.c.cursor, cursor),
        }
        async with self._database.write() as connection:
            for chunk in chunks(ids):
                rows = and_(subscribers.c.id.in_(chunk), subscribers.c.status != "active")
                rows = rows if only is None else and_(rows, subscribers.c.status == only)
                await connection.execute(update(subscribers).where(rows).values(values))
