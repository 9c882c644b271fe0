"""A real SMTP server on loopback that does what it is told, and a raw one for what no SMTP library would do.

    with MailServer(login=("ada", "secret")) as server:
        server.fail("rcpt", "550 5.1.1 no such user", only="bob@example.org")
        server.fail("dot", "drop", times=1)
        ... send to server.host, server.port ...
        assert server.inbox[0].recipient == "ada@example.org"

Each server runs its own event loop in a thread, so tests, subprocesses and threads can all talk to it.

Steps: greeting, ehlo (and HELO), starttls, auth, mail, rcpt, data (instead of the 354), body (while the message arrives),
dot (instead of the 250), rset, quit.

Faults: "550 any reply", or one of
    drop      close the connection
    stall     never answer
    garbage   answer with a line that is not SMTP
    flood     answer with one line of a megabyte
    drip      answer as usual, byte by byte
    slow      answer as usual, a tenth of a second later
A reply given for the dot means that the message was not taken; a lost answer means that it was (see inbox).
"""

# ruff: noqa: N802 - aiosmtpd finds its commands by name

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message that the server took."""

    sender: str
    recipient: str
    data: bytes
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class _Fault:
    what: str
    times: int | None
    only: str | None
    skip: int


class LoopThread:
    """Serves connections in a thread of its own until it is stopped; `port` is known after `start`."""

    port = 0

    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _loop, _context: None)  # torn connections are what this is for
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self.call(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.call(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def call(self, work: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    async def _listen(self) -> asyncio.Server:
        raise NotImplementedError

    async def _close(self) -> None:
        self._server.close()
        for _ in range(3):
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class MailServer(LoopThread):
    """An SMTP server with an inbox in memory; see the module for its faults."""

    def __init__(
        self,
        *,
        tls: Literal["none", "starttls", "implicit"] = "none",
        server_context: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        smtputf8: bool = True,
        size: int = 2**25,
        pipelining: bool = False,
        messages_per_connection: int | None = None,
    ) -> None:
        self.host = HOST
        self.tls = tls
        self.server_context = server_context
        self.login = login
        self.smtputf8 = smtputf8
        self.size = size
        self.pipelining = pipelining
        self.messages_per_connection = messages_per_connection
        self.inbox: list[Mail] = []
        self.commands: list[str] = []
        """Every command word as it came, upper case, over all connections."""
        self.connections = 0
        self.logins = 0
        self._faults: dict[str, list[_Fault]] = {}
        self._sessions: set[_Smtp] = set()

    def fail(self, step: str, what: str, *, times: int | None = None, only: str | None = None, after: int = 0) -> None:
        """From now on do `what` at `step`: `times` times (None: always), only for one recipient, or after some went well."""
        self._faults.setdefault(step, []).append(_Fault(what, times, only, after))

    def heal(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def hang_up(self) -> None:
        """Close every open connection, as an idle server does."""

        async def close() -> None:
            for session in list(self._sessions):
                session.hang_up()

        self.call(close())

    def fault(self, step: str, recipient: str) -> str | None:
        for fault in self._faults.get(step, []):
            if fault.only is not None and fault.only != recipient:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is None or fault.times > 0:
                fault.times = None if fault.times is None else fault.times - 1
                return fault.what
        return None

    async def _listen(self) -> asyncio.Server:
        implicit = self.server_context if self.tls == "implicit" else None
        return await self.loop.create_server(lambda: _Smtp(self), HOST, 0, ssl=implicit)

    async def _close(self) -> None:
        for session in list(self._sessions):
            session.hang_up(rudely=True)
        await super()._close()


class _Smtp(SMTP):
    """aiosmtpd with a fault looked up before each step."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.taken = 0
        self._dripping = False
        super().__init__(
            _Handler(server),
            loop=server.loop,
            hostname="mail.example.org",
            data_size_limit=server.size,
            enable_SMTPUTF8=server.smtputf8,
            tls_context=server.server_context if server.tls == "starttls" else None,
            require_starttls=server.tls == "starttls",
            auth_require_tls=server.tls == "starttls",
            authenticator=self._check,
            auth_exclude_mechanism=None if server.login else ["LOGIN", "PLAIN"],
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self not in self.server._sessions:
            self.server.connections += 1
            self.server._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.server._sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self, *, rudely: bool = False) -> None:
        """Close the connection, or tear it: with bytes unread the other side then sees a reset."""
        if isinstance(self.transport, asyncio.WriteTransport):
            if rudely:
                self.transport.abort()
            else:
                self.transport.close()

    def _check(
        self, _smtp: Any, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        assert self.server.login
        good = (data.login.decode(), data.password.decode()) == self.server.login
        self.server.logins += good
        return AuthResult(success=good, handled=False)

    async def push(self, status: Any) -> None:
        if not self._dripping:
            await super().push(status)
            return
        for byte in (status if isinstance(status, bytes) else status.encode()) + b"\r\n":
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(0)

    async def _handle_client(self) -> None:
        if await self.unhappy("greeting"):
            self.hang_up()
        else:
            await super()._handle_client()

    async def unhappy(self, step: str) -> bool:
        """Do what was programmed for this step; True when the step is over with that."""
        recipient = self.envelope.rcpt_tos[-1] if self.envelope and self.envelope.rcpt_tos else ""
        return await self.unhappy_for(step, recipient)

    async def unhappy_for(self, step: str, recipient: str) -> bool:
        return await self.perform(self.server.fault(step, recipient))

    async def perform(self, what: str | None) -> bool:
        self._dripping = what == "drip"
        if what == "slow":
            await asyncio.sleep(0.1)
        if what in {None, "drip", "slow"}:
            return False
        assert what is not None
        if what == "drop":
            self.hang_up()
            await asyncio.sleep(3600)
        elif what == "stall":
            await asyncio.sleep(3600)
        elif what == "garbage":
            await self.push(b"\xff\x00 \x1b[31m what?")
        elif what == "flood":
            await self.push(b"250 " + b"x" * 2**20)
        else:
            await self.push(what)
            if what.startswith("421"):
                self.hang_up()
        return True

    async def smtp_EHLO(self, arg: str) -> None:
        self.server.commands.append("EHLO")
        if not await self.unhappy("ehlo"):
            await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:
        self.server.commands.append("HELO")
        if not await self.unhappy("ehlo"):
            await super().smtp_HELO(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        self.server.commands.append("STARTTLS")
        if not await self.unhappy("starttls"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        self.server.commands.append("AUTH")
        if not await self.unhappy("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:
        self.server.commands.append("MAIL")
        if self.server.login and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
        elif not await self.unhappy("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        self.server.commands.append("RCPT")
        recipient = arg.partition("<")[2].partition(">")[0]
        if not await self.unhappy_for("rcpt", recipient):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        self.server.commands.append("DATA")
        if await self.unhappy("data"):
            return
        if self.server.fault("body", self.envelope.rcpt_tos[-1] if self.envelope else "") is not None:
            await self.push("354 go on")
            await self._reader.read(100)
            self.hang_up(rudely=True)
            return
        await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        self.server.commands.append("RSET")
        if not await self.unhappy("rset"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        self.server.commands.append("QUIT")
        if not await self.unhappy("quit"):
            await super().smtp_QUIT(arg)


@dataclass(frozen=True)
class _Handler:
    server: MailServer

    async def handle_EHLO(
        self, _smtp: _Smtp, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *(["250-PIPELINING"] if self.server.pipelining else []), responses[-1]]

    async def handle_DATA(self, smtp: _Smtp, _session: Session, envelope: Envelope) -> str:
        recipient = envelope.rcpt_tos[-1]
        mail = Mail(envelope.mail_from or "", recipient, envelope.original_content or b"", tuple(envelope.mail_options))
        what = self.server.fault("dot", recipient)
        if what and what[0].isdigit():
            if what.startswith("421"):
                smtp.loop.call_later(0.01, smtp.hang_up)
            return what
        self.server.inbox.append(mail)
        smtp.taken += 1
        if smtp.taken == self.server.messages_per_connection:
            smtp.loop.call_later(0.005, smtp.hang_up)
        if await smtp.perform(what):
            # The fault has spoken; aiosmtpd must not add its own reply.
            smtp.hang_up()
        return "250 2.0.0 taken"


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(eq=False)
class RawServer(LoopThread):
    """Runs `script(reader, writer)` for each connection: for bytes that no SMTP server would send."""

    script: Script
    host: str = HOST
    connections: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, HOST, 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self.script(reader, writer)
        writer.close()

    async def _close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await super()._close()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed certificate, and the two contexts that use it."""

    cert: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.cert))


def make_certificate(folder: Path, openssl: str, names: str) -> Certificate:
    """Ask the openssl program for a certificate for these names that is good for two days."""
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    command = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    command += ["-keyout", str(made.key), "-out", str(made.cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made


def free_port() -> Iterator[int]:
    """A port at which nobody listens while the iterator is open."""
    import socket

    with socket.socket() as unused:
        unused.bind((HOST, 0))
        yield unused.getsockname()[1]
