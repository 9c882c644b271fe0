"""Hugging Face Daily Papers: the JSON list of one day → listings, and the reading of the last days.

Reads the raw JSON because it says more than the official client library keeps. The list day is
`paper.submittedOnDailyAt`; the top-level `publishedAt` is off by the server's own zone and is not used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from digest.errors import FeedError, FetchError, Gone, SourceError
from digest.models import Listing, Memory
from digest.settings import SourceSettings
from digest.sources.answer import Answer
from digest.sources.asking import REST
from digest.sources.gates import HeldAtGate, gate_key
from digest.sources.http import PoliteClient
from digest.sources.identity import arxiv_id
from digest.sources.reading import Parsed, Reading
from digest.sources.remembering import after_answer, after_error, held, remembered, with_news
from digest.sources.seams import Known
from digest.sources.text import code_link, from_plain
from digest.sources.urls import host_of, web_url

BASE = "https://huggingface.co"
DAYS_BACK = 5  # list days asked for, today included: upvotes grow, and today's list fills during the day
MOST_DAYS_BACK = 14  # after a longer pause older lists are history, not news
PAGE = 100  # entries; the most that the server gives
DEFAULT_PAGE = 50  # what a server gives that does not know `limit`
PAGES = 5
MOST = 10_000_000  # votes or comments; more is nonsense


def parse_papers(body: bytes, *, source: str, asked_on: date | None) -> Parsed:
    """The papers of one answer, under their own list day, else under `asked_on`.

    An entry without id or title is skipped. FeedError when the answer is no array, or when nothing in it is a paper.
    """
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        page = body[:2000].lstrip().lower().startswith((b"<!doctype", b"<html"))
        raise FeedError(f"{'an HTML page' if page else 'no JSON'} came instead of the list of papers") from None
    if not isinstance(entries, list):
        raise FeedError(f"{_named(entries)} came instead of the list of papers")
    found = [_listing(entry, source, asked_on) for entry in entries]
    if entries and not any(found):
        raise FeedError(f"a list came in which nothing is a paper; its first entry is {_named(entries[0])}")
    listings = {one.url: one for one in reversed(found) if one}
    days = [one.listed_on for one in listings.values() if one.listed_on]
    return Parsed(
        listings=tuple(reversed(listings.values())), skipped=found.count(None), announced_on=max(days, default=None)
    )


@dataclass(slots=True)
class _Days:
    """What the list days gave so far."""

    listings: dict[str, Listing] = field(default_factory=dict)
    skipped: int = 0
    notes: list[str] = field(default_factory=list)
    ages: list[timedelta | None] = field(default_factory=list)
    ignored: bool = False
    """The server does not look at the date: asking for further days brings the same list."""


async def read(
    source: SourceSettings, memories: Mapping[str, Memory], client: PoliteClient, known: Known, now: datetime
) -> tuple[Reading, ...]:
    """One reading: the lists of the last days, newest first. An error after the first list keeps what came before."""
    del known  # the list has separate authors already
    base = (source.url or BASE).rstrip("/")
    memory = remembered(memories, source.name, "", base)
    if reason := held(memory, now):
        return (Reading(memory=memory, held=reason),)
    days = _Days()
    error: SourceError | None = None
    today = now.astimezone(UTC).date()
    try:
        for back in range(_days_back(memory, today, days)):
            await _read_day(days, source, base, client, (today - timedelta(days=back), today), now, memory.failures)
            if days.ignored:
                break
    except HeldAtGate as trouble:
        kept = replace(memory, not_before_at=min(trouble.until, now + REST))
        return (Reading(memory=kept, listings=tuple(days.listings.values()), held=held(kept, now)),)
    except Gone as trouble:
        error = FetchError(str(trouble))  # one list is gone, not the site that is configured
    except SourceError as trouble:
        error = trouble
    listings = tuple(days.listings.values())
    kept = after_error(memory, error, now) if error else _after(memory, days, base, now)
    newest = max((one.listed_on for one in listings if one.listed_on and one.listed_on <= today), default=None)
    if newest and newest >= (memory.announced_on or newest):
        kept = with_news(kept, [one for one in listings if one.listed_on == newest], now)
        kept = kept if error else replace(kept, announced_on=newest)  # the days between are tried again
    return (Reading(memory=kept, listings=listings, skipped=days.skipped, error=error, notes=tuple(days.notes)),)


def _days_back(memory: Memory, today: date, days: _Days) -> int:
    """How many list days to ask for: back to the newest one that was read, and at least as many as always."""
    missed = (today - memory.announced_on).days + 1 if memory.announced_on else 0
    if missed > MOST_DAYS_BACK:
        first = today - timedelta(days=MOST_DAYS_BACK - 1)
        days.notes.append(
            f"the lists between {memory.announced_on} and {first} were missed and are not fetched any more"
        )
    return max(DAYS_BACK, min(missed, MOST_DAYS_BACK))


async def _read_day(
    days: _Days,
    source: SourceSettings,
    base: str,
    client: PoliteClient,
    asked: tuple[date, date],
    now: datetime,
    failures: int,
) -> None:
    """Every page of one list day, until one is short or brings nothing new."""
    day, today = asked
    for page in range(PAGES):
        url = f"{base}/api/daily_papers?date={day}&limit={PAGE}&p={page}"
        gate = gate_key(source.kind, base)
        answer = await client.get(url, gate=gate, now=now, failures=failures, expect=frozenset({400}))
        if answer.status == 400:
            if day == today:
                return  # the server's clock is behind ours: the day has not begun there
            raise FetchError(f"{host_of(url)} answered 400 to the list of {day}")
        parsed = await asyncio.to_thread(parse_papers, answer.body, source=source.name, asked_on=day)
        new = {one.url: one for one in parsed.listings if one.url not in days.listings}
        days.listings |= new
        days.skipped += parsed.skipped
        days.ages.append(answer.max_age)
        elsewhere = all(one.listed_on != day for one in parsed.listings)
        repeated = not new and not page
        if parsed.listings and (elsewhere or repeated) and not days.ignored:
            days.ignored = True
            days.notes.append(
                f"{host_of(url)} does not look at the date it is asked for: only its newest list was read"
            )
        size = len(parsed.listings) + parsed.skipped
        if not new or (size < PAGE and size != DEFAULT_PAGE):
            return


def _after(memory: Memory, days: _Days, base: str, now: datetime) -> Memory:
    """Success; the lists are fresh only as long as the first of them that may be asked again."""
    ages = [age for age in days.ages if age is not None]
    soonest = min(ages) if len(ages) == len(days.ages) and ages else None
    answer = Answer(status=200, body=b"", url=base, max_age=soonest)
    return after_answer(memory, answer, len(days.listings), now, timedelta(hours=24))


def _listing(entry: Any, source: str, asked_on: date | None) -> Listing | None:
    if not isinstance(entry, dict):
        return None
    paper = entry.get("paper")
    paper = paper if isinstance(paper, dict) else entry
    identifier = _text(paper.get("id")).strip()
    title = _line(paper.get("title")) or _line(entry.get("title"))
    if not title or not identifier or len(identifier) > 200:
        return None
    identity = arxiv_id(identifier)
    abstract = from_plain(_text(paper.get("summary")) or _text(entry.get("summary")))
    return Listing(
        source=source,
        title=title,
        url=f"https://arxiv.org/abs/{identity[0]}" if identity else f"{BASE}/papers/{quote(identifier, safe='')}",
        abstract=abstract,
        authors=_authors(paper.get("authors")),
        listed_on=_day(paper.get("submittedOnDailyAt")) or asked_on,
        arxiv_id=identity[0] if identity else "",
        version=identity[1] if identity else None,
        pdf_url=f"https://arxiv.org/pdf/{identity[0]}" if identity else "",
        code_url=web_url(paper.get("githubRepo")) or code_link(abstract),
        project_url=web_url(paper.get("projectPage")),
        upvotes=_count(paper.get("upvotes")),
        comments=_count(entry.get("numComments")),
        authority=1 if identity else 0,
    )


def _authors(value: Any) -> tuple[str, ...]:
    """Names in order; authors that are hidden on the page stay hidden."""
    entries = value if isinstance(value, list) else []
    names = [_line(one.get("name")) for one in entries if isinstance(one, dict) and one.get("hidden") is not True]
    return tuple(name for name in names if name)


def _day(value: Any) -> date | None:
    """The list day as a calendar day: never shifted into a zone."""
    try:
        day = date.fromisoformat(_text(value)[:10])
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


def _text(value: Any) -> str:
    """A string that can be stored: JSON may hold halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _line(value: Any) -> str:
    return " ".join(from_plain(_text(value)).split())


def _named(value: Any) -> str:
    """What came, for an error message."""
    if isinstance(value, dict):
        keys = ", ".join(_line(key)[:30] for key in list(value)[:4])
        return f"an object with {keys}" if keys else "an empty object"
    kinds = {list: "an array", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")
