"""arXiv's bytes → feedparser's document, or a FeedError that says what came instead. Shared by feed and API.

arXiv writes plain text where RSS expects HTML, so feedparser's cleaning is off: it would swallow "$a<b$" to the next ">".
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser

from digest.errors import FeedError
from digest.sources.feed_document import broke_off_inside, decoded, unpacked, xml_document
from digest.sources.text import clean, from_plain


def document(body: bytes, what: str) -> Any:
    """The parsed document; `what` names it in errors ("arXiv's list of cs.LG")."""
    start = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise FeedError(f"an HTML page came instead of {what}")
    if not body.strip():
        raise FeedError(f"nothing came for {what}")
    try:
        data, _ = xml_document(decoded(unpacked(body), "")[0])
    except FeedError as error:
        raise FeedError(f"expected {what}, but what came is {error}") from None
    try:  # a stream: bytes alone would be tried as the name of a file first
        parsed = feedparser.parse(BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # noqa: BLE001 - feedparser raises whatever its parsers raise on hostile bytes
        raise FeedError(f"{what} cannot be read ({type(error).__name__})") from None
    if not parsed.get("version"):
        raise FeedError(f"what came is not a feed: expected {what}")
    if parsed.get("bozo") and parsed.entries and broke_off_inside(data):
        parsed.entries.pop()  # half of one; it comes with the next list
    return parsed


def was_cut_short(parsed: Any) -> bool:
    """Whether the XML is broken, so that entries may be missing."""
    trouble = parsed.get("bozo_exception")
    return bool(parsed.get("bozo")) and type(trouble).__name__ == "SAXParseException"


def string(entry: Any, key: str) -> str:
    """A field as a string, "" when it is missing or something else."""
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def terms(entry: Any) -> tuple[str, ...]:
    """The categories, each once, in order."""
    tags = entry.get("tags")
    found = [clean(string(tag, "term")) for tag in tags] if isinstance(tags, list) else []
    return tuple(dict.fromkeys(term for term in found if term and len(term) <= 40))


def moment(entry: Any, key: str) -> datetime | None:
    """A date that feedparser understood, in UTC; None when there is none or when it lies outside 1990 to 2200."""
    parsed = entry.get(f"{key}_parsed")
    if not parsed or not 1990 <= parsed[0] <= 2200:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), tz=UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def line(text: str) -> str:
    """A title or name as one line of clean text."""
    return " ".join(from_plain(text).split())
