"""What stands around every request: who asks, limits on size and time, safe headers, a line in the log, no traceback.

A plain ASGI layer. The log names the route, never the address that was asked for: tokens stand in it.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Sequence
from ipaddress import ip_network
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.web.limits import visitor
from digest.web.metrics import Metrics

LARGEST_BODY = 64_000
"""Bytes of a request's body; the longest form that can be filled in is a quarter of that."""
BODY_SECONDS = 10.0
ANSWER_SECONDS = 30.0

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), browsing-topics=()"),
]
_REFERRER = (b"referrer-policy", b"strict-origin-when-cross-origin")
_HTTPS = (b"strict-transport-security", b"max-age=31536000")
_QUIET = {"/healthz", "/readyz", "/metrics"}

log = structlog.get_logger("digest.web")


class TooLarge(Exception):
    """A body beyond the limit; answered with 413."""


class TooSlow(Exception):
    """A body that does not come; answered with 408."""


class Guards:
    """Around the application."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str], base: str, https: bool, metrics: Metrics) -> None:
        self._app = app
        self._trusted = [ip_network(one) for one in trusted]
        self._base = base
        self._metrics = metrics
        self._headers = [*_HEADERS, *([_HTTPS] if https else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, call = perf_counter(), _Call(scope, receive, send, self._headers)
        self._prepare(scope)
        try:
            call.look_at_length()
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._app(scope, call.receive, call.send)
        except TooLarge:
            await call.refuse(413, "What was sent is too large.")
        except TooSlow:
            await call.refuse(408, "What was sent did not arrive in time.")
        except TimeoutError:
            await call.refuse(503, "This takes too long just now. Please try again later.")
        except Exception as error:  # noqa: BLE001 - a bug must not show its traceback to a visitor
            told = "".join(traceback.format_exception(error))  # without the values of variables: tokens are among them
            log.error("failed", message=f"{_route(scope)} could not be answered", exception=told)  # noqa: TRY400 - above
            await call.refuse(500, "Something went wrong here. It has been written down.")
        self._record(scope, call.status, perf_counter() - started)

    def _prepare(self, scope: Scope) -> None:
        """Who asks; and the path without the base, whether or not the proxy took it away already."""
        forwarded = ", ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
        peer = scope["client"][0] if scope.get("client") else ""
        scope.setdefault("state", {})["visitor"] = visitor(peer, forwarded, self._trusted) if forwarded else peer
        path = scope["path"]
        if self._base and (path == self._base or path.startswith(f"{self._base}/")):
            scope["path"] = path.removeprefix(self._base) or "/"
            scope["raw_path"] = scope["path"].encode()

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.request(scope["method"], route, status, seconds)
        if route not in _QUIET or status >= 500:
            log.info(
                "request",
                message=f"{scope['method']} {route} {status}",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )


def _route(scope: Scope) -> str:
    """The pattern of the route, "/confirm/{token}"; what matched none is not repeated."""
    route = scope.get("route")
    return str(getattr(route, "path", "") or "(none)")


class _Call:
    """One request: its body within limits, its answer with safe headers."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = headers
        self._bytes = 0
        self._complete = False
        self.status = 0

    def look_at_length(self) -> None:
        """Refuse at once what says of itself that it is too large."""
        declared = next((value for name, value in self._scope["headers"] if name == b"content-length"), b"0")
        if not re.fullmatch(rb"\d{1,18}", declared) or int(declared) > LARGEST_BODY:
            raise TooLarge

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > LARGEST_BODY:
            raise TooLarge
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], *self._headers]
            if not any(name == b"referrer-policy" for name, _ in headers):
                headers.append(_REFERRER)
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, status: int, sentence: str) -> None:
        """An answer in plain text, unless one has begun; the connection is not used again."""
        if self.status:
            return
        body = f"{sentence}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
