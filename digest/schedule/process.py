"""`digest run` put together: lock, store, workers, ticks, edits, pages, the service manager, and an orderly end.

The order of an end: no tick any more, no new message, what is in flight is finished (for a while), the store is closed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import structlog

from digest.errors import DigestError, OutputError, Problem
from digest.pipeline.alarms import CONFIGURATION
from digest.pipeline.metrics import Metrics
from digest.schedule.alone import alone
from digest.schedule.books import Books
from digest.schedule.edits import Edits
from digest.schedule.jobs import Jobs
from digest.schedule.live import Live
from digest.schedule.metronome import Metronome
from digest.schedule.systemd import Notifier
from digest.schedule.worker import Round, Worker
from digest.settings import Settings
from digest.store import Store, open_store

_FINISH_SECONDS = 10.0
"""How long messages in flight are waited for before they are broken off (which the outbox survives)."""

_AGAIN_SECONDS = 5.0
"""After which a part of the process that ended by mistake is begun again."""

_RELOAD = "reload"

_LATE_SECONDS = 30.0
"""Beyond three ticks: then nobody believes any more that we are well."""


class Pages(Protocol):
    """What serves the pages in our loop; the web room is behind it."""

    def listen(self, settings: Settings) -> socket.socket:
        """A socket for `[web]`; DigestError says why there is none."""

    async def serve(self, settings: Settings, store: Store, metrics: Metrics, listening: socket.socket) -> None:
        """Serve on the socket until cancelled, then finish requests under way; signals are left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    tick_seconds: float = 60.0
    pages: Pages | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    check: Callable[[Settings], list[Problem]] = lambda _settings: []
    """What else an edit must pass, beside what the pipeline knows."""


class Process:
    """One `digest run`."""

    def __init__(self, settings: Settings, options: Options) -> None:
        self._options = options
        self._log = structlog.get_logger("digest")
        self._live = Live(settings, options.environ, options.check)
        self._notifier = Notifier(options.environ)
        self._metrics = Metrics()
        self._edits = Edits(self._live, self._metrics, self._notifier, self._log, self._take)
        self._workers: list[Worker] = []
        self._ending = asyncio.Event()
        self._hurry = asyncio.Event()
        self._reserve = asyncio.Event()

    @property
    def settings(self) -> Settings:
        """Those that count now."""
        return self._live.settings

    async def run(self) -> None:
        """Work until a signal says stop; raises DigestError when it cannot even begin."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._edits.ask)
        url = self._live.settings.store.url
        async with AsyncExitStack() as stack:
            stack.enter_context(alone(url.removeprefix("sqlite:///")))
            store = await stack.enter_async_context(open_store(url))
            parts = self._pages(store, stack)
            await self._work(store, parts)
        self._log.info("stopped", message="stopped; nothing is lost, the next start goes on from here")

    async def _work(self, store: Store, parts: dict[str, Callable[[], Awaitable[None]]]) -> None:
        books = Books(store, self._live, self._metrics, self._notifier, self._log, self._options.clock)
        jobs = Jobs(self._metrics, self._log, books.announce)
        self._workers = [Worker(job, lambda: self._round(store), books.ended, self._log) for job in jobs.all()]
        by_name = {worker.job.name: worker for worker in self._workers}
        jobs.fetched, jobs.planned = by_name["fetch"].idle, by_name["plan"].idle
        metronome = Metronome(self._tick, self._options.tick_seconds)
        await self._live.edited()
        await books.alarm({CONFIGURATION: ""})  # it could be read, or we were not here
        parts |= {
            "ticks": metronome.run,
            _RELOAD: lambda: self._edits.take(books, self._ending),
            "watching": lambda: self._edits.watch(store.path),
            "watchdog": lambda: self._watchdog(metronome),
        }
        self._log.info("started", message=f"watching the clock, with {self._live.settings.path}", pid=os.getpid())
        self._notifier.ready(books.status())
        helpers = {name: asyncio.create_task(self._keep(name, work)) for name, work in parts.items()}
        workers = {worker: asyncio.create_task(worker.run(self._ending.is_set)) for worker in self._workers}
        try:
            await self._ending.wait()
        finally:
            await self._end(helpers, workers)

    def _round(self, store: Store) -> Round:
        return Round(self._live.settings, store, self._options.clock(), self._ending, self._options.clock)

    def _tick(self) -> None:
        self._edits.look()
        for worker in self._workers:
            worker.wake()

    def _take(self) -> None:
        """New settings: pages and jobs begin with them at once."""
        self._reserve.set()
        for worker in self._workers:
            worker.wake(afresh=True)

    def _pages(self, store: Store, stack: AsyncExitStack) -> dict[str, Callable[[], Awaitable[None]]]:
        """The part that serves; its socket is open before anybody is told that we are ready."""
        pages = self._options.pages
        if pages is None:
            return {}
        listening = stack.enter_context(pages.listen(self._live.settings))
        host, port = listening.getsockname()[:2]
        self._log.info("serving", message=f"pages at {host}:{port}", port=port)
        return {"pages": lambda: self._serving(store, pages, listening)}

    async def _serving(self, store: Store, pages: Pages, listening: socket.socket) -> None:
        """Pages with the settings that count; a reload begins them anew while the socket stays open."""
        while True:
            self._reserve.clear()
            own = listening.dup()  # a server closes what it served on
            serving = asyncio.create_task(pages.serve(self._live.settings, store, self._metrics, own))
            other = asyncio.create_task(self._reserve.wait())
            try:
                await asyncio.wait({serving, other}, return_when=asyncio.FIRST_COMPLETED)
                if serving.done():
                    raise serving.exception() or OutputError("the server ended by itself")
            finally:
                for task in (serving, other):
                    task.cancel()
                await asyncio.wait({serving, other})
                own.close()

    async def _watchdog(self, metronome: Metronome) -> None:
        """A sign of life while the loop turns, the ticks come and no job hangs for good."""
        pause = self._notifier.watchdog_seconds / 3
        while pause:
            late = time.monotonic() - metronome.last_tick > 3 * metronome.seconds + _LATE_SECONDS
            stuck = [worker.job.name for worker in self._workers if worker.stuck]
            if late or stuck:
                what = f"{', '.join(stuck)} hangs" if stuck else "the ticks do not come"
                self._log.critical("watchdog", message=f"{what}; the service manager may start us again")
            else:
                self._notifier.alive()
            await asyncio.sleep(pause)
        await asyncio.Event().wait()

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run a part of the process for ever; one that ends by mistake is begun again."""
        while not self._ending.is_set():
            try:
                await work()
            except (DigestError, OSError) as error:
                self._log.error("part", message=f"{name} went wrong: {error}", part=name)
            except Exception:  # noqa: BLE001 - logged with its traceback; the others go on
                self._log.exception("part", message=f"{name} went wrong by a mistake in the program", part=name)
            if not self._ending.is_set():
                await asyncio.sleep(_AGAIN_SECONDS)

    def _stop(self, number: int) -> None:
        """The first signal ends in an orderly way, the next one breaks off what is in flight."""
        self._log.info("stopping", message=f"{signal.Signals(number).name}: finishing what is in flight")
        if self._ending.is_set():
            self._hurry.set()
        self._ending.set()

    async def _end(self, helpers: dict[str, asyncio.Task[None]], workers: dict[Worker, asyncio.Task[None]]) -> None:
        """No new work; what is in flight gets its time, and then an end.

        Whoever writes to the database comes to an end by itself: a transaction that is broken off costs more time than
        it takes. Nothing is cancelled twice, which would break off how it cleans up.
        """
        self._ending.set()
        self._notifier.stopping("finishing what is in flight")
        self._edits.look()
        for worker in workers:
            worker.wake()  # so that an idle one sees that it is over
        finishing = {helpers[_RELOAD], *workers.values()}
        everything = {*helpers.values(), *workers.values()}
        for task in everything - finishing:
            task.cancel()
        hurry = asyncio.create_task(self._hurry.wait())
        deadline = time.monotonic() + _FINISH_SECONDS
        while (left := {task for task in finishing if not task.done()}) and not hurry.done():
            if (seconds := deadline - time.monotonic()) <= 0:
                break
            await asyncio.wait({*left, hurry}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        for task in left:
            task.cancel()
        await asyncio.wait({*everything, hurry}, timeout=_FINISH_SECONDS)
