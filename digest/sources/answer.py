"""What came back from one address, and the headers that say when to come again (RFC 9110, RFC 9111). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(hours=24)
SHORTEST_WAIT = timedelta(minutes=1)  # "Retry-After: 0" still does not mean "at once"
BACK_OFF = timedelta(minutes=15)  # doubled for each failure in a row, when the source names no time
REFUSED_BY_ARXIV = timedelta(hours=6)  # arXiv takes requests after a 403 for an attack


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request conditional: sent back exactly as received, and only to `url`."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One usable answer; the body is unpacked."""

    status: int
    body: bytes
    url: str
    """Where the answer came from in the end."""
    moved_to: str = ""
    """Where the address has moved for good; only after a chain of 301 and 308 that ended in a 200."""
    etag: str = ""
    last_modified: str = ""
    max_age: timedelta | None = None
    """How long the answer stays fresh by its own words, at most a day."""
    not_modified: bool = False
    content_type: str = ""


def max_age(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The freshness that Cache-Control or else Expires grants, less the Age in caches; None when it grants none."""
    control = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(cache|store)\b", control):
        return None
    if found := re.search(r"(?<![\w-])max-age\s*=\s*\"?(\d{1,9})(?!\d)", control):
        age = headers.get("age", "").strip()
        aged = int(age) if re.fullmatch(r"\d{1,9}", age) else 0
        return _granted(timedelta(seconds=int(found[1]) - aged))
    expires = http_date(headers.get("expires", ""))
    return _granted(expires - (http_date(headers.get("date", "")) or now)) if expires else None


def wait_until(retry_after: str, failures: int, now: datetime) -> datetime:
    """When a source that answered 429 or 503 may be asked again: by its own word, else after a doubling pause."""
    word = retry_after.strip()
    wait = BACK_OFF * (1 << min(max(failures, 0), 10))
    if re.fullmatch(r"\d{1,9}", word):
        wait = timedelta(seconds=int(word))
    elif moment := http_date(word):
        wait = moment - now
    return now + min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def refused_until(failures: int, now: datetime) -> datetime:
    """When arXiv may be asked again after a 403."""
    return now + min(REFUSED_BY_ARXIV * (1 << min(max(failures, 0), 10)), LONGEST_WAIT)


def http_date(text: str) -> datetime | None:
    """An HTTP-date as a moment in UTC; None for anything else."""
    if not re.search(r"\d:\d\d", text):
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def first_words(body: bytes, content_type: str) -> str:
    """The beginning of a short plain-text answer, for an error message; "" for pages and long texts."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {"text/plain", "application/json", "application/problem+json"} or len(body) > 2000:
        return ""
    words = " ".join(re.sub(r"[^\w\s.,:;!?'\"()/{}\[\]=-]", " ", body.decode("utf-8", "replace")).split())
    return words[:119] + "…" if len(words) > 120 else words


def _granted(span: timedelta) -> timedelta | None:
    return min(span, LONGEST_WAIT) if span > timedelta() else None
