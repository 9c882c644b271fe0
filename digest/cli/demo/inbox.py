"""A real SMTP server on loopback that keeps every mail in memory and passes nothing on."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

HOSTNAME = "inbox.demo.localhost"  # named here so that the server never asks the DNS who it is
BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came in, once for each recipient; `data` has CRLF line ends and no dots doubled."""

    mail_from: str
    """Empty for a bounce (RFC 5321 section 4.5.5)."""
    rcpt: str
    data: bytes


class Inbox:
    """A mailbox for everybody: a context manager that listens on a free port of 127.0.0.1 while it is open."""

    def __init__(self) -> None:
        self.port = 0
        self._keeper = _Keeper()
        self._listening: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="demo-inbox")

    def messages(self) -> list[Received]:
        """What came so far, in order of arrival; a copy."""
        return list(self._keeper.received)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port, self._loop = self._listening.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:  # no free port, or no more files: told to whoever opened the inbox
            if self._listening.done():
                raise
            self._listening.set_exception(error)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        connections: set[_Connection] = set()
        server = await loop.create_server(
            lambda: _Connection(self._keeper, loop, connections), "127.0.0.1", 0, backlog=BACKLOG
        )
        self._listening.set_result((server.sockets[0].getsockname()[1], loop))
        await self._closing.wait()
        server.close()
        await asyncio.sleep(0)  # connections that were just accepted come into the set
        while connections:
            for connection in connections:
                connection.hang_up()
            await asyncio.sleep(0)
        await server.wait_closed()


class _Keeper:
    """What aiosmtpd calls a handler: it is asked after the final dot."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name aiosmtpd asks for
        data, sender = envelope.content, (envelope.mail_from or "").replace("<>", "")
        assert isinstance(data, bytes)  # text only if the server were asked to decode
        self.received.extend(Received(sender, recipient, data) for recipient in envelope.rcpt_tos)
        return "250 2.0.0 Kept in the demo's inbox"


class _Connection(SMTP):
    """One session that stands in `connections` while it lasts, so that none is left open at the end."""

    def __init__(self, keeper: _Keeper, loop: asyncio.AbstractEventLoop, connections: set[_Connection]) -> None:
        super().__init__(keeper, enable_SMTPUTF8=True, hostname=HOSTNAME, ident="demo", loop=loop)
        self._connections = connections
        self._channel: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._channel = transport
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._connections.discard(self)

    def hang_up(self) -> None:
        if isinstance(self._channel, asyncio.Transport):
            self._channel.abort()
