"""The two functions that the door and its readers hand to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from digest.models import Memory
from digest.settings import SourceSettings
from digest.sources.http import PoliteClient
from digest.sources.reading import Reading

Known = Callable[[Sequence[str]], Awaitable[frozenset[str]]]
"""arXiv ids → those of them that the store has already."""

Reader = Callable[[SourceSettings, Mapping[str, Memory], PoliteClient, Known, datetime], Awaitable[tuple[Reading, ...]]]
"""One kind of source: settings, memory by part, client, what is known, now → one reading per part."""
