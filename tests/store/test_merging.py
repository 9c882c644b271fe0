"""Which listings become one paper, who may change it, and that no feed can rewrite or remove what others list."""

from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.models import Listing
from digest.sources import may_merge, paper_id, paper_keys
from digest.store.merging import Arrival, Batch, Draft, merge, strong_keys

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ARXIV, HUGGING_FACE, FEED = {"arxiv": 2, "hf": 1, "feed": 0}.items()


class Shelf:
    """Stored papers, without a database: what papers.py does with a batch, in memory."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.seq = 0

    def add(self, *arrivals: Listing | Arrival) -> Batch:
        taken = [one if isinstance(one, Arrival) else Arrival(one, paper_id(one), paper_keys(one)) for one in arrivals]
        batch = merge(taken, self.drafts, NOW, may_merge)
        assert batch.fresh + batch.updated + batch.unchanged == len(arrivals)
        assert batch.fresh == len(batch.new)
        gone = {seq for seq, _ in batch.absorbed}
        self.drafts = [draft for draft in self.drafts if draft.seq not in gone]
        for draft in batch.new:
            self.seq += 1
            draft.seq = self.seq
            self.drafts.append(draft)
        return batch

    @property
    def row(self) -> dict[str, Any]:
        (draft,) = self.drafts
        return draft.row


def said(by: tuple[str, int] = FEED, **fields: Any) -> Listing:
    """One listing of arXiv's paper 2611.00001, as the source called `by` has it."""
    source, authority = by
    known = {
        "title": "Sparse Attention for Long Documents",
        "url": "https://arxiv.org/abs/2611.00001",
        "abstract": "We make attention sparse.",
        "authors": ("Ada Lovelace", "Alan Turing"),
        "arxiv_id": "2611.00001",
        "pdf_url": "https://arxiv.org/pdf/2611.00001",
    }
    return Listing(source=source, authority=authority, **(known | fields))


def evil(by: tuple[str, int] = FEED, **fields: Any) -> Listing:
    return said(
        by,
        title="Buy my course",
        abstract="submitted by /u/foo",
        authors=("Mallory", "M2", "M3"),
        url="https://evil.example/1",
        pdf_url="https://evil.example/1.pdf",
        code_url="https://github.com/evil/miner",
        project_url="https://evil.example/",
        categories=("spam",),
        upvotes=10**9,
        comments=10**9,
        version=900,
        **fields,
    )


def told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"id", "sources", "first_seen_at", "listed_on"}}


@pytest.mark.parametrize("by", [ARXIV, HUGGING_FACE])
def test_a_feed_adds_only_its_name_to_a_paper_of_a_source_that_knows_better(by: tuple[str, int]) -> None:
    shelf, untouched = Shelf(), Shelf()
    shelf.add(said(by))
    untouched.add(said(by))
    shelf.add(evil(("evil", 0)))
    assert told(shelf.row) == told(untouched.row)
    assert shelf.row["sources"] == [by[0], "evil"]


@pytest.mark.parametrize("by", [ARXIV, HUGGING_FACE])
def test_a_feed_that_came_first_is_repaired(by: tuple[str, int]) -> None:
    shelf, clean = Shelf(), Shelf()
    shelf.add(evil())
    batch = shelf.add(said(by, categories=("cs.CL",)))
    clean.add(said(by, categories=("cs.CL",)))
    assert (batch.fresh, batch.updated) == (0, 1)
    assert told(shelf.row) == told(clean.row)
    assert (shelf.row["id"], shelf.drafts[0].seq) == ("arxiv:2611.00001", 1)


def test_hugging_face_adds_what_only_it_knows_in_either_order() -> None:
    more = {"upvotes": 52, "comments": 3, "code_url": "https://github.com/a/b", "project_url": "https://a.example/"}
    both = [said(ARXIV, categories=("cs.CL",), version=1), said(HUGGING_FACE, title="sparse attention", **more)]
    one, other = Shelf(), Shelf()
    one.add(*both)
    other.add(*reversed(both))
    assert told(one.row) == told(other.row)
    assert one.row["title"] == "Sparse Attention for Long Documents"
    assert {name: one.row[name] for name in more} == more


def test_hugging_face_refreshes_upvotes_and_never_a_code_address() -> None:
    shelf = Shelf()
    shelf.add(said(ARXIV, code_url="https://github.com/a/b"))
    shelf.add(said(HUGGING_FACE, upvotes=5, code_url="https://github.com/c/d"))
    shelf.add(said(HUGGING_FACE, upvotes=9, comments=1))
    assert (shelf.row["upvotes"], shelf.row["comments"]) == (9, 1)
    assert shelf.row["code_url"] == "https://github.com/a/b"


def test_a_feed_refreshes_the_upvotes_of_papers_that_only_it_lists() -> None:
    shelf = Shelf()
    shelf.add(said(upvotes=5))
    shelf.add(said(upvotes=9))
    assert shelf.row["upvotes"] == 9
    shelf.add(said(("other feed", 0), upvotes=10**6))
    assert shelf.row["upvotes"] == 9


def test_only_a_newer_version_of_an_equal_replaces_the_text() -> None:
    shelf = Shelf()
    shelf.add(said(ARXIV, title="Old", version=None))
    shelf.add(said(ARXIV, title="The same", version=1, authors=("A", "B", "C")))
    assert (shelf.row["title"], shelf.row["authors"]) == ("Old", ["Ada Lovelace", "Alan Turing"])
    shelf.add(said(ARXIV, title="New", version=2, abstract=""))
    assert (shelf.row["title"], shelf.row["abstract"]) == ("New", "We make attention sparse.")
    shelf.add(said(ARXIV, title="Old again", version=1))
    assert (shelf.row["title"], shelf.row["version"]) == ("New", 2)


def test_equals_fill_what_is_missing() -> None:
    shelf = Shelf()
    shelf.add(said(abstract="", authors=(), pdf_url="", categories=("cs.LG",)))
    shelf.add(said(("other", 0), code_url="https://github.com/a/b", categories=("CS.lg", "cs.AI")))
    assert shelf.row["abstract"] == "We make attention sparse."
    assert shelf.row["authors"] == ["Ada Lovelace", "Alan Turing"]
    assert shelf.row["code_url"] == "https://github.com/a/b"
    assert shelf.row["categories"] == ["cs.LG", "cs.AI"]


def test_categories_and_sources_are_capped() -> None:
    shelf = Shelf()
    many = tuple(f"c{number}" for number in range(200_000))
    shelf.add(*(said((f"s{number}", 0), categories=many) for number in range(60)))
    assert (len(shelf.row["categories"]), len(shelf.row["sources"])) == (50, 50)


def test_a_feed_that_claims_two_papers_removes_neither() -> None:
    shelf = Shelf()
    journal = said(arxiv_id="", doi="10.1038/a", title="A different journal paper altogether", url="https://j.example/")
    shelf.add(said(ARXIV), journal)
    batch = shelf.add(evil(doi="10.1038/a"))
    assert (len(shelf.drafts), batch.absorbed) == (2, [])
    assert [draft.row["title"] for draft in shelf.drafts] == [said().title, journal.title]
    assert shelf.drafts[0].keys == set(paper_keys(said(ARXIV))), "the claim leaves no key behind"


def test_a_feed_cannot_tie_the_doi_of_a_paper_to_come_to_an_arxiv_paper() -> None:
    shelf = Shelf()
    shelf.add(said(ARXIV))
    shelf.add(evil(doi="10.1038/a"))
    shelf.add(said(arxiv_id="", doi="10.1038/a", title="A different journal paper altogether"))
    assert len(shelf.drafts) == 2


def test_arxiv_joins_its_paper_with_the_journals() -> None:
    shelf = Shelf()
    shelf.add(said(arxiv_id="", doi="10.1038/a", title="Sparse attention, as printed", url="https://j.example/"))
    shelf.add(said(ARXIV))
    batch = shelf.add(said(ARXIV, doi="10.1038/a"))
    assert [seq for seq, _ in batch.absorbed] == [2]
    assert (shelf.row["id"], shelf.row["title"]) == ("doi:10.1038/a", said().title)
    assert shelf.row["url"] == "https://arxiv.org/abs/2611.00001"


def test_two_arxiv_papers_with_one_doi_stay_two() -> None:
    shelf = Shelf()
    part = said(ARXIV, arxiv_id="2611.00002", doi="10.1038/a", title="Sparse Attention for Long Documents, II")
    shelf.add(said(ARXIV, doi="10.1038/a"), part)
    shelf.add(part)
    assert [draft.row["id"] for draft in shelf.drafts] == ["arxiv:2611.00001", "arxiv:2611.00002"]


def test_an_arxiv_paper_whose_doi_changes_stays_itself() -> None:
    shelf = Shelf()
    shelf.add(said(ARXIV, doi="10.1038/a"))
    shelf.add(said(ARXIV, doi="10.1038/b", version=2, title="New"))
    assert shelf.row["title"] == "New"
    assert strong_keys(shelf.drafts[0].keys) == {"arxiv:2611.00001", "doi:10.1038/a"}


def test_a_listing_between_two_different_works_joins_the_first_only() -> None:
    shelf = Shelf()
    one = said(arxiv_id="", doi="10.1038/a")
    shelf.add(one, said(arxiv_id="2611.00002", doi="10.1038/b", title="Another title of another paper"))
    shelf.add(said(arxiv_id="2611.00002", title=one.title))
    assert len(shelf.drafts) == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_preprint_journal_and_arxiv_are_one_paper_in_any_order(order: tuple[int, ...]) -> None:
    versions = [
        said(arxiv_id="", doi="10.1101/2026.01.02.123456", url="https://www.biorxiv.org/1"),
        said(("journal", 0), arxiv_id="", doi="10.1038/s41586-026-1", url="https://www.nature.com/1"),
        said(ARXIV),
    ]
    shelf = Shelf()
    for place in order:
        shelf.add(versions[place])
    shelf.add(*versions)
    assert shelf.row["url"] == "https://arxiv.org/abs/2611.00001"
    assert sorted(shelf.row["sources"]) == ["arxiv", "feed", "journal"]


def test_two_issues_of_a_column_are_two_papers() -> None:
    def issue(day: int, **fields: Any) -> Listing:
        url = f"https://blog.example/2026/11/{day}"
        return Listing(
            **{"source": "blog", "title": "Weekly machine learning roundup", "url": url, "authors": ("Jane Doe",)}
            | fields
        )

    shelf = Shelf()
    for _ in range(2):
        shelf.add(issue(16))
        shelf.add(issue(23))
    assert len(shelf.drafts) == 2
    assert len({draft.row["id"] for draft in shelf.drafts}) == 2
    planet = issue(23, source="planet", title="Weekly Machine Learning Roundup")
    shelf.add(planet)
    assert [draft.row["sources"] for draft in shelf.drafts] == [["blog"], ["blog", "planet"]]


def test_one_page_that_always_holds_the_newest_issue_hides_none() -> None:
    issues = [
        Listing(
            source="b", title=f"The newest issue, number {word}", url="https://b.example/new", authors=("Jane Doe",)
        )
        for word in ("one", "two")
    ]
    shelf = Shelf()
    for issue in issues:
        shelf.add(issue)
    assert len(shelf.drafts) == 2


def test_one_title_on_two_hosts_is_one_paper() -> None:
    shelf = Shelf()
    shelf.add(said(arxiv_id="", url="https://a.example/1"), said(arxiv_id="", url="https://b.example/2"))
    assert shelf.row["url"] == "https://a.example/1"


def test_new_papers_that_turn_out_to_be_one_are_counted_once() -> None:
    shelf = Shelf()
    journal = said(arxiv_id="", doi="10.1038/a", title="Sparse attention, as printed")
    batch = shelf.add(said(ARXIV), journal, said(ARXIV, doi="10.1038/a"))
    assert (batch.fresh, batch.updated, batch.absorbed) == (1, 2, [])


def test_thousands_of_listings_of_one_paper_come_to_an_end() -> None:
    shelf = Shelf()
    titles = [f"A title of the one paper that is number {number}" for number in range(5000)]
    shelf.add(*(said(arxiv_id="", doi="10.1038/a", title=title) for title in titles))
    assert len(shelf.drafts[0].keys) <= 101
    shelf = Shelf()
    shelf.add(*(said(arxiv_id="", title=title, permalink=False) for title in titles))
    shelf.add(*(said(doi="10.1038/a", title=title) for title in titles))
    assert all(len(draft.keys) <= 101 for draft in shelf.drafts)


names = st.builds(
    lambda arxiv, doi, weak: tuple(filter(None, (arxiv, doi, *weak))),
    st.sampled_from(["", "", "arxiv:1", "arxiv:2", "arxiv:3"]),
    st.sampled_from(["", "", "doi:10.1/a", "doi:10.1/b", "doi:10.1101/1", "doi:10.1101/2"]),
    st.lists(st.sampled_from(["title:x", "title:y", "link:h:1", "link:h:2", "link:i:1"]), max_size=3, unique=True),
).filter(bool)
arrivals = st.builds(
    lambda keys, authority: Arrival(said(("s", authority)), keys[0], keys), names, st.sampled_from([0, 0, 1, 2])
)


@given(batches=st.lists(st.lists(arrivals, max_size=4), max_size=5))
def test_whatever_arrives_each_key_belongs_to_one_paper_and_no_two_works_become_one(
    batches: list[list[Arrival]],
) -> None:
    shelf = Shelf()
    for batch in batches:
        before = {draft.seq: (strong_keys(draft.keys), draft.row["authority"]) for draft in shelf.drafts}
        done = shelf.add(*batch)
        owned = [key for draft in shelf.drafts for key in draft.keys]
        assert len(owned) == len(set(owned))
        for draft in shelf.drafts:
            assert sum(key.startswith("arxiv:") for key in draft.keys) <= 1
            assert all(may_merge({one}, {other}) for one, other in combinations(strong_keys(draft.keys), 2))
        for seq, older in done.absorbed:
            keys, authority = before[seq]
            assert may_merge(keys, strong_keys(older.keys))
            assert keys <= older.keys, "what the paper was known by, it is still known by"
            assert any(one.listing.authority >= authority for one in batch), "nobody below it removed it"
        for one in batch:
            assert not set(owned).isdisjoint(one.keys), "every listing is recognised the next time"
