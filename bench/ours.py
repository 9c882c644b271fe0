"""The product's rankings for the simulated researchers, from its own command: `digest match --daily`.

The command ranks every day of the corpus for every profile; its output is read as it comes, and only the lists that
are scored are kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from bench import product
from bench.days import LONGEST, ranking, scored_days
from bench.report import tell
from bench.shared import Researcher, corpus_path
from bench.usage import complaint, limit_memory

TIMEOUT = 1_800
"""Seconds after which the command is stopped."""


class Failed(Exception):
    """The command did not end well; the message is what it said last."""


def keywords_only(one: Researcher) -> dict[str, Any]:
    return {"name": one.name, "keywords": one.keywords}


def with_related_listed(one: Researcher) -> dict[str, Any]:
    return keywords_only(one) | {"related": "list"}


def with_likes(one: Researcher) -> dict[str, Any]:
    return keywords_only(one) | {"like": one.past}


def rankings(asked: Sequence[Researcher], label: str, profile: Callable[[Researcher], object]) -> list[dict[str, Any]]:
    """The lists of the researchers' scored days; raises Failed."""
    tell(label)
    wanted = {(one.name, day.name) for one in asked for day in scored_days(one)}
    with tempfile.TemporaryDirectory() as folder:
        profiles = Path(folder, "researchers.jsonl")
        profiles.write_text("".join(json.dumps(profile(one)) + "\n" for one in asked), encoding="utf-8")
        with _output(product.command(corpus_path(), profiles, LONGEST, daily=True)) as lines:
            return [
                ranking(line["profile"], line["day"], [paper["id"] for paper in line["papers"]])
                for line in map(json.loads, lines)
                if (line["profile"], line["day"]) in wanted
            ]


@contextmanager
def _output(command: Sequence[str]) -> Iterator[IO[bytes]]:
    """The lines that a command prints, while it runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIGEST_")}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment)
        assert process.stdout is not None
        limit_memory(process)
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        try:
            yield process.stdout
        finally:
            process.stdout.close()
            status = process.wait()
            timed_out = not timer.is_alive()
            timer.cancel()
        if status:
            errors.seek(0)
            said = complaint(errors.read())
            raise Failed(f"it took more than {TIMEOUT} s" if timed_out else f"exit status {status}: {said}")
