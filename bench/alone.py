"""The matcher alone against tantivy and against a loop of regular expressions: microseconds of CPU per profile.

Reading the day (for tantivy: indexing it) is not counted, compiling profiles (for tantivy: making queries) is. Each
round measures one after the other, so that a busy machine disturbs all alike.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench import expressions, population, product
from bench.report import each
from bench.shared import Record
from bench.sizes import TOP, Sizes
from bench.tantivy_index import TantivyIndex

BOOST = 3.0
"""tantivy's weight of the title."""


@dataclass(frozen=True, slots=True)
class Round:
    """Microseconds of CPU per profile."""

    parsed: float
    """tantivy, its query parsed from a string, and the search."""
    built: float
    """tantivy, its query put together from parts, and the search."""
    search: float
    """tantivy, the search alone."""
    expressions: float
    ours: float
    profiles: int
    """How many the matcher was done with when its budget was spent."""
    listed: tuple[float, float]
    """Papers in a profile's list, tantivy's and ours."""

    @property
    def tantivy(self) -> float:
        return min(self.parsed, self.built)


@dataclass(frozen=True, slots=True)
class Alone:
    """The medians of some rounds; the ratios are medians of each round's ratio."""

    rounds: tuple[Round, ...]

    def middle(self, figure: Callable[[Round], float]) -> float:
        return median(map(figure, self.rounds))


def measure(papers: Sequence[Record], keywords: Sequence[str], sizes: Sizes) -> Alone:
    index = TantivyIndex(papers, BOOST)
    gc.collect()
    gc.freeze()  # the corpus is not ours to be searched for garbage while something is timed
    numbers = range(sizes.rounds)
    return Alone(tuple(_round(papers, keywords, sizes, index) for _ in each(numbers, "matcher alone, rounds")))


def _round(papers: Sequence[Record], keywords: Sequence[str], sizes: Sizes, index: TantivyIndex) -> Round:
    sample = [chosen for _, chosen in population.profiles(keywords, 0, sizes.sample)]
    queries = [index.built(chosen) for chosen in sample]
    parsed = cpu(lambda: [index.search(index.parsed(chosen), TOP) for chosen in sample])
    built = cpu(lambda: [index.search(index.built(chosen), TOP) for chosen in sample])
    search = cpu(lambda: [index.search(query, TOP) for query in queries])
    ours, profiles, listed = _ours(papers, keywords, sizes)
    return Round(
        parsed=1e6 * parsed / len(sample),
        built=1e6 * built / len(sample),
        search=1e6 * search / len(sample),
        expressions=1e6 * _expressions(papers, sample[: sizes.expressions], sizes.texts),
        ours=1e6 * ours / profiles,
        profiles=profiles,
        listed=(sum(len(index.search(query, TOP)) for query in queries) / len(sample), listed / profiles),
    )


def _ours(papers: Sequence[Record], keywords: Sequence[str], sizes: Sizes) -> tuple[float, int, int]:
    """Seconds of CPU, profiles and papers listed."""
    day = product.read_day(papers)  # anew each round, so that nothing found in one is remembered in the next
    seconds, done, listed = 0.0, 0, 0
    for named in population.shards(keywords, sizes.alone, product.SHARD):
        shard = product.profiles(named)
        started = time.process_time()
        listed += product.rank(day, shard, TOP)
        seconds += time.process_time() - started
        done += len(shard)
        if seconds > sizes.budget:
            break
    return seconds, done, listed


def _expressions(papers: Sequence[Record], sample: Sequence[Sequence[str]], texts: int) -> float:
    """Seconds of CPU per profile for all papers, from some of them."""
    step = max(1, len(papers) // texts)
    read = [expressions.text(paper) for paper in papers[::step]]
    compiled = [expressions.compile_keywords(chosen) for chosen in sample]
    seconds = cpu(lambda: [expressions.rank(read, patterns, TOP) for patterns in compiled])
    return seconds / len(sample) * len(papers) / len(read)


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that some work takes in this process."""
    started = time.process_time()
    work()
    return time.process_time() - started
