"""Reloads: asked for, or because a file changed. A good edit is taken at once; a wrong one is told and kept out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from digest.pipeline.alarms import CONFIGURATION
from digest.pipeline.metrics import Metrics
from digest.schedule.books import Books
from digest.schedule.live import Live, Reloaded
from digest.schedule.systemd import Notifier
from digest.schedule.watching import watch

_WATCH_AGAIN_SECONDS = 600.0


class Edits:
    """Notices edits of one configuration; `on_taken` is called when there are new settings."""

    def __init__(
        self, live: Live, metrics: Metrics, notifier: Notifier, log: FilteringBoundLogger, on_taken: Callable[[], None]
    ) -> None:
        self._live = live
        self._metrics = metrics
        self._notifier = notifier
        self._log = log
        self._on_taken = on_taken
        self._look = asyncio.Event()
        self._rewatch = asyncio.Event()
        self._asked = False

    def ask(self) -> None:
        """Read everything again, whether a file has changed or not."""
        self._asked = True
        self._look.set()

    def look(self) -> None:
        """Read everything again if a file has changed."""
        self._look.set()

    async def take(self, books: Books, ending: asyncio.Event) -> None:
        """Reload when it is time to, until a look finds the process `ending`."""
        while True:
            await self._look.wait()
            self._look.clear()
            if ending.is_set():
                return
            asked, self._asked = self._asked, False
            if await self._live.edited() or asked:
                await self._reload(books)

    async def _reload(self, books: Books) -> None:
        self._notifier.reloading()
        done = await self._live.reload()
        self._say(done)
        self._notifier.ready(books.status())
        self._rewatch.set()
        if not done.problem:
            self._on_taken()
        await books.alarm({CONFIGURATION: done.problem})

    def _say(self, done: Reloaded) -> None:
        self._metrics.reloaded(accepted=not done.problem)
        if done.problem:
            self._log.error("reload", message=f"not taken, the settings from before go on: {done.problem}", taken=False)
            return
        words = ", ".join(done.changed) or "nothing"
        self._log.info("reload", message=f"taken; changed: {words}", taken=True, changed=list(done.changed))
        if done.needs_restart:
            tables = " and ".join(f"[{name}]" for name in done.needs_restart)
            self._log.warning("restart", message=f"{tables}: what changed counts when digest run is started again")

    async def watch(self, database: str) -> None:
        """Notice edits at once where the system tells of them, until cancelled; a reload may bring other folders."""
        while True:
            self._rewatch.clear()
            watching = asyncio.create_task(watch(await self._live.folders(), database, self.look))
            other = asyncio.create_task(self._rewatch.wait())
            try:
                await asyncio.wait({watching, other}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done() and (error := watching.exception()):
                    words = f"edits are noticed at ticks only, because folders cannot be watched: {error}"
                    self._log.warning("watching", message=words)
                    await asyncio.wait({other}, timeout=_WATCH_AGAIN_SECONDS)
            finally:
                for task in (watching, other):
                    task.cancel()
                await asyncio.wait({watching, other})
