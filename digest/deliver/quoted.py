"""Quoted-printable bodies (RFC 2045 section 6.7): what many messages hold is encoded once.

That is each paper that several readers get, and most lines of the page around them. Soft breaks never reach over the
end of a line, so a text can be encoded piece by piece and line by line.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

from digest.models import Pieced

_TOO_LONG = re.compile(rb"=(?:20|09)$(?<=[^\n]{77})", re.MULTILINE)
"""A blank at the end of a full line, which binascii encodes without breaking the line again."""
_FROM = re.compile(rb"^From ", re.MULTILINE)
"""What mbox files would put ">" before, which breaks a signature."""
_LINES = 4_096
_PIECES = 16_384
"""Encoded lines and pieces kept, about 200 bytes and 1 kB each; those asked for least recently go first."""


def quoted_printable(text: str | Pieced) -> bytes:
    """The text as CRLF lines of at most 76 ASCII characters; lines of the text may end in LF, CRLF or CR.

    Whatever UTF-8 cannot hold becomes a question mark.
    """
    if not isinstance(text, Pieced):
        return _encoded(text)
    return b"".join([_shared(piece) if at % 2 else _own(piece) for at, piece in enumerate(text.pieces)])


@lru_cache(maxsize=_PIECES)
def _shared(piece: str) -> bytes:
    return _encoded(piece)


def _own(text: str) -> bytes:
    if "\r" in text:
        return _encoded(text)
    return b"\r\n".join(map(_line, text.split("\n")))


@lru_cache(maxsize=_LINES)
def _line(line: str) -> bytes:
    return _encoded(line)


def _encoded(text: str) -> bytes:
    octets = text.encode("utf-8", "replace")
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    octets = _TOO_LONG.sub(rb"=\n\g<0>", binascii.b2a_qp(octets, istext=True))
    octets = _FROM.sub(b"=46rom=\n ", octets)
    return octets.replace(b"\n", b"\r\n")
