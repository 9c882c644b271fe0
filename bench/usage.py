"""What a command takes: CPU, wall time and peak memory of a process and of all it starts.

Run as a program it is the small process in between: the kernel counts the memory of whoever starts a process as the
peak of what is started, so the bench, with the corpus in memory, must not start it itself. Of several processes the
peak is that of the largest. Imports nothing but the standard library, so that it stays small.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MEMORY_LIMIT = 8 << 30
"""Bytes after which a measured process gets no more memory, so that a bench never brings the machine down."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took; `failure` says in a sentence why it did not end well."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    failure: str = ""


def measure(command: Sequence[str], output: Path, timeout: float) -> Usage:
    """Run a command with its stdout written to a file; it is stopped after `timeout` seconds."""
    between = [sys.executable, "-m", "bench.usage", str(timeout), str(output), *command]
    project = Path(__file__).resolve().parents[1]
    done = subprocess.run(between, cwd=project, stdout=subprocess.PIPE, text=True, check=True)
    return Usage(**json.loads(done.stdout))


def _run(timeout: float, output: str, command: Sequence[str]) -> Usage:
    started = time.monotonic()
    failure = ""
    with Path(output).open("wb") as out, tempfile.TemporaryFile() as errors:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DIGEST_")}
        process = subprocess.Popen(command, stdout=out, stderr=errors, env=environment)
        limit_memory(process)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            failure = f"it took more than {timeout:.0f} seconds"
        wall = time.monotonic() - started
        if process.returncode and not failure:
            errors.seek(0)
            failure = f"exit status {process.returncode}: {complaint(errors.read())}"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024, failure)


def limit_memory(process: subprocess.Popen[bytes]) -> None:
    """Give a process no more than MEMORY_LIMIT."""
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))


def complaint(errors: bytes) -> str:
    """What a program that failed said, in one line: the first of its message, the last of a traceback."""
    lines = errors.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    return lines[-1 if lines[0].startswith("Traceback") else 0]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_run(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))))
