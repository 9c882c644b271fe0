"""arXiv's query API (export.arxiv.org): separate authors for papers of the feed, and lists that were missed.

The API lags behind the announcements and often answers 429, so nothing depends on it: what it cannot give is a sentence
in `trouble`, and what it gave before that is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from digest.errors import FeedError, SourceError
from digest.models import Listing
from digest.sources.arxiv_calendar import announced_for, window
from digest.sources.arxiv_document import document, line, moment, string, terms, was_cut_short
from digest.sources.gates import ARXIV
from digest.sources.http import PoliteClient
from digest.sources.identity import arxiv_id, doi
from digest.sources.reading import Parsed
from digest.sources.text import clean, code_link, from_plain

BATCH = 100  # ids in one question
PAGE = 1000  # papers in one answer; arXiv allows 2000, which comes near our limit of bytes
LAST_PAGE = 20
_ARCHIVES = frozenset(
    {"astro-ph", "cond-mat", "cs", "econ", "eess", "math", "nlin", "physics", "q-bio", "q-fin", "stat"}
)  # archives with subcategories: the API knows them as "cs.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the API gave, and why it gave no more; `trouble` is None when it gave everything."""

    listings: tuple[Listing, ...] = ()
    trouble: SourceError | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Api:
    """Where to ask, through whom, for which source, at what time."""

    base: str
    client: PoliteClient
    source: str
    now: datetime
    failures: int = 0
    """Refusals in a row before this reading."""


def parse_query(body: bytes, *, source: str) -> Parsed:
    """The papers of one answer; each is listed on the day its first submission implies. FeedError for error answers."""
    return _page(body, source)[0]


async def authors_of(api: Api, ids: Sequence[str]) -> tuple[Mapping[str, tuple[str, ...]], SourceError | None]:
    """The authors by arXiv id, for those of `ids` that the API knows already; and why it stopped, if it did."""
    wanted = tuple(dict.fromkeys(ids))
    known: dict[str, tuple[str, ...]] = {}
    try:
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            parsed, _ = await _ask(api, {"id_list": ",".join(batch), "max_results": str(len(batch))})
            asked = frozenset(batch)
            known |= {one.arxiv_id: one.authors for one in parsed.listings if one.arxiv_id in asked and one.authors}
    except SourceError as error:
        return known, error
    return known, None


async def missed(api: Api, category: str, first: date, last: date, include: frozenset[str]) -> Found:
    """The papers whose first version was submitted for the lists of `first` to `last`, filed under those lists."""
    start, end = window(first)[0], window(last)[1]
    span = f"submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
    question = {"search_query": f"{_query(category)} AND {span}", "max_results": str(PAGE)}
    question |= {"sortBy": "submittedDate", "sortOrder": "ascending"}
    found: dict[str, Listing] = {}
    notes: list[str] = []
    try:
        for page in range(LAST_PAGE):
            numbered = question | {"start": str(page * PAGE)}
            parsed, total = await _ask(api, numbered)
            if not parsed.listings and page * PAGE < total:  # it happens in the middle of long answers
                parsed, total = await _ask(api, numbered)
            if not parsed.listings and page * PAGE < total:
                notes.append(f"arXiv's API left out papers {page * PAGE + 1} to {total} of {category}")
            found |= {one.arxiv_id: one for one in parsed.listings if _belongs(one, category, first, last, include)}
            if (page + 1) * PAGE >= total or not parsed.listings:
                break
    except SourceError as error:
        return Found(listings=tuple(found.values()), trouble=error, notes=tuple(notes))
    return Found(listings=tuple(found.values()), notes=tuple(notes))


async def _ask(api: Api, question: Mapping[str, str]) -> tuple[Parsed, int]:
    url = f"{api.base}/api/query?{urlencode(question)}"
    answer = await api.client.get(url, gate=ARXIV, now=api.now, failures=api.failures, expect=frozenset({400}))
    parsed = await asyncio.to_thread(_page, answer.body, api.source)
    if answer.status == 400:
        raise FeedError("arXiv's API answered 400")
    return parsed


def _page(body: bytes, source: str) -> tuple[Parsed, int]:
    """One answer, and the number of papers that the whole question has."""
    parsed = document(body, "an answer of arXiv's API")
    for entry in parsed.entries:
        if "/api/errors" in string(entry, "id"):
            raise FeedError(f"arXiv's API says: {line(string(entry, 'summary'))[:200] or 'error'}")
    if was_cut_short(parsed):
        raise FeedError("an answer of arXiv's API broke off")
    listings = [_listing(entry, source) for entry in parsed.entries]
    if listings and not any(listings):
        raise FeedError("nothing in an answer of arXiv's API is a paper")
    total = string(parsed.feed, "opensearch_totalresults").strip()
    return (
        Parsed(listings=tuple(one for one in listings if one), skipped=listings.count(None)),
        int(total) if total.isascii() and total.isdigit() and len(total) < 10 else len(listings),
    )


def _listing(entry: Any, source: str) -> Listing | None:
    identity = arxiv_id(string(entry, "id")) or arxiv_id(string(entry, "link"))
    title = line(string(entry, "title"))
    if identity is None or not title:
        return None
    submitted_at = moment(entry, "published")
    primary = entry.get("arxiv_primary_category")
    first = (clean(string(primary, "term"))[:40],) if isinstance(primary, dict) else ()
    names = entry.get("authors")
    authors = [line(string(name, "name")) for name in names] if isinstance(names, list) else []
    abstract = from_plain(string(entry, "summary"))
    return Listing(
        source=source,
        title=title,
        url=f"https://arxiv.org/abs/{identity[0]}",
        abstract=abstract,
        authors=tuple(name for name in authors if name),
        categories=tuple(dict.fromkeys(term for term in (*first, *terms(entry)) if term)),
        listed_on=announced_for(submitted_at) if submitted_at else None,
        arxiv_id=identity[0],
        version=identity[1],
        doi=doi(string(entry, "arxiv_doi")),
        pdf_url=f"https://arxiv.org/pdf/{identity[0]}",
        code_url=code_link(abstract),
        authority=2,
    )


def _query(category: str) -> str:
    """A category, an archive or several joined with "+", in the API's language."""
    names = [f"cat:{name}.*" if name in _ARCHIVES else f"cat:{name}" for name in category.split("+") if name]
    return names[0] if len(names) == 1 else f"({' OR '.join(names)})"


def _belongs(one: Listing, category: str, first: date, last: date, include: frozenset[str]) -> bool:
    """Whether the paper was new on one of the lists, and of an announce type that is wanted."""
    if one.listed_on is None or not first <= one.listed_on <= last:
        return False
    primary = one.categories[0].lower() if one.categories else ""
    names = category.lower().split("+")
    own = any(primary == name or primary.startswith(f"{name}.") for name in names)
    return ("new" if own else "cross") in include
