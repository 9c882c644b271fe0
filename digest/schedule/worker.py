"""One recurring job's life: woken by ticks, one round at a time, bounded in time; whatever happens, it goes on.

A round that goes wrong is tried again at the next tick, then after pauses that double; `wake(afresh=True)` forgets them.
A round without a sign of life for too long is cancelled; one that does not even end then makes the worker `stuck`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from digest.errors import DigestError
from digest.settings import Settings
from digest.store import Store

LONGEST_PAUSE = 900.0
_FIRST_PAUSE = 60.0
"""Seconds between a second round in a row that went wrong and the third."""

_LAST_WORDS = 10.0
"""Seconds that a cancelled round may take to leave things in order."""

_LOOK = 1.0


@dataclass(slots=True)
class Round:
    """What one round works with. `now` is the wall clock at its beginning."""

    settings: Settings
    store: Store
    now: datetime
    stopping: asyncio.Event
    clock: Callable[[], datetime]
    last_sign: float = field(default_factory=time.monotonic)

    def alive(self) -> None:
        """A sign of life: something was done."""
        self.last_sign = time.monotonic()


@dataclass(frozen=True, slots=True)
class Result:
    """What a round came to: `trouble` is why it must be repeated soon, `worked` whether there was anything to do."""

    trouble: str = ""
    worked: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a round ended, for whoever keeps the books; `end` is "well", "trouble" or "crashed"."""

    job: str
    end: str
    result: Result
    failures: int
    began_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """Something that recurs; `work` asks the store what is due, and comes to an end soon when the process stops.

    `patience`: seconds a round may be silent.
    """

    name: str
    work: Callable[[Round], Awaitable[Result]]
    patience: float


class Worker:
    """Runs one job."""

    def __init__(
        self,
        job: Job,
        begin: Callable[[], Round],
        ended: Callable[[Ended], Awaitable[None]],
        log: FilteringBoundLogger,
    ) -> None:
        self.job = job
        self._begin = begin
        self._ended = ended
        self._log = log.bind(job=job.name)
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._failures = 0
        self._not_before = 0.0
        self.busy_since = 0.0
        """Monotonic; since when the current round is under way."""
        self.stuck = False

    def wake(self, *, afresh: bool = False) -> None:
        """Look again what is due, now or as soon as the round under way has ended."""
        if afresh:
            self._not_before, self._failures = 0.0, 0
        if time.monotonic() >= self._not_before:
            if self._idle.is_set():
                self.busy_since = time.monotonic()
            self._idle.clear()
        self._woken.set()

    async def idle(self, seconds: float) -> None:
        """Wait until nothing is under way, but no longer than so many seconds after that began."""
        left = self.busy_since + seconds - time.monotonic()
        if not self._idle.is_set() and left > 0:
            try:
                await asyncio.wait_for(self._idle.wait(), left)
            except TimeoutError:
                return

    async def run(self, stopping: Callable[[], bool]) -> None:
        """Round after round until `stopping`; cancelled, it cancels its round and waits for its last words."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                if stopping():
                    return
                if time.monotonic() >= self._not_before:
                    await self._round()
                if not self._woken.is_set():
                    self._idle.set()
        finally:
            self._idle.set()

    async def _round(self) -> None:
        self.busy_since = time.monotonic()
        current = self._begin()
        end, result = "well", Result()
        try:
            result = await self._bounded(current)
            end = "trouble" if result.trouble else "well"
        except (DigestError, OSError) as error:
            end, result = "crashed", Result(_sentence(error), worked=True)
            self._log.error("job", message=f"{self.job.name} went wrong: {result.trouble}")
        except Exception as error:  # noqa: BLE001 - logged with its traceback; the next round comes
            end, result = "crashed", Result(f"{type(error).__name__}: {error}", worked=True)
            self._log.exception("job", message=f"{self.job.name} went wrong, and that is a mistake in the program")
        self._failures = self._failures + 1 if result.trouble else 0
        pause = min(LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures - 1, 10)) if self._failures > 1 else 0.0
        self._not_before = time.monotonic() + pause * 0.95 if pause else 0.0  # the tick comes on the full minute
        seconds = time.monotonic() - self.busy_since
        try:
            await self._ended(Ended(self.job.name, end, result, self._failures, current.now, seconds))
        except (DigestError, OSError) as error:  # a full disk cannot be written down
            self._log.error("job", message=f"the end of a round could not be written down: {_sentence(error)}")
        except Exception:  # noqa: BLE001 - as above
            self._log.exception("job", message="the end of a round could not be written down")

    async def _bounded(self, current: Round) -> Result:
        task = asyncio.ensure_future(self.job.work(current))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK)
                if not task.done() and time.monotonic() - current.last_sign > self.job.patience:
                    await self._give_up(task)
                    raise DigestError(f"nothing happened for {self.job.patience:.0f} seconds; it was stopped")
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task}, timeout=_LAST_WORDS)
            raise
        return task.result()

    async def _give_up(self, task: asyncio.Future[Result]) -> None:
        task.cancel()
        await asyncio.wait({task}, timeout=_LAST_WORDS)
        if not task.done():
            self.stuck = True
            self._log.critical("job", message=f"{self.job.name} hangs and cannot be stopped")
            await asyncio.wait({task})
            self.stuck = False
        if not task.cancelled() and task.exception():
            raise DigestError(f"it hung and ended with {type(task.exception()).__name__}")


def _sentence(error: DigestError | OSError) -> str:
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{where}"
    return str(error)
