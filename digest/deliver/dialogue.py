"""Commands out, replies in: the talk with a mail server once the session stands, as an asyncio protocol.

It pairs replies with commands, also when several commands leave at once (RFC 2920), and knows whether everything that
was written has reached the system. What a reply means is for verdict.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

LONGEST_REPLY = 32_768
"""Bytes of one reply; real ones have a few hundred, a flood must not fill the memory."""


class Reply(NamedTuple):
    """One reply; the lines of a long one are joined by spaces."""

    code: int
    text: str


class NotSmtp(Exception):
    """The server's words are no reply; they are in the message."""


class Dialogue(asyncio.Protocol):
    """Takes over the transport of a session that has said hello.

    `reply` raises TimeoutError, ConnectionError or NotSmtp; after any of them the dialogue is out of step and good
    for nothing but `close`.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._buffer = bytearray()
        self._lines: list[bytes] = []
        self._heard = 0
        self._replies: deque[Reply] = deque()
        self._owed = 0
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        # Paused means from now on: not every byte has been taken by the system (1 and not 0, or TLS never resumes).
        transport.set_write_buffer_limits(high=1)
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Whether a command may be sent: nothing is lost, nothing was said out of turn."""
        return self._error is None and not self._owed and not self._transport.is_closing()

    @property
    def unsent(self) -> bool:
        """True says for certain that the last bytes written have not left."""
        return self._paused

    def send(self, data: bytes, replies: int) -> None:
        """Write what brings so many replies; never waits, and raises when for certain not all of it can leave."""
        if self._error is not None:
            raise self._error
        self._owed += replies
        self._transport.write(data)
        if self._transport.is_closing():
            raise ConnectionResetError

    async def reply(self, seconds: float) -> Reply:
        """The next reply that is owed."""
        if not self._replies:
            await self._wait(seconds, lambda: bool(self._replies) or self._error is not None)
        if not self._replies:
            assert self._error is not None
            raise self._error
        return self._replies.popleft()

    async def sent(self, seconds: float) -> None:
        """Wait until the system has taken everything."""
        if self._paused:
            await self._wait(seconds, lambda: not self._paused or self._error is not None)
        if self._paused:
            assert self._error is not None
            raise self._error

    def close(self) -> None:
        """Close the socket now, without waiting for the other side."""
        self._transport.abort()

    async def _wait(self, seconds: float, done: Callable[[], bool]) -> None:
        until = self._loop.time() + seconds
        while not done():
            self._waiter = self._loop.create_future()
            alarm = self._loop.call_at(until, self._wake)
            try:
                await self._waiter
            finally:
                alarm.cancel()
                self._waiter = None
            if not done() and self._loop.time() >= until:
                raise TimeoutError

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._wake()

    def data_received(self, data: bytes) -> None:
        if self._error is not None:
            return
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0 and self._error is None:
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            self._heard += end + 1
            self._line(line)
            if self._heard > LONGEST_REPLY:
                break
        if self._heard + len(self._buffer) > LONGEST_REPLY:
            self._fail(NotSmtp("a reply without end"))

    def _line(self, line: bytes) -> None:
        code = line[:3]
        if not (len(code) == 3 and code.isdigit() and line[3:4] in {b"", b" ", b"-"}):
            self._fail(NotSmtp(line[:LONGEST_REPLY].decode(errors="replace")))
            return
        self._lines.append(line[4:].strip())
        if line[3:4] == b"-":
            return
        text = b" ".join(self._lines).decode(errors="replace")
        self._lines.clear()
        self._heard = 0
        if not self._owed:
            # Said out of turn, most often "421 idle for too long": it must not be taken for the next answer.
            self._fail(ConnectionAbortedError(text))
            return
        self._owed -= 1
        self._replies.append(Reply(int(code), text))
        self._wake()

    def eof_received(self) -> None:
        self._fail(ConnectionResetError())

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error if isinstance(error, ConnectionError) else ConnectionResetError())

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()
