"""The one place where the benches touch the product: its matcher alone, and its command.

Whoever changes the interface of digest.match changes this file and nothing else in bench/.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from bench.shared import Record
from digest.match import Day, History, compile_profiles
from digest.models import Paper, Profile

SHARD = 100_000
"""Profiles that the matcher alone is given at a time."""


def read_day(papers: Sequence[Record]) -> Day:
    """The day read and nothing asked about it yet; the history is the papers themselves, as for `digest match`."""
    history = History()
    return Day(history.learn([_paper(paper, number) for number, paper in enumerate(papers, 1)]), history)


def profiles(named: Sequence[tuple[str, tuple[str, ...]]]) -> list[Profile]:
    """A shard of (name, keywords) as the matcher wants it; this is not timed."""
    return [Profile(name=name, keywords=keywords) for name, keywords in named]


def rank(day: Day, shard: Sequence[Profile], top: int) -> int:
    """Compile a shard and rank the day for each of its profiles; returns how many papers the lists hold, for a check."""
    return len(compile_profiles(shard).rank(day, top).papers)


def command(papers: Path, wanted: Path, top: int, *, daily: bool = False) -> list[str]:
    """`digest match` on two files."""
    program = str(Path(sys.executable).parent / "digest")
    return [program, "match", str(papers), str(wanted), "--top", str(top), *(["--daily"] if daily else [])]


def _paper(record: Record, number: int) -> Paper:
    listed = date.fromisoformat(record["listed"])
    return Paper(
        seq=number,
        id=record["id"],
        title=record["title"],
        abstract=record["abstract"],
        authors=tuple(record["authors"]),
        categories=tuple(record["categories"]),
        listed_on=listed,
        first_seen_at=datetime(listed.year, listed.month, listed.day, tzinfo=UTC),
        url="",
    )
