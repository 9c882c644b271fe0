"""Header lines of a message, written by hand so that no library folds an address or splits a character.

Nothing that comes in can end a line: control characters become spaces before anything else happens.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from email_validator import EmailNotValidError, validate_email

COLUMN = 76
"""Where lines are folded; RFC 5322 section 2.1.1 wants at most 78."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNWELCOME = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+")
_ATOM = r"[^\x00-\x20\x7f-\xa0\s\ud800-\udfff\ufffd()<>@,;:\\\".\[\]]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_LONGEST_URI = 900
"""Characters; a URI cannot be folded, and a line ends before its 998th octet."""


_ALIKE = 256
"""Results kept of what is the same in message after message."""


def one_line(text: str) -> str:
    """The text on one line with single spaces, without control characters, direction overrides or half characters."""
    text = _SURROGATE.sub("\ufffd", _UNWELCOME.sub("", _CONTROL.sub(" ", text)))
    return " ".join(text.split())


@lru_cache(maxsize=_ALIKE)
def wire_address(address: str) -> str:
    """The address as SMTP and headers carry it: NFC, the domain as ASCII A-labels; raises `ValueError` if it is none.

    A local part beyond ASCII stays as it is: it needs SMTPUTF8 (RFC 6531) and nothing can replace that.
    """
    local, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > 64 or not _LOCAL.fullmatch(local):
        raise ValueError("is not an e-mail address")
    if not domain.isascii():
        domain = _ascii_domain(domain)
    if not _DOMAIN.fullmatch(domain) or ".." in domain:
        raise ValueError("is not an e-mail address")
    return f"{local}@{domain}"


@lru_cache(maxsize=_ALIKE)
def split_mailbox(mailbox: str) -> tuple[str, str]:
    """Name and address of `Name <address>` or of a bare address; quotes around the name go."""
    text = one_line(mailbox)
    if not text.endswith(">") or "<" not in text:
        return "", text
    name, _, address = text[:-1].rpartition("<")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, address.strip()


def mailbox_line(field: str, name: str, address: str) -> str:
    """A header of one mailbox; a name that cannot stand as it is becomes a quoted string or encoded words."""
    phrase = _phrase(one_line(name), len(field) + 2)
    return f"{field}: {_join(phrase, f'<{address}>', len(field) + 2)}" if phrase else f"{field}: {address}"


@lru_cache(maxsize=_ALIKE)
def text_line(field: str, text: str) -> str:
    """An unstructured header such as Subject, folded between words or as encoded words (RFC 2047)."""
    text = one_line(text)
    if not _PLAIN.fullmatch(text) or "=?" in text or any(len(word) > COLUMN - 12 for word in text.split(" ")):
        return f"{field}: " + "\r\n ".join(encoded_words(text, len(field) + 2))
    return f"{field}: {_fold(text, len(field) + 2)}"


@lru_cache(maxsize=_ALIKE)
def date_line(moment: datetime) -> str:
    """`Date:` in UTC (RFC 5322 section 3.3)."""
    return f"Date: {format_datetime(moment.astimezone(UTC))}"


@lru_cache(maxsize=_ALIKE)
def list_id_line(list_id: str) -> str:
    """`List-Id: phrase <id>` (RFC 2919): the id is never folded and holds nothing but letters, digits, dots, hyphens."""
    name, identifier = split_mailbox(list_id)
    identifier = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9._-]", "-", identifier)).strip(".")[:255] or "list.invalid"
    phrase = _phrase(name, 9)
    return f"List-Id: {_join(phrase, f'<{identifier}>', 9) if phrase else f'<{identifier}>'}"


def uri(address: str) -> str:
    """An http(s) address in angle brackets as RFC 2369 wants it, or "" when it cannot stand in one line of a header."""
    text = _SURROGATE.sub("\ufffd", address.strip())
    if not re.match(r"https?://[^/?#\s]", text, re.IGNORECASE):
        return ""
    safe = quote(text, safe=":/?#[]@!$&'*+;=%-._~")  # not "," or "()": they separate and comment in list headers
    return f"<{safe}>" if len(safe) <= _LONGEST_URI else ""


def mailto(address: str, subject: str) -> str:
    """A mailto URI in angle brackets (RFC 6068)."""
    return f"<mailto:{quote(address, safe='@!$*+-._~')}?subject={quote(subject, safe='')}>"


def encoded_words(text: str, column: int) -> list[str]:
    """The text as encoded words of at most 75 characters that never split a character (RFC 2047 section 5).

    `column` is where the first one begins; B or Q, whichever is shorter for this text.
    """
    raw = text.encode()
    quoted = sum(1 if byte in _Q_SAFE or byte == 32 else 3 for byte in raw) < (len(raw) * 4) / 3
    room = min(75, max(12, COLUMN - column)) - 12  # "=?utf-8?q?" and "?="
    words: list[str] = []
    chunk, used = bytearray(), 0
    for character in text:
        octets = character.encode()
        size = sum(1 if byte in _Q_SAFE or byte == 32 else 3 for byte in octets) if quoted else len(octets)
        if chunk and (used + size if quoted else -(-(used + size) // 3) * 4) > room:
            words.append(_encoded(bytes(chunk), quoted=quoted))
            chunk, used, room = bytearray(), 0, 75 - 12
        chunk += octets
        used += size
    if chunk:
        words.append(_encoded(bytes(chunk), quoted=quoted))
    return words


def _encoded(octets: bytes, *, quoted: bool) -> str:
    if not quoted:
        return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode()}?="
    return "=?utf-8?q?" + "".join(_q(byte) for byte in octets) + "?="


def _q(byte: int) -> str:
    if byte == 32:
        return "_"
    return chr(byte) if byte in _Q_SAFE else f"={byte:02X}"


def _phrase(name: str, column: int) -> str:
    """A display name as atoms, a quoted string or encoded words; "=?" in it is never taken at its word."""
    if not name:
        return ""
    short = len(name) <= 60 and "=?" not in name
    if short and _ATOMS.fullmatch(name):
        return name
    if short and _PLAIN.fullmatch(name):
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return "\r\n ".join(encoded_words(name, column))


def _join(phrase: str, bracketed: str, column: int) -> str:
    last = len(phrase.rpartition("\r\n")[2]) + (0 if "\r\n" in phrase else column)
    return f"{phrase} {bracketed}" if last + 1 + len(bracketed) <= COLUMN else f"{phrase}\r\n {bracketed}"


def _fold(text: str, column: int) -> str:
    return "\r\n ".join(_lines(text, column))


def _lines(text: str, column: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and column + len(line) + 1 + len(word) > COLUMN:
            yield line
            line, column = word, 1
        else:
            line = f"{line} {word}" if line else word
    yield line


def _ascii_domain(domain: str) -> str:
    try:
        checked = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("is not an e-mail address") from None
    return checked.ascii_domain
