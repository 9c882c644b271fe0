"""Profiles, compiled together and asked about papers: filters, reasons and ranked matches.

Every distinct keyword is compiled and weighed once, however many profiles hold it; a paper meets only the profiles that
its own words lead to. An index is plain data and can be sent to another process; a `Day` is shared by all shards of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from digest.match.day import Day
from digest.match.explain import Explained, Explainer, explained
from digest.match.history import History
from digest.match.hits import label
from digest.match.numbering import KeywordNumbers
from digest.match.rank import Listing, best_first, scored
from digest.match.ranking import Ranking
from digest.match.rows import Key
from digest.match.trending import popular
from digest.match.walking import Numbers
from digest.match.weighing import Points
from digest.models import CorpusStatistics, Liked, Match, Paper, Profile, Reason


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


class Index:
    """The compiled profiles; asking it changes nothing, so that the same question has the same answer."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.names = tuple(profile.name for profile in profiles)
        self._keys: dict[Key, int] = {}
        numbers = KeywordNumbers(self._keys)
        owners, self._listening = numbers.heard(profiles)
        self._starts = np.searchsorted(owners, np.arange(len(profiles) + 1))
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
        for profile, rules in enumerate(self._rules):
            keywords = rows[self._listening[self._starts[profile] : self._starts[profile + 1]]]
            least = rules.min_score if rules.min_score is not None else (min_score if rules.listens else 0.0)
            if not rules.listens:
                yield self._trending(day, rows, profile, least, top)
            elif rules.plain and day.sums.exact(keywords):
                found, scores = together.of(profile)
                lines = partial(_lines, explainer, keywords, found)
                yield self._ranking(day, explainer, profile, _cut(found, scores, least, top), lines)
            else:
                found, scores = _alone(day, rows, keywords, rules)
                lines = partial(_lines, explainer, keywords, found)
                yield self._ranking(day, explainer, profile, _cut(found, scores, least, top), lines)

    def explained(self, day: Day, top: int | None = None) -> Explained | None:
        """The lists of all profiles with their reasons, without places; None if one has more than keywords, or too many of them."""
        rows = self._rows(day)
        held, sums = rows[self._listening], day.sums
        only = all(rules is _KEYWORDS_ONLY or rules is _NOTHING for rules in self._rules)
        if not only or not sums.all_exact(held, self._starts):
            return None
        listing = sums.best(held, self._starts, top)
        return explained(day.rows, listing, *sums.lines(held, self._starts, listing))

    def _rows(self, day: Day) -> Numbers:
        """The day's row of each of our keywords."""
        day.rows.add(self._keys)
        return np.array([day.rows.number[key] for key in self._keys], np.int64)

    def _ranking(
        self, day: Day, explainer: Explainer, profile: int, listed: _Listed, lines: Callable[[int], list[int]]
    ) -> Ranking:
        papers, name, like = day.shelf.papers, self.names[profile], self._rules[profile].like
        found = listed.papers.tolist()

        def explain(at: int) -> Match:
            reasons = [reason for line in lines(at) for reason in explainer.reasons(line)]
            return scored(papers[found[at]], name, reasons + (_like_reasons(day, like, found[at]) if like else []))

        scores = tuple(listed.scores.tolist())
        return Ranking(name, tuple(papers[at] for at in found), scores, listed.best, explain)

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


def _rules(profile: Profile, numbers: KeywordNumbers) -> _Rules:
    if profile.min_score is None and not (
        profile.categories or profile.sources or profile.exclude or profile.require or profile.like
    ):
        return _KEYWORDS_ONLY if profile.keywords or profile.authors else _NOTHING
    off = numbers.of["off"]
    return _Rules(
        frozenset(map(label, profile.categories)),
        frozenset(map(label, profile.sources)),
        exclude=numbers.require(profile, profile.exclude, off),
        require=numbers.require(profile, profile.require, off),
        like=profile.like,
        listens=bool(profile.keywords or profile.authors or profile.like),
        min_score=profile.min_score,
    )


_KEYWORDS_ONLY = _Rules(frozenset(), frozenset(), (), (), (), listens=True, min_score=None)
_NOTHING = _Rules(frozenset(), frozenset(), (), (), (), listens=False, min_score=None)


def compile_profiles(profiles: Sequence[Profile]) -> Index:
    """The index of some profiles with different names; raises KeywordError that names the profile."""
    return Index(profiles)
