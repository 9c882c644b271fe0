"""uvicorn with our limits: who sends no complete request in time, or does not read the answer, is hung up on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from digest.errors import UsageError

HEAD_SECONDS = 10.0
"""For the head of a request, from the first connection or the last answer on."""
REQUEST_SECONDS = 60.0
"""For a whole request and its answer."""
_CONNECTIONS = 1000


class Patience(H11Protocol):
    """One connection; a timer runs while we wait for somebody."""

    head_seconds = HEAD_SECONDS
    request_seconds = REQUEST_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _unread: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its parent
        super().connection_made(transport)
        self._wait(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and not self.cycle.response_complete:
            self._wait(self.request_seconds)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._unread = None
        self._timer = self.loop.call_later(seconds, self._late, seconds)

    def _late(self, seconds: float) -> None:
        """Too late, unless a slow reader is still taking in what was sent."""
        unread = self.transport.get_write_buffer_size()
        if unread and (self._unread is None or unread < self._unread):
            self._unread = unread
            self._timer = self.loop.call_later(seconds, self._late, seconds)
        else:
            self.transport.abort()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; UsageError says why it cannot."""
    made: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        made = socket.socket(found[0], found[1])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(found[4])
    except (OSError, UnicodeError) as error:
        if made is not None:
            made.close()
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot listen on {host}:{port}: {why}; change [web] host or port") from None
    return made


def server(
    app: ASGIApp, *, protocol: type[Patience] = Patience, on_ready: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """A server for the application, which speaks HTTP/1.1 and writes no log of its own."""
    settings: dict[str, Any] = {
        "http": protocol,
        "loop": "asyncio",
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,  # ours trusts configured addresses only (see guards)
        "server_header": False,
        "limit_concurrency": _CONNECTIONS,
        "timeout_graceful_shutdown": 10,
    }
    return _Telling(uvicorn.Config(app, **settings), on_ready)


class _Telling(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


async def serve(app: ASGIApp, listening: socket.socket, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until a signal (Ctrl-C, SIGTERM) or a cancellation."""
    served = server(app, on_ready=on_ready)
    task = asyncio.ensure_future(served.serve(sockets=[listening]))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        served.should_exit = True
        await asyncio.wait({task}, timeout=15)
        raise
