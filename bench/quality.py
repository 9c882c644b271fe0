"""Ranking quality on simulated researchers, against full-text search and against learning from the past papers.

The measure is that of shared/quality/score.py: for each day on which a future paper of a researcher was listed, that
day's papers are ranked; recall@10, nDCG@20 and MRR are averaged over days, then over researchers. Ratios are to FTS5.
Run it as `python -m bench.quality [--quick] [--json]`; quick takes every fourth researcher.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import keyword_baselines, learned_baselines, ours
from bench.days import Ranker, rankings, scored_days
from bench.learned_baselines import SANITY, WIDE
from bench.report import Bench, Goal, Result, Sheet, run, tell, times
from bench.shared import Measures, Researcher, measures, researchers

NAMES = ("recall@10", "nDCG@20", "MRR")
Ranking = Callable[[Sequence[Researcher], str], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One way to rank: a stable word, what it is called, and how its lists are made."""

    key: str
    label: str
    rank: Ranking


def _baseline(prepare: Callable[[Researcher], Ranker]) -> Ranking:
    return lambda asked, label: rankings(asked, label, prepare)


def _product(profile: Callable[[Researcher], object]) -> Ranking:
    return lambda asked, label: ours.rankings(asked, label, profile)


ROWS = (
    Row("fts5", "SQLite FTS5 bm25()", _baseline(keyword_baselines.fts5)),
    Row("tantivy", "tantivy BM25", _baseline(keyword_baselines.tantivy)),
    Row("keywords", "digest: keywords", _product(ours.keywords_only)),
    Row("list", 'digest: keywords, related = "list"', _product(ours.with_related_listed)),
    Row("svm", "past papers: TF-IDF + linear SVM", _baseline(learned_baselines.svm(SANITY))),
    Row("rocchio", "past papers: TF-IDF centroid (Rocchio)", _baseline(learned_baselines.rocchio(SANITY))),
    Row("svm_wide", "past papers: SVM, all words and pairs", _baseline(learned_baselines.svm(WIDE))),
    Row("rocchio_wide", "past papers: Rocchio, all words and pairs", _baseline(learned_baselines.rocchio(WIDE))),
    Row("like", "digest: keywords, like = past papers", _product(ours.with_likes)),
)
BASE = "fts5"
LEARNED = ("svm", "rocchio")
WANTED = {"keywords": (1.12, 1.10), "list": (1.18, 1.15)}
"""How many times FTS5's recall@10 and nDCG@20 a row should reach."""
WANTED_OF_LIKE = 1.6
"""The same for recall@10 with `like`."""


def measure(quick: bool) -> Result:
    asked = researchers()[::4] if quick else researchers()
    lists = sum(len(scored_days(one)) for one in asked)
    found: dict[str, Measures] = {}
    failed: dict[str, str] = {}
    for row in ROWS:
        try:
            found[row.key] = measures(asked, row.rank(asked, row.label))
        except ours.Failed as reason:
            failed[row.key] = str(reason)
            tell(f"{row.label}: {reason}")
    figures = {
        "researchers": len(asked),
        "lists": lists,
        "rows": [_figures(row, found, failed) for row in ROWS],
    }
    title = f"Ranking quality: {len(asked)} researchers, {lists:,} lists"
    return Result(figures, [Sheet(title, ("ranking", *NAMES, "× FTS5", "", ""), _table(found, failed), _goals(found))])


def _figures(row: Row, found: Mapping[str, Measures], failed: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"key": row.key, "ranking": row.label}
    if row.key in failed:
        return told | {"failed": failed[row.key]}
    figures = dict(zip(NAMES, found[row.key], strict=True))
    return told | figures | {"times_fts5": dict(zip(NAMES, _ratios(found, row.key), strict=True))}


def _ratios(found: Mapping[str, Measures], key: str) -> list[float]:
    return [ours_ / base for ours_, base in zip(found[key], found[BASE], strict=True)]


def _table(found: Mapping[str, Measures], failed: Mapping[str, str]) -> list[list[str]]:
    return [
        [row.label, f"failed: {failed[row.key]}"]
        if row.key in failed
        else [row.label, *(f"{value:.3f}" for value in found[row.key]), *map(times, _ratios(found, row.key))]
        for row in ROWS
    ]


def _goals(found: Mapping[str, Measures]) -> list[Goal]:
    goals = []
    labels = {row.key: row.label for row in ROWS}
    for key, least in WANTED.items():
        words = f"{labels[key]}: recall@10 ≥ {least[0]:.2f} × and nDCG@20 ≥ {least[1]:.2f} × FTS5"
        met = key in found and all(ratio >= wanted for ratio, wanted in zip(_ratios(found, key), least, strict=False))
        goals.append(Goal(words, met if key in found else None))
    for other in LEARNED:
        above = "like" in found and all(a > b for a, b in zip(found["like"], found[other], strict=True))
        goals.append(Goal(f"{labels['like']}: above {labels[other]} in all three", above if "like" in found else None))
    words = f"{labels['like']}: recall@10 ≥ {WANTED_OF_LIKE} × FTS5"
    goals.append(Goal(words, _ratios(found, "like")[0] >= WANTED_OF_LIKE if "like" in found else None))
    return goals


BENCH = Bench("quality", "Ranking quality on simulated researchers.", measure)

if __name__ == "__main__":
    sys.exit(run(BENCH))
