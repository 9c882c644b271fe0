"""store → match: what a profile, or keywords somebody thinks of, catch in the papers of the last weeks.

The papers are read once and kept until newer ones come in; the matching runs in a thread, one at a time. Order and
points are those of a digest but for related words, which only raise papers that match.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from digest import match
from digest.match import Shelf
from digest.models import Match, Paper, Profile
from digest.pipeline.history import history
from digest.pipeline.liking import read_likes, wanted_keys
from digest.pipeline.profiles import to_profile
from digest.settings import Settings
from digest.store import Store

DAYS = 30
"""Listing days that are looked at."""
MOST = 6000
"""Papers at most; they fill about 100 MB when they are read."""
_OWN = ""
"""The name of a visitor's own keywords among the profiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """What was caught: the papers a digest would have shown, day by day, and the best of them."""

    days: int
    """Listing days looked at."""
    shown: int
    """Papers in all digests of these days."""
    matched: int
    by_day: tuple[tuple[date, tuple[Match, ...]], ...]
    """The latest day first, best paper first."""
    hits: tuple[tuple[str, int], ...] = ()
    """Keyword → papers with it."""

    @property
    def per_day(self) -> float:
        return self.shown / self.days if self.days else 0.0

    def best(self, most: int) -> list[Match]:
        """The best papers of all days."""
        everything = (one for _, matches in self.by_day for one in matches)
        return sorted(everything, key=lambda one: (-one.score, -one.paper.seq))[:most]


@dataclass(frozen=True, slots=True)
class _Read:
    """The papers of the last weeks, read once."""

    upto: int
    shelf: Shelf
    corpus: match.History
    days: int


class Recent:
    """The papers of the last weeks of one store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._read: _Read | None = None
        self._turn = asyncio.Semaphore(1)

    async def of_profile(self, number: int) -> Catch:
        """What a configured profile catches."""
        return await self._ask([await self._configured(number)], self._settings.profiles[number].max_papers)

    async def of_wishes(self, profiles: Iterable[int], keywords: Sequence[str], exclude: Sequence[str]) -> Catch:
        """What some profiles and own keywords would catch together; KeywordError for one that cannot be read."""
        asked = [await self._configured(number) for number in profiles]
        if keywords:
            asked.append(Profile(name=_OWN, keywords=tuple(keywords), related="off"))
        return await self._ask(asked, None, tuple(exclude))

    async def explain(self, papers: Sequence[Paper], profiles: Sequence[Profile]) -> dict[str, dict[str, Match]]:
        """Why some papers, recent or not, match: paper id → profile → match."""
        corpus = (await self._ready()).corpus
        async with self._turn:
            return await asyncio.to_thread(_explained, papers, profiles, corpus)

    async def _configured(self, number: int) -> Profile:
        table = self._settings.profiles[number]
        likes, _ = read_likes(self._settings, await self._store.papers.by_ids(wanted_keys(self._settings)))
        return replace(to_profile(table, likes[number]), related="off")

    async def _ask(self, asked: Sequence[Profile], most: int | None, exclude: tuple[str, ...] = ()) -> Catch:
        read = await self._ready()
        limit = min(most or self._settings.digest.max_papers, self._settings.digest.max_papers)
        async with self._turn:
            return await asyncio.to_thread(_caught, read, asked, exclude, self._settings.digest.min_score, limit)

    async def _ready(self) -> _Read:
        upto, _ = await self._store.days.state()
        if self._read is None or self._read.upto != upto:
            async with self._turn:
                if self._read is None or self._read.upto != upto:
                    papers = await self._store.days.last(DAYS, MOST)
                    known = await history(self._store, upto, texts=False)
                    self._read = await asyncio.to_thread(_reading, upto, papers, known)
        return self._read


def _reading(upto: int, papers: Sequence[Paper], known: match.History) -> _Read:
    return _Read(upto, Shelf(papers), known, len({paper.listed_on for paper in papers}))


def _caught(read: _Read, asked: Sequence[Profile], exclude: tuple[str, ...], least: float, limit: int) -> Catch:
    terms = [
        Profile(name=f"= {text}", keywords=(text,), related="off", min_score=0.0)
        for profile in asked
        if profile.name == _OWN
        for text in dict.fromkeys(profile.keywords)
    ]
    dropping = [Profile(name="- ", keywords=exclude, related="off", min_score=0.0)] if exclude else []
    index = match.compile_profiles([*asked, *dropping, *terms])
    rankings = list(index.rankings(match.Day(read.shelf, read.corpus), least))
    without = {paper.id for ranking in rankings[len(asked) : len(asked) + len(dropping)] for paper in ranking.papers}
    best: dict[str, tuple[float, match.Ranking, int]] = {}
    for ranking in rankings[: len(asked)]:
        for at, (paper, score) in enumerate(zip(ranking.papers, ranking.scores, strict=True)):
            if paper.id not in without and (paper.id not in best or score > best[paper.id][0]):
                best[paper.id] = (score, ranking, at)
    chosen = sorted(best.values(), key=lambda one: (-one[1].papers[one[2]].listed_on.toordinal(), -one[0], one[2]))
    by_day: list[tuple[date, tuple[Match, ...]]] = []
    for day, some in groupby(chosen, key=lambda one: one[1].papers[one[2]].listed_on):
        by_day.append((day, tuple(ranking.explain(at) for _, ranking, at in list(some)[:limit])))
    hits = tuple((ranking.profile[2:], len(ranking)) for ranking in rankings[len(asked) + len(dropping) :])
    shown = sum(len(matches) for _, matches in by_day)
    return Catch(days=read.days, shown=shown, matched=len(best), by_day=tuple(by_day), hits=hits)


def _explained(
    papers: Sequence[Paper], profiles: Sequence[Profile], corpus: match.History
) -> dict[str, dict[str, Match]]:
    found: dict[str, dict[str, Match]] = {}
    rankings = match.compile_profiles([replace(one, min_score=0.0) for one in profiles]).match(
        match.Day(papers, corpus)
    )
    for ranking in rankings.values():
        for one in ranking.matches:
            found.setdefault(one.paper.id, {})[ranking.profile] = one
    return found
