"""Document frequencies: kept up to date as papers arrive, and never counted twice."""

import asyncio
import sqlite3

import pytest

from digest import match
from digest.models import Listing
from digest.pipeline import history as module
from digest.pipeline.history import catch_up, history
from digest.sources import may_merge
from digest.store import Arrival, Store, open_store
from tests.instance import Instance

TITLES = ["Graph neural networks for proteins", "A graph neural network at sea", "On sourdough"]


def arrival(number: int, title: str = "", keys: tuple[str, ...] = (), **fields) -> Arrival:
    title = title or f"Graphs of order {number} and state-of-the-art proteins"
    listing = Listing(source="s", title=title, url="https://x.org", abstract=f"We study word{number % 7}.", **fields)
    return Arrival(listing, f"arxiv:{number}", (f"arxiv:{number}", *keys))


async def filled(store: Store, now, numbers: range) -> None:
    await store.papers.add([arrival(number) for number in numbers], now, may_merge)


async def from_scratch(store: Store) -> match.History:
    return match.History(match.statistics(await store.papers.following(0, 1_000_000)))


async def test_catching_up_step_by_step_equals_counting_from_scratch(store, now):
    for start in (0, 10, 25, 60):
        await filled(store, now, range(start, start + 15))
        await catch_up(store, at_a_time=7)
    counts, upto = await store.terms.statistics()
    assert counts == (await from_scratch(store)).corpus
    assert (counts.documents, upto) == (await store.papers.count(), await store.papers.newest())


async def test_catching_up_again_changes_nothing(store, now):
    await filled(store, now, range(20))
    await catch_up(store)
    before = await store.terms.statistics()
    await catch_up(store)
    assert await store.terms.statistics() == before


async def test_processes_that_catch_up_at_once_count_each_paper_once(tmp_path, now):
    url = f"sqlite:///{tmp_path / 'digest.db'}"
    async with open_store(url) as one, open_store(url) as two, open_store(url) as three:
        await filled(one, now, range(120))
        await asyncio.gather(*(catch_up(store, at_a_time=size) for store, size in ((one, 5), (two, 7), (three, 11))))
        counts, upto = await two.terms.statistics()
        assert (counts, upto) == ((await from_scratch(one)).corpus, 120)


async def test_papers_that_are_not_counted_yet_are_known_without_writing_anything(store, now):
    await filled(store, now, range(10))
    await catch_up(store)
    kept = await store.terms.statistics()
    await filled(store, now, range(10, 30))
    found = await history(store, 30, texts=False)
    assert found.corpus == (await from_scratch(store)).corpus
    assert await store.terms.statistics() == kept
    await catch_up(store)
    assert (await history(store, 30, texts=False)).corpus == found.corpus


async def test_a_paper_of_two_listings_is_counted_once_as_it_was_first_seen(store, now):
    await store.papers.add([arrival(1, "Graphs", ("title:x",))], now, may_merge)
    await catch_up(store)
    await store.papers.add([arrival(1, "Graphs revised", ("title:x",), version=2)], now, may_merge)
    await catch_up(store)
    counts, _ = await store.terms.statistics()
    assert (counts.documents, "graph" in counts.frequencies, "revis" in counts.frequencies) == (1, True, False)


async def test_a_paper_that_turns_out_to_be_another_one_stays_counted(store, now):
    journal = Arrival(Listing(source="j", title="Graphs", url="https://j.org"), "doi:10.1/a", ("doi:10.1/a",))
    both = Arrival(Listing(source="s", title="Graphs", url="https://x.org"), "arxiv:1", ("arxiv:1", "doi:10.1/a"))
    await store.papers.add([arrival(1), journal], now, may_merge)
    await catch_up(store)
    await store.papers.add([both], now, may_merge)
    await catch_up(store)
    assert await store.papers.count() == 1
    assert (await store.terms.statistics())[0].documents == 2


async def test_endless_words_are_not_counted(store, now):
    await store.papers.add([arrival(1, f"Graphs {'x' * 65} {'y' * 64}")], now, may_merge)
    seen = (await history(store, 1, texts=False)).corpus
    await catch_up(store)
    counts, _ = await store.terms.statistics()
    assert counts == seen
    assert max(map(len, counts.frequencies)) == 64


async def test_the_newest_papers_up_to_a_number_are_read_in_their_order(store, now, monkeypatch):
    monkeypatch.setattr(module, "RECENT", 4)
    await filled(store, now, range(10))
    found = await history(store, 8, texts=True)
    assert [paper.seq for shelf in found.shelves for paper in shelf.papers] == [5, 6, 7, 8]
    assert found.corpus.documents == 10
    assert (await history(store, 8, texts=False)).shelves == []


def counted(instance: Instance) -> list[tuple[int, int]]:
    connection = sqlite3.connect(instance.folder / "digest.db")
    try:
        return connection.execute("SELECT documents, upto_seq FROM corpus").fetchall()
    finally:
        connection.close()


def forget_the_counts(instance: Instance) -> None:
    connection = sqlite3.connect(instance.folder / "digest.db")
    connection.execute("UPDATE corpus SET documents = 0, title_words = 0, abstract_words = 0, upto_seq = 0")
    connection.execute("DELETE FROM terms")
    connection.commit()
    connection.close()


@pytest.fixture
def ready(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port)
    return instance


def test_a_fetch_counts_what_it_brought(ready):
    ready.json("fetch")
    assert counted(ready) == [(3, 3)]


def test_a_dry_run_without_fetching_writes_no_counts_and_shows_what_a_real_run_sends(ready):
    ready.json("fetch")
    forget_the_counts(ready)
    _, dry = ready.send("--dry-run", "--no-fetch")
    assert counted(ready) == [(0, 0)]
    _, real = ready.send("--no-fetch")
    assert counted(ready) == [(3, 3)]
    assert real["digests"][0]["papers"] == dry["digests"][0]["papers"] != []


def test_a_test_mail_writes_no_counts(ready):
    ready.json("fetch")
    forget_the_counts(ready)
    ready.send("--test", "--no-fetch", "--to", "ada@example.org")
    assert counted(ready) == [(0, 0)]


def test_related_words_of_the_stored_papers_raise_a_paper_and_off_turns_them_off(instance, mail_server):
    server = mail_server()
    early = [f"Molecule folding and enzyme docking with transformer {word}" for word in ("a1", "b2", "c3", "d4", "e5")]
    noise = [f"Sourdough {word} of the kitchen" for word in map("bread{}".format, range(30))]
    feed = instance.feed("a.xml", early + noise)
    subscribers = '[[subscriber]]\nemail = "{0}@example.org"\nprofiles = ["{0}"]\n'
    more = "".join(
        f'[[profile]]\nname = "{mode}"\nkeywords = ["transformer"]\nrelated = "{mode}"\n{subscribers.format(mode)}'
        for mode in ("off", "rank", "list")
    )
    instance.write(sources={"a": feed}, smtp_port=server.port, more=more)
    instance.send()
    news = ["A transformer for enzyme docking", "Molecule folding and enzyme docking", "Sourdough again"]
    instance.feed("a.xml", news)
    _, document = instance.send(at="2026-11-24T08:00:00+00:00")
    found = {one["subscriber"].partition("@")[0]: one["papers"] for one in document["digests"]}
    fields = {
        mode: {paper["title"]: {why["field"] for why in paper["matched"]} for paper in papers}
        for mode, papers in found.items()
    }
    assert fields["off"] == {news[0]: {"title"}}
    assert fields["rank"] == {news[0]: {"title", "related"}}
    assert fields["list"] == {news[0]: {"title", "related"}, news[1]: {"related"}}
