"""The stored papers by the days on which they were listed: which days there are, and what each holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from digest.models import Paper
from digest.store.database import Database
from digest.store.papers import as_paper
from digest.store.schema import papers, sources


@dataclass(frozen=True, slots=True)
class Around:
    """The listing days that have papers before and after one; None at the ends."""

    before: date | None
    after: date | None


class Days:
    """The listing days of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> date | None:
        """The latest day that has any papers."""
        async with self._database.read() as connection:
            day: date | None = await connection.scalar(select(func.max(papers.c.listed_on)))
        return day

    async def around(self, day: date) -> Around:
        """The nearest days with papers before and after `day`."""
        listed = papers.c.listed_on
        before = select(func.max(listed)).where(listed < day)
        after = select(func.min(listed)).where(listed > day)
        async with self._database.read() as connection:
            return Around(await connection.scalar(before), await connection.scalar(after))

    async def papers(self, day: date) -> list[Paper]:
        """All papers of a day, the last seen first."""
        statement = select(papers).where(papers.c.listed_on == day).order_by(papers.c.seq.desc())
        async with self._database.read() as connection:
            return [as_paper(row) for row in (await connection.execute(statement)).mappings()]

    async def last(self, days: int, most: int) -> list[Paper]:
        """The papers of the last `days` days that have any, at most the `most` newest, in the order of first sight."""
        listed = select(papers.c.listed_on).distinct().order_by(papers.c.listed_on.desc()).limit(days).subquery()
        first = select(func.min(listed.c.listed_on)).scalar_subquery()
        newest = select(papers).where(papers.c.listed_on >= first).order_by(papers.c.seq.desc()).limit(most)
        async with self._database.read() as connection:
            return [as_paper(row) for row in (await connection.execute(newest)).mappings()][::-1]

    async def counts(self) -> list[tuple[date, int]]:
        """Every day that has papers with their number, the latest first."""
        statement = (
            select(papers.c.listed_on, func.count()).group_by(papers.c.listed_on).order_by(papers.c.listed_on.desc())
        )
        async with self._database.read() as connection:
            return [(row[0], row[1]) for row in await connection.execute(statement)]

    async def state(self) -> tuple[int, datetime | None]:
        """What changes whenever papers came in or were added to: the newest number, and when a source was last read."""
        newest = select(func.max(papers.c.seq)).scalar_subquery()
        async with self._database.read() as connection:
            row = (
                await connection.execute(select(newest, select(func.max(sources.c.checked_at)).scalar_subquery()))
            ).one()
        return row[0] or 0, row[1]
