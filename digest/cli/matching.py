"""digest match: the matcher alone, on files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import progress, write_out

if TYPE_CHECKING:
    from digest.cli.match_output import Printer
    from digest.match import Index
    from digest.models import Paper, Profile

_SHARD = 20_000
"""Profiles that are matched together, so that memory stays flat however many there are."""


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
    from digest.cli.match_output import Printer

    everything = read_papers(papers)
    wanted = read_profiles(profiles, {paper.id: paper for paper in everything})
    shards = [_Shard(wanted[at : at + _SHARD]) for at in range(0, len(wanted), _SHARD)]
    days = _by_day(everything) if daily else [(None, everything)]
    history = matcher.History()
    with progress("Matching") as advance:
        for done, (day, group) in enumerate(days):
            printer = Printer(matcher.Day(history.learn(group), history), day)
            for number, shard in enumerate(shards, 1):
                write_out(shard.told(printer, top))
                advance(done * len(shards) + number, len(days) * len(shards))


def _by_day(papers: Sequence[Paper]) -> list[tuple[date | None, list[Paper]]]:
    by_day = sorted(papers, key=lambda paper: paper.listed_on)
    return [(day, list(group)) for day, group in groupby(by_day, key=lambda paper: paper.listed_on)]


class _Shard:
    """Some profiles, compiled: those that have nothing but keywords together, the others one by one."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        from digest.match import compile_profiles

        plain = [_plain(profile) for profile in profiles]
        self._profiles = profiles
        self._together = [at for at, together in enumerate(plain) if together]
        self._alone = [at for at, together in enumerate(plain) if not together]
        self._indexes = [compile_profiles([profiles[at] for at in some]) for some in (self._together, self._alone)]

    def told(self, printer: Printer, top: int | None) -> str:
        """A line for each profile, in their order."""
        most = len(printer.day.shelf) if top is None else min(top, len(printer.day.shelf))
        told = self._indexes[0].explained(printer.day, None if most == len(printer.day.shelf) else most)
        if told is not None and not self._alone:
            return printer.lists(self._indexes[0].names, told)
        lines = [""] * len(self._profiles)
        if told is None:
            self._one_by_one(self._indexes[0], self._together, printer, most, lines)
        else:
            shown = printer.lists(self._indexes[0].names, told).splitlines(keepends=True)
            for at, line in zip(self._together, shown, strict=True):
                lines[at] = line
        self._one_by_one(self._indexes[1], self._alone, printer, most, lines)
        return "".join(lines)

    def _one_by_one(self, index: Index, places: Sequence[int], printer: Printer, most: int, lines: list[str]) -> None:
        limits = [min(most, self._profiles[at].max_papers or most) for at in places]
        longest = max(limits, default=0)
        top = longest if longest < len(printer.day.shelf) else None
        rankings = index.rankings(printer.day, top=top, spans=False)
        for at, limit, ranking in zip(places, limits, rankings, strict=True):
            lines[at] = printer.list(ranking, limit)


def _plain(profile: Profile) -> bool:
    filters = profile.exclude or profile.require or profile.categories or profile.sources
    return not (filters or profile.like) and profile.min_score is None and profile.max_papers is None


COMMANDS = (match,)
