from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from digest.errors import FeedError, NotBefore
from digest.sources.arxiv_api import Api, authors_of, missed, parse_query
from digest.sources.http import PoliteClient
from tests.feedserver import FeedServer, Reply, Request

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
BOTH = frozenset({"new", "cross"})


def paper(number: str = "2611.00001v1", *, published: str = "2026-11-18T15:00:00Z", primary: str = "cs.LG") -> str:
    return f"""<entry><id>http://arxiv.org/abs/{number}</id><title>Title of {number}</title>
    <summary>  Text.\n </summary><published>{published}</published><updated>{published}</updated>
    <author><name>Ada Lovelace</name></author><author><name>M\\"uller, Jr.</name></author>
    <arxiv:primary_category term="{primary}"/><category term="stat.ML"/><category term="{primary}"/></entry>"""


def page(*papers: str, total: int | None = None) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"
    xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
    <title>arXiv Query</title><id>x</id>
    <opensearch:totalResults>{len(papers) if total is None else total}</opensearch:totalResults>{"".join(papers)}
    </feed>""".encode()


def api(client: PoliteClient, server: FeedServer) -> Api:
    return Api(server.url, client, "arxiv", NOW)


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.target.partition("?")[2]).items()}


def test_an_answer_becomes_listings_under_the_day_their_submission_implies() -> None:
    (one,) = parse_query(page(paper()), source="arxiv").listings
    assert (one.arxiv_id, one.version, one.title, one.abstract) == ("2611.00001", 1, "Title of 2611.00001v1", "Text.")
    assert one.authors == ("Ada Lovelace", "Müller, Jr.")
    assert one.categories == ("cs.LG", "stat.ML")
    assert one.listed_on == date(2026, 11, 19)


@pytest.mark.parametrize(
    "pattern", ["query_*.xml", "arxivpy_q_*.json", "arxivpy_id_1707*.json", "arxivpy_id_quant*.json"]
)
def test_every_recorded_entry_becomes_a_paper(pattern: str, feeds: Path) -> None:
    files = sorted((feeds / "arxiv_api").glob(pattern))
    assert files
    for file in files:
        body = file.read_bytes() if file.suffix == ".xml" else json.loads(file.read_text())["body"].encode()
        parsed = parse_query(body, source="arxiv")
        assert (len(parsed.listings), parsed.skipped) == (body.count(b"<entry"), 0)
        assert all(one.title and one.authors and one.categories and one.listed_on for one in parsed.listings)


def test_recorded_errors_are_refused_with_arxivs_words(feeds: Path) -> None:
    body = json.loads(next((feeds / "arxiv_api").glob("arxivpy_id_abc*")).read_text())["body"].encode()
    with pytest.raises(FeedError, match="arXiv's API says: incorrect id format for abc"):
        parse_query(body, source="arxiv")


def test_an_unknown_id_is_an_empty_answer(feeds: Path) -> None:
    body = json.loads(next((feeds / "arxiv_api").glob("arxivpy_id_0000*")).read_text())["body"].encode()
    assert parse_query(body, source="arxiv").listings == ()


@pytest.mark.parametrize("body", [b"", b"Rate exceeded.", b"<html></html>", page(paper())[:-200]])
def test_what_is_no_whole_answer_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError):
        parse_query(body, source="arxiv")


async def test_authors_are_asked_for_in_batches_and_only_for_these_ids(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    def answer(request: Request) -> Reply:
        ids = query(request)["id_list"].split(",")
        return Reply(body=page(*(paper(f"{one}v2") for one in [*ids, "1234.56789"])))

    feed_server.answer("/api/query", answer)
    ids = [f"2611.{number:05}" for number in range(150)] + ["hep-th/9901001", "2611.00000"]
    authors, trouble = await authors_of(api(client, feed_server), ids)
    assert trouble is None
    assert authors.keys() == set(ids)
    assert authors["hep-th/9901001"] == ("Ada Lovelace", "Müller, Jr.")
    assert [query(request)["max_results"] for request in feed_server.requests] == ["100", "51"]


async def test_authors_that_came_before_a_429_are_kept(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/query", Reply(body=page(paper())), Reply(status=429))
    authors, trouble = await authors_of(api(client, feed_server), [f"2611.{number:05}" for number in range(250)])
    assert set(authors) == {"2611.00001"}
    assert isinstance(trouble, NotBefore)
    assert len(feed_server.requests) == 2


async def test_missed_lists_are_asked_for_by_the_window_of_their_submissions(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    early = paper("2611.00002v1", published="2026-11-16T15:00:00Z")
    old = paper("2205.00001v4", published="2022-05-01T00:00:00Z")
    revised = paper("2611.00003v2", published="2026-11-19T10:00:00Z", primary="stat.ML")
    feed_server.page("/api/query", page(paper(), early, old, revised))
    found = await missed(api(client, feed_server), "cs.LG", date(2026, 11, 19), date(2026, 11, 20), BOTH)
    asked = query(feed_server.requests[0])
    assert asked["search_query"] == "cat:cs.LG AND submittedDate:[202611171900 TO 202611191900]"
    assert [(one.arxiv_id, one.listed_on) for one in found.listings] == [
        ("2611.00001", date(2026, 11, 19)),
        ("2611.00003", date(2026, 11, 20)),
    ]
    only_new = await missed(
        api(client, feed_server), "cs.LG", date(2026, 11, 19), date(2026, 11, 20), frozenset({"new"})
    )
    assert [one.arxiv_id for one in only_new.listings] == ["2611.00001"]


@pytest.mark.parametrize(
    ("category", "words"),
    [("cs", "cat:cs.* AND"), ("hep-th", "cat:hep-th AND"), ("cs.AI+q-bio.NC", "(cat:cs.AI OR cat:q-bio.NC) AND")],
)
async def test_archives_and_sums_of_categories_are_put_in_the_apis_language(
    category: str, words: str, client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/api/query", page())
    await missed(api(client, feed_server), category, date(2026, 11, 19), date(2026, 11, 19), BOTH)
    assert query(feed_server.requests[0])["search_query"].startswith(words)


async def test_long_answers_are_paged_and_an_empty_page_is_asked_for_once_more(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    first = page(paper("2611.00001v1"), total=2500)
    last = page(paper("2611.00003v1"), total=2500)
    feed_server.page("/api/query", first, page(total=2500), page(paper("2611.00002v1"), total=2500), last)
    found = await missed(api(client, feed_server), "cs.LG", date(2026, 11, 19), date(2026, 11, 19), BOTH)
    assert [one.arxiv_id[-1] for one in found.listings] == ["1", "2", "3"]
    assert [query(request)["start"] for request in feed_server.requests] == ["0", "1000", "1000", "2000"]
    assert (found.notes, found.trouble) == ((), None)


async def test_a_page_that_stays_empty_is_noted(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/query", page(paper(), total=1500), page(total=1500))
    found = await missed(api(client, feed_server), "cs.LG", date(2026, 11, 19), date(2026, 11, 19), BOTH)
    assert found.notes == ("arXiv's API left out papers 1001 to 1500 of cs.LG",)
    assert len(feed_server.requests) == 3


async def test_an_answer_without_end_is_left(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/query", page(paper(), total=999_999_999))
    found = await missed(api(client, feed_server), "cs.LG", date(2026, 11, 19), date(2026, 11, 19), BOTH)
    assert len(found.listings) == 1
    assert len(feed_server.requests) == 20
