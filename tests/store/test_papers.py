from datetime import date, timedelta

import pytest

from digest.models import Listing
from digest.sources import may_merge
from digest.store.merging import Arrival


def listing(source: str = "arxiv", title: str = "A Title", **fields) -> Listing:
    return Listing(source=source, title=title, url="https://arxiv.org/abs/1", **fields)


def arrival(*keys: str, **fields) -> Arrival:
    return Arrival(listing(**fields), keys[0], keys)


async def test_new_papers_get_growing_numbers_in_the_order_given(store, now):
    added = await store.papers.add([arrival("arxiv:2"), arrival("arxiv:1")], now, may_merge)
    assert added.new == 2
    assert [(p.seq, p.id) for p in await store.papers.window(0, 9)] == [(1, "arxiv:2"), (2, "arxiv:1")]


async def test_a_second_source_adds_to_a_paper_and_makes_no_new_one(store, now):
    await store.papers.add([arrival("arxiv:1", "title:x")], now, may_merge)
    later = now + timedelta(days=3)
    second = arrival("arxiv:1", "title:x", source="hf", upvotes=52, code_url="https://github.com/a/b")
    added = await store.papers.add([second], later, may_merge)
    assert (added.new, added.updated, added.unchanged) == (0, 1, 0)
    [paper] = await store.papers.window(0, 9)
    assert paper.sources == ("arxiv", "hf")
    assert (paper.upvotes, paper.code_url, paper.first_seen_at) == (52, "https://github.com/a/b", now)
    assert await store.papers.newest() == 1


async def test_the_same_listing_again_changes_nothing(store, now):
    one = arrival("arxiv:1", upvotes=3)
    await store.papers.add([one], now, may_merge)
    added = await store.papers.add([one, one], now, may_merge)
    assert (added.new, added.updated, added.unchanged) == (0, 0, 2)


async def test_one_batch_may_hold_a_paper_twice(store, now):
    added = await store.papers.add([arrival("arxiv:1"), arrival("arxiv:1", categories=("cs.AI",))], now, may_merge)
    assert added.new == 1
    [paper] = await store.papers.window(0, 9)
    assert paper.categories == ("cs.AI",)


async def test_a_weak_key_joins_a_preprint_and_its_journal_version(store, now):
    await store.papers.add([arrival("arxiv:1", "title:x")], now, may_merge)
    added = await store.papers.add([arrival("doi:10.1/a", "title:x", source="journal")], now, may_merge)
    assert added.new == 0
    again = await store.papers.add([arrival("doi:10.1/a", source="journal")], now, may_merge)
    assert again.unchanged == 1


async def test_a_weak_key_never_joins_two_different_arxiv_papers(store, now):
    added = await store.papers.add([arrival("arxiv:1", "title:x"), arrival("arxiv:2", "title:x")], now, may_merge)
    assert added.new == 2


async def test_two_known_papers_that_turn_out_to_be_one_keep_the_older_number(store, now):
    await store.papers.add([arrival("arxiv:1"), arrival("doi:10.1/a", source="journal", upvotes=4)], now, may_merge)
    await store.papers.add([arrival("arxiv:1", "doi:10.1/a", source="hf")], now, may_merge)
    [paper] = await store.papers.window(0, 9)
    assert (paper.seq, paper.id, paper.upvotes) == (1, "arxiv:1", 4)
    assert set(paper.sources) == {"arxiv", "journal", "hf"}
    assert (await store.papers.add([arrival("doi:10.1/a", source="journal")], now, may_merge)).unchanged == 1
    await store.papers.add([arrival("arxiv:9")], now, may_merge)
    assert await store.papers.newest() == 3, "a number is never given twice"


async def test_a_newer_version_replaces_the_text(store, now):
    await store.papers.add([arrival("arxiv:1", title="Old", abstract="old", version=1)], now, may_merge)
    await store.papers.add([arrival("arxiv:1", title="New", abstract="new", version=2)], now, may_merge)
    await store.papers.add([arrival("arxiv:1", title="Old", abstract="old", version=1)], now, may_merge)
    [paper] = await store.papers.window(0, 9)
    assert (paper.title, paper.abstract, paper.version) == ("New", "new", 2)


async def test_the_authority_of_a_text_is_remembered(store, now):
    await store.papers.add([arrival("arxiv:1", title="By a feed")], now, may_merge)
    await store.papers.add([arrival("arxiv:1", title="By arXiv", authority=2)], now, may_merge)
    await store.papers.add([arrival("arxiv:1", title="By a feed", source="feed", version=9)], now, may_merge)
    [paper] = await store.papers.window(0, 9)
    assert (paper.title, paper.version, paper.sources) == ("By arXiv", None, ("arxiv", "feed"))


async def test_a_new_paper_that_turns_out_to_be_known_is_not_counted_as_new(store, now):
    batch = [arrival("arxiv:1"), arrival("doi:10.1/a"), arrival("arxiv:1", "doi:10.1/a")]
    added = await store.papers.add(batch, now, may_merge)
    assert (added.new, added.updated + added.unchanged) == (1, 2)
    assert await store.papers.count() == 1


async def test_two_issues_of_a_column_are_stored_as_two_papers(store, now):
    one, other = (Arrival(listing(), f"hash:{n}", ("title:x", f"link:h:{n}", f"hash:{n}")) for n in (1, 2))
    for _ in range(2):
        await store.papers.add([one], now, may_merge)
        await store.papers.add([other], now, may_merge)
    assert await store.papers.count() == 2


async def test_a_paper_without_a_day_is_listed_on_the_day_it_came(store, now):
    await store.papers.add([arrival("arxiv:1")], now, may_merge)
    assert [p.listed_on for p in await store.papers.latest(9)] == [date(2026, 11, 23)]


async def found(store, query, on=None):
    return [hit.paper.id for hit in (await store.search.find(query, on=on, limit=9)).hits]


async def test_search_finds_words_in_any_form_and_prefixes(store, now):
    await store.papers.add(
        [
            arrival("arxiv:1", title="Diffusion Models for Proteins", authors=("Zoë Ångström",)),
            arrival("arxiv:2", title="Graph Networks", abstract="no diffusion here"),
        ],
        now,
        may_merge,
    )
    assert await found(store, "diffusion") == ["arxiv:1", "arxiv:2"]
    assert await found(store, "protein model") == ["arxiv:1"]
    assert await found(store, "angstrom") == ["arxiv:1"]
    assert await found(store, "netw*") == ["arxiv:2"]
    assert await found(store, "graph", date(2020, 1, 1)) == []


@pytest.mark.parametrize(
    "query", ['"', "AND", "a OR", "title:x", "NEAR(", "*", "'; DROP TABLE papers", "((", "-x", "^"]
)
async def test_no_query_is_an_error(store, now, query):
    await store.papers.add([arrival("arxiv:1")], now, may_merge)
    assert isinstance(await found(store, query), list)


async def test_search_follows_a_changed_text(store, now):
    await store.papers.add([arrival("arxiv:1", title="Old words", version=1)], now, may_merge)
    await store.papers.add([arrival("arxiv:1", title="Fresh letters", version=2)], now, may_merge)
    assert await found(store, "fresh") == ["arxiv:1"]
    assert await found(store, "old") == []


async def test_a_thousand_papers_go_in_and_are_recognised(store, now):
    many = [arrival(f"arxiv:{n}", f"title:{n}") for n in range(1200)]
    assert (await store.papers.add(many, now, may_merge)).new == 1200
    assert (await store.papers.add(many, now, may_merge)).unchanged == 1200
    assert await store.papers.known_arxiv_ids(["5", "700", "x"]) == {"5", "700"}


async def test_the_cursor_of_a_new_reader_stands_before_recent_papers(store, now):
    await store.papers.add([arrival("arxiv:1")], now - timedelta(days=2), may_merge)
    await store.papers.add([arrival("arxiv:2")], now - timedelta(hours=2), may_merge)
    assert await store.papers.newest_before(now - timedelta(days=1)) == 1
    assert await store.papers.newest_before(now - timedelta(days=5)) == 0
