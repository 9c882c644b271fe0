"""One connection to the mail server, used for many messages; the only place that knows aiosmtplib.

The library greets, encrypts and logs in; MAIL, RCPT, DATA and the message itself go through a dialogue of our own, because
what a failure means depends on the step it happens at (see verdict), and because it is a good deal quicker.
It builds no message, keeps no queue and never retries a recipient: that is for mime and drain.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, Self, cast

import aiosmtplib

from digest.deliver import verdict, wire
from digest.deliver.dialogue import Dialogue, NotSmtp, Reply
from digest.deliver.verdict import Phase
from digest.errors import Deferred, DeliveryError
from digest.settings import SmtpSettings

RENEW_AFTER = 100
"""Messages per connection; servers limit them, and a new one also follows a changed address."""
RENEW_SECONDS = 600.0
"""Seconds after which a connection is renewed, whatever it carried."""
_QUIT_SECONDS = 5.0
# Ten times the time for one answer, 600 s by default: what RFC 5321 section 4.5.3.2.6 asks for after the final dot.
_DOT_FACTOR = 10
_LONGEST_DOT_SECONDS = 600.0
_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class _Session(aiosmtplib.SMTP):
    """Closes its socket at once: a polite TLS goodbye waits half a minute for a server that has gone silent."""

    def close(self) -> None:
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
        super().close()


class SmtpConnection:
    """An async context manager over one SMTP session: connects at the first message, and again when it must.

    `phase` tells where a running send is, or where a cancelled one stopped: "dot" means that the whole message has
    left and no answer has come. Raises Deferred, Refused, Uncertain or SenderRefused, and nothing else for any behaviour of a server.
    """

    def __init__(self, settings: SmtpSettings, password: str | None, tls_context: ssl.SSLContext | None = None) -> None:
        self.phase: Phase = "idle"
        self._settings = settings
        self._password = password or ""
        self._tls_context = tls_context
        self._where = f"{settings.host}:{settings.port}"
        self._own_name: str | None = None
        self._dialogue: Dialogue | None = None
        self._extensions: dict[str, str] = {}
        self._connected_at = 0.0
        self._messages = 0
        self._dirty = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._quit()
        self._drop()
        await asyncio.sleep(0)  # the loop closes the socket in its next turn

    async def check(self) -> None:
        """Connect, log in and leave; raises as `send` does."""
        try:
            await self._ready()
            await self._quit()
        finally:
            self._drop()
            await asyncio.sleep(0)

    async def send(self, envelope_sender: str, recipient: str, data: bytes, smtputf8: bool = False) -> str:
        """Send one message and return the server's reply to the final dot as one line.

        `data` has CRLF line ends only and is not dot-stuffed yet.
        """
        block = wire.block(data)
        sender, target = wire.path(envelope_sender), wire.path(recipient)
        needs_utf8 = smtputf8 or not (sender + target).isascii()
        try:
            await self._ready()
            reused = self._messages > 0
            try:
                await self._envelope(sender, target, data, needs_utf8)
            except Deferred as error:
                # The server had closed the old session meanwhile: nothing was begun, so begin on a new one.
                if not (reused and self.phase == "mail" and isinstance(error.__cause__, ConnectionError)):
                    raise
                await self._ready()
                await self._envelope(sender, target, data, needs_utf8)
            reply = await self._content(block)
        except DeliveryError:
            self.phase = "idle"
            raise
        except BaseException:
            self._drop()
            raise
        self.phase = "idle"
        return reply

    async def _envelope(self, sender: bytes, target: bytes, data: bytes, needs_utf8: bool) -> None:
        """MAIL, RCPT and DATA, in one go where the server offers it (RFC 2920)."""
        dialogue = self._talk()
        options = wire.mail_options(self._extensions, data, needs_utf8=needs_utf8)
        steps: tuple[tuple[Phase, bytes, int], ...] = (
            ("mail", wire.command(b"MAIL FROM:" + sender, *options), 2),
            ("rcpt", wire.command(b"RCPT TO:" + target), 2),
            ("data", wire.command(b"DATA"), 3),
        )
        together = "pipelining" in self._extensions
        self._messages += 1
        self.phase = "mail"
        try:
            if together:
                dialogue.send(b"".join(command for _, command, _ in steps), len(steps))
            for number, (phase, command, want) in enumerate(steps, 1):
                self.phase = phase
                if not together:
                    dialogue.send(command, 1)
                reply = await dialogue.reply(self._settings.timeout)
                if reply.code // 100 != want:
                    await self._unwelcome(reply, len(steps) - number if together else 0)
        except (NotSmtp, OSError) as error:
            self._lost(error)

    async def _content(self, block: bytes) -> str:
        """Send the message and its dot; until the system has taken the last byte of it a loss is harmless."""
        dialogue = self._talk()
        limit = max(self._settings.timeout, min(_DOT_FACTOR * self._settings.timeout, _LONGEST_DOT_SECONDS))
        try:
            dialogue.send(block, 1)
            try:
                await dialogue.sent(limit)
            finally:
                self.phase = "data" if dialogue.unsent else "dot"
            reply = await dialogue.reply(limit)
        except (NotSmtp, OSError) as error:
            self._lost(error)
        if reply.code // 100 != 2:
            await self._unwelcome(reply, 0)
        return self._said(reply)

    async def _unwelcome(self, reply: Reply, more: int) -> NoReturn:
        """Raise what a reply means, after hearing the `more` that follow it, so that the session stays in step."""
        dialogue = self._talk()
        self._dirty = True
        if reply.code < 400 or reply.code == 421 or not verdict.is_reply(reply.code):
            self._drop()
            more = 0
        try:
            for _ in range(more):
                # 354 to a DATA without recipients: rather a new session than an empty message.
                if (await dialogue.reply(self._settings.timeout)).code // 100 == 3:
                    self._drop()
                    break
        except (NotSmtp, OSError):
            self._drop()
        raise verdict.of_reply(self.phase, reply.code, self._said(reply), self._where)

    def _lost(self, error: Exception) -> NoReturn:
        """No usable answer: leave the connection, it cannot be in step any more."""
        self._drop()
        if isinstance(error, TimeoutError):
            what = "gave no answer in time"
        elif isinstance(error, NotSmtp):
            what = f"answered with something that is not SMTP: {self._clean(str(error))}"
        elif isinstance(error, ConnectionError):
            what = "closed the connection"
        else:
            what = f"could not be reached any more: {self._clean(str(error))}"
        raise verdict.of_loss(self.phase, what, self._where) from error

    def _said(self, reply: Reply) -> str:
        return self._clean(f"{reply.code} {reply.text}")

    def _talk(self) -> Dialogue:
        assert self._dialogue is not None
        return self._dialogue

    async def _ready(self) -> None:
        """A session at whose prompt MAIL may be sent."""
        self.phase = "connect"
        if self._dialogue and not self._dialogue.usable:
            self._drop()
        old = self._messages >= RENEW_AFTER or _clock() - self._connected_at >= RENEW_SECONDS
        if self._dialogue and old:
            await self._quit()
        if self._dialogue and self._dirty:
            await self._reset(self._dialogue)
        if self._dialogue is None:
            await self._connect()

    async def _reset(self, dialogue: Dialogue) -> None:
        try:
            dialogue.send(wire.command(b"RSET"), 1)
            if (await dialogue.reply(self._settings.timeout)).code // 100 != 2:
                self._drop()
        except (NotSmtp, OSError):
            self._drop()
        self._dirty = False

    async def _connect(self) -> None:
        settings = self._settings
        if self._own_name is None:
            self._own_name = await asyncio.to_thread(_own_name)
        if self._tls_context is None and settings.tls != "none":
            self._tls_context = await asyncio.to_thread(ssl.create_default_context)
        client = _Session(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout,
            local_hostname=self._own_name,
            use_tls=settings.tls == "implicit",
            start_tls=False,
            tls_context=self._tls_context,
        )
        self._messages, self._dirty, self._connected_at = 0, False, _clock()
        try:
            await self._introduce(client)
            self._extensions = dict(client.esmtp_extensions)
            self._dialogue = Dialogue(cast("asyncio.Transport", client.transport))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            raise self._why_not(error) from error
        except BaseException:
            client.close()
            raise

    async def _introduce(self, client: _Session) -> None:
        """Greeting, EHLO, STARTTLS and login, as far as the settings ask for them; never less."""
        await client.connect()
        await _hello(client)
        if self._settings.tls == "starttls":
            self.phase = "tls"
            await client.starttls()
            await _hello(client)
        if self._settings.username:
            self.phase = "login"
            await self._login(client)

    async def _login(self, client: _Session) -> None:
        """Try what the server offers; a challenge before a clear password where nothing else protects it."""
        methods = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
        names = list(methods) if self._settings.tls != "none" else ["cram-md5", "plain", "login"]
        refusal = aiosmtplib.SMTPException("the server offers no login that this program knows")
        for name in names:
            if name in client.server_auth_methods and client.is_connected:
                try:
                    await methods[name](self._settings.username, self._password)
                except aiosmtplib.SMTPAuthenticationError as error:
                    refusal = error
                else:
                    return
        raise refusal

    def _why_not(self, error: Exception) -> DeliveryError:
        """Why there is no session: about us, unless the server only says that it is busy (421)."""
        if isinstance(error, aiosmtplib.SMTPResponseException) and verdict.is_reply(error.code):
            reply = self._clean(f"{error.code} {error.message}")
            return verdict.of_reply(self.phase, error.code, reply, self._where)
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        phase: Phase = "tls" if isinstance(cause, ssl.SSLError) else self.phase
        if isinstance(cause, TimeoutError):
            why = "no answer in time"
        elif isinstance(cause, ssl.SSLCertVerificationError):
            why = f"the certificate was not accepted: {cause.verify_message}"
        elif isinstance(cause, aiosmtplib.SMTPServerDisconnected):
            why = "the server closed the connection"
        elif isinstance(cause, aiosmtplib.SMTPResponseException):
            why = f"the server does not speak SMTP here: {cause.message}"
        elif isinstance(cause, OSError) and (cause.errno or 0) > 0 and not isinstance(cause, ssl.SSLError):
            why = os.strerror(cause.errno or 0)
        else:
            why = getattr(cause, "strerror", None) or str(cause).rstrip(".")
        return verdict.sender_refused(phase, self._clean(why), self._where)

    async def _quit(self) -> None:
        """Say goodbye where somebody may still listen; the answer does not matter."""
        if self._dialogue and self._dialogue.usable:
            with suppress(NotSmtp, OSError):
                self._dialogue.send(wire.command(b"QUIT"), 1)
                await self._dialogue.reply(min(self._settings.timeout, _QUIT_SECONDS))
        self._drop()

    def _drop(self) -> None:
        """Close the socket now, without waiting for the other side."""
        if self._dialogue is not None:
            self._dialogue.close()
        self._dialogue = None

    def _clean(self, text: str) -> str:
        """One printable line without the password, which a server may repeat."""
        return verdict.one_line(wire.hidden(text, self._settings.username, self._password))


async def _hello(client: _Session) -> None:
    """EHLO, or HELO for a server that does not know it."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


def _own_name() -> str:
    """The full name of this machine, or an address literal where it has none (RFC 5321 section 4.1.4)."""
    name = socket.getfqdn()
    return name if _HOST_NAME.fullmatch(name) else "[127.0.0.1]"


def _clock() -> float:
    return asyncio.get_running_loop().time()
