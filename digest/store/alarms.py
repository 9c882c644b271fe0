"""What an operator must know of, kept until it is over, so that every process and page can tell.

One row per kind: an alarm that is raised again while it stands is counted, not repeated. What becomes of an alarm
(a log line, a mail, a ping) is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert

from digest.store.database import Database
from digest.store.schema import alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong, or was: `cleared_at` says since when it is over."""

    kind: str
    message: str
    raised_at: datetime
    seen_at: datetime
    times: int
    cleared_at: datetime | None
    told: str
    """What the admin was last told by mail, in the words of whoever told it; empty for nothing."""


class Alarms:
    """The alarms of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sound(self, kind: str, message: str, now: datetime) -> bool:
        """Raise an alarm, or count it when it stands already; True when it is new."""
        async with self._database.write() as connection:
            standing = alarms.c.kind == kind, alarms.c.cleared_at.is_(None)
            values = {"message": message, "seen_at": now, "times": alarms.c.times + 1}
            if (await connection.execute(update(alarms).where(*standing).values(values))).rowcount:
                return False
            row = {"message": message, "raised_at": now, "seen_at": now, "times": 1, "cleared_at": None}
            statement = insert(alarms).values(kind=kind, told="", **row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["kind"], set_=row))
            return True

    async def clear(self, kind: str, now: datetime) -> bool:
        """It is over; True when it stood until now."""
        standing = alarms.c.kind == kind, alarms.c.cleared_at.is_(None)
        async with self._database.read() as connection:  # the usual case writes nothing
            if await connection.scalar(select(alarms.c.kind).where(*standing)) is None:
                return False
        async with self._database.write() as connection:
            return bool((await connection.execute(update(alarms).where(*standing).values(cleared_at=now))).rowcount)

    async def standing(self) -> list[Alarm]:
        """Those that are not over, the oldest first."""
        return [alarm for alarm in await self.all() if alarm.cleared_at is None]

    async def all(self) -> list[Alarm]:
        """The last of each kind, over or not, the oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(alarms).order_by(alarms.c.raised_at, alarms.c.kind))
            return [Alarm(**row) for row in rows.mappings()]

    async def note_told(self, kind: str, told: str) -> None:
        """Write down what the admin was told."""
        async with self._database.write() as connection:
            await connection.execute(update(alarms).where(alarms.c.kind == kind).values(told=told))

    async def forget(self, before: datetime) -> None:
        """Drop alarms that were over before a moment."""
        async with self._database.write() as connection:
            await connection.execute(delete(alarms).where(alarms.c.cleared_at < before))
