from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from digest.errors import FeedError, FetchError, Gone, NotBefore
from digest.models import Memory
from digest.settings.sections import SourceSettings
from digest.sources import READERS, Gates, Limits, PoliteClient, Reading, judge, read_source
from tests.feedserver import FeedServer, Reply

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # Monday, after midnight in New York
MONDAY = "2026-11-23"
RSS = b'<rss version="2.0"><channel><title>Blog</title><item><title>Post</title><link>https://a.org/1</link></item></channel></rss>'


def announced(*numbers: str, day: str = MONDAY, creator: str = "A. Lovelace, Alan Turing", kind: str = "new") -> bytes:
    entries = "".join(
        f"""<entry><id>oai:arXiv.org:{number}v1</id><title>Paper {number}</title><category term="cs.LG"/>
        <link href="https://arxiv.org/abs/{number}"/><published>{day}T00:00:00-05:00</published>
        <summary>arXiv:{number}v1 Announce Type: {kind} \nAbstract: Text.</summary>
        <arxiv:announce_type>{kind}</arxiv:announce_type><dc:creator>{escape(creator)}</dc:creator></entry>"""
        for number in numbers
    )
    return f"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><title>cs.LG updates</title><id>x</id>
    <updated>{day}T05:00:00Z</updated>{entries}</feed>""".encode()


def answered(*numbers: str, submitted: str = "2026-11-18T15:00:00Z") -> bytes:
    entries = "".join(
        f"""<entry><id>http://arxiv.org/abs/{number}v1</id><title>Paper {number}</title><summary>Text.</summary>
        <published>{submitted}</published><author><name>Ada Lovelace</name></author><author><name>Alan Turing</name></author>
        <arxiv:primary_category term="cs.LG"/><category term="cs.LG"/></entry>"""
        for number in numbers
    )
    return f"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"
    xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><title>arXiv Query</title><id>x</id>
    <opensearch:totalResults>{len(numbers)}</opensearch:totalResults>{entries}</feed>""".encode()


class Store:
    """What the door asks of the store."""

    def __init__(self, *ids: str) -> None:
        self.ids = frozenset(ids)
        self.asked: list[Sequence[str]] = []

    async def known(self, ids: Sequence[str]) -> frozenset[str]:
        self.asked.append(ids)
        return self.ids & frozenset(ids)


def arxiv(server: FeedServer, *categories: str, **more: Any) -> SourceSettings:
    return SourceSettings(name="arxiv", kind="arxiv", url=server.url, categories=categories or ("cs.LG",), **more)


def feed(url: str) -> SourceSettings:
    return SourceSettings(name="blog", kind="feed", url=url)


async def read(
    source: SourceSettings,
    client: PoliteClient,
    before: Iterable[Reading] = (),
    *,
    store: Store | None = None,
    now: datetime = NOW,
    **changes: Any,
) -> tuple[Reading, ...]:
    memories: Mapping[str, Memory] = {one.memory.part: replace(one.memory, **changes) for one in before}
    return await read_source(source, memories, client, (store or Store()).known, now)


# --- one feed


async def test_a_feed_is_read_and_remembered(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/f", RSS, headers={"ETag": '"a"', "Last-Modified": "then"}, conditional=True)
    (first,) = await read(feed(f"{feed_server.url}/f"), client)
    assert [(one.title, one.source) for one in first.listings] == [("Post", "blog")]
    memory = first.memory
    assert (memory.etag, memory.last_modified, memory.entries, memory.failures) == ('"a"', "then", 1, 0)
    assert memory.validators_url == memory.configured_url == f"{feed_server.url}/f"
    assert memory.checked_at is not None
    assert NOW <= memory.checked_at < NOW + timedelta(seconds=30)
    (second,) = await read(feed(f"{feed_server.url}/f"), client, [first])
    assert (second.not_modified, second.listings, second.memory.entries) == (True, (), 1)
    assert second.memory.etag == '"a"'


async def test_each_validator_is_replaced_on_every_200(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page(
        "/f",
        Reply(body=RSS, headers={"ETag": '"a"', "Last-Modified": "then"}),
        Reply(body=RSS, headers={"ETag": '"b"', "Last-Modified": "then"}),
        Reply(body=RSS, headers={"Last-Modified": "now"}),
        Reply(body=RSS),
    )
    readings: tuple[Reading, ...] = ()
    seen = []
    for _ in range(4):
        readings = await read(feed(f"{feed_server.url}/f"), client, readings)
        seen.append((readings[0].memory.etag, readings[0].memory.last_modified))
    assert seen == [('"a"', "then"), ('"b"', "then"), ("", "now"), ("", "")]
    assert "if-none-match" not in feed_server.requests[3].headers


async def test_a_304_keeps_the_validators_unless_it_brings_new_ones(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page(
        "/f",
        Reply(body=RSS, headers={"ETag": '"a"', "Last-Modified": "then"}),
        Reply(status=304),
        Reply(status=304, headers={"ETag": '"c"'}),
    )
    first = await read(feed(f"{feed_server.url}/f"), client)
    second = await read(feed(f"{feed_server.url}/f"), client, first)
    third = await read(feed(f"{feed_server.url}/f"), client, second)
    assert [(one.memory.etag, one.memory.last_modified) for (one,) in (second, third)] == [
        ('"a"', "then"),
        ('"c"', "then"),
    ]


async def test_a_document_that_cannot_be_read_is_asked_for_whole_again(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/f", b"no feed at all", headers={"ETag": '"bad"'})
    (reading,) = await read(feed(f"{feed_server.url}/f"), client)
    assert isinstance(reading.error, FeedError)
    assert (reading.memory.etag, reading.memory.failures, reading.memory.last_ok_at) == ("", 1, None)


async def test_a_permanent_move_is_used_until_it_fails(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/old", Reply(status=301, headers={"Location": "/new"}))
    feed_server.page("/new", Reply(body=RSS), Reply(body=RSS), Reply(status=404))
    source = feed(f"{feed_server.url}/old")
    readings: tuple[Reading, ...] = ()
    for _ in range(4):
        readings = await read(source, client, readings)
    assert feed_server.targets() == ["/old", "/new", "/new", "/new", "/old", "/new"]
    assert readings[0].memory.configured_url == f"{feed_server.url}/old"


async def test_a_new_address_in_the_settings_forgets_everything(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/a", Reply(status=410))
    feed_server.page("/b", RSS)
    gone = await read(feed(f"{feed_server.url}/a"), client)
    assert gone[0].memory.gone
    (fresh,) = await read(feed(f"{feed_server.url}/b"), client, gone, seen="x")
    assert (fresh.error, fresh.memory.gone, fresh.memory.last_new_at) == (None, False, NOW)
    assert fresh.memory.seen != "x"


async def test_a_410_is_never_asked_again(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/f", Reply(status=410))
    source = feed(f"{feed_server.url}/f")
    first = await read(source, client)
    assert isinstance(first[0].error, Gone)
    (held,) = await read(source, client, first, now=NOW + timedelta(days=400))
    assert held.held == "the source answered 410 (gone) on 23 November 2026; remove it, or give it another url"
    assert len(feed_server.requests) == 1
    assert judge("feed", [held], {}, NOW) == ("failing", held.held)


async def test_retry_after_holds_until_then_and_no_longer(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/f", Reply(status=503, headers={"Retry-After": "3600"}), Reply(body=RSS))
    source = feed(f"{feed_server.url}/f")
    first = await read(source, client)
    assert isinstance(first[0].error, NotBefore)
    (held,) = await read(source, client, first, now=NOW + timedelta(minutes=59))
    assert (held.held, held.memory) == ("asked to wait until 07:30 UTC", first[0].memory)
    (after,) = await read(source, client, first, now=NOW + timedelta(minutes=60))
    assert (after.error, len(after.listings), after.memory.failures) == (None, 1, 0)


async def test_a_wait_into_another_day_names_the_day(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/f", Reply(status=429, headers={"Retry-After": "80000"}))
    source = feed(f"{feed_server.url}/f")
    (held,) = await read(source, client, await read(source, client))
    assert held.held == "asked to wait until 04:43 UTC on 24 November"


async def test_failures_in_a_row_make_the_pause_longer(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/f", Reply(status=429))
    source = feed(f"{feed_server.url}/f")
    first = await read(source, client)
    later = NOW + timedelta(hours=1)
    (second,) = await read(source, client, first, now=later)
    assert first[0].memory.not_before_at == NOW + timedelta(minutes=15)
    assert (second.memory.not_before_at, second.memory.failures) == (later + timedelta(minutes=30), 2)


async def test_the_freshness_of_an_answer_is_respected_up_to_a_day(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/f", RSS, headers={"Cache-Control": "max-age=999999"})
    (reading,) = await read(feed(f"{feed_server.url}/f"), client)
    assert reading.memory.not_before_at == NOW + timedelta(hours=24)


async def test_a_feed_in_a_file_is_read(client: PoliteClient, tmp_path: Path) -> None:
    (tmp_path / "f.xml").write_bytes(RSS)
    (reading,) = await read(feed((tmp_path / "f.xml").as_uri()), client)
    assert [one.title for one in reading.listings] == ["Post"]
    (missing,) = await read(feed((tmp_path / "g.xml").as_uri()), client)
    assert isinstance(missing.error, FetchError)


async def test_every_kind_of_the_settings_has_a_reader() -> None:
    assert READERS.keys() == set(SourceSettings.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["huggingface", "arxiv", "feed"])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(raw=b"garbage\r\n\r\n"),
        Reply(length=99, cut=True, body=b"x"),
        Reply(body=b"\x00\xff<"),
        Reply(body=b""),
        Reply(body=b"x" * 1_000_000, repeat=12),
        Reply(status=302, headers={"Location": "http://[::1"}),
        Reply(silent=True),
        Reply(body=b"{}", headers={"Content-Type": "application/json"}),
        Reply(body=b"<html><title>Log in</title></html>"),
    ],
)
async def test_no_fault_of_a_source_gets_past_the_door(kind: str, reply: Reply, feed_server: FeedServer) -> None:
    for path in ("/", "/atom/cs.LG", "/api/query", "/api/daily_papers"):
        feed_server.page(path, reply)
    more = {"categories": ("cs.LG",)} if kind == "arxiv" else {}
    source = SourceSettings(name="s", kind=kind, url=f"{feed_server.url}/", **more)  # type: ignore[arg-type]
    async with PoliteClient("x", gates=Gates({"arxiv": 0.0}, others=0.0), limits=Limits(read=0.1)) as client:
        (reading,) = await read(source, client)
    assert reading.error is not None
    assert "\n" not in str(reading.error)
    assert (reading.memory.failures, reading.listings) == (1, ())
    state, reason = judge(kind, [reading], {}, NOW)
    assert state == "failing"
    assert str(reading.error) in reason


# --- arXiv


async def test_each_category_is_a_part_and_new_papers_get_separate_authors(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001", "2611.00002"))
    feed_server.page("/atom/cs.AI", announced("2611.00002", "2611.00003", kind="cross"))
    feed_server.page("/api/query", answered("2611.00001", "2611.00003", "2611.99999"))
    store = Store("2611.00002")
    first, second = await read(arxiv(feed_server, "cs.LG", "cs.AI", "cs.LG"), client, store=store)
    assert (first.memory.part, second.memory.part) == ("cs.LG", "cs.AI")
    assert store.asked == [("2611.00001", "2611.00002", "2611.00003")]
    assert feed_server.targets() == [
        "/atom/cs.LG",
        "/atom/cs.AI",
        "/api/query?id_list=2611.00001%2C2611.00003&max_results=2",
    ]
    names = {one.arxiv_id: one.authors[0] for one in (*first.listings, *second.listings)}
    assert names == {"2611.00001": "Ada Lovelace", "2611.00002": "A. Lovelace", "2611.00003": "Ada Lovelace"}
    assert first.memory.announced_on == date(2026, 11, 23)


async def test_without_anything_unseen_the_api_is_left_alone(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001"))
    await read(arxiv(feed_server), client, store=Store("2611.00001"))
    assert feed_server.targets() == ["/atom/cs.LG"]


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(body=b"Rate exceeded."), Reply(raw=b"x\r\n\r\n")])
async def test_a_failing_api_never_fails_the_source(
    reply: Reply, client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001"), headers={"ETag": "e"})
    feed_server.page("/api/query", reply)
    (reading,) = await read(arxiv(feed_server), client)
    assert reading.error is None
    assert reading.listings[0].authors == ("A. Lovelace", "Alan Turing")
    assert reading.notes[0].startswith("authors as the feed has them: ")
    assert (reading.memory.etag, reading.memory.failures) == ("e", 0)


async def test_a_429_of_the_api_gives_the_feeds_a_pause_of_an_hour_at_most(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001"))
    feed_server.page("/api/query", Reply(status=429, headers={"Retry-After": "9000"}))
    reading, pause = await read(arxiv(feed_server), client)
    assert (reading.error, reading.memory.not_before_at) == (None, NOW + timedelta(hours=1))
    assert (pause.memory.part, pause.memory.failures) == ("api", 1)
    assert pause.memory.not_before_at == NOW + timedelta(seconds=9000)
    assert judge("arxiv", [reading, pause], {}, NOW)[0] == "fresh"


async def test_the_api_is_never_asked_before_its_time(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001"))
    feed_server.page("/api/query", Reply(status=403), answered("2611.00001"))
    refused = await read(arxiv(feed_server), client)
    assert refused[1].memory.not_before_at == NOW + timedelta(hours=6)
    async with PoliteClient("https://digest.example.org", gates=Gates({"arxiv": 0.0}, others=0.0)) as later:
        held = await read(arxiv(feed_server), later, refused, now=NOW + timedelta(hours=5))
        assert "/api/query" not in "".join(feed_server.targets()[2:])
        assert (held[1].memory.not_before_at, held[1].memory.failures) == (NOW + timedelta(hours=6), 1)
        assert held[0].notes[0].startswith("authors as the feed has them: arXiv's API asked to wait until 12:30 UTC")
        assert len(await read(arxiv(feed_server), later, held, now=NOW + timedelta(hours=7))) == 1
    assert "/api/query" in feed_server.targets()[-1]


@pytest.mark.parametrize("reply", [Reply(status=429, headers={"Retry-After": "9000"}), Reply(status=403)])
@pytest.mark.parametrize("path", ["/api/query", "/atom/cs.LG"])
async def test_a_second_arxiv_source_is_not_asked_after_the_first_was_refused(
    path: str, reply: Reply, client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001"))
    feed_server.page(path, reply)
    await read(arxiv(feed_server), client)
    asked = feed_server.targets()
    other = SourceSettings(name="other", kind="arxiv", url=feed_server.url, categories=("stat.ML",))
    second = await read(other, client)
    assert feed_server.targets() == asked
    assert [(one.memory.part, one.memory.failures, bool(one.held)) for one in second] == [
        ("stat.ML", 0, True),
        ("api", 0, True),
    ]
    assert second[0].memory.not_before_at == NOW + timedelta(hours=1)


async def test_after_one_not_before_the_other_categories_are_not_asked(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", Reply(status=429, headers={"Retry-After": "600"}))
    first, second, _ = await read(arxiv(feed_server, "cs.LG", "cs.AI"), client)
    assert isinstance(first.error, NotBefore)
    assert second.held == "asked to wait until 06:40 UTC"
    assert feed_server.targets() == ["/atom/cs.LG"]
    assert judge("arxiv", [first, second], {}, NOW)[0] == "failing"


async def test_one_broken_category_leaves_the_others_alone(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.AI", announced("2611.00001"))
    feed_server.page("/api/query", answered())
    first, second = await read(arxiv(feed_server, "cs.LG", "cs.AI"), client)
    assert str(first.error) == "127.0.0.1 answered 404"
    assert len(second.listings) == 1
    assert judge("arxiv", [first, second], {"cs.AI": 1}, NOW) == (
        "failing",
        "cs.LG: 127.0.0.1 answered 404; 1 new paper came all the same",
    )


async def test_an_error_feed_is_an_error_with_its_words(client: PoliteClient, feed_server: FeedServer) -> None:
    words = announced().replace(b"cs.LG updates", b"Feed error for query: cs.XX")
    feed_server.page("/atom/cs.XX", Reply(status=400, body=words))
    (reading,) = await read(arxiv(feed_server, "cs.XX"), client)
    assert str(reading.error) == "arXiv does not know the list cs.XX: Feed error for query: cs.XX"
    feed_server.page("/atom/cs.XX", Reply(status=400, body=announced("2611.00001")))
    (reading,) = await read(arxiv(feed_server, "cs.XX"), client)
    assert str(reading.error) == "127.0.0.1 answered 400"


async def test_max_age_holds_an_arxiv_list_for_an_hour_at_most(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.LG", announced(), headers={"Cache-Control": "max-age=80000"})
    (reading,) = await read(arxiv(feed_server), client)
    assert reading.memory.not_before_at == NOW + timedelta(hours=1)


async def test_lists_missed_since_the_last_reading_are_fetched_again(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001"))
    first = await read(arxiv(feed_server), client, store=Store("2611.00001"))
    feed_server.page("/atom/cs.LG", announced("2611.00005"))
    feed_server.page("/api/query", answered("2611.00003", "2611.00005"), answered("2611.00005"))
    (reading,) = await read(arxiv(feed_server), client, first, announced_on=date(2026, 11, 18))
    assert [(one.arxiv_id, str(one.listed_on)) for one in reading.listings] == [
        ("2611.00005", MONDAY),
        ("2611.00003", "2026-11-19"),
    ]
    assert "submittedDate%3A%5B202611171900+TO+202611191900" in feed_server.targets()[2]
    assert reading.memory.announced_on == date(2026, 11, 23)


async def test_a_gap_that_could_not_be_filled_is_tried_again(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00005"), headers={"ETag": "e"}, conditional=True)
    feed_server.page("/api/query", Reply(status=500))
    before = await read(arxiv(feed_server), client, store=Store("2611.00005"))
    (failed,) = await read(
        arxiv(feed_server), client, before, announced_on=date(2026, 11, 19), etag="", store=Store("2611.00005")
    )
    assert (failed.error, failed.memory.announced_on, failed.memory.etag) == (None, date(2026, 11, 19), "")
    assert failed.notes == ("the lists of cs.LG since 2026-11-19 could not be fetched again: 127.0.0.1 answered 500",)
    feed_server.page("/api/query", answered("2611.00003", submitted="2026-11-19T12:00:00Z"))
    (filled,) = await read(arxiv(feed_server), client, [failed], store=Store("2611.00005"))
    assert "2611.00003" in {one.arxiv_id for one in filled.listings}
    assert filled.memory.announced_on == date(2026, 11, 20)
    assert filled.memory.etag == "e"


async def test_yesterdays_papers_under_todays_date_do_not_count_as_todays_list(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001", day="2026-11-20"))
    store = Store("2611.00001")
    first = await read(arxiv(feed_server), client, store=store)
    feed_server.page("/atom/cs.LG", announced("2611.00001", day=MONDAY))
    (stale,) = await read(arxiv(feed_server), client, first, store=store)
    assert stale.memory.announced_on == date(2026, 11, 20)
    remembered = replace(stale.memory, last_new_at=NOW - timedelta(days=3))
    assert judge("arxiv", [replace(stale, memory=remembered)], {}, NOW)[0] == "waiting"
    feed_server.page("/atom/cs.LG", announced("2611.00009", day="2026-11-24"))
    feed_server.page("/api/query", answered("2611.00008", submitted="2026-11-20T12:00:00Z"))
    (next_day,) = await read(arxiv(feed_server), client, [stale], store=store, now=NOW + timedelta(days=1))
    assert [(one.arxiv_id, str(one.listed_on)) for one in next_day.listings] == [
        ("2611.00009", "2026-11-24"),
        ("2611.00008", MONDAY),
    ]


async def test_weekends_and_holidays_leave_no_gap(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.LG", announced("2611.00001", day=MONDAY))
    first = await read(arxiv(feed_server), client, store=Store("2611.00001"))
    for before, day in ((date(2026, 11, 20), MONDAY), (date(2026, 11, 26), "2026-11-30")):
        feed_server.page("/atom/cs.LG", announced("2611.00001", day=day))
        feed_server.requests.clear()
        await read(arxiv(feed_server), client, first, announced_on=before, store=Store("2611.00001"))
        assert feed_server.targets() == ["/atom/cs.LG"]


async def test_a_long_absence_is_filled_two_weeks_back(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/atom/cs.LG", announced())
    feed_server.page("/api/query", answered())
    first = await read(arxiv(feed_server), client)
    await read(arxiv(feed_server), client, first, announced_on=date(2026, 3, 2))
    assert "submittedDate%3A%5B202611061900+TO+202611191900" in feed_server.targets()[-1]


async def test_the_arxiv_gate_is_kept_over_feeds_and_api(feed_server: FeedServer) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    feed_server.page("/atom/cs.LG", announced("2611.00001"))
    feed_server.page("/atom/cs.AI", announced("2611.00002"))
    feed_server.page("/api/query", answered("2611.00001"))
    async with PoliteClient("x", gates=Gates(sleep=sleep, clock=lambda: 5.0)) as client:
        await read(arxiv(feed_server, "cs.LG", "cs.AI"), client)
    assert slept == [3.0, 3.0]


# --- what the configured address says itself


async def test_a_410_behind_a_redirect_is_a_failure_and_no_farewell(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/f", Reply(status=301, headers={"Location": "/new"}))
    feed_server.page("/new", Reply(status=410))
    (reading,) = await read(feed(f"{feed_server.url}/f"), client)
    assert (str(reading.error), reading.memory.gone) == ("127.0.0.1 answered 410", False)


async def test_a_410_of_a_remembered_address_sends_us_back_to_the_configured_one(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/f", Reply(status=308, headers={"Location": "/new"}))
    feed_server.page("/new", Reply(body=RSS), Reply(status=410))
    source = feed(f"{feed_server.url}/f")
    moved = await read(source, client)
    assert moved[0].memory.moved_to.endswith("/new")
    gone = await read(source, client, moved)
    assert (gone[0].memory.gone, gone[0].memory.moved_to, gone[0].held) == (False, "", "")
    assert not isinstance(gone[0].error, Gone)
    feed_server.page("/f", RSS)
    (back,) = await read(source, client, gone)
    assert (back.error, len(back.listings)) == (None, 1)


# --- the door


async def test_the_door_drops_what_cannot_be_kept_and_counts_it(client: PoliteClient, feed_server: FeedServer) -> None:
    entry = '{"paper": {"id": "2611.0000%d", "projectPage": "http://e.example/\\ud800", "upvotes": 99999999999}, "title": "%s"}'
    body = f"[{entry % (1, 'T ' * 4_000_000)}, {entry % (2, 'Two')}]"
    feed_server.page("/api/daily_papers", body.encode())
    source = SourceSettings(name="hf", kind="huggingface", url=feed_server.url)
    (reading,) = await read(source, client)
    assert [(len(one.title) <= 500, one.project_url, one.upvotes) for one in reading.listings] == [(True, "", None)] * 2
