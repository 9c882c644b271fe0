"""The pages of an instance, really served: in a thread of its own, on a free port of this machine."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, Self

import uvicorn

from digest.settings import Settings
from digest.store import open_store
from digest.web.application import application
from digest.web.server import Patience, server


def free_socket() -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    return made


class Served:
    """A context manager: the store of the settings, the application over it, and uvicorn in front."""

    def __init__(
        self,
        settings: Settings,
        listening: socket.socket,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        protocol: type[Patience] = Patience,
    ) -> None:
        self._settings = settings
        self._listening = listening
        self._now = now
        self._protocol = protocol
        self._ready: Future[uvicorn.Server] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="pages")
        self.port: int = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._ready.result(timeout=30)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    async def _serve(self) -> None:
        try:
            async with open_store(self._settings.store.url) as store:
                app = application(self._settings, store, now=self._now)
                made = server(app, protocol=self._protocol, on_ready=lambda: self._ready.set_result(made))
                await made._serve([self._listening])  # without its own handling of signals, which belong to pytest
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise


def listing(**fields: Any) -> dict[str, Any]:
    """What most invented papers have in common."""
    return {"source": "arxiv", "categories": ("cs.LG",), "authors": ("Ada Lovelace",)} | fields
