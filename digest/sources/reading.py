"""What reading a source gives back, and what is remembered between two readings.

A source is read in parts, each with an address and a memory of its own: arXiv one part per category, the others one
part called "". Parsers give `Parsed`; the door of the room gives `Reading`; the store keeps `Memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from digest.errors import SourceError
from digest.models import Listing


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
class Memory:
    """What is remembered of one part of a source between two readings."""

    source: str
    part: str = ""
    etag: str = ""
    """Exactly as received, quotes and W/ included, or without any."""
    last_modified: str = ""
    """Exactly as received."""
    validators_url: str = ""
    """The address the validators belong to; they are dropped when the address changes."""
    moved_to: str = ""
    """The address a 301 or 308 named, used from then on; dropped when the configured address changes."""
    configured_url: str = ""
    gone: bool = False
    not_before_at: datetime | None = None
    checked_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    """When unseen papers last came from this part; set by the pipeline."""
    announced_on: date | None = None
    """The newest list day seen."""
    entries: int = 0
    """Entries in the last document, for "unchanged" when the next answer is 304."""
    failures: int = 0
    """In a row."""


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
