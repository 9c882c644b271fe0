"""What is kept and told of rounds: the store, the numbers, the service manager, the watching service, the admin."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from digest.pipeline.afterwards import tell
from digest.pipeline.alarms import Change, apply
from digest.pipeline.metrics import Metrics
from digest.schedule.live import Live
from digest.schedule.systemd import Notifier
from digest.schedule.worker import Ended
from digest.store import Store

_ALARMING = 3
"""Rounds in a row that crashed before an operator is called."""


_BEAT_SECONDS = 50.0
"""Between two signs of life, however often rounds are."""


class Books:
    """The books of one process over its open store."""

    def __init__(
        self,
        store: Store,
        live: Live,
        metrics: Metrics,
        notifier: Notifier,
        log: FilteringBoundLogger,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._live = live
        self._metrics = metrics
        self._notifier = notifier
        self._log = log
        self._clock = clock
        self._beat_at = -math.inf
        self._raised = False
        """Whether an alarm is new since the watching service was last told."""

    async def alarm(self, found: Mapping[str, str]) -> None:
        """Raise and clear alarms (kind → what is wrong, "" when it is over), and say so where that is news."""
        for change in await apply(self._store, found, self._clock()):
            self.announce(change)

    def announce(self, change: Change) -> None:
        self._raised = self._raised or not change.over
        self._beat_at = -math.inf  # news is told at once
        level = self._log.info if change.over else self._log.error
        level("alarm", message=f"alarm {change.kind}: {change.message}", kind=change.kind, over=change.over)

    async def ended(self, ended: Ended) -> None:
        """A round is over; StoreError when that could not be written down."""
        job, trouble = ended.job, ended.result.trouble
        self._metrics.round(job, ended.end, ended.seconds)
        self._notifier.status(self.status(f"{job}: {trouble}" if trouble else ""))
        if job == "send" or ended.result.worked or trouble:
            await self._store.rounds.record(job, ended.began_at, trouble)
        if ended.end != "crashed":
            await self.alarm({f"job {job}": ""})
        elif ended.failures >= _ALARMING:
            await self.alarm({f"job {job}": f"{job} went wrong {ended.failures} times in a row: {trouble}"})
        if job == "send":
            await self._tell(well=ended.end == "well")

    def status(self, trouble: str = "") -> str:
        """One line for the service manager."""
        if self._live.problem:
            return f"the configuration cannot be used, the one from before goes on: {self._live.problem}"
        return trouble or "at work"

    async def _tell(self, *, well: bool) -> None:
        """The watching service and the admin, after a round of sending."""
        raised, self._raised = self._raised, False
        beat = well and time.monotonic() - self._beat_at > _BEAT_SECONDS
        if beat:
            self._beat_at = time.monotonic()
        for words in await tell(self._live.settings, self._store, self._clock(), raised=raised, beat=beat):
            self._log.warning("untold", message=words)
