"""One gate per host: one request at a time, and a minimum interval between the starts of two requests.

Opens no socket and reads no wall clock: the times of earlier runs are handed in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from digest.errors import NotBefore
from digest.settings import SourceSettings
from digest.sources.urls import host_of, is_loopback

ARXIV = "arxiv"
HUGGING_FACE = "huggingface.co"
INTERVALS: Mapping[str, float] = {ARXIV: 3.0, HUGGING_FACE: 1.0}
"""Seconds. arXiv's terms of use: one request every three seconds, one connection, over RSS and API together."""
OTHERS = 1.0  # seconds, for every host that is neither named above nor this machine


class HeldAtGate(NotBefore):
    """Not asked at all: somebody else was refused at the same gate during this run."""


class Gates:
    """Lets one request at a time through to each host, and keeps the starts apart.

    `last_asked` holds the moments of an earlier run, measured at `now`; without `now` they count as just asked.
    """

    def __init__(
        self,
        intervals: Mapping[str, float] = INTERVALS,
        *,
        others: float = OTHERS,
        last_asked: Mapping[str, datetime] | None = None,
        now: datetime | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._intervals = intervals
        self._others = others
        self._sleep = sleep
        self._locks: dict[str, asyncio.Lock] = {}
        self._held: dict[str, datetime] = {}
        self._started = {key: clock() - _seconds_since(at, now) for key, at in (last_asked or {}).items()}

    def interval(self, key: str) -> float:
        """Seconds between two starts at this gate; this machine itself needs no distance."""
        if key in self._intervals:
            return self._intervals[key]
        return 0.0 if is_loopback(key) else self._others

    @asynccontextmanager
    async def through(self, key: str) -> AsyncIterator[None]:
        """Waits for the turn and the interval, and holds the gate while the request runs."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key in self._started:
                wait = self._started[key] + self.interval(key) - self.clock()
                if wait > 0:
                    await self._sleep(wait)
            self._started[key] = self.clock()
            yield

    def hold(self, key: str, until: datetime) -> None:
        """Let nobody through before `until`, because the host behind this gate asked for a pause."""
        self._held[key] = max(until, self._held.get(key, until))

    def held(self, key: str, now: datetime) -> datetime | None:
        """Until when nobody is let through; None when the gate is open."""
        until = self._held.get(key)
        return until if until and until > now else None


def gate_key(kind: str, url: str) -> str:
    """Which gate an address belongs to: "arxiv" for the kind and for arXiv's own hosts, else the host."""
    host = host_of(url)
    if kind == "arxiv" or host == "arxiv.org" or host.endswith(".arxiv.org"):
        return ARXIV
    return HUGGING_FACE if kind == "huggingface" and not host else host


def last_asked(sources: Iterable[SourceSettings], checked_at: Mapping[str, datetime]) -> dict[str, datetime]:
    """When each gate was last used: `checked_at` by source name, as the store keeps it, turned into a seed of `Gates`."""
    asked: dict[str, datetime] = {}
    for source in sources:
        key = gate_key(source.kind, source.url)
        if key and (at := checked_at.get(source.name)):
            asked[key] = max(at, asked.get(key, at))
    return asked


def _seconds_since(at: datetime, now: datetime | None) -> float:
    """Never negative: a clock that was set back does not make anybody wait longer than the interval."""
    return max(0.0, (now - at).total_seconds()) if now else 0.0
