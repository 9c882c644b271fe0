"""What is remembered of arXiv's API between two readings: a pause that it asked for. Pure.

The API has a part of its own beside the categories, which exists only as long as there is something to remember.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from digest.errors import NotBefore, SourceError
from digest.models import Memory
from digest.sources.gates import HeldAtGate
from digest.sources.reading import Reading
from digest.sources.remembering import after_error, held

PART = "api"


def hold_of(memory: Memory, now: datetime) -> HeldAtGate | None:
    """Why the API is not asked now, by its own word of an earlier reading; None when it may be."""
    if not held(memory, now) or memory.not_before_at is None:
        return None
    return HeldAtGate(f"arXiv's API {held(memory, now)}", memory.not_before_at)


def api_reading(
    before: Memory, trouble: SourceError | None, now: datetime, *, asked: bool, gate_until: datetime | None
) -> Reading | None:
    """The part to keep, with the whole pause that was asked for; None when there is nothing to remember."""
    if isinstance(trouble, NotBefore) and not isinstance(trouble, HeldAtGate):
        return Reading(memory=replace(after_error(before, trouble, now), gone=False))
    until = max(filter(None, (gate_until, before.not_before_at)), default=None)
    if until and until > now:
        waiting = replace(before, not_before_at=until)
        return Reading(memory=waiting, held=held(waiting, now))
    if before.failures and (trouble or not asked):
        return Reading(memory=replace(before, not_before_at=None), held="not needed now")
    return None
