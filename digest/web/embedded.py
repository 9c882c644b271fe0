"""The pages inside a process that does more: its loop, its signals, its numbers; served again when settings change."""

from __future__ import annotations

import asyncio
import socket

from digest.pipeline.metrics import Metrics as Process
from digest.settings import Settings
from digest.store import Store
from digest.web.application import application
from digest.web.metrics import Metrics
from digest.web.server import bound, server


class Pages:
    """One process's pages. Their numbers stand in its registry once, however often they are served anew."""

    def __init__(self) -> None:
        self._metrics: Metrics | None = None

    def listen(self, settings: Settings) -> socket.socket:
        """A socket for `[web]`; UsageError says why there is none."""
        return bound(settings.web.host, settings.web.port)

    async def serve(self, settings: Settings, store: Store, metrics: Process, listening: socket.socket) -> None:
        """Serve on the socket until cancelled, then finish requests under way; signals are left alone."""
        self._metrics = self._metrics or Metrics(metrics)
        served = server(application(settings, store, metrics=self._metrics))
        task = asyncio.ensure_future(served._serve([listening]))  # noqa: SLF001 - `serve` would take the signals
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            served.should_exit = True
            await asyncio.wait({task})
            raise
