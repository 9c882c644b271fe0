from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import FeedError, NotBefore
from digest.models import Memory
from digest.settings.sections import SourceSettings
from digest.sources import read_source
from digest.sources.http import PoliteClient
from digest.sources.huggingface import parse_papers
from digest.sources.reading import Parsed, Reading
from tests.feedserver import FeedServer, Reply, Request

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # a Monday
TODAY = NOW.date()


def entry(number: int, day: date | None = TODAY, **more: Any) -> dict[str, Any]:
    paper: dict[str, Any] = {
        "id": f"2611.{number:05}",
        "title": f"Paper {number}",
        "summary": "Abstract.",
        "authors": [],
    }
    if day:
        paper["submittedOnDailyAt"] = f"{day}T00:00:00.000Z"
    return {
        "paper": paper | more,
        "title": f"Paper {number}",
        "publishedAt": "2026-11-20T20:00:00.000Z",
        "numComments": 2,
    }


def parse(value: object, asked_on: date | None = TODAY) -> Parsed:
    return parse_papers(json.dumps(value).encode(), source="hf", asked_on=asked_on)


async def nothing_known(_: object) -> frozenset[str]:
    return frozenset()


async def read(client: PoliteClient, server: FeedServer, memory: Memory | None = None, now: datetime = NOW) -> Reading:
    source = SourceSettings(name="hf", kind="huggingface", url=server.url)
    (reading,) = await read_source(source, {"": memory} if memory else {}, client, nothing_known, now)
    return reading


# --- one answer


def test_every_recorded_entry_becomes_a_paper(feeds: Path) -> None:
    body = (feeds / "hf" / "api_daily_papers_2026-06-12_sotawhat.json").read_bytes()
    parsed = parse_papers(body, source="hf", asked_on=None)
    raw = {one["paper"]["id"]: one for one in json.loads(body)}
    assert {one.arxiv_id for one in parsed.listings} == raw.keys()
    assert parsed.skipped == 0
    for one in parsed.listings:
        paper = raw[one.arxiv_id]["paper"]
        assert (one.upvotes, one.comments) == (paper["upvotes"], raw[one.arxiv_id]["numComments"])
        assert str(one.listed_on) == paper["submittedOnDailyAt"][:10]
        assert one.url == f"https://arxiv.org/abs/{one.arxiv_id}"
        assert one.code_url == paper.get("githubRepo", one.code_url)
        assert one.project_url == paper.get("projectPage", "")
        assert one.title
        assert one.abstract
        assert one.authors


def test_an_older_shape_without_list_day_is_listed_on_the_day_asked_for(feeds: Path) -> None:
    body = (feeds / "hf" / "api_daily_papers_2026-07_trimmed_petitlaye.json").read_bytes()
    parsed = parse_papers(body, source="hf", asked_on=TODAY)
    assert [(one.arxiv_id, one.listed_on, one.upvotes) for one in parsed.listings] == [
        ("2607.22682", TODAY, 1),
        ("2607.22639", TODAY, 0),
    ]


def test_a_list_of_models_is_refused_by_name(feeds: Path) -> None:
    body = (feeds / "hf" / "other_hf_sample_kuhnhome.json").read_bytes()
    with pytest.raises(FeedError, match="nothing is a paper; its first entry is an object with _id, id, likes"):
        parse_papers(body, source="hf", asked_on=None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "no"}', "an object with error came"),
        (b"{}", "an empty object came"),
        (b"null", "nothing came"),
        (b'"text"', "a string came"),
        (b"7", "a number came"),
        (b"<!DOCTYPE html><html>", "an HTML page came"),
        (b"", "no JSON came"),
        (b"[" * 100_000, "no JSON came"),
        (b"[1" + b"0" * 5000 + b"]", "no JSON came"),
        (b"\xff\xfe\x00", "no JSON came"),
        (b"[[]]", "first entry is an array"),
        (b"[null]", "first entry is nothing"),
    ],
)
def test_what_is_not_the_list_is_refused_by_name(body: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        parse_papers(body, source="hf", asked_on=None)


def test_an_empty_list_is_an_empty_day() -> None:
    assert parse([]) == Parsed(listings=())


def test_entries_without_id_or_title_are_skipped_and_counted() -> None:
    parsed = parse([entry(1), {"paper": {"id": "2611.00002"}}, {"title": "x", "paper": {}}, 7, {"paper": None}])
    assert ([one.arxiv_id for one in parsed.listings], parsed.skipped) == (["2611.00001"], 4)


def test_hidden_authors_stay_hidden_and_bad_values_do_no_harm() -> None:
    authors = [{"name": "Ada  Lovelace"}, {"name": "Hidden", "hidden": True}, {"name": None}, "x", {}]
    wrong: dict[str, Any] = {
        "upvotes": True,
        "githubRepo": "javascript:alert(1)",
        "projectPage": ["x"],
        "submittedOnDailyAt": "9999999",
    }
    (one,) = parse([entry(1, authors=authors, **wrong)]).listings
    assert one.authors == ("Ada Lovelace",)
    assert (one.upvotes, one.code_url, one.project_url, one.listed_on) == (None, "", "", TODAY)


def test_the_title_beside_the_paper_is_used_when_the_paper_has_none() -> None:
    (one,) = parse([{"title": "A  title\n of two lines", "paper": {"id": "2611.00001"}}]).listings
    assert (one.title, one.abstract) == ("A title of two lines", "")


def test_a_paper_that_is_not_on_arxiv_links_to_its_own_page() -> None:
    (one,) = parse([{"title": "T", "paper": {"id": "some/ thing"}}]).listings
    assert (one.url, one.arxiv_id, one.pdf_url) == ("https://huggingface.co/papers/some%2F%20thing", "", "")


def test_half_a_surrogate_pair_can_be_stored() -> None:
    (one,) = parse_papers(
        b'[{"title": "a\\ud800b", "paper": {"id": "2611.00001"}}]', source="hf", asked_on=None
    ).listings
    assert one.title.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["paper", "id", "title", "authors", "name", "summary", "upvotes"]), inner)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=50)
@given(JSON)
def test_no_json_brings_anything_but_papers_or_a_feed_error(value: object) -> None:
    try:
        parsed = parse(value)
    except FeedError:
        return
    assert all(one.title and one.url for one in parsed.listings)


# --- the last days


def served(server: FeedServer, days: dict[date, list[dict[str, Any]]], size: int = 100) -> None:
    def answer(request: Request) -> Reply:
        query = dict(pair.split("=") for pair in request.target.partition("?")[2].split("&"))
        day = date.fromisoformat(query["date"])
        if day > max(days):
            return Reply(status=400, body=b'{"error":"date in the future"}')
        start = int(query["p"]) * size
        return Reply(body=json.dumps(days.get(day, [])[start : start + size]).encode())

    server.answer("/api/daily_papers", answer)


async def test_it_reads_the_last_five_list_days_newest_first(client: PoliteClient, feed_server: FeedServer) -> None:
    days = {TODAY - timedelta(days=back): [entry(back, TODAY - timedelta(days=back))] for back in range(8)}
    served(feed_server, days)
    reading = await read(client, feed_server)
    assert [one.listed_on for one in reading.listings] == sorted(days, reverse=True)[:5]
    assert feed_server.targets()[0] == "/api/daily_papers?date=2026-11-23&limit=100&p=0"
    assert len(feed_server.requests) == 5
    assert reading.error is None
    memory = reading.memory
    assert (memory.entries, memory.announced_on, memory.failures, memory.not_before_at) == (5, TODAY, 0, None)
    assert memory.checked_at is not None
    assert memory.checked_at >= NOW


async def test_a_long_day_is_paged_until_a_short_page(client: PoliteClient, feed_server: FeedServer) -> None:
    served(feed_server, {TODAY: [entry(number) for number in range(230)]})
    reading = await read(client, feed_server)
    assert len(reading.listings) == 230
    assert sum("2026-11-23" in target for target in feed_server.targets()) == 3


async def test_a_server_that_gives_fifty_at_a_time_loses_nothing(client: PoliteClient, feed_server: FeedServer) -> None:
    served(feed_server, {TODAY: [entry(number) for number in range(78)]}, size=50)
    assert len((await read(client, feed_server)).listings) == 78


async def test_a_400_for_today_means_not_yet(client: PoliteClient, feed_server: FeedServer) -> None:
    yesterday = TODAY - timedelta(days=1)
    served(feed_server, {yesterday: [entry(1, yesterday)]})
    reading = await read(client, feed_server)
    assert (reading.error, len(reading.listings)) == (None, 1)


async def test_a_400_for_another_day_is_an_error(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/daily_papers", Reply(status=400))
    reading = await read(client, feed_server)
    assert "answered 400 to the list of 2026-11-22" in str(reading.error)
    assert reading.memory.failures == 1


async def test_a_server_that_ignores_the_date_is_asked_once(client: PoliteClient, feed_server: FeedServer) -> None:
    friday = TODAY - timedelta(days=3)
    feed_server.page("/api/daily_papers", json.dumps([entry(1, friday), entry(2, friday)]).encode())
    reading = await read(client, feed_server)
    assert [one.listed_on for one in reading.listings] == [friday, friday]
    assert len(feed_server.requests) == 1
    assert reading.notes == ("127.0.0.1 does not look at the date it is asked for: only its newest list was read",)


async def test_one_paper_under_another_day_does_not_end_the_reading(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    days = {TODAY - timedelta(days=back): [entry(back, TODAY - timedelta(days=back))] for back in range(5)}
    days[TODAY].append(entry(99, TODAY - timedelta(days=9)))
    served(feed_server, days)
    reading = await read(client, feed_server)
    assert (len(reading.listings), reading.notes) == (6, ())


async def test_a_server_that_mixes_days_is_left_when_it_repeats_itself(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/api/daily_papers", json.dumps([entry(1), entry(2, TODAY - timedelta(days=3))]).encode())
    reading = await read(client, feed_server)
    assert (len(reading.listings), len(feed_server.requests), len(reading.notes)) == (2, 2, 1)


async def test_the_same_undated_list_for_every_day_is_taken_once(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/daily_papers", json.dumps([entry(1, None)]).encode())
    reading = await read(client, feed_server)
    assert [one.listed_on for one in reading.listings] == [TODAY]
    assert len(feed_server.requests) == 2


async def test_what_came_before_an_error_is_kept(client: PoliteClient, feed_server: FeedServer) -> None:
    retry = Reply(status=429, headers={"Retry-After": "600"})
    feed_server.page("/api/daily_papers", Reply(body=json.dumps([entry(1)]).encode()), retry)
    reading = await read(client, feed_server)
    assert len(reading.listings) == 1
    assert isinstance(reading.error, NotBefore)
    assert (reading.memory.failures, reading.memory.not_before_at) == (1, NOW + timedelta(minutes=10))
    held = await read(client, feed_server, reading.memory)
    assert (held.held, held.memory) == ("asked to wait until 06:40 UTC", reading.memory)
    assert len(feed_server.requests) == 2


async def test_max_age_holds_only_when_every_answer_has_one(client: PoliteClient, feed_server: FeedServer) -> None:
    empty = Reply(body=b"[]", headers={"Cache-Control": "max-age=900"})
    feed_server.page("/api/daily_papers", empty)
    assert (await read(client, feed_server)).memory.not_before_at == NOW + timedelta(minutes=15)
    feed_server.page("/api/daily_papers", empty, Reply(body=b"[]"))
    assert (await read(client, feed_server)).memory.not_before_at is None


async def test_a_wrong_shape_is_an_error_in_the_reading(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/daily_papers", b"<html>")
    reading = await read(client, feed_server)
    assert str(reading.error) == "an HTML page came instead of the list of papers"


async def test_after_a_pause_it_goes_back_to_the_newest_day_it_had(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    days = {TODAY - timedelta(days=back): [entry(back, TODAY - timedelta(days=back))] for back in range(30)}
    served(feed_server, days)
    memory = Memory(source="hf", configured_url=feed_server.url, announced_on=TODAY - timedelta(days=9))
    reading = await read(client, feed_server, memory)
    assert (len(reading.listings), reading.notes, reading.memory.announced_on) == (10, (), TODAY)


async def test_lists_missed_for_longer_than_two_weeks_are_named(client: PoliteClient, feed_server: FeedServer) -> None:
    days = {TODAY - timedelta(days=back): [entry(back, TODAY - timedelta(days=back))] for back in range(30)}
    served(feed_server, days)
    memory = Memory(source="hf", configured_url=feed_server.url, announced_on=TODAY - timedelta(days=20))
    reading = await read(client, feed_server, memory)
    assert len(reading.listings) == 14
    assert reading.notes == ("the lists between 2026-11-03 and 2026-11-10 were missed and are not fetched any more",)


async def test_days_behind_an_error_are_asked_for_again(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/daily_papers", Reply(body=json.dumps([entry(1)]).encode()), Reply(status=500))
    before = TODAY - timedelta(days=9)
    memory = Memory(source="hf", configured_url=feed_server.url, announced_on=before)
    reading = await read(client, feed_server, memory)
    assert (len(reading.listings), reading.memory.announced_on) == (1, before)


async def test_a_list_that_is_gone_does_not_end_the_source(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/api/daily_papers", Reply(status=410))
    reading = await read(client, feed_server)
    assert (reading.memory.gone, reading.memory.failures) == (False, 1)
