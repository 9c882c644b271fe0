"""The polite HTTP client: the only place that knows httpx.

One answer per call, or one FetchError whose sentence names the host. It remembers nothing between two calls: validators
come in and go out, cookies are refused, and nothing is retried (the next reading is the retry).
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

import digest
from digest.errors import FetchError, Gone, NotBefore
from digest.sources.answer import NO_VALIDATORS, Answer, Validators, first_words, max_age, refused_until, wait_until
from digest.sources.gates import ARXIV, Gates, HeldAtGate, gate_key
from digest.sources.inflate import inflate
from digest.sources.local import read_file
from digest.sources.troubles import broken_off, in_words
from digest.sources.urls import host_of, next_hop

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/json;q=0.8, "
    "application/xml;q=0.8, text/xml;q=0.7, */*;q=0.1"
)
PERMANENT = frozenset({301, 308})
REDIRECTS = PERMANENT | {302, 303, 307}
_DIRECT = ("all://127.0.0.1", "all://localhost", "all://[::1]")  # this machine is never reached through a proxy


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one answer may take: seconds, bytes, redirects."""

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0
    """For one address with all its redirects; waiting at a gate does not count."""
    body: int = 10_000_000
    """As sent, compressed or not."""
    unpacked: int = 20_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class _Raw:
    """One response, its headers in lower case and its body as sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class PoliteClient:
    """Asks for one address at a time per gate; an async context manager.

    `contact` is the public address of the site that asks: it stands in the User-Agent, so that whoever runs the source
    can find us.
    """

    def __init__(self, contact: str, *, gates: Gates | None = None, limits: Limits = Limits()) -> None:
        self.gates = gates or Gates()
        self.limits = limits
        words = "".join(character for character in contact if "!" <= character <= "~" and character not in "()")
        self.user_agent = f"paper-digest/{digest.__version__} (+{words})"
        self._client = httpx.AsyncClient(
            headers={"user-agent": self.user_agent, "accept": ACCEPT, "accept-encoding": "gzip, deflate"},
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            mounts=dict.fromkeys(_DIRECT),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def get(
        self,
        url: str,
        *,
        gate: str,
        now: datetime,
        validators: Validators = NO_VALIDATORS,
        failures: int = 0,
        expect: frozenset[int] = frozenset(),
    ) -> Answer:
        """The answer of `url`, redirects followed; `expect` names error statuses that are answers too.

        Raises Gone (410 of `url` itself), HeldAtGate, NotBefore (429, 503, a 403 of arXiv; `failures` in a row make the pause longer when the
        source names none) or FetchError.
        """
        if url[:5].lower() == "file:":
            body = await asyncio.to_thread(read_file, url, self.limits.unpacked)
            return Answer(status=200, body=inflate(body, "", self.limits.unpacked, url), url=url)
        raw, asked, permanent = await self._chase(url, gate, validators, now, failures)
        if raw.status == 304 and validators.url == asked:
            return _not_modified(raw, asked, now)
        if raw.status not in {200, 203} | expect:
            raise _refusal(raw, asked, gate, failures, now, first_hand=asked == url)
        body = await asyncio.to_thread(
            inflate, raw.body, raw.headers.get("content-encoding", ""), self.limits.unpacked, host_of(asked)
        )
        moved = asked if permanent and asked != url and raw.status == 200 else ""
        return _answer(raw, body, asked, moved, now)

    async def _chase(
        self, url: str, gate: str, validators: Validators, now: datetime, failures: int
    ) -> tuple[_Raw, str, bool]:
        """The response at the end of the redirects, its address, and whether every step there was permanent.

        A gate whose host asks for a pause is closed before the next request gets through.
        """
        asked, permanent, seen, left = url, True, {url}, self.limits.total
        while True:
            key = ARXIV if gate == ARXIV else gate if asked == url else gate_key("feed", asked)
            async with self.gates.through(key):
                if until := self.gates.held(key, now):
                    raise HeldAtGate(f"{host_of(asked)} is not asked before {_moment(until)}", until)
                started = self.gates.clock()
                raw = await self._ask(asked, validators if validators.url == asked else NO_VALIDATORS, left)
                left -= self.gates.clock() - started
                if pause := _pause(raw, key, failures, now):
                    self.gates.hold(key, pause)
            if raw.status not in REDIRECTS or "location" not in raw.headers:
                return raw, asked, permanent
            permanent = permanent and raw.status in PERMANENT
            asked = self._follow(asked, raw.headers["location"], seen)

    def _follow(self, asked: str, location: str, seen: set[str]) -> str:
        target = next_hop(asked, location)
        if target in seen:
            raise FetchError(f"{host_of(asked)} redirects in a circle")
        if len(seen) > self.limits.redirects:
            raise FetchError(f"{host_of(asked)} redirects more than {self.limits.redirects} times")
        seen.add(target)
        return target

    async def _ask(self, url: str, validators: Validators, seconds: float) -> _Raw:
        """One request, one response; every failure becomes one sentence."""
        host = host_of(url)
        headers = {"if-none-match": validators.etag, "if-modified-since": validators.last_modified}
        sent = {name.encode(): value.encode("latin-1", "ignore") for name, value in headers.items() if value}
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                request = self._client.build_request("GET", url, headers=sent)
                response = await self._client.send(request, stream=True)
                try:
                    return await self._read(response, host)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise FetchError(f"{host} took longer than {self.limits.total:.0f} seconds in all") from None
        except httpx.ConnectTimeout:
            raise FetchError(f"{host} did not answer within {self.limits.connect:.0f} seconds") from None
        except httpx.TimeoutException:
            raise FetchError(f"{host} sent nothing for {self.limits.read:.0f} seconds") from None
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            raise FetchError(broken_off(host, error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError, ValueError) as error:
            raise FetchError(in_words(host, error)) from None

    async def _read(self, response: httpx.Response, host: str) -> _Raw:
        """The body as sent; it stops at the cap, whatever the length that was announced."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
        too_long = FetchError(f"{host} sent more than {self.limits.body // 1_000_000} MB")
        announced = headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:19]) > self.limits.body:
            raise too_long
        pieces: list[bytes] = []
        room = self.limits.body
        async for piece in response.aiter_raw():
            room -= len(piece)
            if room < 0:
                raise too_long
            pieces.append(piece)
        return _Raw(response.status_code, headers, b"".join(pieces))


def _answer(raw: _Raw, body: bytes, url: str, moved_to: str, now: datetime) -> Answer:
    return Answer(
        status=raw.status,
        body=body,
        url=url,
        moved_to=moved_to,
        etag=raw.headers.get("etag", ""),
        last_modified=raw.headers.get("last-modified", ""),
        max_age=max_age(raw.headers, now),
        content_type=raw.headers.get("content-type", ""),
    )


def _not_modified(raw: _Raw, url: str, now: datetime) -> Answer:
    return Answer(
        status=304,
        body=b"",
        url=url,
        etag=raw.headers.get("etag", ""),
        last_modified=raw.headers.get("last-modified", ""),
        max_age=max_age(raw.headers, now),
        not_modified=True,
    )


def _pause(raw: _Raw, gate: str, failures: int, now: datetime) -> datetime | None:
    """Until when a host that refused everybody wants to be left alone; a 503 speaks for one address only."""
    if raw.status == 429:
        return wait_until(raw.headers.get("retry-after", ""), failures, now)
    return refused_until(failures, now) if raw.status == 403 and gate == ARXIV else None


def _moment(until: datetime) -> str:
    return f"{until:%H:%M} UTC on {until.day} {until:%B}"


def _refusal(raw: _Raw, url: str, gate: str, failures: int, now: datetime, *, first_hand: bool) -> FetchError:
    """The error that a status other than 200 means for the next reading."""
    host, status = host_of(url), raw.status
    words = first_words(raw.body, raw.headers.get("content-type", ""))
    said = f'{host} answered {status}: "{words}"' if words else f"{host} answered {status}"
    if status == 410 and first_hand:
        return Gone(f"{host} answered 410: it is gone and asks never to be read again")
    until = _pause(raw, gate, failures, now)
    if status == 503:
        until = wait_until(raw.headers.get("retry-after", ""), failures, now)
    return NotBefore(f"{said}; it is not asked again before {_moment(until)}", until) if until else FetchError(said)
