"""A JSON Feed (jsonfeed.org, versions 1 and 1.1) → listings. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from digest.models import Listing
from digest.sources.feed_authors import people
from digest.sources.feed_entry import LONGEST_ABSTRACT, arxiv_mark, clamped, resolved
from digest.sources.feed_shapes import unpacked
from digest.sources.identity import doi
from digest.sources.text import code_link, from_html, from_plain, shortened

_MOST_CATEGORIES = 50


def json_listing(item: Any, *, source: str, base: str, now: datetime) -> Listing | None:
    """The paper of one item; None when it has no address of its own."""
    if not isinstance(item, dict):
        return None
    url = (
        resolved(_text(item, "url"), base)
        or resolved(_text(item, "external_url"), base)
        or resolved(_text(item, "id"), "")
    )
    if not url:
        return None
    plain = _text(item, "summary") or _text(item, "content_text")
    parts = unpacked(from_plain(plain) if plain else from_html(_text(item, "content_html")))
    found = arxiv_mark((url, _text(item, "external_url"), _text(item, "id")))
    return Listing(
        source=source,
        title=shortened(from_plain(_text(item, "title")), 1000) or shortened(parts.abstract, 80) or url,
        url=f"https://arxiv.org/abs/{found[0]}" if found else url,
        abstract=shortened(parts.abstract, LONGEST_ABSTRACT),
        authors=people([parts.authors] if parts.authors else _authors(item)),
        categories=_categories(item),
        listed_on=_day(_text(item, "date_published") or _text(item, "date_modified"), now),
        arxiv_id=found[0] if found else "",
        version=found[1] if found else None,
        doi=parts.doi or doi(url),
        pdf_url=f"https://arxiv.org/pdf/{found[0]}" if found else "",
        code_url=code_link(parts.abstract),
        upvotes=parts.upvotes,
    )


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return value[:400_000] if isinstance(value, str) else ""


def _list(item: dict[str, Any], key: str) -> list[Any]:
    value = item.get(key)
    return value[:1000] if isinstance(value, list) else []


def _categories(item: dict[str, Any]) -> tuple[str, ...]:
    tags = [tag[:1000] for tag in _list(item, "tags")[:_MOST_CATEGORIES] if isinstance(tag, str)]
    return tuple(dict.fromkeys(name for tag in tags if (name := shortened(from_plain(tag), 100))))


def _authors(item: dict[str, Any]) -> list[str]:
    authors = _list(item, "authors") or [item.get("author")]
    return [name for author in authors if isinstance(author, dict) and isinstance(name := author.get("name"), str)]


def _day(said: str, now: datetime) -> date | None:
    """RFC 3339 as the standard wants, or the mail dates that some feeds send."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(said.strip())
            return clamped((moment.astimezone(UTC) if moment.tzinfo else moment).date(), now)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
