"""Reads a generic feed: one address, one part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from digest.models import Memory
from digest.settings import SourceSettings
from digest.sources.asking import ask
from digest.sources.feed import parse_feed
from digest.sources.gates import gate_key
from digest.sources.http import PoliteClient
from digest.sources.reading import Reading
from digest.sources.remembering import remembered
from digest.sources.seams import Known


async def read(
    source: SourceSettings, memories: Mapping[str, Memory], client: PoliteClient, known: Known, now: datetime
) -> tuple[Reading, ...]:
    """One reading, of the part called ""."""
    del known  # a feed says about its papers all that it knows
    memory = remembered(memories, source.name, "", source.url)
    reading, parsed = await ask(
        memory,
        client,
        lambda answer: parse_feed(
            answer.body, source=source.name, url=answer.url, content_type=answer.content_type, now=now
        ),
        gate=gate_key(source.kind, source.url),
        now=now,
    )
    if parsed and parsed.announced_on:
        reading = replace(reading, memory=replace(reading.memory, announced_on=parsed.announced_on))
    return (reading,)
