"""What reading a source gives back, and what is remembered between two readings.

A source is read in parts, each with an address and a memory of its own: arXiv one part per category, the others one
part called "". Parsers give `Parsed`; the door of the room gives `Reading`; the store keeps `Memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from digest.errors import SourceError
from digest.models import Listing, Memory

__all__ = ["Memory", "Parsed", "Reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One document, read completely: what could be recovered, and how many entries could not."""

    listings: tuple[Listing, ...]
    skipped: int = 0
    announced_on: date | None = None
    """The day the whole document speaks for, where it says so (arXiv's channel date)."""
    notes: tuple[str, ...] = ()
    """Sentences for the operator, e.g. "2000 entries, arXiv's limit: some may be missing"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One part of a source after one try: listings, or an error, or "not asked"."""

    memory: Memory
    """As it is to be stored."""
    listings: tuple[Listing, ...] = ()
    skipped: int = 0
    not_modified: bool = False
    held: str = ""
    """Why the source was not asked at all ("asked to wait until …"); empty when it was."""
    error: SourceError | None = None
    notes: tuple[str, ...] = field(default=())
