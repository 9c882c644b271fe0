"""The database itself: opening, migrating, transactions, and sentences for what can go wrong with a disk.

Knows nothing of papers or subscribers.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from digest.errors import StoreOutdated, StoreTooNew, StoreUnavailable
from digest.store.schema import REVISION

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a statement waits for another process to let go of the file."""

_CHUNK = 500
"""Values in one IN (…): SQLite allows 32,766 parameters, plans are best with few."""

_ADVICE = (
    ("locked", "is locked by another process; wait until it has finished, or stop it"),
    ("disk is full", "cannot grow: the disk is full; free some space and run the same command again"),
    ("readonly", "cannot be written: the file or its folder is read-only"),
    ("unable to open", "cannot be opened: does the folder exist, and may you write in it?"),
    ("not a database", "is not a database of this program; name another file in [store] url"),
    ("malformed", "is damaged; restore a backup"),
    ("disk i/o error", "cannot be read or written: the disk is full or damaged; look at it, and run the command again"),
    ("no such table", "is damaged: a table is missing; restore a backup"),
    ("no such column", "is damaged: a column is missing; restore a backup"),
)


def chunks(values: Sequence[T]) -> Iterator[list[T]]:
    """The values in lists that fit into one statement."""
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])


class Database:
    """One SQLite file and its connections. Use `open_database`."""

    def __init__(self, engine: AsyncEngine, path: str, writer: Engine) -> None:
        self._engine = engine
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digest-store")
        self._held: Connection | None = None
        self.path = path

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database and changes nothing."""
        with explained(self.path):
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that holds the write lock from its first statement, so it cannot fail half-way for a lock."""
        with explained(self.path):
            async with self._engine.execution_options(write=True).begin() as connection:
                yield connection

    async def write_at_once(self, work: Callable[[Connection], T]) -> T:
        """A write transaction run as a whole in one thread: many statements for the price of one change of threads."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._whole, work)

    def _whole(self, work: Callable[[Connection], T]) -> T:
        with explained(self.path):
            if self._held is None:
                self._held = self._writer.connect()
            try:
                with self._held.begin():
                    return work(self._held)
            except BaseException:
                # Whatever it was, the next transaction begins on a connection that knows nothing of it.
                held, self._held = self._held, None
                held.invalidate()
                held.close()
                raise

    def close(self) -> None:
        """Give the writing thread and its connection back; what is under way is finished."""
        self._thread.shutdown()
        if self._held is not None:
            self._held.close()
        self._writer.dispose()


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn what a user can mend (locked, full, read-only, damaged) into a sentence; bugs stay as they are."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        original = str(getattr(error, "orig", error)).lower()
        for words, advice in _ADVICE:
            if words in original:
                raise StoreUnavailable(f"the database {path} {advice}") from error
        raise


@asynccontextmanager
async def open_database(
    url: str, *, upgrade: bool = False, busy_seconds: float = BUSY_SECONDS
) -> AsyncIterator[Database]:
    """Open the store at `url`; a new file gets its tables, an old or a newer one is refused (StoreError).

    With `upgrade` an old one is brought to this version's tables first.
    """
    path = make_url(url).database or ""
    engine = _engine(path, busy_seconds)
    try:
        with explained(path):
            if path and not Path(path).parent.is_dir():
                raise StoreUnavailable(
                    f"the folder of the database {path} does not exist; create it, or change [store] url"
                )
            async with engine.connect() as connection:
                found = await connection.run_sync(_version)
            if found != REVISION:
                async with engine.execution_options(write=True).begin() as connection:
                    await connection.run_sync(_bring_up, path, upgrade)
        database = Database(engine, path, _writer(path, busy_seconds))
        try:
            yield database
        finally:
            await asyncio.to_thread(database.close)
    finally:
        await _closed_elsewhere()
        await engine.dispose()


async def _closed_elsewhere() -> None:
    """Wait for connections whose task was cancelled in the middle of a statement.

    SQLAlchemy closes such a connection in a task of its own; a loop that ends meanwhile waits for that task for ever.
    """
    closing = [task for task in asyncio.all_tasks() if "_terminate_graceful_close" in repr(task.get_coro())]
    if closing:
        await asyncio.wait(closing, timeout=BUSY_SECONDS)


def _engine(path: str, busy_seconds: float) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", **_options(busy_seconds))
    _as_we_want(engine.sync_engine)
    return engine


def _writer(path: str, busy_seconds: float) -> Engine:
    engine = create_engine(f"sqlite+pysqlite:///{path}", **_options(busy_seconds)).execution_options(write=True)
    _as_we_want(engine)
    return engine


def _options(busy_seconds: float) -> dict[str, Any]:
    import json
    from functools import partial

    return {
        "connect_args": {"timeout": busy_seconds},
        "json_serializer": partial(json.dumps, ensure_ascii=False),  # the full-text index reads the letters themselves
    }


def _as_we_want(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is below
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _bring_up(connection: Connection, path: str, upgrade: bool) -> None:
    """Decide from the version found what to do: nothing, create, upgrade or refuse."""
    found = _version(connection)
    if found == REVISION:
        return
    if found is None:
        if _has_other_tables(connection):
            raise StoreTooNew(f"the database {path} belongs to another program; name another file in [store] url")
        _migrate(connection)
    elif found not in _known_revisions():
        raise StoreTooNew(
            f"the database {path} was made by a newer version of digest (schema {found}, this one knows {REVISION}); "
            "install that version, or restore a backup"
        )
    elif upgrade:
        _migrate(connection)
    else:
        raise StoreOutdated(
            f"the database {path} was made by an older version of digest (schema {found or 'none'}, this one needs "
            f"{REVISION}); back it up and run: digest db upgrade"
        )


def _version(connection: Connection) -> str | None:
    """The migration the database stands at, None when it never had one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _has_other_tables(connection: Connection) -> bool:
    return bool(inspect(connection).get_table_names())


def _known_revisions() -> frozenset[str]:
    from alembic.script import ScriptDirectory

    return frozenset(
        {"", *(script.revision for script in ScriptDirectory.from_config(_alembic(None)).walk_revisions())}
    )


def _migrate(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_alembic(connection), "head")


def _alembic(connection: Connection | None) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
