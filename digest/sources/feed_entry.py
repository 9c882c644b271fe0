"""One entry of an RSS, RDF or Atom feed → one listing. Pure; feedparser's dictionaries end here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urljoin

from digest.models import Listing
from digest.sources.arxiv_creators import split_creators
from digest.sources.feed_authors import people
from digest.sources.feed_shapes import ARXIV_PREFIX, ARXIV_TITLE, unpacked
from digest.sources.identity import arxiv_id, doi, linked_arxiv_id, plain_url
from digest.sources.text import code_link, from_html, from_plain, shortened
from digest.sources.urls import web_url

LONGEST_ABSTRACT = 10_000  # characters; blogs send whole articles
_LONGEST_TITLE = 1_000
_LONGEST_SOURCE = 400_000  # characters of markup that are looked at
_MOST_CATEGORIES = 50
_ISO_DAY = re.compile(r"[12]\d{3}-[01]\d-[0-3]\d")
_TELLING = 40  # characters; a shorter description says less than the content


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an entry needs to know about its document."""

    source: str
    base: str
    """The address that relative links start from."""
    atom: bool
    now: datetime


def listing(entry: Any, context: Context) -> Listing | None:
    """The paper of an entry; None when it has no address of its own, so that nothing could be opened."""
    url = _address(entry, context.base)
    if not url:
        return None
    raw, is_html = _description(entry, context)
    prefix = ARXIV_PREFIX.match(raw)
    raw_title, title_is_html = _value(entry, "title", html=not context.atom and not prefix)
    suffix = ARXIV_TITLE.search(raw_title[-200:])
    if suffix:
        raw_title = raw_title[: len(raw_title) - len(suffix[0])].removesuffix(".")
    found = arxiv_mark(
        (url, string(entry, "id")), (suffix["id"] if suffix else "", f"arXiv:{prefix['id']}" if prefix else "")
    )
    text = from_plain(raw[prefix.end() :]) if prefix else (from_html(raw) if is_html else from_plain(raw))
    parts = unpacked(text)
    abstract = shortened(parts.abstract, LONGEST_ABSTRACT)
    title = from_html(raw_title) if title_is_html else from_plain(raw_title)
    categories = _categories(entry)
    return Listing(
        source=context.source,
        title=shortened(title, _LONGEST_TITLE) or shortened(parts.abstract, 80) or url,
        url=f"https://arxiv.org/abs/{found[0]}" if found else url,
        abstract=abstract,
        authors=_authors(entry, parts.authors, arxiv=prefix is not None),
        categories=categories or ((suffix["category"],) if suffix else ()),
        listed_on=_day(entry, context.now),
        arxiv_id=found[0] if found else "",
        version=found[1] if found else None,
        doi=_doi(entry, url, parts.doi),
        pdf_url=f"https://arxiv.org/pdf/{found[0]}" if found else "",
        code_url=code_link(parts.abstract),
        upvotes=parts.upvotes,
    )


def is_replacement(entry: Any) -> bool:
    """Whether arXiv says that this is a new version of a paper it announced before."""
    prefix = ARXIV_PREFIX.match(_raw(entry, "summary"))
    said = string(entry, "arxiv_announce_type") or (prefix["type"] if prefix else "")
    if said:
        return said.strip().lower().startswith("replace")
    suffix = ARXIV_TITLE.search(_raw(entry, "title")[-200:])
    return suffix is not None and "UPDATED" in suffix["state"]


def string(entry: Any, key: str) -> str:
    """A field that is text, stripped; "" when it is absent or something else."""
    value = dict.get(entry, key)  # feedparser's own .get answers for other keys, with a warning
    return value.strip() if isinstance(value, str) else ""


def _raw(entry: Any, key: str) -> str:
    return string(entry, key)[:_LONGEST_SOURCE]


def _value(entry: Any, key: str, *, html: bool) -> tuple[str, bool]:
    """A text field, and whether it holds markup: what the feed says for Atom, always possible in RSS.

    A summary of which feedparser keeps no type is a copy of the content.
    """
    detail = dict.get(entry, f"{key}_detail")
    kind = str(dict.get(detail, "type") or "") if isinstance(detail, dict) else "html"
    return _raw(entry, key), html or "html" in kind or "xml" in kind


def _description(entry: Any, context: Context) -> tuple[str, bool]:
    """The abstract as sent: the summary, or the content where the summary says next to nothing."""
    summary, is_html = _value(entry, "summary", html=not context.atom)
    contents = dict.get(entry, "content")
    if len(summary) < _TELLING and isinstance(contents, list):
        for content in contents:
            value = dict.get(content, "value") if isinstance(content, dict) else None
            if isinstance(value, str) and len(value) > len(summary):
                return value[:_LONGEST_SOURCE], dict.get(content, "type") != "text/plain" or not context.atom
    return summary, is_html


def _address(entry: Any, base: str) -> str:
    """The entry's own page: its link, else the first alternate link, else an id that is an address."""
    links = dict.get(entry, "links")
    alternates = [
        str(dict.get(link, "href") or "")
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, dict) and dict.get(link, "rel") in {"alternate", "related", "via", "standout", None}
    ]
    for candidate in (string(entry, "link"), *alternates, string(entry, "feedburner_origlink"), string(entry, "id")):
        address = resolved(candidate, base)
        if address:
            return address
    return ""


def resolved(link: str, base: str) -> str:
    """A link as an absolute web address without tracking, "" when it is none."""
    link = re.sub(r"\s", "", link) if len(link) < 5000 else ""
    if not link or link.startswith(("tag:", "urn:", "oai:")):
        return ""
    found = web_url(link)
    if not found and ":" not in link.split("/", 1)[0] and re.search(r"[/.?#]", link) and web_url(base):
        try:
            found = web_url(urljoin(base, link))
        except ValueError:
            return ""
    return plain_url(found)


def arxiv_mark(links: Iterable[str], texts: Iterable[str] = ()) -> tuple[str, int | None] | None:
    """The arXiv id that the first of an entry's links names, with the version if any of them, or of the texts, has one.

    Texts alone name no paper: anybody can write an id beside a link of his own.
    """
    named = [mark for link in links if (mark := linked_arxiv_id(link))]
    if not named:
        return None
    said = [*named, *(mark for text in texts if text and (mark := arxiv_id(text)))]
    return named[0][0], next((version for name, version in said if name == named[0][0] and version), None)


def _doi(entry: Any, url: str, packed: str) -> str:
    """The DOI that the entry's own fields name; arXiv's own DOIs are ids of another kind."""
    fields = ("prism_doi", "dc_identifier", "arxiv_doi", "doi", "id")
    found = next((name for key in fields if (name := doi(string(entry, key)))), "") or packed or doi(url)
    return "" if found.startswith("10.48550/") else found


def _authors(entry: Any, packed: str, *, arxiv: bool) -> tuple[str, ...]:
    if packed:
        return people([packed])
    authors = dict.get(entry, "authors")
    names = [
        str(dict.get(author, "name") or "")
        for author in (authors if isinstance(authors, list) else [])
        if isinstance(author, dict)
    ]
    if not any(names):
        names = [string(entry, "author")]
    return split_creators(", ".join(names)) if arxiv else people(names)


def _categories(entry: Any) -> tuple[str, ...]:
    tags = dict.get(entry, "tags")
    terms = [
        str(dict.get(tag, "label") or dict.get(tag, "term") or "")
        for tag in (tags if isinstance(tags, list) else [])[:_MOST_CATEGORIES]
        if isinstance(tag, dict)
    ]
    return tuple(dict.fromkeys(name for term in terms if (name := shortened(from_html(term), 100))))


def _day(entry: Any, now: datetime) -> date | None:
    """The day of publication in UTC, else of the last change; a day to come is today."""
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        moment = dict.get(entry, key)
        if moment:
            try:
                return clamped(date(*moment[:3]), now)
            except (TypeError, ValueError):
                continue
    for key in ("published", "updated", "date", "prism_publicationdate"):
        written = _ISO_DAY.match(string(entry, key))
        if written:
            try:
                return clamped(date.fromisoformat(written[0]), now)
            except ValueError:
                continue
    return None


def clamped(day: date, now: datetime) -> date | None:
    """A believable day: not after today, and not from before there were feeds."""
    return min(day, now.astimezone(UTC).date()) if day.year > 1900 else None
