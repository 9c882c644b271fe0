"""`digest run` as a real process, for tests that send it signals and read what it says.

async with running(instance) as process:
    await process.until(lambda: server.inbox)
    assert process.events("batch")
    assert await process.stop() == 0
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.instance import Instance

PATIENCE = 60.0
"""Seconds until a condition must hold, on a machine that has other things to do."""

# A shell may have told its background jobs to ignore Ctrl-C, and children inherit that.
PROGRAM = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);from digest.cli import main; main()"


async def until(condition: Callable[[], object], why: Callable[[], object] = lambda: "") -> None:
    """Wait for a condition, looking often."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, why()
        await asyncio.sleep(0.01)


class Running:
    """One process, what it logs, and what it tells the service manager."""

    def __init__(self, process: asyncio.subprocess.Process, manager: socket.socket) -> None:
        self.process = process
        self.lines: list[str] = []
        self._manager = manager
        self._notes: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode())

    def events(self, word: str) -> list[dict[str, Any]]:
        """The log lines with this word for machines."""
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [line for line in found if line["event"] == word]

    def notes(self) -> list[str]:
        """Every line that the service manager was sent so far."""
        while True:
            try:
                self._notes += self._manager.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self._notes

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition while the process lives."""
        await until(lambda: condition() or self.process.returncode is not None, lambda: self.lines)
        assert condition(), self.lines

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self) -> int:
        """Wait for its end; gives the exit status."""
        status = await asyncio.wait_for(self.process.wait(), PATIENCE)
        await self._reading
        return status

    async def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return await self.end()


@asynccontextmanager
async def running(instance: Instance, *options: str, ready: bool = True) -> AsyncIterator[Running]:
    """Start `digest run --no-web`, wait until it says that it is ready, and kill it if the test has not stopped it."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = str(Path(folder) / "notify")
        manager.bind(address)
        manager.setblocking(False)
        environment = {**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "600000"}
        command = [sys.executable, "-c", PROGRAM, "--config", str(instance.config), "run", "--no-web", *options]
        process = Running(
            await asyncio.create_subprocess_exec(
                *command, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env=environment
            ),
            manager,
        )
        try:
            if ready:
                await process.until(lambda: "READY=1" in process.notes())
            yield process
        finally:
            if process.process.returncode is None:
                process.process.kill()
            await process.end()
