"""Keyword search that is there already: SQLite FTS5 and tantivy, each day an index of its own.

The setup that gives the figures of shared/quality/README.md: every keyword is a quoted phrase, the phrases are joined
by OR, the collection is that day's papers (document frequencies too), and lists are cut at `days.LONGEST`.
FTS5 takes the tokenizer `porter` and `bm25(papers, 3.0, 1.0)`, title three times as heavy as the abstract. tantivy
takes `en_stem` and no boost for the title, with which it is better here than with three (0.299, 0.218).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

from bench.days import LONGEST, Day, Ranker, all_days
from bench.shared import Researcher
from bench.tantivy_index import TantivyIndex

_DAYS = 512


def fts5(_one: Researcher) -> Ranker:
    """SQLite's full-text search with its own bm25()."""
    return _by_fts5


def tantivy(_one: Researcher) -> Ranker:
    """BM25 as tantivy computes it."""
    return _by_tantivy


def _by_fts5(one: Researcher, day: Day) -> Sequence[str]:
    asked = " OR ".join(f'"{keyword}"' for keyword in one.keywords)
    order = "SELECT id FROM papers WHERE papers MATCH ? ORDER BY bm25(papers, 3.0, 1.0), rowid LIMIT ?"
    return [paper for (paper,) in _table(day.name).execute(order, (asked, LONGEST))]


def _by_tantivy(one: Researcher, day: Day) -> Sequence[str]:
    index = _index(day.name)
    found = index.search(index.parsed(one.keywords), LONGEST)
    return [day.papers[index.number(address)]["id"] for address in found]


@lru_cache(maxsize=_DAYS)
def _table(day: str) -> sqlite3.Connection:
    table = sqlite3.connect(":memory:")
    table.execute("CREATE VIRTUAL TABLE papers USING fts5(title, abstract, id UNINDEXED, tokenize='porter')")
    rows = [(paper["title"], paper["abstract"], paper["id"]) for paper in all_days()[day].papers]
    table.executemany("INSERT INTO papers VALUES (?, ?, ?)", rows)
    return table


@lru_cache(maxsize=_DAYS)
def _index(day: str) -> TantivyIndex:
    return TantivyIndex(all_days()[day].papers, boost=1.0)
