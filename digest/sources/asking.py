"""One document of a source: asked for, parsed, remembered. Used by every kind whose part is a single address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from digest.errors import FeedError, SourceError
from digest.models import Memory
from digest.sources.answer import Answer
from digest.sources.http import PoliteClient
from digest.sources.reading import Parsed, Reading
from digest.sources.remembering import address, after_answer, after_error, held, validators
from digest.sources.urls import host_of


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
    except SourceError as error:
        return Reading(memory=after_error(memory, error, now), error=error), None
    kept = after_answer(memory, answer, len(parsed.listings), now, longest)
    reading = Reading(memory=kept, listings=parsed.listings, skipped=parsed.skipped, notes=parsed.notes)
    return reading, parsed
