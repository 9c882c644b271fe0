"""Texts and bytes as SMTP wants them on the wire: pure, and the last guard against what could end a command early.

It opens no connection; `smtp` does.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from digest.errors import Refused

_SIZE = re.compile(r"[0-9]{1,18}")
_CR, _LF, _DOT = b"\r\n."
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_UNFIT = re.compile(r"[\s<>\x00-\x1f\x7f\ud800-\udfff]")


def path(address: str) -> bytes:
    """`<address>` for MAIL and RCPT; Refused for an address that could smuggle more into the command."""
    if not address or _UNFIT.search(address):
        raise Refused(f"{address!r} cannot be written in an SMTP envelope")
    return f"<{address}>".encode()


def command(*words: bytes) -> bytes:
    """One line of a command; ValueError for a word that could be more than one."""
    line = b" ".join(words)
    if _CONTROL.search(line):
        raise ValueError("an SMTP command must not hold control characters")
    return line + b"\r\n"


def mail_options(offered: Mapping[str, str], data: bytes, *, needs_utf8: bool) -> list[bytes]:
    """The parameters of MAIL for this message, given what EHLO offered (names in lower case).

    Refused when the message needs what the server does not offer (RFC 1870 section 6, RFC 6531 section 3.2).
    """
    if needs_utf8 and "smtputf8" not in offered:
        raise Refused("the mail server takes no addresses outside ASCII (it offers no SMTPUTF8)")
    options = [b"SMTPUTF8"] if needs_utf8 else []
    if "8bitmime" in offered and not data.isascii():
        options.append(b"BODY=8BITMIME")
    if "size" in offered:
        limit = offered["size"].strip()
        if _SIZE.fullmatch(limit) and 0 < int(limit) < len(data):
            raise Refused(f"the message has {len(data)} bytes, and the mail server takes no more than {int(limit)}")
        options.append(b"SIZE=%d" % len(data))
    return options


def block(data: bytes) -> bytes:
    """The message dot-stuffed, with the final dot (RFC 5321 section 4.5.2).

    A lone CR or LF would let a hostile text end the message for some servers, so it is a bug in the caller: ValueError.
    """
    import numpy as np

    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    every = np.frombuffer(data, np.uint8)
    cr, lf = every == _CR, every == _LF
    if lf[0] or cr[-1] or not np.array_equal(cr[:-1], lf[1:]):
        raise ValueError("a message needs CRLF line ends and no lone CR or LF")
    at = 0
    pieces = [b"."] if every[0] == _DOT else []
    for dot in np.flatnonzero(lf[:-1] & (every[1:] == _DOT)).tolist():
        pieces += (data[at : dot + 1], b".")
        at = dot + 1
    return b"".join([*pieces, data[at:], b".\r\n"])


def hidden(text: str, username: str, password: str) -> str:
    """The text without the password, plain or as AUTH sends it (RFC 4616, RFC 4954)."""
    if not password:
        return text
    for secret in (password, f"\0{username}\0{password}"):
        text = text.replace(base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode(), "[hidden]")
    return text.replace(password, "[hidden]")
