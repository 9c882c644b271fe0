"""arXiv's announcement feed (rss.arxiv.org, Atom or RSS) → listings. Pure; see arxiv_reading for the asking.

The feed holds one day and no history. Old papers that are cross-listed again and replacements are no news.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from digest.errors import FeedError
from digest.models import Listing
from digest.sources.arxiv_calendar import EASTERN
from digest.sources.arxiv_creators import split_creators
from digest.sources.arxiv_document import document, line, moment, string, terms, was_cut_short
from digest.sources.identity import arxiv_id, doi
from digest.sources.reading import Parsed
from digest.sources.text import code_link, from_html, from_plain

LIMIT = 2000  # entries: arXiv cuts longer lists without saying so
_PREFIX = re.compile(r"\s*arXiv:\S{1,60}\s+Announce Type:\s*(?P<type>[a-z-]{1,20})\s+(?:Abstract:\s*)?", re.IGNORECASE)
_OLD_TITLE = re.compile(r"\s\(arXiv:(?P<id>\S{1,40})\s\[(?P<category>[\w.-]{1,40})\](?P<word>[ A-Z]{0,30})\)\s*$")
_OLD_WORDS = {"UPDATED": "replace", "CROSS LISTED": "cross"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announced:
    """One entry as arXiv wrote it, its dialect removed."""

    id: str
    version: int | None
    type: str
    title: str
    abstract: str
    creator: str
    categories: tuple[str, ...]
    doi: str
    listed_on: date | None


def parse_announcements(body: bytes, *, source: str, category: str, include: frozenset[str]) -> Parsed:
    """The papers of one list whose announce type is in `include`.

    A paper announced as "cross" at version 2 or later is left out when it is more than two months old. FeedError for
    pages, error feeds and anything else that is not a list; an empty list is an empty `Parsed`.
    """
    parsed = document(body, f"arXiv's list of {category}")
    entries = parsed.entries
    title = line(string(parsed.feed, "title"))
    if not entries and title.lower().startswith("feed error"):
        raise FeedError(f"arXiv does not know the list {category}: {title[:200]}")
    if not entries and was_cut_short(parsed):
        raise FeedError(f"arXiv's list of {category} broke off before its first paper")
    day = _day_of(parsed)
    announced = [_announced(entry, day, parsed.version) for entry in entries]
    if entries and not any(announced):
        raise FeedError(f"nothing in arXiv's list of {category} is a paper")
    found = [one for one in announced if one and one.type in include and not _is_old(one, day)]
    listings = {one.id: _listing(one, source) for one in reversed(found)}
    notes = []
    if len(entries) == LIMIT:
        notes.append(f"{LIMIT} entries in the list of {category}, arXiv's limit: some papers may be missing")
    if was_cut_short(parsed):
        notes.append(f"the list of {category} is broken XML: {len(entries)} entries could be read")
    return Parsed(
        listings=tuple(reversed(listings.values())),
        skipped=announced.count(None),
        announced_on=day,
        notes=tuple(notes),
    )


def _day_of(parsed: Any) -> date | None:
    """The Eastern day of the list: the channel's own date, the newest entry's, or the time of rendering."""
    entry_days = [at for entry in parsed.entries if (at := moment(entry, "published"))]
    at = moment(parsed.feed, "published") or max(entry_days, default=None) or moment(parsed.feed, "updated")
    return at.astimezone(EASTERN).date() if at else None


def _announced(entry: Any, day: date | None, dialect: str) -> _Announced | None:
    """One entry; None when it has no arXiv id or no title."""
    title, abstract, creator = (string(entry, key) for key in ("title", "summary", "author"))
    old = _OLD_TITLE.search(title[-150:]) if dialect == "rss10" else None
    names = (old["id"] if old else "", string(entry, "id").removeprefix("oai:arXiv.org:"), string(entry, "link"))
    identity = next(filter(None, map(arxiv_id, names)), None)
    categories = terms(entry)
    if dialect == "rss10":
        abstract, creator = from_html(abstract), from_html(creator)
    if old:
        title = title[: title.rindex(" (arXiv:")]
        categories = categories or (old["category"],)
    if identity is None or not line(title):
        return None
    prefix = _PREFIX.match(abstract)
    published = moment(entry, "published")
    said = string(entry, "arxiv_announce_type") or (prefix["type"] if prefix else "")
    return _Announced(
        id=identity[0],
        version=identity[1],
        type=said.strip().lower() or _type_unsaid(old, identity[1]),
        title=line(title),
        abstract=from_plain(abstract[prefix.end() :] if prefix else abstract),
        creator=creator,
        categories=categories,
        doi=doi(string(entry, "arxiv_doi")),
        listed_on=published.astimezone(EASTERN).date() if published else day,
    )


def _type_unsaid(old: re.Match[str] | None, version: int | None) -> str:
    """The announce type of an entry that does not name it: the old title's word, else by the version."""
    if old:
        return _OLD_WORDS.get(old["word"].strip(), "new")
    return "new" if version in {None, 1} else "replace"


def _listing(one: _Announced, source: str) -> Listing:
    return Listing(
        source=source,
        title=one.title,
        url=f"https://arxiv.org/abs/{one.id}",
        abstract=one.abstract,
        authors=split_creators(one.creator),
        categories=one.categories,
        listed_on=one.listed_on,
        arxiv_id=one.id,
        version=one.version,
        doi=one.doi,
        pdf_url=f"https://arxiv.org/pdf/{one.id}",
        code_url=code_link(one.abstract),
        authority=2,
    )


def _is_old(one: _Announced, day: date | None) -> bool:
    """A revised paper that another category takes up now, more than two calendar months after its id was given."""
    if day is None or not one.type.startswith("cross") or (one.version or 1) < 2:
        return False
    digits = one.id.rpartition("/")[2]
    if not digits[:4].isdecimal():
        return False
    year, month = int(digits[:2]), int(digits[2:4])
    year += 1900 if year > 90 else 2000
    return (day.year - year) * 12 + day.month - month > 2
