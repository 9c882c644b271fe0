"""The sources room: the world → listings. This is its door; other rooms import from here and nowhere deeper.

It asks politely (one gate per host, conditional requests, "not before" respected), reads Hugging Face Daily Papers,
arXiv and feeds of every dialect, says what state a source is in, and tells which listings are one paper. It stores
nothing, retries nothing and schedules nothing: memory comes in and goes out, and the next reading is the retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from digest.models import Memory
from digest.settings import SourceSettings
from digest.sources import arxiv_reading, feed_reading, huggingface
from digest.sources.bibliography import Bibliography, read_bibliography
from digest.sources.bounds import bounded
from digest.sources.gates import INTERVALS, Gates, last_asked
from digest.sources.http import Limits, PoliteClient
from digest.sources.identity import may_merge, paper_id, paper_keys
from digest.sources.reading import Reading
from digest.sources.seams import Known, Reader
from digest.sources.state import judge

__all__ = [
    "INTERVALS",
    "READERS",
    "Bibliography",
    "Gates",
    "Known",
    "Limits",
    "Memory",
    "PoliteClient",
    "Reading",
    "judge",
    "last_asked",
    "may_merge",
    "paper_id",
    "paper_keys",
    "read_bibliography",
    "read_source",
]

READERS: Mapping[str, Reader] = {
    "arxiv": arxiv_reading.read,
    "feed": feed_reading.read,
    "huggingface": huggingface.read,
}
"""Every kind of source and how it is read."""


async def read_source(
    source: SourceSettings, memories: Mapping[str, Memory], client: PoliteClient, known: Known, now: datetime
) -> tuple[Reading, ...]:
    """One reading per part of the source; `memories` by part, `known` says which arXiv ids the store has.

    Every listing is within the bounds of `bounds.bounded`. What the outside does never raises: it stands in `Reading.error`, with listings that came before it kept.
    `Memory.checked_at` is the moment the part was finished, so that the next run keeps its distance from it.
    """
    began = client.gates.clock()
    readings = await READERS[source.kind](source, memories, client, known, now)
    finished_at = now + timedelta(seconds=max(0.0, client.gates.clock() - began))
    bound = await asyncio.to_thread(lambda: [_bound(one, now) for one in readings])
    return tuple(one if one.held else replace(one, memory=replace(one.memory, checked_at=finished_at)) for one in bound)


def _bound(reading: Reading, now: datetime) -> Reading:
    """What cannot be kept within bounds is dropped and counted."""
    kept = tuple(one for listing in reading.listings if (one := bounded(listing, now)))
    return replace(reading, listings=kept, skipped=reading.skipped + len(reading.listings) - len(kept))
