"""What a mail server's answer, or its silence, means for the row: pure, so that the whole table can be tested.

It decides; `smtp` speaks. The same words mean different things at different steps: a 550 to MAIL is about us, a 550
to RCPT is about the reader, and a lost connection is harmless before the final dot and a riddle after it (RFC 1047).
"""

from __future__ import annotations

from typing import Literal

from digest.errors import Deferred, DeliveryError, Refused, SenderRefused, Uncertain

Phase = Literal["idle", "connect", "tls", "login", "mail", "rcpt", "data", "dot"]

# Login required or wrong, encryption required: about us at whatever step (RFC 4954 section 6).
_ABOUT_US = frozenset({530, 535, 538})
# Too large, and "no non-ASCII address here" (RFC 3463, RFC 6531): about this message even as an answer to MAIL.
_ABOUT_THE_MESSAGE = ("5.2.3", "5.3.4", "5.6.7", "5.6.9")
_LONGEST_REPLY = 500

_ASKED: dict[Phase, str] = {
    "mail": "MAIL",
    "rcpt": "RCPT",
    "data": "DATA",
    "dot": "the final dot",
}
_SETUP: dict[Phase, tuple[str, str]] = {
    "idle": ("use", "[smtp]"),
    "connect": ("use", "[smtp] host, port and tls, and that the server is up"),
    "tls": ("encrypt the connection to", "[smtp] tls, and that the certificate is valid for this host name"),
    "login": ("log in to", "[smtp] username and password"),
}


def one_line(text: str) -> str:
    """A server's words as one printable line of at most 500 characters."""
    printable = "".join(character if character.isprintable() else " " for character in text[: 8 * _LONGEST_REPLY])
    return " ".join(printable.split())[:_LONGEST_REPLY].rstrip()


def is_reply(code: int) -> bool:
    """Whether this can be an SMTP answer at all (RFC 5321 section 4.2.1)."""
    return 200 <= code <= 599


def of_reply(phase: Phase, code: int, reply: str, where: str) -> DeliveryError:
    """The error that an unwelcome reply at `phase` stands for; `reply` is one line, `where` is host:port."""
    if not is_reply(code) or (code < 400 and phase not in _SETUP):
        return of_loss(phase, f"answered with something that is not SMTP: {reply}", where)
    if code == 421:
        return Deferred(f"{where} is closing the connection: {reply}", reply)
    if code in _ABOUT_US or phase in _SETUP:
        return sender_refused("login" if code in _ABOUT_US else phase, reply, where)
    sentence = f"{where} answered {_ASKED[phase]} with {reply}"
    if code < 500:
        return Deferred(sentence, reply)
    if phase == "mail" and code != 552 and not reply[4:].startswith(_ABOUT_THE_MESSAGE):
        return SenderRefused(
            f"{where} refuses our sender address ({reply}): check [smtp] sender and bounce_address", reply
        )
    return Refused(sentence, reply)


def of_loss(phase: Phase, what: str, where: str) -> DeliveryError:
    """The error when no reply came at `phase`; `what` continues the sentence "the server …"."""
    if phase in _SETUP:
        return sender_refused(phase, f"the server {what}", where)
    sentence = f"{where} {what} (at {_ASKED[phase]})"[:_LONGEST_REPLY]
    return Uncertain(f"{sentence}; the message may have arrived") if phase == "dot" else Deferred(sentence)


def sender_refused(phase: Phase, why: str, where: str) -> SenderRefused:
    """We cannot send at all: the sentence names the server and what to check."""
    verb, check = _SETUP[phase]
    return SenderRefused(f"cannot {verb} {where} ({why[:_LONGEST_REPLY]}): check {check}", why)
