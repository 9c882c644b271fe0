"""The bytes of a message: the same `Message` gives the same bytes, whoever asks and however often.

Headers are written by hand (see headers), bodies are quoted-printable, so every octet is ASCII and survives relays that
know nothing newer; only an address with a local part beyond ASCII makes an exception, which `needs_smtputf8` tells.
"""

from __future__ import annotations

import hashlib
import re

from digest.deliver.dkim import Signer
from digest.deliver.headers import (
    date_line,
    list_id_line,
    mailbox_line,
    mailto,
    one_line,
    split_mailbox,
    text_line,
    uri,
    wire_address,
)
from digest.deliver.quoted import quoted_printable
from digest.errors import Refused, SenderRefused
from digest.models import Message, Pieced

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.-]{1,255}>")


def to_bytes(message: Message, signer: Signer | None = None) -> bytes:
    """The message with CRLF lines of at most 998 octets, ready for DATA, signed where there is a signer.

    Raises `Refused` when the recipient is not an address and `SenderRefused` when the sender is not.
    """
    sender_name, sender = _sender(message)
    recipient = _recipient(message)
    identity = _message_id(message, sender)
    boundary = "=_" + hashlib.sha256(identity.encode()).hexdigest()[:32]  # "=_" cannot occur in quoted-printable
    lines = [
        mailbox_line("From", sender_name, sender),
        mailbox_line("To", message.recipient_name, recipient),
        text_line("Subject", message.subject),
        date_line(message.sent_at),
        f"Message-ID: {identity}",
        *(_list_lines(message, sender) if message.list_id else []),
        "Auto-Submitted: auto-generated",
        *(["Precedence: bulk"] if message.list_id else []),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
    ]
    headers = [line.encode() for line in lines]
    edge = b"--" + boundary.encode()
    parts = (_part("text/plain", message.text), _part("text/html", message.html))
    body = edge + b"\r\n" + (b"\r\n" + edge + b"\r\n").join(parts) + b"\r\n" + edge + b"--\r\n"
    if signer is not None:
        headers.insert(0, signer.sign(headers, body, message.sent_at))
    return b"\r\n".join([*headers, b"", body])


def needs_smtputf8(message: Message) -> bool:
    """Whether an address of the message can only travel where every server knows SMTPUTF8 (RFC 6531 section 3.2)."""
    addresses = (_sender(message)[1], message.envelope_sender, _recipient(message))
    return not all(address.rpartition("@")[0].isascii() for address in addresses)


def _list_lines(message: Message, sender: str) -> list[str]:
    """What mailing lists say of themselves (RFC 2369, 2919) and one-click unsubscribing (RFC 8058)."""
    page = uri(message.links.unsubscribe)
    lines = [
        list_id_line(message.list_id),
        "List-Unsubscribe: "
        + ",\r\n ".join(filter(None, (page, mailto(message.unsubscribe_address or sender, "unsubscribe")))),
    ]
    if page[:9].lower() == "<https://":
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    lines.append(f"List-Help: {uri(message.links.home) or mailto(sender, 'help')}")
    feedback = re.sub(r"[^!-~]", "", message.feedback_id)[:200]
    return [*lines, f"Feedback-ID: {feedback}"] if feedback else lines


def _part(kind: str, text: str | Pieced) -> bytes:
    head = f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + quoted_printable(text)


def _sender(message: Message) -> tuple[str, str]:
    name, address = split_mailbox(message.sender)
    try:
        return name, wire_address(address)
    except ValueError:
        raise SenderRefused(f"The sender {one_line(address)!r} is not an address; mend [smtp] sender.") from None


def _recipient(message: Message) -> str:
    try:
        return wire_address(message.recipient)
    except ValueError:
        raise Refused(f"{one_line(message.recipient)!r} is not an address.") from None


def _message_id(message: Message, sender: str) -> str:
    """The id as given, or, where that is no Message-ID, one made from it: always the same for the same message."""
    if _MESSAGE_ID.fullmatch(message.message_id):
        return message.message_id
    digest = hashlib.sha256(message.message_id.encode("utf-8", "replace")).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"
