"""Profiles, compiled together and asked about papers: filters, reasons and ranked matches.

Every distinct keyword is compiled and weighed once, however many profiles hold it; a paper meets only the profiles that
its own words lead to. An index is plain data and can be sent to another process; a `Day` is shared by all shards of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import get_args

import numpy as np

from digest.errors import KeywordError
from digest.match.explain import Explainer
from digest.match.history import History
from digest.match.hits import label
from digest.match.likeness import Likeness, Taste
from digest.match.query import Query, parse, parse_author
from digest.match.rank import Listing, Sums, best_first, scored, tie_break
from digest.match.rows import Key, Rows
from digest.match.shelf import Numbers, Shelf
from digest.match.trending import newest, popular
from digest.match.weighing import Points, Weighing
from digest.models import CorpusStatistics, Liked, Match, Paper, Profile, Reason, Related


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a profile asks of a paper besides keywords."""

    categories: frozenset[str]
    sources: frozenset[str]
    exclude: tuple[int, ...]
    require: tuple[int, ...]
    like: tuple[Liked, ...]
    listens: bool
    """It has keywords, authors or liked papers; without, but with filters, it lists what is trending within them."""
    min_score: float | None

    @property
    def filters(self) -> bool:
        return bool(self.categories or self.sources or self.require)

    @property
    def plain(self) -> bool:
        """Nothing but keywords: all its sums are made together with other profiles'."""
        return self.listens and not (self.filters or self.exclude or self.like)


class Day:
    """Papers read once, and every keyword asked about them so far; shared by all shards of profiles."""

    def __init__(self, papers: Sequence[Paper] | Shelf, history: History | CorpusStatistics) -> None:
        self.shelf = papers if isinstance(papers, Shelf) else Shelf(papers)
        self.history = history if isinstance(history, History) else History(history)
        taught = history if isinstance(history, History) else None
        self.rows = Rows(self.shelf, Weighing(self.history.corpus), taught)
        self.today: date | None = newest(self.shelf.papers)
        self._sums: tuple[int, Sums] | None = None
        self._explainers = {spans: Explainer(self.rows, spans=spans) for spans in (True, False)}
        self._likeness: Likeness | None = None
        self._tastes: dict[tuple[Liked, ...], Taste] = {}
        self._within: dict[tuple[str, frozenset[str]], Numbers] = {}

    @property
    def sums(self) -> Sums:
        """The keywords so far, ready for adding up."""
        known = len(self.rows)
        if self._sums is None or self._sums[0] != known:
            self._sums = (known, Sums(self.rows.table, known, list(self.shelf.papers)))
        return self._sums[1]

    def explainer(self, *, spans: bool) -> Explainer:
        """What turns lines of the table into reasons, with or without places to highlight."""
        return self._explainers[spans]

    def liked(self, liked: tuple[Liked, ...]) -> Taste:
        """What some liked papers make every paper worth."""
        if liked not in self._tastes:
            self._tastes[liked] = self.likeness.taste(liked)
        return self._tastes[liked]

    @property
    def likeness(self) -> Likeness:
        if self._likeness is None:
            self._likeness = Likeness(self.shelf, self.history)
        return self._likeness

    def within(self, name: str, wanted: frozenset[str]) -> Numbers:
        """The papers of which a category, or a source, is one of those wanted."""
        if (name, wanted) not in self._within:
            papers = enumerate(self.shelf.papers)
            found = [at for at, paper in papers if any(label(one) in wanted for one in getattr(paper, name))]
            self._within[name, wanted] = np.array(found, np.int64)
        return self._within[name, wanted]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One profile's papers at or above its least score, best first; reasons are found when they are asked for."""

    profile: str
    papers: tuple[Paper, ...]
    scores: tuple[float, ...]
    best_score: float | None
    """Of all papers that match, listed or not; None when none does."""
    explain: Callable[[int], Match] = field(compare=False, repr=False)
    """The match of the paper at a place of the list."""
    lines: Callable[[int], list[int]] = field(compare=False, repr=False, default=lambda _: [])
    """The lines of the day's table that say why it stands there (see Explainer); `besides` are reasons that no keyword gives."""
    besides: Callable[[int], Sequence[Reason]] = field(compare=False, repr=False, default=lambda _: ())

    @classmethod
    def of(cls, profile: str, matches: Sequence[Match]) -> Ranking:
        """A list whose reasons are known already, best first."""
        papers, scores = tuple(match.paper for match in matches), tuple(match.score for match in matches)
        best = scores[0] if scores else None
        return cls(profile, papers, scores, best, matches.__getitem__, besides=lambda at: matches[at].matched)

    def __len__(self) -> int:
        return len(self.papers)

    def cut(self, most: int | None) -> Ranking:
        """The list with at most so many papers."""
        return self if most is None else replace(self, papers=self.papers[:most], scores=self.scores[:most])

    @property
    def matches(self) -> tuple[Match, ...]:
        """The whole list with its reasons."""
        return self.first(len(self.papers))

    def first(self, most: int | None) -> tuple[Match, ...]:
        """The best so many with their reasons."""
        return tuple(map(self.explain, range(len(self.papers))[:most]))


class Index:
    """The compiled profiles; asking it changes nothing, so that the same question has the same answer."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.names = tuple(profile.name for profile in profiles)
        self._keys: dict[Key, int] = {}
        numbers = _Numbers(self._keys)
        listening: list[int] = []
        starts = [0]
        for profile in profiles:
            listening += numbers.heard(profile)
            starts.append(len(listening))
        self._listening = np.array(listening, np.int64)
        self._starts = np.array(starts, np.int64)
        self._rules = tuple([_rules(profile, numbers) for profile in profiles])

    def __len__(self) -> int:
        return len(self.names)

    def rank(self, day: Day, top: int | None = None) -> Listing:
        """The best papers of every profile that has nothing but keywords, without reasons; of others nothing."""
        rows = self._rows(day)
        return day.sums.best(rows[self._listening], self._starts, top)

    def match(
        self,
        papers: Sequence[Paper] | Day,
        corpus: CorpusStatistics | History | None = None,
        min_score: float = 0.0,
        top: int | None = None,
    ) -> dict[str, Ranking]:
        """Every profile's ranking, by name; `min_score` is for the profiles that set none of their own.

        A profile without keywords and authors has nothing to be scored by: if it has filters, the papers within them
        are ranked by upvotes against their age on the newest listing day of `papers`, and only a `min_score` of its
        own applies; without filters it matches nothing. With `top` lists stop after so many.
        """
        day = papers if isinstance(papers, Day) else Day(papers, corpus or CorpusStatistics())
        return {ranking.profile: ranking for ranking in self.rankings(day, min_score, top)}

    def rankings(
        self, day: Day, min_score: float = 0.0, top: int | None = None, *, spans: bool = True
    ) -> Iterator[Ranking]:
        """The same one after the other, in the order of the profiles."""
        rows = self._rows(day)
        together = day.sums.best(rows[self._listening], self._starts, top)
        explainer = day.explainer(spans=spans)
        known = self._lines(rows, explainer, together) if top is not None else None
        for profile, rules in enumerate(self._rules):
            keywords = rows[self._listening[self._starts[profile] : self._starts[profile + 1]]]
            least = rules.min_score if rules.min_score is not None else (min_score if rules.listens else 0.0)
            if not rules.listens:
                yield self._trending(day, rows, profile, least, top)
            elif rules.plain and day.sums.exact(keywords):
                found, scores = together.of(profile)
                at = int(together.starts[profile])
                lines = partial(_known_lines, known, at) if known else partial(_lines, explainer, keywords, found)
                yield self._ranking(day, explainer, profile, _cut(found, scores, least, top), lines)
            else:
                found, scores = _alone(day, rows, keywords, rules)
                lines = partial(_lines, explainer, keywords, found)
                yield self._ranking(day, explainer, profile, _cut(found, scores, least, top), lines)

    def _lines(self, rows: Numbers, explainer: Explainer, listing: Listing) -> tuple[list[int], list[int]]:
        """For every entry of a listing the lines that say why: those of entry `i` are `lines[starts[i] : starts[i + 1]]`."""
        owners = np.repeat(np.arange(len(self)), np.diff(listing.starts))
        held = np.diff(self._starts)[owners]
        entries = np.repeat(np.arange(len(owners)), held)
        at = np.arange(len(entries)) - np.repeat(np.cumsum(held) - held, held) + np.repeat(self._starts[owners], held)
        met, lines = explainer.lines(rows[self._listening[at]], listing.papers[entries])
        starts = np.concatenate(([0], np.cumsum(np.bincount(entries[met], minlength=len(owners)))))
        return starts.tolist(), lines.tolist()

    def _rows(self, day: Day) -> Numbers:
        """The day's row of each of our keywords."""
        day.rows.add(self._keys)
        return np.array([day.rows.number[key] for key in self._keys], np.int64)

    def _ranking(
        self, day: Day, explainer: Explainer, profile: int, listed: _Listed, lines: Callable[[int], list[int]]
    ) -> Ranking:
        papers, name, like = day.shelf.papers, self.names[profile], self._rules[profile].like
        found = listed.papers.tolist()

        def besides(at: int) -> list[Reason]:
            return _like_reasons(day, like, found[at]) if like else []

        def explain(at: int) -> Match:
            reasons = [reason for line in lines(at) for reason in explainer.reasons(line)]
            return scored(papers[found[at]], name, reasons + besides(at))

        scores = tuple(listed.scores.tolist())
        return Ranking(name, tuple(papers[at] for at in found), scores, listed.best, explain, lines, besides)

    def _trending(self, day: Day, rows: Numbers, profile: int, least: float, top: int | None) -> Ranking:
        rules, name = self._rules[profile], self.names[profile]
        matches: list[Match] = []
        if rules.filters and day.today is not None:
            allowed = _allowed(day, rows, rules, np.arange(len(day.shelf)))
            matches = sorted(
                (popular(day.shelf.papers[at], name, day.today) for at in allowed.tolist()), key=best_first
            )
        listed = [match for match in matches if match.score >= least][:top]
        return replace(Ranking.of(name, listed), best_score=matches[0].score if matches else None)


@dataclass(frozen=True, slots=True)
class _Listed:
    """One profile's list, and its best score before the least score was asked for."""

    papers: Numbers
    scores: Points
    best: float | None


def _cut(found: Numbers, scores: Points, least: float, top: int | None) -> _Listed:
    """What of a list reaches the least score, at most `top`."""
    enough = int(np.count_nonzero(scores >= least))
    shown = slice(0, enough if top is None else min(top, enough))
    return _Listed(found[shown], scores[shown], float(scores[0]) if len(scores) else None)


def _lines(explainer: Explainer, keywords: Numbers, found: Numbers, at: int) -> list[int]:
    _, lines = explainer.lines(keywords, np.full(len(keywords), found[at]))
    return list(map(int, lines))


def _known_lines(known: tuple[list[int], list[int]], first: int, at: int) -> list[int]:
    starts, lines = known
    return lines[starts[first + at] : starts[first + at + 1]]


def _alone(day: Day, rows: Numbers, keywords: Numbers, rules: _Rules) -> tuple[Numbers, Points]:
    """One profile's papers and scores, best first, with its filters and what it likes."""
    table = day.rows.table
    scores = np.zeros(len(day.shelf))
    hit = np.zeros(len(day.shelf), np.bool_)
    totals = day.sums.totals
    for keyword in keywords.tolist():
        first, after = np.searchsorted(table.owners, (keyword, keyword + 1))
        papers = table.papers[first:after]
        scores[papers] += totals[first:after]
        hit[papers] |= table.hits[first:after]
    if rules.like:
        points = day.liked(rules.like).points
        scores += points
        hit |= points > 0
    found = _allowed(day, rows, rules, np.flatnonzero(hit))
    order = np.lexsort((day.sums.place[found], -scores[found]))
    return found[order], scores[found[order]]


def _allowed(day: Day, rows: Numbers, rules: _Rules, papers: Numbers) -> Numbers:
    """The papers that a profile's filters let through."""
    if rules.categories:
        papers = np.intersect1d(papers, day.within("categories", rules.categories))
    if rules.sources:
        papers = np.intersect1d(papers, day.within("sources", rules.sources))
    if rules.require:
        papers = np.intersect1d(papers, _hit_by(day, rows, rules.require))
    if rules.exclude:
        papers = np.setdiff1d(papers, _hit_by(day, rows, rules.exclude))
    return papers


def _hit_by(day: Day, rows: Numbers, keywords: Sequence[int]) -> Numbers:
    found = [day.rows.table.of(int(rows[keyword])) for keyword in keywords]
    return np.unique(np.concatenate([one.papers[one.hits] for one in found]))


def _like_reasons(day: Day, liked: tuple[Liked, ...], paper: int) -> list[Reason]:
    """Why a profile's liked papers reach a paper: one reason, or none."""
    taste = day.liked(liked)
    return [day.likeness.reason(taste, paper)] if taste.points[paper] > 0 else []


class _Numbers:
    """The number of each distinct keyword; an error names the profile that is being read."""

    def __init__(self, keys: dict[Key, int]) -> None:
        self.profile = Profile(name="")
        self._keys = keys
        self.of = {mode: _Known(self, mode) for mode in get_args(Related)}

    def heard(self, profile: Profile) -> list[int]:
        """What a profile listens to, each keyword once."""
        self.profile = profile
        known = self.of[profile.related]
        found = [known[text] for text in profile.keywords]
        if profile.authors:
            found += [self.number(name, parse_author, profile.related) for name in profile.authors]
        return found if len(set(found)) == len(found) else list(dict.fromkeys(found))

    def number(self, text: str, read: Callable[[str], Query], mode: Related) -> int:
        try:
            key = (read(text).text, mode)
        except KeywordError as error:
            raise KeywordError(f"profile {self.profile.name!r}: {error.message}", error.column, error.hint) from None
        return self._keys.setdefault(key, len(self._keys))


class _Known(dict[str, int]):
    """Keyword as written → number; read when it is met first."""

    def __init__(self, numbers: _Numbers, mode: Related) -> None:
        super().__init__()
        self._numbers = numbers
        self._mode = mode

    def __missing__(self, text: str) -> int:
        self[text] = number = self._numbers.number(text, parse, self._mode)
        return number


def _rules(profile: Profile, numbers: _Numbers) -> _Rules:
    if profile.min_score is None and not (
        profile.categories or profile.sources or profile.exclude or profile.require or profile.like
    ):
        return _KEYWORDS_ONLY if profile.keywords or profile.authors else _NOTHING
    numbers.profile = profile
    off = numbers.of["off"]
    return _Rules(
        frozenset(map(label, profile.categories)),
        frozenset(map(label, profile.sources)),
        exclude=tuple(off[text] for text in dict.fromkeys(profile.exclude)),
        require=tuple(off[text] for text in dict.fromkeys(profile.require)),
        like=profile.like,
        listens=bool(profile.keywords or profile.authors or profile.like),
        min_score=profile.min_score,
    )


_KEYWORDS_ONLY = _Rules(frozenset(), frozenset(), (), (), (), listens=True, min_score=None)
_NOTHING = _Rules(frozenset(), frozenset(), (), (), (), listens=False, min_score=None)


def compile_profiles(profiles: Sequence[Profile]) -> Index:
    """The index of some profiles with different names; raises KeywordError that names the profile."""
    return Index(profiles)


def choose(
    rankings: Sequence[Ranking], max_papers: int, without: frozenset[str] = frozenset()
) -> tuple[tuple[Match, ...], int]:
    """The best of several rankings, and how many papers there were to choose from.

    A paper stands there once, with its best score (of equal ones the first profile's by name); ids in `without` never.
    """
    best: dict[str, tuple[float, str, Ranking, int]] = {}
    for ranking in rankings:
        for at, (paper, score) in enumerate(zip(ranking.papers, ranking.scores, strict=True)):
            other = best.get(paper.id)
            if paper.id not in without and (other is None or (-score, ranking.profile) < (-other[0], other[1])):
                best[paper.id] = (score, ranking.profile, ranking, at)
    listed = sorted(best.values(), key=lambda one: (-one[0], *tie_break(one[2].papers[one[3]])))
    return tuple(ranking.explain(at) for _, _, ranking, at in listed[: max(0, max_papers)]), len(listed)
