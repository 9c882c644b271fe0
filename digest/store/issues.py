"""How many digests were due for an issue: what says what is usual, kept as they are planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from digest.store.database import Database
from digest.store.schema import issues


@dataclass(frozen=True, slots=True)
class IssueCount:
    """The digests planned for one issue so far, those asked for by name left out."""

    planned: int = 0
    allowed: bool = False
    """A person said that so many are meant."""


class Issues:
    """The issues of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def before(self, day: date, limit: int) -> list[int]:
        """How many digests were due for each of the last issues before a day, whatever became of them, newest first."""
        statement = select(issues.c.planned).where(issues.c.issue < day, issues.c.planned > 0)
        async with self._database.read() as connection:
            return list((await connection.execute(statement.order_by(issues.c.issue.desc()).limit(limit))).scalars())

    async def of(self, days: Iterable[date]) -> dict[date, IssueCount]:
        """The counts of some issues, those without a row left out."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(issues).where(issues.c.issue.in_(set(days))))
            return {row.issue: IssueCount(row.planned, row.allowed) for row in rows}

    async def allow(self, days: Iterable[date]) -> None:
        """Remember that a person wants as many digests for these issues as are due."""
        rows = [{"issue": day, "planned": 0, "allowed": True} for day in sorted(set(days))]
        if rows:
            statement = insert(issues).on_conflict_do_update(index_elements=["issue"], set_={"allowed": True})
            async with self._database.write() as connection:
                await connection.execute(statement, rows)
