"""Which lists quality is measured on: a researcher and a day on which at least one of the future papers was listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from bench.report import each
from bench.shared import Record, Researcher, corpus

LONGEST = 50
"""Papers of a list that are scored; only the MRR feels it. With it the baselines of shared/quality/README.md appear."""


@dataclass(frozen=True, slots=True)
class Day:
    """One listing day; `papers[i]` is number `first + i` of the corpus."""

    name: str
    first: int
    papers: tuple[Record, ...]


Ranker = Callable[[Researcher, Day], Sequence[str]]
"""The ids of a day's papers for a researcher, best first."""


@cache
def all_days() -> Mapping[str, Day]:
    days: dict[str, Day] = {}
    first = 0
    for name, papers in groupby(corpus(), key=lambda paper: paper["listed"]):
        days[name] = Day(name, first, tuple(papers))
        first += len(days[name].papers)
    return days


@cache
def _listed_on() -> Mapping[str, str]:
    return {paper["id"]: paper["listed"] for paper in corpus()}


def scored_days(one: Researcher) -> list[Day]:
    """The days of the researcher's future papers."""
    return [all_days()[name] for name in sorted({_listed_on()[paper] for paper in one.future})]


def rankings(asked: Sequence[Researcher], label: str, prepare: Callable[[Researcher], Ranker]) -> list[dict[str, Any]]:
    """Every list of every researcher, by the ranker that `prepare` makes for each."""
    found: list[dict[str, Any]] = []
    for one in each(asked, label):
        ranker = prepare(one)
        found.extend(ranking(one.name, day.name, ranker(one, day)) for day in scored_days(one))
    return found


def ranking(profile: str, day: str, ids: Sequence[str]) -> dict[str, Any]:
    """A list as score.py reads it."""
    return {"profile": profile, "day": day, "ranking": list(ids[:LONGEST])}
