"""What stands around the pages: limits, slow and hostile clients, headers, logs, health, metrics, a fuzzer."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from ipaddress import ip_network

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client import generate_latest

from digest.errors import StoreUnavailable
from digest.pipeline.metrics import Metrics as ProcessMetrics
from digest.web import Pages
from digest.web.application import application
from digest.web.guards import Guards
from digest.web.limits import Limits, coarse, network_of, visitor
from digest.web.metrics import Metrics
from digest.web.server import Patience
from tests.web.conftest import NOW, Visitor, fill
from tests.web.serving import Served, free_socket

POSTS = ["/subscribe", "/subscribe/preview", "/confirm/x", "/preferences/x", "/issues/x/votes"]


@pytest.mark.parametrize(
    "path", ["/", "/subscribe", "/papers/none", "/nope", "/static/style.css", "/unsubscribe/x", "/feed.xml"]
)
async def test_every_answer_has_safe_headers(app, path):
    answer = await Visitor(app).get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in answer.headers
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/?q=graph", "/subscribe", "/profiles/graphs"])
async def test_pages_load_nothing_from_elsewhere_and_style_nothing_inline(app, path):
    page = (await Visitor(app).get(path)).text
    loaded = re.findall(r'<(?:script|img|iframe|link)[^>]+(?:src|href)="([^"]+)"', page)
    assert [url for url in loaded if not url.startswith(("/", "http://127.0.0.1:8000"))] == []
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", page)


async def test_https_is_remembered_where_the_site_has_it(configure, filled):
    settings = configure(url="https://papers.example.org")
    answer = await Visitor(application(settings, filled)).get("/")
    assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize("path", [*POSTS, "/unsubscribe/x"])
async def test_two_megabytes_are_too_much(app, path):
    answer = await Visitor(app).post(path, data={"email": "a" * 2_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/subscribe", "/subscribe/preview"])
async def test_two_megabytes_that_come_in_pieces_are_too_much_as_well(app, path):
    async def pieces():
        for _ in range(40):
            yield b"email=" + b"a" * 50_000

    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await Visitor(app).post(path, content=pieces(), headers=headers)).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(500)), "application/x-www-form-urlencoded"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"whatever", "multipart/form-data"),
        (b'{"email": "a"}', "application/json"),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhi\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b"email=%zz&keywords=%", "application/x-www-form-urlencoded"),
    ],
)
async def test_bodies_that_are_no_forms_are_told_so(app, body, kind):
    for path in POSTS:
        answer = await Visitor(app).post(path, content=body, headers={"content-type": kind})
        assert answer.status_code in {200, 400, 404, 422}, (path, answer.status_code)


async def test_a_body_that_does_not_come_is_waited_for_and_then_refused(app, monkeypatch):
    monkeypatch.setattr("digest.web.guards.BODY_SECONDS", 0.05)

    async def slowly():
        yield b"email="
        await asyncio.sleep(1)
        yield b"a"

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await Visitor(app).post("/subscribe", content=slowly(), headers=headers)
    assert answer.status_code == 408


async def test_a_bug_is_a_sentence_for_visitors_and_a_line_in_the_log(app, monkeypatch):
    async def broken(*_args):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(app.state.site.store.days, "counts", broken)
    with structlog.testing.capture_logs() as lines:
        answer = await Visitor(app).get("/archive")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]
    assert any("ZeroDivisionError" in line.get("exception", "") for line in lines)


async def test_a_store_that_cannot_be_read_is_a_page_that_asks_for_patience(app, monkeypatch):
    async def locked(*_args):
        raise StoreUnavailable("the database /srv/secret/path is locked")

    monkeypatch.setattr(app.state.site.store.days, "counts", locked)
    answer = await Visitor(app).get("/archive")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "/srv" not in answer.text


async def test_the_log_knows_routes_and_no_tokens_or_addresses(app, reader):
    with structlog.testing.capture_logs() as lines:
        _, pages = await reader("somebody@example.org", keywords="tides")
        guest = Visitor(app)
        for path in pages.values():
            await guest.get(path)
            await guest.post(path, data={"action": "weekly"})
        await guest.get("/somebody@example.org/secret-token")
        await guest.get("/?q=somebody@example.org")
    text = repr(lines)
    assert "/preferences/{token}" in text
    assert "somebody" not in text
    assert "secret-token" not in text
    assert not [path for path in pages.values() if path.rpartition("/")[2] in text]


class _Hasty(Patience):
    head_seconds = 0.3
    request_seconds = 0.6


@pytest.fixture
async def hasty(settings, filled):
    with Served(settings, free_socket(), now=lambda: NOW, protocol=_Hasty) as served:
        yield served


async def test_clients_that_never_finish_are_hung_up_on(hasty):
    """Nothing at all; half a head; a head a byte at a time; a body that stops."""

    async def played(first: bytes, drip: bytes = b"") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
        writer.write(first)
        told = b""
        with contextlib.suppress(ConnectionError):
            for at in range(200):
                if drip:
                    writer.write(drip[at % len(drip) : at % len(drip) + 1])
                try:
                    async with asyncio.timeout(0.05):
                        got = await reader.read(10_000)
                except TimeoutError:
                    continue
                told += got
                if not got:
                    break
            else:
                pytest.fail("was never hung up on")
        writer.close()
        return told

    post = b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nemail="
    everybody = await asyncio.gather(
        played(b""),
        played(b"GET / HTTP/1.1\r\nHost: x\r\n"),
        played(b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        played(post),
    )
    assert not any(b"200 OK" in told for told in everybody)
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{hasty.url}/healthz")).status_code == 200


async def test_a_client_that_reads_nothing_does_not_hold_a_connection_for_ever(hasty):
    with socket.create_connection(("127.0.0.1", hasty.port)) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        for _ in range(200):
            try:
                silent.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
                await asyncio.sleep(0.05)
            except OSError:
                return
    pytest.fail("was never hung up on")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
)
async def test_what_is_hardly_http_does_no_harm(hasty, raw):
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    writer.write(raw)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            told = await reader.read(200)
            assert b" 500 " not in told
    writer.close()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{hasty.url}/healthz")).status_code == 200


_LOCAL = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("203.0.113.7", "", _LOCAL, "203.0.113.7"),
        ("203.0.113.7", "1.2.3.4", _LOCAL, "203.0.113.7"),
        ("127.0.0.1", "1.2.3.4", _LOCAL, "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.3", _LOCAL, "1.2.3.4"),
        ("127.0.0.1", "1.2.3.4", [], "127.0.0.1"),
        ("127.0.0.1", "nonsense", _LOCAL, "127.0.0.1"),
        ("127.0.0.1", "<script>, ,", _LOCAL, "127.0.0.1"),
        ("::ffff:127.0.0.1", "2001:db8::1", _LOCAL, "2001:db8::1"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_came_from(peer, forwarded, trusted, found):
    assert visitor(peer, forwarded, trusted) == found


async def test_limits_count_visitors_behind_a_proxy_apart(configure, filled, clock):
    web = 'fill_seconds = 0\nsignups_per_network = 1\ntrusted_proxies = ["127.0.0.1"]'
    proxy = Visitor(application(configure(web=web), filled, now=clock), address="127.0.0.1")
    for n, status in ((1, 200), (2, 200), (1, 429)):
        proxy.headers = {"x-forwarded-for": f"198.51.100.{n}"}
        assert (await proxy.sign_up(f"a{n}@example.org")).status_code == status


def test_a_network_is_an_address_or_a_slash_64():
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") == "2001:db8::/64"
    assert network_of("::ffff:1.2.3.4") == network_of("1.2.3.4") == "1.2.3.4"
    assert network_of("testclient") == ""
    assert coarse("1.2.3.4") == "1.2.3.0/24"
    assert coarse("2001:db8::/64") == "2001:db8::/48"
    assert coarse("") == ""


def test_the_memory_of_limits_is_bounded():
    from datetime import timedelta

    limits = Limits()
    for n in range(30_000):
        limits.allow("x", f"net{n}", 1, timedelta(hours=1), NOW)
    assert len(limits._seen) <= 20_000


SOURCE = 'fill_seconds = 0\n[[source]]\nname = "arxiv"\nkind = "arxiv"\ncategories = ["cs.LG"]'


async def test_health_is_told_with_reasons(configure, filled, clock, monkeypatch):
    app = application(configure(web=SOURCE), filled, now=clock)
    visitor = Visitor(app)
    assert (await visitor.get("/healthz")).text == "ok\n"
    ready = await visitor.get("/readyz")
    document = ready.json()
    assert ready.status_code == 200
    assert document["ready"] is True
    assert set(document["checks"]) == {"database", "migrations", "fetch", "send", "queue"}
    assert "all sources were asked since 2026-11-23 12:00" in document["checks"]["fetch"]["detail"]

    async def locked(*_args):
        raise StoreUnavailable("locked")

    monkeypatch.setattr(app.state.site.store.sources, "reports", locked)
    assert (await visitor.get("/readyz")).status_code == 503


async def test_a_stuck_queue_and_late_sources_are_warnings(configure, filled, clock):
    visitor = Visitor(application(configure(web=SOURCE), filled, now=clock))
    await visitor.sign_up()
    clock.move(hours=30)
    checks = (await visitor.get("/readyz")).json()["checks"]
    assert checks["queue"]["status"] == "warning"
    assert checks["fetch"]["status"] == "warning"


async def test_metrics_are_for_who_has_the_token(configure, filled):
    closed = Visitor(application(configure(), filled))
    assert (await closed.get("/metrics")).status_code == 404
    guest = Visitor(application(configure(web='metrics_token = "open sesame"'), filled))
    await guest.get("/archive")
    for shown in ({}, {"authorization": "Bearer no"}, {"authorization": "open sesame"}):
        assert (await guest.get("/metrics", headers=shown)).status_code == 401
    told = await guest.get("/metrics", headers={"authorization": "Bearer open sesame"})
    assert 'digest_web_requests_total{method="GET",route="/archive",status="200"} 1.0' in told.text


def test_odd_methods_do_not_fill_the_metrics():
    metrics = Metrics()
    for n in range(100):
        metrics.request(f"M{n}", "/", 405, 0.1)
    assert generate_latest(metrics.process.registry).count(b"digest_web_requests_total{") == 1


def test_the_guards_are_around_everything(app):
    assert app.user_middleware[0].cls is Guards


_ROUTES = ["/", "/papers/{}", "/archive/{}", "/archive/{}/feed.xml", "/profiles/{}", "/profiles/{}/feed.xml", "/feed.xml",
           "/subscribe", "/subscribe/preview", "/confirm/{}", "/preferences/{}", "/unsubscribe/{}", "/issues/{}",
           "/issues/{}/votes", "/static/{}", "/{}"]  # fmt: skip
_TEXT = st.text(max_size=40) | st.sampled_from(
    ["2026-11-23", "graphs", "graph", "(", '"', "a^1e9", "\x00", "%s", "../..", "💥", "-1"]
)
_FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "q",
            "date",
            "sort",
            "page",
            "email",
            "keywords",
            "exclude",
            "weights",
            "profiles",
            "cadence",
            "weekday",
            "send_at",
            "timezone",
            "paused_until",
            "action",
            "until",
            "sure",
            "vote",
            "paper",
            "preview",
            "stamp",
            "website",
            "topic",
            "done",
            "List-Unsubscribe",
        ]
    )
    | st.text(max_size=8),
    _TEXT,
    max_size=6,
)


@pytest.mark.parametrize("route", _ROUTES)
def test_whatever_is_asked_is_answered(route, configure, tmp_path):
    """A fuzzer over all routes: no answer is an exception, none sets a cookie, none shows markup of ours undone."""
    from digest.store import open_store

    settings = configure()

    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.sampled_from(["GET", "POST", "HEAD", "PUT"]), _TEXT, _FIELDS, _FIELDS, st.booleans())
    def fuzz(method, part, query, form, multipart):
        from urllib.parse import quote

        path = route.format(quote(part.encode("utf-8", "replace"), safe=""))
        query = {name.encode("utf-8", "replace"): value.encode("utf-8", "replace") for name, value in query.items()}
        form = {
            name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
            for name, value in form.items()
        }
        body = {"files": {name: (None, value) for name, value in form.items()}} if multipart else {"data": form}
        answer = loop.run_until_complete(guest.ask(method, path, params=query, **(body if method == "POST" else {})))
        assert answer.status_code < 500
        assert "set-cookie" not in answer.headers
        assert "content-security-policy" in answer.headers

    loop = asyncio.new_event_loop()

    async def opened():
        await fill(store)
        return Visitor(application(settings, store, now=lambda: NOW))

    context = open_store(settings.store.url)
    store = loop.run_until_complete(context.__aenter__())
    try:
        guest = loop.run_until_complete(opened())
        fuzz()
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()


async def test_a_process_that_does_more_serves_the_pages_again_and_again(configure, filled):
    """As `digest run` does when its configuration changes: the same socket, the same numbers, requests end well."""
    settings = configure(web='port = 0\nmetrics_token = "open sesame"')
    pages = Pages()
    process = ProcessMetrics()
    with pages.listen(settings) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        for round_ in (1, 2):
            serving = asyncio.create_task(pages.serve(settings, filled, process, listening.dup()))
            async with httpx.AsyncClient() as client:
                for _ in range(200):
                    try:
                        assert (await client.get(f"{url}/archive")).status_code == 200
                        break
                    except httpx.ConnectError:
                        await asyncio.sleep(0.02)
                told = (await client.get(f"{url}/metrics", headers={"authorization": "Bearer open sesame"})).text
            assert f'route="/archive",status="200"}} {round_}.0' in told
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
