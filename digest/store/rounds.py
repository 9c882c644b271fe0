"""How each recurring job of `digest run` last went: one row per job, overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from digest.store.database import Database
from digest.store.schema import rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRound:
    """The last round of a job; `failures` counts those in a row that went wrong, `reason` says how the last one did."""

    job: str
    at: datetime
    ok_at: datetime | None
    failures: int
    reason: str


class Rounds:
    """The last rounds of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, job: str, at: datetime, trouble: str = "") -> None:
        """Keep that a round ended, well or with a trouble."""
        failed = bool(trouble)
        statement = insert(rounds).values(
            job=job, at=at, ok_at=None if failed else at, failures=int(failed), reason=trouble
        )
        values = {
            "at": at,
            "ok_at": rounds.c.ok_at if failed else at,
            "failures": rounds.c.failures + 1 if failed else 0,
            "reason": trouble,
        }
        async with self._database.write() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["job"], set_=values))

    async def all(self) -> dict[str, LastRound]:
        """Job → its last round."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(rounds).order_by(rounds.c.job))
            return {row["job"]: LastRound(**row) for row in rows.mappings()}
