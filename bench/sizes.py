"""How much the speed bench measures, and on what: 1,000 papers of the busiest day of the corpus and those after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.shared import Record, corpus

FIRST_DAY = "2025-05-27"
PAPERS = 1_000
TOP = 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of profiles, and how often each is measured; the median counts."""

    alone: int
    """For the matcher alone."""
    sample: int
    """For tantivy, whose time per profile does not depend on their number."""
    explained: int
    """For tantivy with its explanations."""
    expressions: int
    """For the loop of regular expressions."""
    texts: int
    """Papers for the loop of regular expressions, whose time is in proportion to them."""
    command: tuple[int, ...]
    """For the whole command; its ratio is taken at the last."""
    growth: tuple[int, ...]
    """For the growth of time and memory, from the first to the last."""
    rounds: int
    budget: float
    """Seconds of CPU after which the matcher alone is stopped within a round; what is done by then counts."""
    timeout: float
    """Seconds after which a process is stopped."""


FULL = Sizes(
    alone=200_000,
    sample=2_000,
    explained=1_000,
    expressions=5,
    texts=100,
    command=(100_000, 200_000),
    growth=(50_000, 200_000, 800_000),
    rounds=5,
    budget=60.0,
    timeout=600.0,
)
QUICK = Sizes(
    alone=20_000,
    sample=500,
    explained=200,
    expressions=2,
    texts=50,
    command=(10_000,),
    growth=(5_000, 20_000),
    rounds=3,
    budget=10.0,
    timeout=120.0,
)


def papers() -> Sequence[Record]:
    start = next(number for number, paper in enumerate(corpus()) if paper["listed"] == FIRST_DAY)
    return corpus()[start : start + PAPERS]
