"""One `digest run` per database: a lock of the operating system beside its file, which dies with its process.

Other commands do not ask for it: what they share with a running process is kept apart by the rows of the outbox.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digest.errors import AlreadyRunning, StoreUnavailable

__all__ = ["AlreadyRunning", "alone"]


@contextmanager
def alone(database: str) -> Iterator[None]:
    """Hold the lock of a database; AlreadyRunning when another process does.

    The file stays: removing it would let a third process lock a new one while a second still waits for the old.
    """
    path = Path(f"{os.path.realpath(database)}.run-lock")
    try:
        file = path.open("a+", encoding="ascii", errors="replace")
    except OSError as error:
        words = (error.strerror or "unknown reason").lower()
        raise StoreUnavailable(f"{path} cannot be written ({words}): may you write in its folder?") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            number = file.read(20).strip()
            who = f" as process {number}" if number.isdigit() else ""
            raise AlreadyRunning(
                f"digest run is at work on {database} already{who}; one is enough. See: digest status"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
