from __future__ import annotations

import asyncio
import gzip
import os
import socket
import ssl
import subprocess
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.errors import FetchError, Gone, NotBefore
from digest.settings.sections import SourceSettings
from digest.sources.answer import Answer, Validators, first_words, http_date, max_age, wait_until
from digest.sources.gates import Gates, gate_key, last_asked
from digest.sources.http import Limits, PoliteClient
from digest.sources.inflate import inflate
from digest.sources.urls import is_private, next_hop, web_url
from tests.feedserver import FeedServer, Reply

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
HOST = "127.0.0.1"


def packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


async def get(client: PoliteClient, url: str, **more: object) -> Answer:
    return await client.get(url, gate=HOST, now=NOW, **more)  # type: ignore[arg-type]


def quick(**limits: float) -> PoliteClient:
    return PoliteClient("https://digest.example.org", gates=Gates({}, others=0.0), limits=Limits(**limits))  # type: ignore[arg-type]


# --- what is sent


async def test_it_says_who_asks_and_what_it_can_read(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", b"x")
    await get(client, f"{feed_server.url}/")
    headers = feed_server.requests[0].headers
    assert headers["user-agent"] == "paper-digest/0.1.0 (+https://digest.example.org)"
    assert headers["accept"].startswith("application/atom+xml, application/rss+xml")
    assert headers["accept-encoding"] == "gzip, deflate"
    assert not {"cookie", "referer", "authorization", "if-none-match", "if-modified-since"} & headers.keys()


async def test_it_keeps_no_cookies(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", b"x", headers={"Set-Cookie": "a=b; Path=/"})
    await get(client, f"{feed_server.url}/")
    await get(client, f"{feed_server.url}/")
    assert "cookie" not in feed_server.requests[1].headers


@pytest.mark.parametrize("etag", ['W/"a b"', '"quoted"', "6f1ed002ab5595859014ebf0951522d9", '"é\xff"'])
async def test_validators_go_back_exactly_as_they_came(
    etag: str, client: PoliteClient, feed_server: FeedServer
) -> None:
    date = "Mon, 23 Nov 2026 06:00:00 GMT"
    feed_server.page("/f", b"x", headers={"ETag": etag, "Last-Modified": date}, conditional=True)
    first = await get(client, f"{feed_server.url}/f")
    again = Validators(first.url, first.etag, first.last_modified)
    second = await get(client, f"{feed_server.url}/f", validators=again)
    assert (second.not_modified, second.status, second.etag) == (True, 304, etag)
    assert feed_server.requests[1].headers["if-none-match"] == etag
    assert feed_server.requests[1].headers["if-modified-since"] == date


async def test_validators_are_not_sent_to_another_address(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/b", b"x")
    await get(client, f"{feed_server.url}/b", validators=Validators(f"{feed_server.url}/a", '"a"', ""))
    assert "if-none-match" not in feed_server.requests[0].headers


async def test_validators_reach_the_end_of_a_redirect(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/a", Reply(status=302, headers={"Location": "/b"}))
    feed_server.page("/b", b"x", headers={"ETag": '"b"'}, conditional=True)
    answer = await get(client, f"{feed_server.url}/a", validators=Validators(f"{feed_server.url}/b", '"b"', ""))
    assert answer.not_modified
    assert "if-none-match" not in feed_server.requests[0].headers


async def test_a_304_that_was_not_asked_for_is_an_error(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(status=304))
    with pytest.raises(FetchError, match="answered 304"):
        await get(client, f"{feed_server.url}/")


# --- when to come again


async def test_retry_after_in_seconds_is_the_earliest_moment(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page(
        "/", Reply(status=429, headers={"Retry-After": "7200", "Content-Type": "text/plain"}, body=b"Rate exceeded.")
    )
    with pytest.raises(NotBefore, match=r'127\.0\.0\.1 answered 429: "Rate exceeded\."') as caught:
        await get(client, f"{feed_server.url}/")
    assert caught.value.until == NOW + timedelta(hours=2)


async def test_retry_after_as_a_date_is_the_earliest_moment(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(status=503, headers={"Retry-After": "Mon, 23 Nov 2026 09:00:00 GMT"}))
    with pytest.raises(NotBefore) as caught:
        await get(client, f"{feed_server.url}/")
    assert caught.value.until == NOW + timedelta(hours=2, minutes=30)


@pytest.mark.parametrize(
    ("word", "failures", "minutes"),
    [
        ("", 0, 15),
        ("", 1, 30),
        ("", 3, 120),
        ("", 50, 24 * 60),
        ("0", 0, 1),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0, 1),
        ("31536000", 0, 24 * 60),
        ("soon", 0, 15),
        ("-5", 0, 15),
        ("9" * 500, 0, 15),
        ("Mon, 99 Nov 2026 09:00:00 GMT", 0, 15),
        ("Mon, 23 Nov 99999 09:00:00 GMT", 0, 15),
    ],
)
def test_a_pause_is_never_short_and_never_endless(word: str, failures: int, minutes: int) -> None:
    assert wait_until(word, failures, NOW) == NOW + timedelta(minutes=minutes)


async def test_a_403_of_arxiv_means_a_long_pause_and_of_others_an_error(
    client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/", Reply(status=403))
    with pytest.raises(NotBefore) as caught:
        await client.get(f"{feed_server.url}/", gate="arxiv", now=NOW, failures=1)
    assert caught.value.until == NOW + timedelta(hours=12)
    with pytest.raises(FetchError, match="answered 403") as plain:
        await get(client, f"{feed_server.url}/")
    assert not isinstance(plain.value, NotBefore)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": "max-age=600", "age": "500"}, 100),
        ({"cache-control": "max-age=600", "age": "700"}, None),
        ({"cache-control": "s-maxage=600"}, None),
        ({"cache-control": "no-cache, max-age=600"}, None),
        ({"cache-control": "max-age=0"}, None),
        ({"cache-control": "max-age=-1"}, None),
        ({"cache-control": "max-age=99999999"}, 86400),
        ({"cache-control": "max-age=" + "9" * 400}, None),
        ({"expires": "Mon, 23 Nov 2026 07:30:00 GMT"}, 3600),
        ({"expires": "Mon, 23 Nov 2026 07:30:00 GMT", "date": "Mon, 23 Nov 2026 07:20:00 GMT"}, 600),
        ({"expires": "0"}, None),
        ({"expires": "-1"}, None),
        ({"cache-control": "max-age=60", "expires": "Mon, 23 Nov 2026 07:30:00 GMT"}, 60),
        ({}, None),
    ],
)
def test_max_age_is_what_cache_control_or_expires_grant(headers: dict[str, str], seconds: int | None) -> None:
    assert max_age(headers, NOW) == (timedelta(seconds=seconds) if seconds else None)


def test_dates_without_a_zone_are_utc_and_nonsense_is_no_date() -> None:
    assert http_date("Mon, 23 Nov 2026 07:30:00") == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
    assert [http_date(text) for text in ("", "yesterday", "12:00", "\x00", "Mon, 32 Foo 2026 07:30:00 GMT")] == [
        None
    ] * 5


# --- redirects


async def test_a_permanent_chain_is_remembered(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/a", Reply(status=301, headers={"Location": "/b"}))
    feed_server.page("/b", Reply(status=308, headers={"Location": f"{feed_server.url}/c"}))
    feed_server.page("/c", b"there")
    answer = await get(client, f"{feed_server.url}/a")
    assert (answer.body, answer.url, answer.moved_to) == (b"there", f"{feed_server.url}/c", f"{feed_server.url}/c")


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_chain_with_a_temporary_step_is_followed_and_forgotten(
    status: int, client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/a", Reply(status=301, headers={"Location": "/b"}))
    feed_server.page("/b", Reply(status=status, headers={"Location": "/c"}))
    feed_server.page("/c", b"there")
    answer = await get(client, f"{feed_server.url}/a")
    assert (answer.body, answer.moved_to) == (b"there", "")


async def test_a_circle_and_a_long_chain_of_redirects_end(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/a", Reply(status=302, headers={"Location": "/b"}))
    feed_server.page("/b", Reply(status=302, headers={"Location": "/a"}))
    with pytest.raises(FetchError, match="in a circle"):
        await get(client, f"{feed_server.url}/a")
    for number in range(9):
        feed_server.page(f"/{number}", Reply(status=302, headers={"Location": f"/{number + 1}"}))
    with pytest.raises(FetchError, match="more than 5 times"):
        await get(client, f"{feed_server.url}/0")
    assert feed_server.targets()[-1] == "/5"


async def test_five_redirects_are_followed(client: PoliteClient, feed_server: FeedServer) -> None:
    for number in range(5):
        feed_server.page(f"/{number}", Reply(status=302, headers={"Location": f"{number + 1}"}))
    feed_server.page("/5", b"there")
    assert (await get(client, f"{feed_server.url}/0")).body == b"there"


async def test_a_redirect_that_ends_in_an_error_names_the_error(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/a", Reply(status=301, headers={"Location": "/nowhere"}))
    with pytest.raises(FetchError, match="answered 404"):
        await get(client, f"{feed_server.url}/a")


@pytest.mark.parametrize(
    ("url", "location", "words"),
    [
        ("https://a.org/f", "http://a.org/f", "plain http"),
        ("http://a.org/f", "file:///etc/passwd", "not a web address"),
        ("http://a.org/f", "javascript:alert(1)", "not a web address"),
        ("http://a.org/f", "http://@/", "not a web address"),
        ("http://a.org/f", "http://[::1", "not a web address"),
        ("http://a.org/f", "http://h:99999/", "not a web address"),
        ("http://a.org/f", "http://b.org/\x00", "not a web address"),
        ("http://a.org/f", "http://127.0.0.1/", "private network"),
        ("http://a.org/f", "http://2130706433/", "private network"),
        ("http://a.org/f", "http://0x7f.1/", "private network"),
        ("http://a.org/f", "http://[::ffff:10.0.0.1]/", "private network"),
        ("http://a.org/f", "http://169.254.169.254/latest", "private network"),
        ("http://a.org/f", "http://localhost./", "private network"),
        ("http://a.org/f", "http://user@localhost/", "private network"),
    ],
)
def test_where_a_redirect_may_not_lead(url: str, location: str, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        next_hop(url, location)


def test_where_a_redirect_may_lead() -> None:
    assert next_hop("http://a.org/x/f", "../g?q#part") == "http://a.org/g?q"
    assert next_hop("http://a.org/f", "https://b.org/") == "https://b.org/"
    assert next_hop("http://a.org/f", "//user:secret@b.org/f") == "http://b.org/f"
    assert next_hop("http://127.0.0.1:1/f", "http://10.0.0.1/f") == "http://10.0.0.1/f"
    assert not is_private("93.184.216.34")
    assert not is_private("fade.org")


def test_only_whole_web_addresses_are_links() -> None:
    assert web_url(" https://a.org/x ") == "https://a.org/x"
    bad = [
        "",
        "a.org",
        "ftp://a.org",
        "https://",
        "https://a.org/ b",
        "https://a.org/\nb",
        None,
        7,
        "https://a/" + "x" * 3000,
    ]
    assert [web_url(url) for url in bad] == [""] * len(bad)


# --- statuses and faults


async def test_410_means_gone(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(status=410))
    with pytest.raises(Gone, match=r"127\.0\.0\.1 answered 410"):
        await get(client, f"{feed_server.url}/")


@pytest.mark.parametrize("status", [204, 206, 400, 401, 404, 418, 500, 502, 599])
async def test_any_other_status_is_named(status: int, client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(status=status, length=None if status != 204 else 0))
    with pytest.raises(FetchError, match=f"answered {status}"):
        await get(client, f"{feed_server.url}/")


async def test_an_expected_status_is_an_answer(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(status=400, body=b"why"))
    answer = await get(client, f"{feed_server.url}/", expect=frozenset({400}))
    assert (answer.status, answer.body) == (400, b"why")


def test_first_words_are_short_plain_and_only_of_texts() -> None:
    assert first_words(b"Rate exceeded.\n", "text/plain; charset=utf-8") == "Rate exceeded."
    assert first_words(b"<b>\x1b[31mred\x00", "text/plain") == "b [31mred"
    assert first_words(b"<html>", "text/html") == ""
    assert first_words(b"x" * 3000, "text/plain") == ""
    assert len(first_words(b"word " * 100, "text/plain")) == 120


async def test_a_refused_connection_is_one_sentence(client: PoliteClient) -> None:
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        port = closed.getsockname()[1]
    with pytest.raises(FetchError, match=r"^127\.0\.0\.1 refused the connection$"):
        await get(client, f"http://{HOST}:{port}/")


async def test_an_unknown_name_is_one_sentence(client: PoliteClient) -> None:
    with pytest.raises(FetchError, match=r"^no address is known for nowhere\.invalid|cannot be reached"):
        await client.get("http://nowhere.invalid/", gate="nowhere.invalid", now=NOW)


async def test_a_silent_server_is_left_after_the_read_time(feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(silent=True))
    async with quick(read=0.05) as client:
        with pytest.raises(FetchError, match="sent nothing for 0 seconds"):
            await get(client, f"{feed_server.url}/")


async def test_a_dripping_server_is_left_after_the_total_time(feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(body=b"x" * 1000, drip=0.01))
    async with quick(read=5.0, total=0.1) as client:
        with pytest.raises(FetchError, match="longer than 0 seconds in all"):
            await get(client, f"{feed_server.url}/")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(chunked=True, cut=True, body=b"half"), "broke off in the middle"),
        (Reply(length=500, cut=True, body=b"half"), "broke off in the middle"),
        (Reply(raw=b"\r\n"), "127.0.0.1 "),
        (Reply(raw=b"HTTP/1.1 banana\r\n\r\n"), "not HTTP"),
        (Reply(raw=b"220 smtp ready\r\n\r\n"), "not HTTP"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "not HTTP"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "not HTTP|broke off"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"), "127.0.0.1 "),
        (Reply(headers={"Content-Encoding": "br"}, body=b"x"), r"not asked for \(br\)"),
        (Reply(headers={"Content-Encoding": "gzip"}, body=packed(b"x" * 999)[:-9]), "middle of a compressed"),
        (Reply(body=b"\x1f\x8b\x08garbage garbage"), "damaged|middle"),
    ],
)
async def test_a_broken_answer_is_one_sentence(
    reply: Reply, words: str, client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/", reply)
    with pytest.raises(FetchError, match=words) as caught:
        await get(client, f"{feed_server.url}/")
    assert "\n" not in str(caught.value)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for."""
    key, signed = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    try:
        subprocess.run([*command.split(), "-keyout", key, "-out", signed], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed, key)
    return context


async def test_an_untrusted_certificate_is_one_sentence(client: PoliteClient, certificate: ssl.SSLContext) -> None:
    async with await asyncio.start_server(lambda _r, w: w.close(), HOST, 0, ssl=certificate) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(
            FetchError, match=r"^the certificate of 127\.0\.0\.1 is not trusted: self-signed certificate"
        ):
            await get(client, f"https://{HOST}:{port}/")


async def test_plain_http_behind_https_is_one_sentence(client: PoliteClient) -> None:
    def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FetchError, match=r"^no secure connection to 127\.0\.0\.1 is possible"):
            await get(client, f"https://{HOST}:{port}/")


@pytest.mark.parametrize("url", ["http://", "http://[::1", "gopher://a/", "http://a b/", "", "http://h:99999/"])
async def test_an_address_that_cannot_be_asked_is_an_error(url: str, client: PoliteClient) -> None:
    with pytest.raises(FetchError):
        await get(client, url)


# --- size and compression


async def test_a_fifty_megabyte_feed_is_cut_at_the_cap(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(body=b"x" * 1_000_000, repeat=50))
    with pytest.raises(FetchError, match=r"^127\.0\.0\.1 sent more than 10 MB$"):
        await get(client, f"{feed_server.url}/")


async def test_an_announced_length_over_the_cap_is_not_read(client: PoliteClient, feed_server: FeedServer) -> None:
    feed_server.page("/", Reply(length=50_000_000, body=b"x", drip=0.01))
    with pytest.raises(FetchError, match="more than 10 MB"):
        await get(client, f"{feed_server.url}/")


async def test_a_gzip_bomb_stops_at_the_cap(client: PoliteClient, feed_server: FeedServer) -> None:
    bomb = gzip.compress(b"\0" * 60_000_000)
    feed_server.page("/", bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="unpacks to more than 20 MB"):
        await get(client, f"{feed_server.url}/")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"text", ""),
        (b"text", "identity"),
        (packed(b"text"), "gzip"),
        (packed(b"text"), "X-GZIP"),
        (packed(b"text"), ""),
        (packed(packed(b"text")), "gzip"),
        (packed(b"te") + packed(b"xt") + b"\0\0", "gzip"),
        (b"text", "gzip"),
        (zlib.compress(b"text"), "deflate"),
        (zlib.compress(b"text")[2:-4], "deflate"),
        (packed(zlib.compress(b"text")), "deflate, gzip"),
    ],
)
async def test_what_the_bytes_are_decides_how_they_are_unpacked(
    body: bytes, encoding: str, client: PoliteClient, feed_server: FeedServer
) -> None:
    feed_server.page("/", body, headers={"Content-Encoding": encoding} if encoding else {})
    assert (await get(client, f"{feed_server.url}/")).body == b"text"


def test_a_thousand_tiny_members_are_an_attack() -> None:
    with pytest.raises(FetchError, match="more than 100 pieces"):
        inflate(gzip.compress(b"") * 1000, "gzip", 1000, "host")


# --- files


async def test_a_file_is_read_and_unpacked(client: PoliteClient, tmp_path: Path) -> None:
    (tmp_path / "a b.xml").write_bytes(packed(b"text"))
    answer = await get(client, (tmp_path / "a b.xml").as_uri())
    assert (answer.body, answer.status, answer.moved_to, answer.etag) == (b"text", 200, "", "")


async def test_only_regular_files_of_this_machine_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 1001)
    wrong = {
        (tmp_path / "missing").as_uri(): "cannot be read: No such file",
        tmp_path.as_uri(): "not a regular file|Is a directory",
        (tmp_path / "pipe").as_uri(): "not a regular file",
        "file:///dev/zero": "not a regular file",
        "file:///a%00b": "no file name can have",
        "file://elsewhere/etc/passwd": "not on elsewhere",
        (tmp_path / "large").as_uri(): "larger than",
    }
    async with quick(unpacked=1000) as client:
        for url, words in wrong.items():
            with pytest.raises(FetchError, match=words):
                await get(client, url)


# --- gates


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.time += seconds
        await asyncio.sleep(0)


async def test_a_gate_lets_one_through_at_a_time_and_keeps_the_starts_apart() -> None:
    clock = Clock()
    gates = Gates(sleep=clock.sleep, clock=clock)
    inside, starts = 0, []

    async def request(key: str, takes: float) -> None:
        nonlocal inside
        async with gates.through(key):
            inside += 1
            assert inside == 1
            starts.append(clock.time)
            clock.time += takes
            await asyncio.sleep(0)
            inside -= 1

    for takes in (1.0, 5.0, 0.0):
        await request("arxiv", takes)
    assert starts == [100.0, 103.0, 108.0]
    assert clock.slept == [2.0]
    await asyncio.gather(*(request("arxiv", 0.0) for _ in range(3)))
    assert starts[3:] == [111.0, 114.0, 117.0]


async def test_two_runs_in_a_row_keep_the_distance_too() -> None:
    clock = Clock()
    asked = {"arxiv": NOW - timedelta(seconds=1), "huggingface.co": NOW + timedelta(hours=1)}
    gates = Gates(last_asked=asked, now=NOW, sleep=clock.sleep, clock=clock)
    for key in ("arxiv", "huggingface.co", "a.org"):
        async with gates.through(key):
            pass
    assert clock.slept == [2.0]  # one second of huggingface.co went by meanwhile


def test_arxiv_keeps_its_interval_on_loopback_and_others_need_none_there() -> None:
    gates = Gates()
    keys = ("arxiv", "huggingface.co", "a.org", "127.0.0.1", "localhost", "::1")
    assert [gates.interval(key) for key in keys] == [3.0, 1.0, 1.0, 0.0, 0.0, 0.0]


def test_the_gate_of_arxiv_belongs_to_the_kind_and_to_its_hosts() -> None:
    assert gate_key("arxiv", "http://127.0.0.1:8000") == "arxiv"
    assert gate_key("feed", "https://export.arxiv.org/rss/cs") == "arxiv"
    assert gate_key("feed", "https://notarxiv.org/rss") == "notarxiv.org"
    assert gate_key("huggingface", "") == "huggingface.co"
    assert gate_key("feed", "file:///x") == ""


def test_what_the_store_remembers_seeds_the_gates() -> None:
    sources = [
        SourceSettings(name="a", kind="arxiv", categories=("cs.LG",)),
        SourceSettings(name="b", kind="arxiv", categories=("cs.AI",)),
        SourceSettings(name="h", kind="huggingface"),
        SourceSettings(name="f", kind="feed", url="file:///x"),
    ]
    earlier = NOW - timedelta(hours=1)
    assert last_asked(sources, {"a": earlier, "b": NOW, "f": NOW, "gone": NOW}) == {"arxiv": NOW}


async def test_every_hop_of_a_redirect_passes_a_gate(feed_server: FeedServer) -> None:
    clock = Clock()
    feed_server.page("/a", Reply(status=302, headers={"Location": "/b"}))
    feed_server.page("/b", b"x")
    async with PoliteClient("x", gates=Gates(sleep=clock.sleep, clock=clock)) as client:
        await client.get(f"{feed_server.url}/a", gate="arxiv", now=NOW)
    assert clock.slept == [3.0]


async def test_the_gate_is_free_again_after_an_error(client: PoliteClient, feed_server: FeedServer) -> None:
    for _ in range(2):
        with pytest.raises(FetchError, match="404"):
            await get(client, f"{feed_server.url}/missing")
