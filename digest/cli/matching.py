"""digest match: the matcher alone, on files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import progress, write_out

if TYPE_CHECKING:
    from digest.match import Day, Index, Ranking
    from digest.models import Paper, Profile, Reason

_SHARD = 10_000
"""Profiles that are matched together, so that memory stays flat however many there are."""
Told = tuple[float, str, str, str]
"""One reason, in the order of a list: less its points, keyword, field; and how it is printed."""


def match(
    papers: Annotated[str, typer.Argument(metavar="PAPERS.jsonl", help="One paper a line; .xz and .gz are read too.")],
    profiles: Annotated[Path, typer.Argument(help="TOML with profile tables, or JSONL.")],
    top: Annotated[int | None, typer.Option(min=1, help="At most so many papers per profile.")] = None,
    daily: Annotated[
        bool, typer.Option("--daily", help="Rank each listed day apart, knowing only the days up to it.")
    ] = False,
) -> None:
    """Match a file of papers against profiles; prints JSONL, best papers first."""
    from digest import match as matcher
    from digest.cli.match_files import read_papers, read_profiles

    everything = read_papers(papers)
    wanted = read_profiles(profiles, {paper.id: paper for paper in everything})
    shards = [wanted[at : at + _SHARD] for at in range(0, len(wanted), _SHARD)]
    indexes = [matcher.compile_profiles(shard) for shard in shards]
    days = _by_day(everything) if daily else [(None, everything)]
    history = matcher.History()
    with progress("Matching") as advance:
        for done, (day, group) in enumerate(days):
            known = matcher.Day(history.learn(group), history)
            printer = _Printer(known)
            for number, (shard, index) in enumerate(zip(shards, indexes, strict=True), 1):
                write_out("".join(_lines(shard, index, printer, day, top)))
                advance(done * len(shards) + number, len(days) * len(shards))


def _by_day(papers: Sequence[Paper]) -> list[tuple[date | None, list[Paper]]]:
    by_day = sorted(papers, key=lambda paper: paper.listed_on)
    return [(day, list(group)) for day, group in groupby(by_day, key=lambda paper: paper.listed_on)]


def _lines(
    shard: Sequence[Profile], index: Index, printer: _Printer, day: date | None, top: int | None
) -> Iterator[str]:
    everything = len(printer.day.shelf)
    limits = [min(top or everything, profile.max_papers or everything) for profile in shard]
    most = max(limits, default=0)
    told = json.dumps(None if day in {None, date.min} else day and day.isoformat())
    for limit, ranking in zip(
        limits, index.rankings(printer.day, top=most if most < everything else None, spans=False), strict=True
    ):
        shown = range(len(ranking))[:limit]
        rows = ", ".join([printer.paper(ranking, at) for at in shown])
        yield f'{{"profile": {_quoted(ranking.profile)}, "day": {told}, "papers": [{rows}]}}\n'


class _Printer:
    """Papers with their reasons as JSON; what a keyword says of a paper is written once for all profiles that hold it."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self._explainer = day.explainer(spans=False)
        self._told: dict[int, list[Told]] = {}
        self._ids = {paper.id: _quoted(paper.id) for paper in day.shelf.papers}

    def paper(self, ranking: Ranking, at: int) -> str:
        """One entry of a list."""
        reasons = ranking.besides(at)
        told = [one for line in ranking.lines(at) for one in self._line(line)]
        if reasons:
            told += map(_told, reasons)
        if len(told) > 1:
            told.sort()
        matched = ", ".join([one[3] for one in told])
        return f'{{"id": {self._ids[ranking.papers[at].id]}, "score": {ranking.scores[at]!r}, "matched": [{matched}]}}'

    def _line(self, line: int) -> list[Told]:
        known = self._told.get(line)
        if known is None:
            known = self._told[line] = list(map(_told, self._explainer.reasons(line)))
        return known


def _told(reason: Reason) -> Told:
    partial = ', "partial": true' if reason.partial else ""
    told = f'{{"keyword": {_quoted(reason.keyword)}, "field": "{reason.field}", "points": {reason.points!r}{partial}}}'
    return (-reason.points, reason.keyword, reason.field, told)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


COMMANDS = (match,)
