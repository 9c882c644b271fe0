"""Reads an arXiv source: one feed per category, then the API for what the feeds lack. Everything passes one gate.

The flow:  held?  →  feed of each category  →  lists missed since the last reading  →  separate authors of new papers
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import quote

from digest.errors import NotBefore, SourceError
from digest.models import Listing, Memory
from digest.settings import SourceSettings
from digest.sources.arxiv import parse_announcements
from digest.sources.arxiv_api import Api, authors_of, missed
from digest.sources.arxiv_calendar import announcement_days, expected
from digest.sources.arxiv_hold import PART, api_reading, hold_of
from digest.sources.asking import ask
from digest.sources.bounds import no_later_than_tomorrow
from digest.sources.gates import ARXIV, HeldAtGate
from digest.sources.http import PoliteClient
from digest.sources.reading import Parsed, Reading
from digest.sources.remembering import held, remembered, without_validators
from digest.sources.seams import Known

FEEDS = "https://rss.arxiv.org"
API = "https://export.arxiv.org"
LONGEST_HOLD = timedelta(hours=1)  # the feed's max-age runs to midnight, yet late lists come during the day
LONGEST_GAP = timedelta(days=14)  # older lists are history, not news


@dataclass(frozen=True, slots=True)
class _Read:
    """One category: what was remembered before, and what came."""

    category: str
    before: Memory
    reading: Reading
    parsed: Parsed | None


async def read(
    source: SourceSettings, memories: Mapping[str, Memory], client: PoliteClient, known: Known, now: datetime
) -> tuple[Reading, ...]:
    """One reading per category, and one more of the API while there is a pause of it to remember."""
    reads = await _feeds(source, memories, client, now)
    listed = dict.fromkeys(one.arxiv_id for each in reads for one in each.reading.listings)
    seen = await known(tuple(listed)) if listed else frozenset()
    base = (source.url or API).rstrip("/")
    before = remembered(memories, source.name, PART, base)
    api = Api(base, client, source.name, now, before.failures)
    trouble: SourceError | None = hold_of(before, now)
    readings = []
    for each in reads:
        reading, trouble = await _filled(each, api, frozenset(source.include), trouble)
        readings.append(reading)
    unseen = [name for name in listed if name not in seen]
    if unseen and trouble is None:
        authors, trouble = await authors_of(api, unseen)
        readings = [replace(one, listings=_with_authors(one.listings, authors)) for one in readings]
    if unseen and trouble:
        readings[0] = replace(readings[0], notes=(*readings[0].notes, f"authors as the feed has them: {trouble}"))
    kept = api_reading(before, trouble, now, asked=bool(unseen), gate_until=client.gates.held(ARXIV, now))
    return (*(_rested(one, trouble, now) for one in readings), *((kept,) if kept else ()))


async def _feeds(
    source: SourceSettings, memories: Mapping[str, Memory], client: PoliteClient, now: datetime
) -> list[_Read]:
    """The feed of each category; after one "not before" the others are not asked either."""
    reads: list[_Read] = []
    until: datetime | None = None
    for category in dict.fromkeys(source.categories):
        url = f"{(source.url or FEEDS).rstrip('/')}/atom/{quote(category, safe='+.-')}"
        before = remembered(memories, source.name, category, url)
        if until and not held(before, now):
            waiting = replace(before, not_before_at=until)
            reads.append(_Read(category, before, Reading(memory=waiting, held=held(waiting, now)), None))
            continue
        reading, parsed = await ask(
            before,
            client,
            lambda answer, category=category: parse_announcements(  # type: ignore[misc] # mypy sees no type in a default
                answer.body, source=source.name, category=category, include=frozenset(source.include)
            ),
            gate=ARXIV,
            now=now,
            longest=LONGEST_HOLD,
            expect=frozenset({400}),
        )
        if isinstance(reading.error, NotBefore):
            until = reading.error.until
        reads.append(_Read(category, before, reading, parsed))
    return reads


async def _filled(
    each: _Read, api: Api, include: frozenset[str], trouble: SourceError | None
) -> tuple[Reading, SourceError | None]:
    """The reading with the lists that were missed, and with the newest list day that is now complete.

    Content decides: a feed with the same papers as before does not move the day on. A gap that could not be filled stays
    remembered, and the feed is asked for whole next time, so that it is tried again.
    """
    reading, before = each.reading, each.before.announced_on
    if each.parsed is None:
        return reading, trouble
    day = no_later_than_tomorrow(each.parsed.announced_on or expected(api.now), api.now)
    news = reading.memory.seen != each.before.seen
    complete = day if reading.listings and (news or before is None) else before
    gap = _gap(before, day)
    if gap and trouble is None:
        found = await missed(api, each.category, gap[0], gap[-1], include)
        have = {one.arxiv_id for one in reading.listings}
        extra = tuple(one for one in found.listings if one.arxiv_id not in have)
        reading = replace(reading, listings=reading.listings + extra, notes=reading.notes + found.notes)
        trouble = found.trouble
        complete = max(gap[-1], complete or gap[-1])
    memory = replace(reading.memory, announced_on=complete)
    if gap and trouble:
        note = f"the lists of {each.category} since {before} could not be fetched again: {trouble}"
        reading = replace(reading, notes=(*reading.notes, note))
        memory = replace(without_validators(memory), announced_on=before)
    elif each.parsed.notes:
        memory = without_validators(memory)
    return replace(reading, memory=memory), trouble


def _gap(before: date | None, day: date) -> tuple[date, ...]:
    """The lists between the newest complete one and the one the feed holds, at most two weeks back."""
    return announcement_days(max(before, day - LONGEST_GAP), day) if before else ()


def _with_authors(listings: tuple[Listing, ...], authors: Mapping[str, tuple[str, ...]]) -> tuple[Listing, ...]:
    return tuple(replace(one, authors=authors.get(one.arxiv_id, one.authors)) for one in listings)


def _rested(reading: Reading, trouble: SourceError | None, now: datetime) -> Reading:
    """When the API asks for a pause, the feeds get one too, at most an hour: arXiv counts both together."""
    if not isinstance(trouble, NotBefore) or isinstance(trouble, HeldAtGate) or reading.held or reading.error:
        return reading
    until = min(trouble.until, now + LONGEST_HOLD)
    return replace(
        reading, memory=replace(reading.memory, not_before_at=max(until, reading.memory.not_before_at or until))
    )
