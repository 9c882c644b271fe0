"""Whether the database can be used, and what keeps it quick."""

from __future__ import annotations

from sqlalchemy import text

from digest.store.database import Database
from digest.store.schema import REVISION


class Upkeep:
    """A look at one store from outside."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> tuple[str, str]:
        """The migration the database stands at now, and the one this program needs; StoreUnavailable when it cannot be read."""
        async with self._database.read() as connection:
            found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
            return str(found or ""), REVISION

    async def tidy(self) -> None:
        """Let the database look at its own statistics (https://www.sqlite.org/lang_analyze.html)."""
        async with self._database.write() as connection:
            await connection.execute(text("PRAGMA optimize"))
