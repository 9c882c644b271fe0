"""sources → store: ask every source, take in what it lists, count its words, keep what it said about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from digest.errors import UsageError
from digest.models import SourceReport
from digest.pipeline.history import catch_up
from digest.pipeline.wiring import http
from digest.settings import Settings, SourceSettings
from digest.sources import Reading, judge, may_merge, paper_id, paper_keys, read_source
from digest.store import Arrival, Store

T = TypeVar("T")

_NOTES = 3
"""Notes of the readers that stand beside the reason, e.g. that a feed was broken."""


async def fetch(
    settings: Settings,
    store: Store,
    now: datetime,
    *,
    only: Collection[str] | None = None,
    on_report: Callable[[SourceReport], None] = lambda _: None,
    stopping: asyncio.Event | None = None,
) -> list[SourceReport]:
    """Ask the sources side by side; one that fails says so in its report and does not stop the others.

    Once `stopping` is set, sources that have not answered are left for the next time; what has come is taken in.
    """
    chosen = [source for source in settings.sources if only is None or source.name in only]
    if not chosen and only is not None:
        names = ", ".join(source.name for source in settings.sources) or "none"
        raise UsageError(f"no source is called {', '.join(sorted(only))}; the configured ones are: {names}")
    async with http(settings, await store.sources.last_asked(), now) as client:

        async def one(source: SourceSettings) -> SourceReport | None:
            memories = await store.sources.memories(source.name)
            reading = read_source(source, memories, client, store.papers.known_arxiv_ids, now)
            readings = await _unless(stopping, reading)
            if readings is None:
                return None
            report = await _take_in(source, readings, store, now)
            on_report(report)
            return report

        outcomes = await asyncio.gather(*map(one, chosen), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):  # the store failed, or a bug: every other source was finished first
            raise outcome
    await catch_up(store)
    return [outcome for outcome in outcomes if isinstance(outcome, SourceReport)]


async def _unless(stopping: asyncio.Event | None, work: Coroutine[object, object, T]) -> T | None:
    """What the work gives; None when it was broken off because `stopping` was set."""
    if stopping is None:
        return await work
    working, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        broken_off = not working.done()
        working.cancel()
        stop.cancel()
    if broken_off:
        await asyncio.wait({working})
        return None
    return working.result()


async def _take_in(source: SourceSettings, readings: Sequence[Reading], store: Store, now: datetime) -> SourceReport:
    new_by_part: dict[str, int] = {}
    counts = {"new": 0, "updated": 0, "unchanged": 0, "skipped": 0}
    for reading in readings:
        arrivals = [Arrival(listing, paper_id(listing), paper_keys(listing)) for listing in reading.listings]
        added = await store.papers.add(arrivals, now, may_merge)
        new_by_part[reading.memory.part] = added.new
        counts["new"] += added.new
        counts["updated"] += added.updated
        counts["unchanged"] += reading.memory.entries if reading.not_modified else added.unchanged
        counts["skipped"] += reading.skipped
    state, reason = judge(source.kind, readings, new_by_part, now)
    notes = dict.fromkeys(note for reading in readings for note in reading.notes)
    told = "; ".join([reason, *islice(notes, _NOTES)])
    report = SourceReport(name=source.name, state=state, reason=told, **counts)
    await store.sources.record(report, [reading.memory for reading in readings], now)
    return report
