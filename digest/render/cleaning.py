"""Text and addresses from outside, made safe to show: no control characters, no half characters, no odd schemes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BROKEN = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_UNUSUAL = re.compile(f"{_CONTROL.pattern}|{_DIRECTION.pattern}|{_BROKEN.pattern}")
_SCHEME = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_JOINERS = "\u200c\u200d"
_LONGEST_URL = 1500
_URL_CHARACTERS = ":/?#[]@!$&()*+,;=%-._~"

_STOP = re.compile(r"[.!?][)\]\"”’']{0,3}(?=\s)|[。！？]")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:e\.g|i\.e|al|cf|vs|figs?|eqs?|secs?|refs?|resp|approx|dr|prof|st|no|[a-z])$", re.IGNORECASE
)


def clean(text: str) -> str:
    """The text as one line that HTML and UTF-8 can hold: controls become spaces, direction overrides vanish."""
    if not _UNUSUAL.search(text):
        return text
    return _BROKEN.sub("\ufffd", _DIRECTION.sub("", _CONTROL.sub(" ", text)))


@lru_cache(maxsize=8192)
def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words where there are any, with an ellipsis when something is missing."""
    text = " ".join(clean(text).split())
    if len(text) <= limit:
        return text
    return text[: word_end(text, limit - 1)].rstrip(" ,;:.–—-") + "…"


def word_end(text: str, limit: int) -> int:
    """The last place at or before `limit` where the text can be cut: after a word, else between characters."""
    if limit >= len(text):
        return len(text)
    space = text.rfind(" ", limit // 2, limit + 1)
    if space > 0:
        return space
    end = limit
    while end > max(1, limit - 32) and _sticks(text, end):
        end -= 1
    return end


@lru_cache(maxsize=8192)
def sentence_end(text: str, limit: int) -> int:
    """The last end of a sentence in the second half of `text[:limit]`, or 0 where there is none."""
    if limit >= len(text):
        return len(text)
    best = 0
    for stop in _STOP.finditer(text, limit // 2, limit + 1):
        before = text[max(0, stop.start() - 8) : stop.start()]
        if stop.end() <= limit and not (stop.group()[0] == "." and _ABBREVIATION.search(before)):
            best = stop.end()
    return best


def web_address(url: str) -> str:
    """The address as plain ASCII ready for an href, or "" when it is not http(s) or absurdly long."""
    url = _BROKEN.sub("\ufffd", url.strip())
    if not _SCHEME.match(url):
        return ""
    safe = quote(url, safe=_URL_CHARACTERS)
    return safe if len(safe) <= _LONGEST_URL else ""


def _sticks(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it (accents, joined emoji)."""
    here = text[at]
    return here in _JOINERS or text[at - 1] in _JOINERS or unicodedata.category(here) in {"Mn", "Me", "Mc"}
