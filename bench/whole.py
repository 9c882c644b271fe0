"""The whole command, `digest match` from files to explained lists, against tantivy with its own explain().

For tantivy the day is indexed and not counted, no file is read or written: its queries are made, searched, and every
paper's explanation is read out as JSON. For the command everything counts: starting Python, reading both files,
statistics of the papers, and writing every list with its explanations.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench import population, product, usage
from bench.alone import BOOST, cpu
from bench.report import each, tell
from bench.shared import Record
from bench.sizes import TOP, Sizes
from bench.tantivy_index import TantivyIndex

Way = Callable[[Sequence[str]], Any]


@dataclass(slots=True)
class Command:
    """What the command took for so many profiles, round by round."""

    profiles: int
    usages: list[usage.Usage] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    output_bytes: int = 0
    failure: str = ""

    @property
    def cpu_seconds(self) -> float:
        return median(one.cpu_seconds for one in self.usages)

    @property
    def wall_seconds(self) -> float:
        return median(one.wall_seconds for one in self.usages)

    @property
    def peak_bytes(self) -> int:
        return max(one.peak_bytes for one in self.usages)

    @property
    def microseconds(self) -> float:
        """CPU per profile."""
        return 1e6 * self.cpu_seconds / self.profiles

    @property
    def ratio(self) -> float:
        return median(self.ratios)


@dataclass(slots=True)
class Whole:
    """The command for each number of profiles, and tantivy's microseconds per profile of each round."""

    commands: list[Command]
    explained: list[float] = field(default_factory=list)

    @property
    def microseconds_explained(self) -> float:
        return median(self.explained)


def measure(papers: Sequence[Record], keywords: Sequence[str], sizes: Sizes) -> Whole:
    index = TantivyIndex(papers, BOOST)
    sample = [chosen for _, chosen in population.profiles(keywords, 0, sizes.explained)]
    whole = Whole([Command(profiles) for profiles in sizes.command])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_papers(papers, folder / "papers.jsonl")
        for one in whole.commands:
            tell(f"writing {one.profiles:,} profiles")
            population.write(keywords, one.profiles, folder / f"{one.profiles}.jsonl")
        for _ in each(range(sizes.rounds), "whole command, rounds"):
            seconds = min(cpu(partial(_explain, index, way, sample)) for way in (index.parsed, index.built))
            whole.explained.append(1e6 * seconds / len(sample))
            for one in whole.commands:
                if not one.failure:
                    _run(one, folder, sizes.timeout, whole.explained[-1])
    return whole


def _explain(index: TantivyIndex, way: Way, sample: Sequence[Sequence[str]]) -> int:
    return sum(index.explain(way(chosen), TOP) for chosen in sample)


def _run(one: Command, folder: Path, timeout: float, explained: float) -> None:
    output = folder / "output.jsonl"
    command = product.command(folder / "papers.jsonl", folder / f"{one.profiles}.jsonl", TOP)
    used = usage.measure(command, output, timeout)
    one.failure = used.failure
    if not used.failure:
        one.usages.append(used)
        one.ratios.append(explained / (1e6 * used.cpu_seconds / one.profiles))
        one.output_bytes = output.stat().st_size
    output.unlink()


def write_papers(papers: Sequence[Record], path: Path) -> None:
    path.write_text("".join(json.dumps(paper, ensure_ascii=False) + "\n" for paper in papers), encoding="utf-8")
