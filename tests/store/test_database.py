import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from digest.errors import StoreOutdated, StoreTooNew, StoreUnavailable
from digest.store import open_store
from digest.store.database import _alembic, open_database
from digest.store.schema import REVISION, metadata


def url(path: Path) -> str:
    return f"sqlite:///{path}"


async def test_the_migrations_make_the_tables_of_the_schema(tmp_path):
    async with open_database(url(tmp_path / "a.db")) as database, database.read() as connection:

        def differences(sync):
            ours = lambda name, kind, *_: not (kind == "table" and (name or "").startswith("papers_text"))  # noqa: E731 - a hook's shape
            context = MigrationContext.configure(sync, opts={"compare_type": True, "include_name": ours})
            found = compare_metadata(context, metadata)
            return [one for one in found if not str(one[1]).startswith("papers_text")]

        assert await connection.run_sync(differences) == []
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_the_schema_names_the_newest_migration():
    assert ScriptDirectory.from_config(_alembic(None)).get_heads() == [REVISION]


async def test_opening_twice_changes_nothing(tmp_path):
    for _ in range(2):
        async with open_store(url(tmp_path / "a.db")) as store:
            assert await store.papers.count() == 0


async def stamp(path: Path, revision: str) -> None:
    async with open_store(url(path)):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()


async def test_a_newer_database_is_refused_with_a_sentence(tmp_path):
    await stamp(tmp_path / "a.db", "9999")
    with pytest.raises(StoreTooNew, match=r"newer version of digest \(schema 9999.*install that version"):
        async with open_store(url(tmp_path / "a.db")):
            pass


async def test_an_older_database_is_refused_until_it_is_upgraded(tmp_path):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:  # the state before the first migration
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    connection.close()
    with pytest.raises(StoreOutdated, match="digest db upgrade"):
        async with open_store(url(path)):
            pass
    async with open_store(url(path), upgrade=True) as store:
        assert await store.papers.count() == 0
    async with open_store(url(path)):
        pass


async def test_an_upgrade_fills_what_planning_reads_from_what_is_there(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as old, old:
        _at_revision(path, "0003")
        subscriber = "INSERT INTO subscribers VALUES (?, ?, ?, ?, ?, 'command', ?, 0, '2026-11-01', '2026-11-02 00:00:00.000000')"
        ada = '{"send_at": "06:15", "profiles": ["b", "a"], "paused_until": "2027-01-05", "name": "Ada"}'
        old.execute(subscriber, (1, "k1", "Ada@example.org", "ada@example.org", "active", ada))
        old.execute(subscriber, (2, "k2", "bob@example.org", "bob@example.org", "suppressed", '{"keywords": ["x"]}'))
        row = (
            "INSERT INTO deliveries VALUES (?, 1, 'digest', ?, 'sent', '', '2026-11-20', 0, 0, 1, 0, '', NULL, '', NULL,"
            " '2026-11-20', '', '', '[]', 0, 0, ?)"
        )
        old.execute(row, (1, "2026-11-20", 0))
        old.execute(row, (2, "2026-11-21", 1))
    async with open_store(url(path), upgrade=True) as store:
        assert await store.due.schedules() == {'{"send_at": "06:15"}': date(2026, 11, 21)}
        assert await store.due.profile_sets() == ['["a", "b"]']
        assert await store.due.paused_schedules(date(2026, 12, 1)) == ['{"send_at": "06:15"}']
        assert await store.suppressions.covers("Bob@example.org")
        assert await store.issues.before(date(2026, 12, 1), 9) == [1], "what was sent by name says nothing of the usual"


def _at_revision(path, revision: str) -> None:
    from alembic import command
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(_alembic(connection), revision)
    engine.dispose()


async def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    with pytest.raises(StoreTooNew, match="another program"):
        async with open_store(url(path)):
            pass


async def test_a_file_that_is_no_database_is_a_sentence(tmp_path):
    (tmp_path / "a.db").write_text("Dear diary, " * 1000)
    with pytest.raises(StoreUnavailable, match="not a database of this program"):
        async with open_store(url(tmp_path / "a.db")):
            pass


async def test_a_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(StoreUnavailable, match=r"folder .* does not exist"):
        async with open_store(url(tmp_path / "nowhere" / "a.db")):
            pass


async def test_a_locked_database_can_be_read_and_is_a_sentence_for_who_would_write(tmp_path, now):
    path = tmp_path / "a.db"
    async with open_store(url(path)):
        pass
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        async with open_store(url(path), busy_seconds=0.05) as store:
            assert await store.papers.count() == 0
            with pytest.raises(StoreUnavailable, match="locked by another process"):
                await store.outbox.recover(now)
    finally:
        other.close()


async def test_a_database_that_lacks_a_table_is_a_sentence(tmp_path):
    path = tmp_path / "a.db"
    async with open_store(url(path)):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE deliveries")
    connection.close()
    with pytest.raises(StoreUnavailable, match="a table is missing; restore a backup"):
        async with open_store(url(path)) as store:
            await store.deliveries.totals()


async def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path, now):
    from digest.models import Listing
    from digest.store.merging import Arrival

    def arrivals(start: int, count: int) -> list[Arrival]:
        return [
            Arrival(
                Listing(source="s", title=f"Paper {n}", url="https://x.org", abstract="long " * 400),
                f"hash:{n}",
                (f"hash:{n}",),
            )
            for n in range(start, start + count)
        ]

    async with open_database(url(tmp_path / "a.db")) as database:
        from digest.store.papers import Papers

        papers = Papers(database)
        await papers.add(arrivals(0, 5), now, lambda _a, _b: True)
        async with database.read() as connection:
            pages = await connection.scalar(text("PRAGMA page_count"))
        await database._engine.dispose()
        from sqlalchemy import event

        @event.listens_for(database._engine.sync_engine, "connect")
        def shrink(connection, _record):
            connection.execute(f"PRAGMA max_page_count = {pages + 10}").close()

        with pytest.raises(StoreUnavailable, match="disk is full"):
            await papers.add(arrivals(5, 500), now, lambda _a, _b: True)
        assert await papers.count() == 5


def test_what_sqlite_says_of_a_read_only_file_has_a_sentence():
    from digest.store.database import explained

    with pytest.raises(StoreUnavailable, match="is read-only"), explained("/x/digest.db"):
        raise sqlite3.OperationalError("attempt to write a readonly database")
