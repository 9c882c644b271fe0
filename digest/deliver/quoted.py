"""Quoted-printable bodies (RFC 2045 section 6.7), a line encoded once however many messages hold it.

Most lines of a digest stand in many others: the frame, and each paper that several readers get. Soft breaks never
reach over the end of a line, so a text can be encoded line by line.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

_FROM = re.compile(rb"^From ", re.MULTILINE)
_LINES = 32_768
"""Encoded lines kept, about 200 bytes each; those asked for least recently go first."""


def quoted_printable(text: str) -> bytes:
    """The text as CRLF lines of at most 76 ASCII characters; lines of the text may end in LF, CRLF or CR.

    Whatever UTF-8 cannot hold becomes a question mark.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return b"\r\n".join(map(_line, text.split("\n")))


@lru_cache(maxsize=_LINES)
def _line(line: str) -> bytes:
    octets = binascii.b2a_qp(line.encode("utf-8", "replace"), istext=True)
    octets = _FROM.sub(b"=46rom=\n ", octets)  # mbox files would put ">" before it and break a signature
    return octets.replace(b"\n", b"\r\n")
