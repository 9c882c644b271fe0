"""Any feed (RSS 0.9x, 1.0 and 2.0, RDF, Atom, JSON Feed) → listings. Pure.

feedparser reads the XML, also where it is broken. Its sanitiser and its rewriting of links inside markup stay off: they eat `<` from
abstracts, and no markup leaves here anyway, only text and http(s) addresses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import feedparser

from digest.errors import FeedError
from digest.models import Listing
from digest.sources.feed_document import broke_off_inside, decoded, json_document, unpacked, xml_document
from digest.sources.feed_entry import Context, is_replacement, listing, resolved, string
from digest.sources.identity import normal_url
from digest.sources.json_feed import json_listing
from digest.sources.reading import Parsed
from digest.sources.text import from_html, shortened
from digest.sources.urls import web_url

MOST_ENTRIES = 5000


def parse_feed(body: bytes, *, source: str, url: str, content_type: str = "", now: datetime) -> Parsed:
    """Every entry of a feed that can be opened as a listing; the others are counted in `skipped`.

    `url` is where relative links start; entries from after `now` count as of today. FeedError, with the reason, for
    whatever is no feed, and for a feed that broke off before its first entry or whose entries all lack a link. A feed
    without entries is an empty `Parsed`.
    """
    text, notes = decoded(unpacked(body), content_type)
    document = json_document(text)
    if document is not None:
        base = web_url(document.get("home_page_url")) or url
        found = [json_listing(item, source=source, base=base, now=now) for item in document["items"][:MOST_ENTRIES]]
        return _parsed(found, base, (*notes, *_cut(len(document["items"]))))
    data, more = xml_document(text)
    parsed = _feedparser(data, url)
    _refuse_errors(parsed)
    entries = [entry for entry in parsed.entries if entry][:MOST_ENTRIES] or parsed.entries[:1]  # <item/> is nothing
    fresh = [entry for entry in entries if not is_replacement(entry)]
    home = resolved(string(parsed.feed, "link"), url)
    context = Context(source=source, base=web_url(url) or home, atom=parsed.version.startswith("atom"), now=now)
    notes += (*more, *_cut(len(parsed.entries)))
    if len(fresh) < len(entries):
        notes += (f"{len(entries) - len(fresh)} replacements of older arXiv papers left out",)
    found = [listing(entry, context) for entry in fresh]
    if parsed.bozo and found and broke_off_inside(data):
        found[-1] = None  # half an abstract is worse than a paper that comes with the next fetch
        if len(found) == 1:
            raise FeedError(f"a feed that broke off inside its first entry ({_fault(parsed)})")
    if parsed.bozo:
        read = sum(one is not None for one in found)
        notes += (f"the feed is broken XML ({_fault(parsed)}): {read} of {len(entries)} entries could be read",)
    return _parsed(found, home, notes)


def _feedparser(data: bytes, url: str) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": web_url(url)}
    try:
        parsed = feedparser.parse(
            BytesIO(data), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except Exception as error:  # noqa: BLE001  # on hostile bytes it raises what its parts raise; no input may end the program
        raise FeedError(f"a document that cannot be read as a feed ({type(error).__name__})") from None
    parsed.setdefault("version", "")
    return parsed


def _refuse_errors(parsed: Any) -> None:
    """Documents that are XML but no feed, error messages in the shape of a feed, and feeds cut off too early."""
    entries, title = parsed.entries, from_html(string(parsed.feed, "title"))
    if not entries and title.lower().startswith("feed error"):
        raise FeedError(shortened(title, 300))
    if len(entries) == 1 and "/api/errors" in string(entries[0], "id") + string(entries[0], "link"):
        raise FeedError(f"an error of the arXiv API: {shortened(from_html(string(entries[0], 'summary')), 300)}")
    if entries:
        return
    if not parsed.version:
        raise FeedError(f"XML that is not a feed{f' ({_fault(parsed)})' if parsed.bozo else ''}")
    if parsed.bozo:
        raise FeedError(f"a feed that broke off before its first entry ({_fault(parsed)})")


def _fault(parsed: Any) -> str:
    """What the XML parser said, without the name of a file that is none."""
    error = parsed.get("bozo_exception")
    said = error.getMessage() if hasattr(error, "getMessage") else str(error or "")
    return shortened(" ".join(said.split()), 100) or "not well-formed"


def _cut(entries: int) -> tuple[str, ...]:
    return (f"{entries} entries: only the first {MOST_ENTRIES} were read",) if entries > MOST_ENTRIES else ()


def _parsed(found: Sequence[Listing | None], home: str, notes: tuple[str, ...]) -> Parsed:
    """The listings, each told whether its link is its own."""
    listings = [one for one in found if one is not None]
    if found and not listings:
        raise FeedError(f"a feed of which no entry has a link ({len(found)} without)")
    shared = Counter(normal_url(one.url) for one in listings)
    shared[normal_url(home)] += 1  # the page of the feed itself is nobody's own
    own = tuple(one if shared[normal_url(one.url)] == 1 else replace(one, permalink=False) for one in listings)
    return Parsed(listings=own, skipped=len(found) - len(listings), notes=notes)
