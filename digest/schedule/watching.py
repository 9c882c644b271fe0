"""Edits of the configuration's files, noticed within a second or so: inotify through watchfiles. The only place that knows it.

Where that does not work (a network file system, no watches left) edits are noticed at the next tick all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles import awatch

_DEBOUNCE_MS = 500
"""Editors write in several steps."""


async def watch(folders: Sequence[Path], database: str, on_change: Callable[[], None]) -> None:
    """Call `on_change` after changes in some folders, but not for what `database` does beside itself; until cancelled.

    Raises OSError or RuntimeError when the system does not let us.
    """
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    stop = asyncio.Event()
    changes = awatch(
        *folders,
        watch_filter=lambda _change, path: not path.startswith(database),
        debounce=_DEBOUNCE_MS,
        step=100,
        recursive=False,
        rust_timeout=1_000,
        stop_event=stop,
        ignore_permission_denied=True,
    )
    try:
        async for _ in changes:
            on_change()
    finally:
        stop.set()
