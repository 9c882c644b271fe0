"""Ticks, and nothing else: APScheduler with one job in memory. The only place that knows it.

APScheduler counts by the wall clock. When that jumps (set by hand or by NTP, a machine that slept), the next tick would
come late by as much; so the two clocks are compared every few seconds, and a jump is a reason to tick at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Ticks fall on whole multiples since then: on the full minute, when mail becomes due."""

_LOOK_SECONDS = 5.0
_JUMP_SECONDS = 2.0


class Metronome:
    """Calls `on_tick` once at the start and then every so many seconds, in the event loop; it must not block."""

    def __init__(
        self,
        on_tick: Callable[[], None],
        seconds: float,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._on_tick = on_tick
        self.seconds = seconds
        self._wall = wall
        self._monotonic = monotonic
        self._look_seconds = look_seconds
        self.last_tick = monotonic()
        """On the monotonic clock."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # each tick is not news
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    async def run(self) -> None:
        """Tick until cancelled."""
        trigger = IntervalTrigger(seconds=self.seconds, start_date=_EPOCH, timezone=UTC)
        job = self._scheduler.add_job(self._tick, trigger, id="tick")
        self._scheduler.start()
        try:
            await self._tick()
            offset = self._offset()
            while True:
                await asyncio.sleep(self._look_seconds)
                if abs(self._offset() - offset) > _JUMP_SECONDS:
                    job.modify(next_run_time=datetime.now(UTC) + timedelta(seconds=self.seconds))
                    await self._tick()
                offset = self._offset()
        finally:
            self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        self.last_tick = self._monotonic()
        self._on_tick()

    def _offset(self) -> float:
        return self._wall() - self._monotonic()
