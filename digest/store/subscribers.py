"""Subscribers: who they are, where their cursor stands. What their fields mean is decided above (see pipeline).

The columns that planning reads are made of the fields in the same transaction (see fields).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, text, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.cadence import share_of
from digest.models import SubscriberStatus, same_address
from digest.store.database import Database, chunks
from digest.store.fields import derived, effective, still_chosen
from digest.store.schema import subscribers
from digest.store.suppressions import covered, suppress

_Texts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubscriber:
    """A row: `fields` as in a `[[subscriber]]` table, without defaults."""

    id: int
    key: str
    """Public and opaque; part of the links in the mail."""
    email: str
    status: SubscriberStatus
    origin: str
    """"config" (named by a TOML file), "command" (added or imported), "web", or "report" (gets no digests)."""
    fields: _Texts
    cursor: int
    """Papers up to this sequence number were offered."""
    joined_at: datetime
    overlay: _Texts | None = None
    """What a TOML file says of a row that came another way; it stands before `fields`."""
    chosen: _Texts = field(default_factory=dict)
    """What the subscriber changed themselves, until the same field changes where it was configured."""
    last_issue: date = date.min
    """The newest issue that has a row in the outbox; the year 1 when none has."""

    @property
    def configured(self) -> _Texts:
        """The fields without what the subscriber chose."""
        return self.fields if self.overlay is None else self.overlay

    @property
    def held(self) -> dict[str, Any]:
        """The fields that hold now."""
        return effective(self.fields, self.overlay, self.chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscriber:
    """A row to be made."""

    key: str
    email: str
    origin: str
    fields: _Texts
    cursor: int
    status: SubscriberStatus = "active"


_COLUMNS = (
    *("id", "key", "email", "status", "origin", "fields", "cursor", "joined_at", "overlay", "chosen", "last_issue"),
)


class Subscribers:
    """The subscribers of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredSubscriber]:
        """Everybody, whatever the status, in the order they joined."""
        return await self._fetch(_rows().where(subscribers.c.origin != "report"))

    async def of_files(self, addresses: Iterable[str]) -> list[StoredSubscriber]:
        """Those that TOML files name or named: by address, or because they came that way."""
        known = or_(subscribers.c.origin == "config", subscribers.c.overlay.is_not(None))
        found = {row.id: row for row in await self._fetch(_rows().where(known))}
        found |= {row.id: row for row in await self.by_address(addresses)}
        return [found[row_id] for row_id in sorted(found)]

    async def by_address(self, addresses: Iterable[str]) -> list[StoredSubscriber]:
        """Those with one of these addresses, upper and lower case alike."""
        found: list[StoredSubscriber] = []
        for chunk in chunks(sorted({same_address(address) for address in addresses})):
            found += await self._fetch(_rows().where(subscribers.c.email_folded.in_(chunk)))
        return found

    async def of_schedule(self, schedule: str, limit: int) -> list[StoredSubscriber]:
        """The first active ones with a schedule."""
        theirs = (text("status = 'active'"), subscribers.c.schedule == schedule, subscribers.c.origin != "report")
        return await self._fetch(_rows().where(*theirs).limit(limit))

    async def by_key(self, key: str) -> StoredSubscriber | None:
        """Whose links have this key."""
        return next(iter(await self._fetch(_rows().where(subscribers.c.key == key))), None)

    async def by_id(self, row_id: int) -> StoredSubscriber | None:
        """Whose a row of the outbox is."""
        return next(iter(await self._fetch(_rows().where(subscribers.c.id == row_id))), None)

    async def choosing(self) -> list[StoredSubscriber]:
        """Those who changed something themselves that is configured otherwise."""
        return await self._fetch(_rows().where(func.length(subscribers.c.chosen) > len("{}")))

    async def counts(self) -> dict[str, int]:
        """Status → number of subscribers."""
        statement = select(subscribers.c.status, func.count()).where(subscribers.c.origin != "report")
        async with self._database.read() as connection:
            rows = await connection.execute(statement.group_by(subscribers.c.status))
            return {row.status: row[1] for row in rows}

    async def add(self, new: Iterable[NewSubscriber], now: datetime) -> int:
        """Make rows; an address that is known already is left as it is. Returns how many were made.

        A suppressed address gets a row that says so.
        """
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
                "chosen": {},
                "share": share_of(one.key),
                "last_issue": date.max if one.origin == "report" else date.min,
                **derived(one.fields),
            }
            for one in new
        ]
        if not rows:
            return 0
        statement = insert(subscribers).on_conflict_do_nothing()
        async with self._database.write() as connection:
            never = await covered(connection, (row["email"] for row in rows))
            for row in rows:
                row["status"] = "suppressed" if row["email_folded"] in never else row["status"]
            before = await connection.scalar(select(subscribers.c.id).order_by(subscribers.c.id.desc()).limit(1))
            await connection.execute(statement, rows)
            made = select(func.count()).select_from(subscribers).where(subscribers.c.id > (before or 0))
            return await connection.scalar(made) or 0

    async def set_fields(self, changes: Mapping[int, _Texts], now: datetime, *, origin: str | None = None) -> None:
        """Replace the fields of some rows, id → fields; with `origin` also where the rows come from."""
        values = {"origin": origin} if origin else {}
        await self._rewrite(changes, lambda _row, fields: {"fields": dict(fields)}, now, values)

    async def set_overlay(self, changes: Mapping[int, _Texts | None], now: datetime) -> None:
        """What TOML files say of rows that came another way; None when they name them no more."""
        await self._rewrite(changes, lambda _row, said: {"overlay": None if said is None else dict(said)}, now, {})

    async def change(self, row_id: int, choices: _Texts, now: datetime) -> None:
        """What a subscriber chooses, field by field, over what is configured; the names are those of `[[subscriber]]`.

        A field set to what is configured (None where nothing is) is a choice no more. Values must be valid already.
        """

        def changed(row: StoredSubscriber, choices: _Texts) -> dict[str, Any]:
            chosen = {**row.chosen, **choices}
            return {"chosen": {name: value for name, value in chosen.items() if row.configured.get(name) != value}}

        await self._rewrite({row_id: choices}, changed, now, {})

    async def set_status(
        self, ids: Sequence[int], status: SubscriberStatus, now: datetime, *, only: SubscriberStatus | None = None
    ) -> None:
        """Set the status of some rows; with `only`, of those that have this one still.

        Who is marked as suppressed is put on the list, too (see suppressions, where a reason can be given).
        """
        async with self._database.write() as connection:
            for chunk in chunks(ids):
                rows: ColumnElement[bool] = subscribers.c.id.in_(chunk)
                rows = rows if only is None else and_(rows, subscribers.c.status == only)
                if status == "suppressed":
                    for email in (await connection.execute(select(subscribers.c.email).where(rows))).scalars().all():
                        await suppress(connection, email, "mail to it is refused", "status", "", now)
                await connection.execute(update(subscribers).where(rows).values(status=status, changed_at=now))

    async def reactivate(
        self, ids: Sequence[int], cursor: int, now: datetime, *, only: SubscriberStatus | None = None
    ) -> None:
        """Take back who was away; what came meanwhile is not offered, and the first issue is the next one.

        A suppressed address stays so.
        """
        values = {
            "status": "active",
            "changed_at": now,
            "joined_at": now,
            "cursor": func.max(subscribers.c.cursor, cursor),
        }
        async with self._database.write() as connection:
            for chunk in chunks(ids):
                away = and_(subscribers.c.id.in_(chunk), subscribers.c.status != "active")
                away = away if only is None else and_(away, subscribers.c.status == only)
                theirs = select(subscribers.c.id, subscribers.c.email).where(away)
                who = {row.id: row.email for row in await connection.execute(theirs)}
                never = await covered(connection, who.values())
                back = [row_id for row_id, email in who.items() if same_address(email) not in never]
                await connection.execute(update(subscribers).where(subscribers.c.id.in_(back)).values(values))
                stays = update(subscribers).where(subscribers.c.id.in_(who.keys() - set(back)))
                await connection.execute(stays.values(status="suppressed", changed_at=now))

    async def adopt(self, ids: Sequence[int], origin: str, cursor: int, now: datetime) -> None:
        """Make a recipient of reports a subscriber who joins now, or (`origin` "report") the other way round."""
        values = {
            "origin": origin,
            "status": "active",
            "joined_at": now,
            "changed_at": now,
            "cursor": func.max(subscribers.c.cursor, cursor),
            "last_issue": date.max if origin == "report" else date.min,
        }
        async with self._database.write() as connection:
            for chunk in chunks(ids):
                await connection.execute(update(subscribers).where(subscribers.c.id.in_(chunk)).values(values))

    async def _rewrite(
        self,
        changes: Mapping[int, Any],
        change: Callable[[StoredSubscriber, Any], dict[str, Any]],
        now: datetime,
        more: dict[str, Any],
    ) -> None:
        """Change what some rows hold, and all that follows from it; rows that are gone are left out."""
        names = ("fields", "overlay", "chosen", "schedule", "reads", "paused_until")
        values = {name: bindparam(f"new_{name}", type_=subscribers.c[name].type) for name in names}
        statement = update(subscribers).where(subscribers.c.id == bindparam("row_id")).values(**values, changed_at=now)
        async with self._database.write() as connection:
            for ids in chunks(list(changes)):
                rows = await _load(connection, _rows().where(subscribers.c.id.in_(ids)))
                new = [_rewritten(row, change(row, changes[row.id])) for row in rows]
                if new:
                    await connection.execute(statement.values(**more), new)

    async def _fetch(self, statement: Select[Any]) -> list[StoredSubscriber]:
        async with self._database.read() as connection:
            return await _load(connection, statement)


def _rows() -> Select[Any]:
    return select(*(subscribers.c[name] for name in _COLUMNS)).order_by(subscribers.c.id)


async def _load(connection: AsyncConnection, statement: Select[Any]) -> list[StoredSubscriber]:
    return [StoredSubscriber(**row) for row in (await connection.execute(statement)).mappings()]


def _rewritten(row: StoredSubscriber, change: dict[str, Any]) -> dict[str, Any]:
    """A row's fields after a change; a choice ends when what was configured for its field changed."""
    new: dict[str, Any] = {"fields": dict(row.fields), "overlay": row.overlay, "chosen": dict(row.chosen), **change}
    if "chosen" not in change:
        configured = new["fields"] if new["overlay"] is None else new["overlay"]
        new["chosen"] = still_chosen(new["chosen"], row.configured, configured)
    new |= derived(effective(new["fields"], new["overlay"], new["chosen"]))
    return {"row_id": row.id, **{f"new_{name}": value for name, value in new.items()}}
