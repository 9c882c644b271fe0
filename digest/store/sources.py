"""What is remembered of each source: the memory of its parts, and its state as people see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import RowMapping, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from digest.models import Memory, SourceReport
from digest.store.database import Database
from digest.store.schema import source_parts, sources


class Sources:
    """The sources of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def memories(self, source: str) -> dict[str, Memory]:
        """Part → memory; empty for a source never asked."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(source_parts).where(source_parts.c.source == source))
            return {row["part"]: Memory(**row) for row in rows.mappings()}

    async def record(self, report: SourceReport, memories: Sequence[Memory], now: datetime) -> None:
        """Keep what one fetch came to; parts that are no longer configured are forgotten."""
        parts = [asdict(memory) for memory in memories]
        async with self._database.write() as connection:
            gone = source_parts.c.part.not_in([memory.part for memory in memories])
            await connection.execute(delete(source_parts).where(source_parts.c.source == report.name, gone))
            if parts:
                statement = insert(source_parts)
                values = {name: statement.excluded[name] for name in parts[0] if name not in {"source", "part"}}
                upsert = statement.on_conflict_do_update(index_elements=["source", "part"], set_=values)
                await connection.execute(upsert, parts)
            row = {**report.as_json(), "checked_at": now}
            one = insert(sources).values(row)
            await connection.execute(one.on_conflict_do_update(index_elements=["name"], set_=row))

    async def reports(self) -> list[RowMapping]:
        """Each source with its state, reason, counts and `checked_at`, by name."""
        async with self._database.read() as connection:
            return list((await connection.execute(select(sources).order_by(sources.c.name))).mappings())

    async def last_asked(self) -> dict[str, datetime]:
        """When each source was last asked, so that two runs in a row also keep a polite distance."""
        statement = select(source_parts.c.source, func.max(source_parts.c.checked_at)).group_by(source_parts.c.source)
        async with self._database.read() as connection:
            return {name: moment for name, moment in await connection.execute(statement) if moment is not None}
