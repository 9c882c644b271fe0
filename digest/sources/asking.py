"""One document of a source: asked for, parsed, remembered. Used by every kind whose part is a single address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from digest.errors import FeedError, FetchError, Gone, SourceError
from digest.models import Memory
from digest.sources.answer import Answer
from digest.sources.gates import HeldAtGate
from digest.sources.http import PoliteClient
from digest.sources.reading import Parsed, Reading
from digest.sources.remembering import address, after_answer, after_error, held, validators, with_news
from digest.sources.urls import host_of

REST = timedelta(hours=1)  # at most so long for an address whose neighbour was refused: its own word counts after that


async def ask(
    memory: Memory,
    client: PoliteClient,
    parse: Callable[[Answer], Parsed],
    *,
    gate: str,
    now: datetime,
    longest: timedelta = timedelta(hours=24),
    expect: frozenset[int] = frozenset(),
) -> tuple[Reading, Parsed | None]:
    """The reading of one part, and the document itself where a new one came. Raises nothing for what the source does.

    Validators are remembered only after the document was understood, so that a broken one is asked for again.
    """
    if reason := held(memory, now):
        return Reading(memory=memory, held=reason), None
    try:
        answer = await client.get(
            address(memory),
            gate=gate,
            now=now,
            validators=validators(memory),
            failures=memory.failures,
            expect=expect,
        )
        if answer.not_modified:
            kept = after_answer(memory, answer, memory.entries, now, longest)
            return Reading(memory=kept, not_modified=True), None
        parsed = await asyncio.to_thread(parse, answer)
        if answer.status in expect:
            raise FeedError(f"{host_of(answer.url)} answered {answer.status}")
    except HeldAtGate as error:
        waiting = replace(memory, not_before_at=min(error.until, now + REST))
        return Reading(memory=waiting, held=held(waiting, now)), None
    except SourceError as error:
        return Reading(memory=after_error(memory, error, now), error=_first_hand(error, memory)), None
    kept = after_answer(memory, answer, len(parsed.listings), now, longest)
    kept = with_news(kept, parsed.listings, now)
    reading = Reading(memory=kept, listings=parsed.listings, skipped=parsed.skipped, notes=parsed.notes)
    return reading, parsed


def _first_hand(error: SourceError, memory: Memory) -> SourceError:
    """What an address says that a redirect of old led to is not what the configured one says."""
    if isinstance(error, Gone) and memory.moved_to:
        return FetchError(f"{host_of(memory.moved_to)} answered 410; the configured url is asked next time")
    return error
