"""A real HTTP/1.1 server on loopback whose every byte a test decides.

    feed_server.page("/feed.xml", b"<rss…", headers={"ETag": '"a"'}, conditional=True)
    feed_server.page("/api", Reply(status=429, headers={"Retry-After": "60"}), Reply(body=b"[]"))   # one after the other
    feed_server.requests[0].headers["user-agent"]

A path is looked up with its query first, then without; the last reply of a path repeats; an unknown path is a 404.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent; header names in lower case."""

    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server sends. `raw` replaces everything, `length` lies about the size, `cut` hangs up after the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    length: int | None = None
    chunked: bool = False
    cut: bool = False
    silent: bool = False
    """Never answers."""
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    repeat: int = 1
    """The body this many times, without a length."""
    conditional: bool = False
    """304 when If-None-Match or If-Modified-Since is exactly what the headers say."""


class FeedServer:
    """Serves replies by path and keeps every request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._replies: dict[str, list[Reply]] = {}
        self._answers: dict[str, Callable[[Request], Reply]] = {}
        self._served: defaultdict[str, int] = defaultdict(int)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def page(self, path: str, *replies: Reply | bytes, **more: object) -> None:
        """Answers `path` with these replies in turn; keywords are fields of `Reply` for a single body."""
        given = [Reply(body=reply) if isinstance(reply, bytes) else reply for reply in replies] or [Reply()]
        self._replies[path] = [replace(reply, **more) for reply in given]  # type: ignore[arg-type]
        self._served.pop(path, None)

    def answer(self, path: str, function: Callable[[Request], Reply]) -> None:
        """Answers `path`, whatever its query, with what the function makes of the request."""
        self._answers[path] = function

    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._serve(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        request = Request(target=head[0].split(" ")[1], headers={name.lower(): value for name, value in pairs})
        self.requests.append(request)
        return await _send(writer, self._reply(request), request)

    def _reply(self, request: Request) -> Reply:
        if request.path in self._answers:
            return self._answers[request.path](request)
        key = request.target if request.target in self._replies else request.path
        replies = self._replies.get(key, [Reply(status=404)])
        reply = replies[min(self._served[key], len(replies) - 1)]
        self._served[key] += 1
        if reply.conditional and _unchanged(request, reply):
            return replace(reply, status=304, body=b"")
        return reply


def _unchanged(request: Request, reply: Reply) -> bool:
    pairs = (("if-none-match", "ETag"), ("if-modified-since", "Last-Modified"))
    return any(name in request.headers and request.headers[name] == reply.headers.get(header) for name, header in pairs)


async def _send(writer: asyncio.StreamWriter, reply: Reply, request: Request) -> bool:
    """Writes one reply; whether the connection may serve another request."""
    del request
    if reply.silent:
        await asyncio.Event().wait()
    if reply.raw:
        writer.write(reply.raw)
        await writer.drain()
        return False
    headers = dict(reply.headers)
    endless = reply.repeat > 1 or reply.cut
    if reply.chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif reply.length is not None or (reply.repeat == 1 and reply.status != 304):
        headers["Content-Length"] = str(len(reply.body) if reply.length is None else reply.length)
    lines = [f"HTTP/1.1 {reply.status} Words", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    if reply.chunked:
        writer.write(b"%x\r\n%s\r\n" % (len(reply.body), reply.body) + (b"" if reply.cut else b"0\r\n\r\n"))
    elif reply.drip:
        for number in range(len(reply.body)):
            writer.write(reply.body[number : number + 1])
            await writer.drain()
            await asyncio.sleep(reply.drip)
    else:
        for _ in range(reply.repeat):
            writer.write(reply.body)
            await writer.drain()
    await writer.drain()
    return not endless
