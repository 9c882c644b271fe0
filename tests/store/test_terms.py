import sqlite3
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from digest.errors import StoreOutdated
from digest.models import CorpusStatistics
from digest.pipeline.history import catch_up
from digest.store import open_store
from digest.store.database import _alembic

ONE = CorpusStatistics(documents=2, title_length=4.5, abstract_length=100.0, frequencies={"graph": 2, "protein": 1})
OTHER = CorpusStatistics(documents=1, title_length=6.0, abstract_length=10.0, frequencies={"graph": 1, "日本": 1})


async def test_an_empty_store_has_counted_nothing(store):
    assert await store.terms.statistics() == (CorpusStatistics(), 0)
    assert await store.terms.upto() == 0


async def test_counts_add_up_and_the_mark_moves(store):
    assert await store.terms.add(ONE, 0, 2)
    assert await store.terms.add(OTHER, 2, 9)
    counts, upto = await store.terms.statistics()
    assert upto == await store.terms.upto() == 9
    assert counts.documents == 3
    assert counts.frequencies == {"graph": 3, "protein": 1, "日本": 1}
    assert (counts.title_length, counts.abstract_length) == (15 / 3, 210 / 3)


async def test_counts_that_are_not_next_change_nothing(store):
    assert await store.terms.add(ONE, 0, 2)
    before = await store.terms.statistics()
    assert not await store.terms.add(ONE, 0, 2)
    assert not await store.terms.add(OTHER, 5, 9)
    assert await store.terms.statistics() == before


async def test_papers_without_any_word_are_counted_too(store):
    assert await store.terms.add(CorpusStatistics(documents=1), 0, 1)
    counts, upto = await store.terms.statistics()
    assert (counts.documents, dict(counts.frequencies), upto) == (1, {}, 1)


async def test_very_many_terms_go_in_at_once(store):
    many = {f"term{n}": 1 for n in range(50_000)}
    for after in range(2):
        assert await store.terms.add(CorpusStatistics(documents=1, frequencies=many), after, after + 1)
    counts, _ = await store.terms.statistics()
    assert set(counts.frequencies.values()) == {2}
    assert len(counts.frequencies) == 50_000


def database_of_the_first_version(path: Path, titles: list[str]) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(_alembic(connection), "0001")
    engine.dispose()
    row = "'', '[\"Ada\"]', '[]', '2026-11-23', '2026-11-23 08:00:00', 'https://x.org', '', '', '', '[\"s\"]', 0"
    columns = "abstract, authors, categories, listed_on, first_seen_at, url, pdf_url, code_url, project_url, sources, authority"
    database = sqlite3.connect(path)
    for number, title in enumerate(titles):
        statement = f"INSERT INTO papers (id, title, {columns}) VALUES (?, ?, {row})"
        database.execute(statement, (f"hash:{number}", title))
    database.commit()
    database.close()


async def test_an_upgraded_database_of_the_first_version_catches_up(tmp_path):
    path = tmp_path / "old.db"
    database_of_the_first_version(path, ["Graph networks", "Graphs of proteins", "On sourdough"])
    with pytest.raises(StoreOutdated, match="digest db upgrade"):
        async with open_store(f"sqlite:///{path}"):
            pass
    async with open_store(f"sqlite:///{path}", upgrade=True) as store:
        assert (await store.terms.statistics())[0].documents == 0
        await catch_up(store)
        counts, upto = await store.terms.statistics()
    assert (counts.documents, counts.frequencies["graph"], upto) == (3, 2, 3)
