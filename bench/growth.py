"""How time and memory grow with the profiles: the matcher alone, shard by shard, each number in a process of its own.

Run as a program, `python -m bench.growth FOLDER PROFILES`, it is that process: it reads the papers and the vocabulary
from the folder and prints the seconds of CPU that the matcher took; making the profiles does not count.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import population, product, usage
from bench.report import each
from bench.shared import Record
from bench.sizes import TOP, Sizes
from bench.whole import write_papers


@dataclass(slots=True)
class Step:
    """What so many profiles took, round by round."""

    profiles: int
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    failure: str = ""

    @property
    def cpu_seconds(self) -> float:
        return median(self.seconds)


def measure(papers: Sequence[Record], keywords: Sequence[str], sizes: Sizes) -> list[Step]:
    steps = [Step(profiles) for profiles in sizes.growth]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_papers(papers, folder / "papers.jsonl")
        (folder / "vocabulary.json").write_text(json.dumps(keywords), encoding="utf-8")
        for _ in each(range(min(sizes.rounds, 3)), "growth, rounds"):
            for step in steps:
                if not step.failure:
                    _run(step, folder, sizes.timeout)
    return steps


def _run(step: Step, folder: Path, timeout: float) -> None:
    command = [sys.executable, "-m", "bench.growth", str(folder), str(step.profiles)]
    used = usage.measure(command, folder / "output.json", timeout)
    step.failure = used.failure
    if not used.failure:
        step.seconds.append(json.loads((folder / "output.json").read_bytes()))
        step.peak_bytes = max(step.peak_bytes, used.peak_bytes)


def _rank(folder: Path, profiles: int) -> float:
    """The seconds of CPU of one run."""
    keywords = json.loads((folder / "vocabulary.json").read_bytes())
    with (folder / "papers.jsonl").open(encoding="utf-8") as lines:
        day = product.read_day([json.loads(line) for line in lines])
    seconds = 0.0
    for named in population.shards(keywords, profiles, product.SHARD):
        shard = product.profiles(named)
        started = time.process_time()
        product.rank(day, shard, TOP)
        seconds += time.process_time() - started
    return seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_rank(Path(sys.argv[1]), int(sys.argv[2]))))
