from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr

from digest.deliver.smtp import RENEW_AFTER, SmtpConnection
from digest.errors import Deferred, DeliveryError, Refused, SenderRefused, Uncertain
from digest.settings.sections import SmtpSettings
from tests.mailserver import Certificate, MailServer, RawServer

Servers = Callable[..., MailServer]
SENDER = "b+1.2.abc@news.example.org"
BODY = b"Subject: papers\r\n\r\n.a line with a dot\r\n..two\r\nend\r\n"


def settings(server: MailServer | RawServer | int, **more: Any) -> SmtpSettings:
    port = server if isinstance(server, int) else server.port
    return SmtpSettings(host="127.0.0.1", port=port, **{"tls": "none", "timeout": 5.0, **more})


async def send_one(server: MailServer, recipient: str = "ada@example.org", **more: Any) -> str:
    async with SmtpConnection(settings(server, **more), None) as connection:
        return await connection.send(SENDER, recipient, BODY)


async def outcome(server: MailServer, **more: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send_one(server, **more)
    text = f"{caught.value} {caught.value.reply}"
    assert text.isprintable()
    assert len(caught.value.reply) <= 700
    return caught.value


async def test_it_delivers_the_bytes_unchanged_and_returns_the_reply(mail_server: Servers) -> None:
    server = mail_server()
    assert await send_one(server) == "250 2.0.0 taken"
    (mail,) = server.inbox
    assert (mail.sender, mail.recipient, mail.data) == (SENDER, "ada@example.org", BODY)
    assert server.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("data", [b".", b".\r\n", b"..\r\n.", b"\r\n.\r\n.\r\n", b"a: b\r\n\r\nno end"])
async def test_it_stuffs_dots_wherever_they_stand(mail_server: Servers, data: bytes) -> None:
    server = mail_server()
    async with SmtpConnection(settings(server), None) as connection:
        await connection.send(SENDER, "ada@example.org", data)
    assert server.inbox[0].data.removesuffix(b"\r\n") == data.removesuffix(b"\r\n")


@pytest.mark.parametrize("data", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\n.\r\n", b"x\r\r\n"])
async def test_it_never_sends_a_lone_cr_or_lf(mail_server: Servers, data: bytes) -> None:
    server = mail_server()
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(ValueError, match="CRLF"):
            await connection.send(SENDER, "ada@example.org", data)
    assert not server.connections


REPLIES = [
    # step, reply, error
    ("greeting", "554 5.3.2 go away", SenderRefused),
    ("greeting", "450 4.3.2 not now", SenderRefused),
    ("greeting", "421 4.3.2 busy", Deferred),
    ("ehlo", "554 5.7.1 no", SenderRefused),
    ("ehlo", "421 4.3.2 busy", Deferred),
    ("mail", "550 5.7.1 sender not allowed", SenderRefused),
    ("mail", "553 5.1.8 unknown sender domain", SenderRefused),
    ("mail", "530 5.7.0 log in first", SenderRefused),
    ("mail", "451 4.3.0 try later", Deferred),
    ("mail", "421 4.3.2 closing", Deferred),
    ("mail", "552 5.3.4 message too big", Refused),
    ("mail", "554 5.3.4 message too big", Refused),
    ("rcpt", "550 5.1.1 no such user", Refused),
    ("rcpt", "552 5.2.2 mailbox full", Refused),
    ("rcpt", "554 5.7.1 policy", Refused),
    ("rcpt", "450 4.7.1 greylisted", Deferred),
    ("rcpt", "451 4.3.0 try later", Deferred),
    ("rcpt", "452 4.2.2 full", Deferred),
    ("rcpt", "421 4.7.0 too many", Deferred),
    ("rcpt", "530 5.7.0 log in first", SenderRefused),
    ("rcpt", "535 5.7.8 no", SenderRefused),
    ("rcpt", "538 5.7.11 encrypt first", SenderRefused),
    ("data", "451 4.3.0 try later", Deferred),
    ("data", "421 4.3.0 closing", Deferred),
    ("data", "554 5.5.1 no valid recipients", Refused),
    ("data", "250 what", Deferred),
    ("data", "535 5.7.8 no", SenderRefused),
    ("dot", "451 4.3.0 try later", Deferred),
    ("dot", "454 Throttling failure", Deferred),
    ("dot", "421 4.3.0 closing", Deferred),
    ("dot", "554 5.6.0 spam", Refused),
    ("dot", "552 5.3.4 too big", Refused),
    ("dot", "354 again", Uncertain),
    ("dot", "999 what", Uncertain),
    ("rcpt", "999 what", Deferred),
    ("rcpt", "354 what", Deferred),
]


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(("step", "reply", "kind"), REPLIES)
async def test_a_reply_means_what_its_step_says(
    mail_server: Servers, step: str, reply: str, kind: type[DeliveryError], pipelining: bool
) -> None:
    server = mail_server(pipelining=pipelining)
    server.fail(step, reply)
    error = await outcome(server)
    assert type(error) is kind
    assert reply in str(error)
    if kind is SenderRefused:
        assert f"127.0.0.1:{server.port}" in str(error)
        assert "check [smtp]" in str(error)
    elif reply[0] in "45" and kind is not Uncertain:
        assert error.reply == reply
    assert not server.inbox


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("code", [421, 450, 451, 452, 454, 550, 552, 554])
async def test_every_code_at_every_step_is_about_this_reader_or_about_us(
    mail_server: Servers, step: str, code: int, pipelining: bool
) -> None:
    server = mail_server(pipelining=pipelining)
    server.fail(step, f"{code} no", times=1)
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(DeliveryError) as caught:
            await connection.send(SENDER, "bob@example.org", BODY)
        await connection.send(SENDER, "ada@example.org", BODY)
    about_us = step == "mail" and code in {550, 554}
    assert type(caught.value) is (SenderRefused if about_us else Deferred if code < 500 else Refused)
    assert [mail.recipient for mail in server.inbox] == ["ada@example.org"]


async def test_a_server_that_takes_commands_together_gets_them_together(raw_server: Callable[..., RawServer]) -> None:
    heard: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250-hi\r\n250 PIPELINING\r\n")
        heard.append(await reader.readuntil(b"DATA\r\n"))
        writer.write(b"250 ok\r\n250 ok\r\n354 go\r\n")
        heard.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.write(b"250 2.0.0 queued\r\n")
        await reader.readline()

    server = raw_server(script)
    async with SmtpConnection(settings(server), None) as connection:
        assert await connection.send(SENDER, "ada@example.org", BODY) == "250 2.0.0 queued"
    assert heard[0] == b"MAIL FROM:<b+1.2.abc@news.example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n"


async def test_a_message_without_a_recipient_is_never_sent_where_commands_go_together(
    raw_server: Callable[..., RawServer],
) -> None:
    """A server may answer DATA with 354 although it refused the only recipient (RFC 2920 section 3.1)."""
    sessions: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250-hi\r\n250 PIPELINING\r\n")
        await reader.readuntil(b"DATA\r\n")
        writer.write(b"250 ok\r\n550 5.1.1 no such user\r\n354 go\r\n")
        rest = b""
        with suppress(OSError):
            while more := await reader.read(1):
                rest += more
        sessions.append(rest)

    async with SmtpConnection(settings(raw_server(script)), None) as connection:
        for _ in range(2):
            with pytest.raises(Refused, match=r"RCPT with 550 5\.1\.1"):
                await connection.send(SENDER, "ada@example.org", BODY)
    while len(sessions) < 2:  # noqa: ASYNC110 - the server is another thread
        await asyncio.sleep(0.001)
    assert sessions == [b"", b""]


@pytest.mark.parametrize("pipelining", [False, True])
async def test_a_server_that_hangs_up_after_each_seventh_message_gets_every_message_once(
    mail_server: Servers, pipelining: bool
) -> None:
    server = mail_server(pipelining=pipelining, messages_per_connection=7)
    async with SmtpConnection(settings(server), None) as connection:
        for number in range(30):
            await connection.send(SENDER, f"r{number}@example.org", BODY)
            await asyncio.sleep(0.02 if number % 7 == 6 else 0)
    assert [mail.recipient for mail in server.inbox] == [f"r{number}@example.org" for number in range(30)]
    assert server.connections == 5


async def test_what_the_server_says_out_of_turn_is_no_answer_to_the_next_command(
    raw_server: Callable[..., RawServer],
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 2.0.0 queued\r\n250 2.0.0 and again\r\n")
            else:
                writer.write(b"250 ok\r\n")

    server = raw_server(script)
    async with SmtpConnection(settings(server), None) as connection:
        for _ in range(3):
            assert await connection.send(SENDER, "ada@example.org", BODY) == "250 2.0.0 queued"
            await asyncio.sleep(0.01)
    assert server.connections == 3


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("fault", ["drop", "stall", "garbage", "flood"])
@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data", "dot"])
async def test_silence_and_nonsense_are_harmless_before_the_dot_and_uncertain_after_it(
    mail_server: Servers, step: str, fault: str, pipelining: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.deliver.smtp._DOT_FACTOR", 1)
    server = mail_server(pipelining=pipelining)
    server.fail(step, fault)
    error = await outcome(server, timeout=0.3 if fault == "stall" else 5.0)
    expected = {"greeting": SenderRefused, "ehlo": SenderRefused, "dot": Uncertain}.get(step, Deferred)
    assert type(error) is expected
    assert len(server.inbox) == (step == "dot")


async def test_a_loss_in_the_middle_of_the_message_is_harmless(mail_server: Servers) -> None:
    server = mail_server()
    server.fail("body", "drop")
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(Deferred, match="closed the connection"):
            await connection.send(SENDER, "ada@example.org", b"x" * 998 + b"\r\n" + (b"y" * 70 + b"\r\n") * 400_000)


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data", "dot"])
async def test_answers_byte_by_byte_are_answers(mail_server: Servers, step: str) -> None:
    server = mail_server()
    server.fail(step, "drip")
    assert await send_one(server) == "250 2.0.0 taken"


async def test_a_long_reply_with_many_lines_and_controls_becomes_one_short_line(mail_server: Servers) -> None:
    server = mail_server()
    server.fail("rcpt", "\r\n".join(["550-\x1b[31m5.1.1 no\x00\x07"] * 50 + ["550 \u202eend"]))
    error = await outcome(server)
    assert error.reply.startswith("550 [31m5.1.1 no [31m5.1.1 no")
    assert len(error.reply) <= 500


async def test_one_connection_carries_many_messages_and_is_renewed_after_a_hundred(mail_server: Servers) -> None:
    server = mail_server(login=("ada", "secret"))
    async with SmtpConnection(settings(server, username="ada"), "secret") as connection:
        for number in range(2 * RENEW_AFTER):
            await connection.send(SENDER, f"r{number}@example.org", BODY)
    assert [mail.recipient for mail in server.inbox] == [f"r{number}@example.org" for number in range(2 * RENEW_AFTER)]
    assert (server.connections, server.logins) == (2, 2)


async def test_it_resets_after_a_refusal_and_goes_on_over_the_same_connection(mail_server: Servers) -> None:
    server = mail_server()
    server.fail("rcpt", "550 5.1.1 no", only="bob@example.org")
    server.fail("dot", "451 later", only="eve@example.org")
    async with SmtpConnection(settings(server), None) as connection:
        for name, error in (("bob", Refused), ("eve", Deferred)):
            with pytest.raises(error):
                await connection.send(SENDER, f"{name}@example.org", BODY)
            await connection.send(SENDER, "ada@example.org", BODY)
    assert len(server.inbox) == 2
    assert server.connections == 1
    assert server.commands.count("RSET") == 2


@pytest.mark.parametrize("fault", ["drop", "500 what", "garbage", "421 closing"])
async def test_it_connects_anew_when_the_reset_fails(mail_server: Servers, fault: str) -> None:
    server = mail_server()
    server.fail("rcpt", "550 5.1.1 no", times=1)
    server.fail("rset", fault)
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(Refused):
            await connection.send(SENDER, "bob@example.org", BODY)
        await connection.send(SENDER, "ada@example.org", BODY)
    assert (len(server.inbox), server.connections) == (1, 2)


async def test_it_connects_anew_when_the_server_has_hung_up(mail_server: Servers) -> None:
    server = mail_server()
    async with SmtpConnection(settings(server), None) as connection:
        await connection.send(SENDER, "ada@example.org", BODY)
        server.hang_up()
        await connection.send(SENDER, "bob@example.org", BODY)
    assert (len(server.inbox), server.connections) == (2, 2)


async def test_it_connects_anew_when_a_used_connection_is_lost_at_mail(mail_server: Servers) -> None:
    server = mail_server()
    server.fail("mail", "drop", times=1, after=1)
    async with SmtpConnection(settings(server), None) as connection:
        await connection.send(SENDER, "ada@example.org", BODY)
        await connection.send(SENDER, "bob@example.org", BODY)
    assert (len(server.inbox), server.connections) == (2, 2)


async def test_it_drops_the_connection_after_421(mail_server: Servers) -> None:
    server = mail_server()
    server.fail("rcpt", "421 4.7.0 slow down", times=1)
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(Deferred):
            await connection.send(SENDER, "ada@example.org", BODY)
        await connection.send(SENDER, "ada@example.org", BODY)
    assert (len(server.inbox), server.connections) == (1, 2)


async def test_nobody_listening_is_about_us(closed_port: int) -> None:
    async with SmtpConnection(settings(closed_port), None) as connection:
        with pytest.raises(SenderRefused, match=rf"127\.0\.0\.1:{closed_port} \(.*\): check \[smtp\] host, port"):
            await connection.send(SENDER, "ada@example.org", BODY)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".example.org", "x..y", "-"])
async def test_a_host_that_cannot_be_found_is_about_us(host: str) -> None:
    async with SmtpConnection(SmtpSettings(host=host, tls="none", timeout=2), None) as connection:
        with pytest.raises(SenderRefused, match="check"):
            await connection.send(SENDER, "ada@example.org", BODY)


async def test_it_checks_a_server_without_sending(mail_server: Servers) -> None:
    server = mail_server(login=("ada", "secret"))
    await SmtpConnection(settings(server, username="ada"), "secret").check()
    assert server.commands == ["EHLO", "AUTH", "QUIT"]


async def test_a_wrong_password_is_about_us_and_stays_secret(mail_server: Servers) -> None:
    server = mail_server(login=("ada", "right"))
    server.fail("auth", f"535 5.7.8 hunter22 {base64.b64encode(b'hunter22').decode()} is wrong")
    with pytest.raises(SenderRefused) as caught:
        await SmtpConnection(settings(server, username="ada"), "hunter22").check()
    text = f"{caught.value} {caught.value.reply} {caught.value.__cause__!r}"
    assert "535 5.7.8 [hidden] [hidden] is wrong" in str(caught.value)
    assert "username and password" in str(caught.value)
    assert "hunter22" not in str(caught.value) + caught.value.reply
    assert text.isprintable()


async def test_the_settings_do_not_carry_the_password_into_errors(mail_server: Servers) -> None:
    server = mail_server(login=("ada", "right"))
    wrong = settings(server, username="ada", password=SecretStr("hunter22"))
    with pytest.raises(SenderRefused) as caught:
        await SmtpConnection(wrong, "hunter22").check()
    assert "hunter22" not in f"{caught.value} {caught.value.reply}"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("421 busy", Deferred), ("454 later", SenderRefused), ("drop", SenderRefused), ("garbage", SenderRefused)],
)
async def test_a_failed_login_names_the_login(mail_server: Servers, fault: str, kind: type[DeliveryError]) -> None:
    server = mail_server(login=("ada", "secret"))
    server.fail("auth", fault)
    with pytest.raises(kind) as caught:
        await SmtpConnection(settings(server, username="ada"), "secret").check()
    assert kind is Deferred or "log in to" in str(caught.value)


async def test_a_server_without_login_is_about_us_when_a_login_is_configured(mail_server: Servers) -> None:
    server = mail_server()
    with pytest.raises(SenderRefused, match="offers no login"):
        await SmtpConnection(settings(server, username="ada"), "secret").check()


async def test_a_login_that_the_server_wants_and_nobody_configured_is_about_us(mail_server: Servers) -> None:
    assert isinstance(await outcome(mail_server(login=("ada", "secret"))), SenderRefused)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_it_logs_in_and_sends_over_tls(mail_server: Servers, certificate: Certificate, tls: str) -> None:
    server = mail_server(tls=tls, server_context=certificate.server_context(), login=("ada", "secret"))
    wanted = settings(server, tls=tls, username="ada")
    async with SmtpConnection(wanted, "secret", certificate.client_context()) as connection:
        for _ in range(3):
            await connection.send(SENDER, "ada@example.org", BODY)
        big = (b"y" * 70 + b"\r\n") * 20_000
        await connection.send(SENDER, "ada@example.org", big)
    assert [len(mail.data) for mail in server.inbox] == [len(BODY)] * 3 + [len(big)]
    assert (server.connections, server.logins) == (1, 1)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_nobody_vouches_for_is_refused_on_loopback_too(
    mail_server: Servers, certificate: Certificate, tls: str
) -> None:
    server = mail_server(tls=tls, server_context=certificate.server_context(), login=("ada", "secret"))
    with pytest.raises(SenderRefused, match=r"certificate was not accepted.*check \[smtp\] tls"):
        await SmtpConnection(settings(server, tls=tls, username="ada"), "secret").check()
    assert "AUTH" not in server.commands


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_for_another_name_is_refused(
    mail_server: Servers, foreign_certificate: Certificate, tls: str
) -> None:
    server = mail_server(tls=tls, server_context=foreign_certificate.server_context())
    with pytest.raises(SenderRefused, match=r"certificate was not accepted.*127\.0\.0\.1"):
        await SmtpConnection(settings(server, tls=tls), None, foreign_certificate.client_context()).check()


async def test_starttls_that_is_not_offered_fails_closed(mail_server: Servers) -> None:
    server = mail_server(login=("ada", "secret"))
    with pytest.raises(SenderRefused, match=r"encrypt the connection.*STARTTLS"):
        await SmtpConnection(settings(server, tls="starttls", username="ada"), "secret").check()
    assert server.commands == ["EHLO"]


@pytest.mark.parametrize("fault", ["454 4.7.0 no TLS now", "501 no", "drop", "garbage", "stall", "220 liar"])
async def test_starttls_that_fails_fails_closed(mail_server: Servers, certificate: Certificate, fault: str) -> None:
    server = mail_server(tls="starttls", server_context=certificate.server_context(), login=("ada", "secret"))
    server.fail("starttls", fault)
    timeout = 0.5 if fault in {"stall", "220 liar"} else 5.0
    wanted = settings(server, tls="starttls", username="ada", timeout=timeout)
    with pytest.raises(SenderRefused, match="encrypt the connection"):
        await SmtpConnection(wanted, "secret", certificate.client_context()).check()
    assert "AUTH" not in server.commands


async def test_implicit_tls_against_a_plain_port_is_about_us(mail_server: Servers) -> None:
    with pytest.raises(SenderRefused, match="check"):
        await SmtpConnection(
            settings(mail_server(), tls="implicit", timeout=1.0), None, ssl.create_default_context()
        ).check()


async def test_a_tls_server_that_never_greets_is_about_us(mail_server: Servers, certificate: Certificate) -> None:
    server = mail_server(tls="implicit", server_context=certificate.server_context())
    server.fail("greeting", "stall")
    wanted = settings(server, tls="implicit", timeout=0.5)
    with pytest.raises(SenderRefused, match="no answer in time"):
        await SmtpConnection(wanted, None, certificate.client_context()).check()


async def test_plain_smtp_against_an_implicit_tls_port_is_about_us(
    mail_server: Servers, certificate: Certificate
) -> None:
    server = mail_server(tls="implicit", server_context=certificate.server_context())
    with pytest.raises(SenderRefused, match="check"):
        await SmtpConnection(settings(server, timeout=0.5), None).check()


async def test_it_uses_smtputf8_where_it_is_needed(mail_server: Servers) -> None:
    server = mail_server()
    async with SmtpConnection(settings(server), None) as connection:
        await connection.send(SENDER, "jörg@example.org", "To: jörg@example.org\r\n\r\nä\r\n".encode(), smtputf8=True)
        await connection.send(SENDER, "ada@example.org", BODY)
    first, second = server.inbox
    assert first.recipient == "jörg@example.org"
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(first.options)
    assert "SMTPUTF8" not in second.options


async def test_an_address_outside_ascii_is_refused_where_the_server_cannot_take_it(mail_server: Servers) -> None:
    server = mail_server(smtputf8=False)
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(Refused, match="SMTPUTF8"):
            await connection.send(SENDER, "jörg@example.org", BODY)
        await connection.send(SENDER, "ada@example.org", BODY)
    assert len(server.inbox) == 1


async def test_a_message_over_the_announced_size_is_refused_without_sending_it(mail_server: Servers) -> None:
    server = mail_server(size=1000)
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(Refused, match="takes no more than 1000"):
            await connection.send(SENDER, "ada@example.org", b"x\r\n" * 400)
        await connection.send(SENDER, "ada@example.org", b"x\r\n" * 300)
    assert (len(server.inbox), server.connections) == (1, 1)


@pytest.mark.parametrize(
    "address",
    ["", "a@b> SIZE=1", "a b@c", "a@b\r\nRSET", "a@b\x00", "a@b\u2028c", "<a@b>", "a@b\udcff", "a@b\x7f"],
)
async def test_an_address_cannot_smuggle_anything_into_the_envelope(mail_server: Servers, address: str) -> None:
    server = mail_server()
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(Refused):
            await connection.send(SENDER, address, BODY)
    assert not server.connections


async def test_the_phase_tells_whether_a_cancelled_message_had_left(mail_server: Servers) -> None:
    for step, phase in (("rcpt", "rcpt"), ("data", "data"), ("dot", "dot")):
        server = mail_server()
        server.fail(step, "stall")
        async with SmtpConnection(settings(server), None) as connection:
            sending = asyncio.create_task(connection.send(SENDER, "ada@example.org", BODY))
            while connection.phase != phase:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.001)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert connection.phase == phase
            server.heal()
            await connection.send(SENDER, "bob@example.org", BODY)
            assert connection.phase == "idle"
        assert [mail.recipient for mail in server.inbox][-1] == "bob@example.org"


async def test_a_server_that_reads_nothing_cannot_hold_us(
    raw_server: Callable[..., RawServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.deliver.smtp._DOT_FACTOR", 1)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in (b"250 hi", b"250 ok", b"250 ok", b"354 go on"):
            await reader.readline()
            writer.write(answer + b"\r\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(3600)

    server = raw_server(script)
    async with SmtpConnection(settings(server, timeout=0.3), None) as connection:
        with pytest.raises(Deferred, match="no answer in time"):
            await connection.send(SENDER, "ada@example.org", (b"y" * 70 + b"\r\n") * 400_000)


EHLO_ANSWERS = [
    b"250-hi\r\n250 SIZE " + b"9" * 5000,
    b"250-hi\r\n250 SIZE -1",
    b"250-hi\r\n250 SIZE \xd9\xa3",
    b"250-hi\r\n" + b"250-\r\n" * 200 + b"250 AUTH",
    b"250 ",
    b"250",
    b"502 what is EHLO",
]


@pytest.mark.parametrize("answer", EHLO_ANSWERS)
async def test_any_list_of_extensions_can_be_lived_with(raw_server: Callable[..., RawServer], answer: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-hello\r\n220 hi\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(answer + b"\r\n")
            elif line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 2.0.0 queued\r\n")
            else:
                writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    server = raw_server(script)
    async with SmtpConnection(settings(server), None) as connection:
        assert await connection.send(SENDER, "ada@example.org", BODY) == "250 2.0.0 queued"


async def test_continuation_lines_without_end_are_cut_off(raw_server: Callable[..., RawServer]) -> None:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"220-more\r\n" * 100)
            await writer.drain()

    server = raw_server(script)
    async with SmtpConnection(settings(server), None) as connection:
        with pytest.raises(SenderRefused, match="does not speak SMTP"):
            await connection.send(SENDER, "ada@example.org", BODY)


@pytest.mark.parametrize("line", [b"250-\r\n", b"250-more\r\n", b"250-\n"])
async def test_an_answer_of_endless_lines_is_cut_off(raw_server: Callable[..., RawServer], line: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250 hi\r\n")
        await reader.readline()
        while True:
            writer.write(line * 1000)
            await writer.drain()

    async with SmtpConnection(settings(raw_server(script)), None) as connection:
        with pytest.raises(Deferred, match="not SMTP: a reply without end"):
            await connection.send(SENDER, "ada@example.org", BODY)
