"""Profiles, compiled together and asked about papers: filters, reasons and ranked matches.

Every distinct keyword is compiled and weighed once, however many profiles hold it; a paper meets only the profiles
that its own words lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest.errors import KeywordError
from digest.match.explain import Explainer
from digest.match.query import Query, parse, parse_author
from digest.match.rank import Weighing, best_first, scored
from digest.match.search import Found, Search, label
from digest.match.trending import newest, popular
from digest.models import CorpusStatistics, Match, Paper, Profile


@dataclass(frozen=True, slots=True)
class Ranking:
    """One profile's papers at or above its least score, best first."""

    matches: tuple[Match, ...]
    best_score: float | None
    """Of all papers that match, listed or not; None when none does."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a profile asks of a paper besides keywords."""

    categories: frozenset[str]
    sources: frozenset[str]
    requires: bool
    listens: bool
    """It has keywords or authors; without, but with filters, it lists what is trending within them."""
    min_score: float | None

    def admit(self, paper: Paper) -> bool:
        in_category = not self.categories or any(label(name) in self.categories for name in paper.categories)
        return in_category and (not self.sources or any(label(name) in self.sources for name in paper.sources))

    @property
    def filters(self) -> bool:
        return bool(self.categories or self.sources or self.requires)


class Index:
    """The compiled profiles; asking it changes nothing, so that the same question has the same answer."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._names = tuple(profile.name for profile in profiles)
        self._rules = tuple(map(_rules, profiles))
        numbers: dict[Query, int] = {}
        self._listening: dict[int, list[int]] = {}
        self._excluding: dict[int, list[int]] = {}
        self._requiring: dict[int, list[int]] = {}
        for profile, asked in enumerate(profiles):
            tables = (self._listening, self._excluding, self._requiring)
            for queries, table in zip(_queries(asked), tables, strict=True):
                for query in queries:
                    table.setdefault(numbers.setdefault(query, len(numbers)), []).append(profile)
        self._popular = [at for at, rules in enumerate(self._rules) if rules.filters and not rules.listens]
        self._search = Search(tuple(numbers))

    def match(self, papers: Sequence[Paper], corpus: CorpusStatistics, min_score: float = 0.0) -> dict[str, Ranking]:
        """Every profile's ranking, by name; `min_score` is for the profiles that set none of their own.

        A profile without keywords and authors has nothing to be scored by: if it has filters, the papers within them
        are ranked by upvotes against their age on the newest listing day of `papers`, and only a `min_score` of its
        own applies; without filters it matches nothing.
        """
        explainer = Explainer(self._search, Weighing(corpus), self._listening)
        today = newest(papers)
        matches: list[list[Match]] = [[] for _ in self._names]
        for paper in papers:
            found = self._search.read(paper)
            admitted = self._admit(found)
            for profile, reasons in explainer.reasons(found).items():
                if admitted(profile):
                    matches[profile].append(scored(paper, self._names[profile], reasons))
            for profile in self._popular:
                if today is not None and admitted(profile):
                    matches[profile].append(popular(paper, self._names[profile], today))
        return {name: _ranking(matches[at], self._least(at, min_score)) for at, name in enumerate(self._names)}

    def _least(self, profile: int, min_score: float) -> float:
        rules = self._rules[profile]
        if rules.min_score is not None:
            return rules.min_score
        return min_score if rules.listens else 0.0

    def _admit(self, found: Found) -> _Admission:
        excluded = {profile for query in found.hits for profile in self._excluding.get(query, ())}
        satisfied = {profile for query in found.hits for profile in self._requiring.get(query, ())}
        return _Admission(found.paper, self._rules, excluded, satisfied)


@dataclass(frozen=True, slots=True)
class _Admission:
    """Which profiles' filters let one paper through."""

    paper: Paper
    rules: Sequence[_Rules]
    excluded: set[int]
    satisfied: set[int]

    def __call__(self, profile: int) -> bool:
        rules = self.rules[profile]
        if profile in self.excluded or (rules.requires and profile not in self.satisfied):
            return False
        return rules.admit(self.paper)


def compile_profiles(profiles: Sequence[Profile]) -> Index:
    """The index of some profiles with different names; raises KeywordError that names the profile."""
    return Index(profiles)


def choose(
    rankings: Sequence[tuple[Match, ...]], max_papers: int, without: frozenset[str] = frozenset()
) -> tuple[tuple[Match, ...], int]:
    """The best of several rankings, and how many papers there were to choose from.

    A paper stands there once, with its best score (of equal ones the first profile's by name); ids in `without` never.
    """
    best: dict[str, Match] = {}
    for match in (match for ranking in rankings for match in ranking if match.paper.id not in without):
        other = best.get(match.paper.id)
        if other is None or (-match.score, match.profile) < (-other.score, other.profile):
            best[match.paper.id] = match
    listed = sorted(best.values(), key=best_first)
    return tuple(listed[: max(0, max_papers)]), len(listed)


def _ranking(matches: list[Match], least: float) -> Ranking:
    listed = sorted((match for match in matches if match.score >= least), key=best_first)
    return Ranking(tuple(listed), max((match.score for match in matches), default=None))


def _rules(profile: Profile) -> _Rules:
    return _Rules(
        frozenset(map(label, profile.categories)),
        frozenset(map(label, profile.sources)),
        requires=bool(profile.require),
        listens=bool(profile.keywords or profile.authors),
        min_score=profile.min_score,
    )


def _queries(profile: Profile) -> tuple[list[Query], list[Query], list[Query]]:
    """What a profile hears, excludes and requires, each query once."""
    heard = _parsed(profile.name, profile.keywords) + _parsed(profile.name, profile.authors, parse_author)
    return list(dict.fromkeys(heard)), _parsed(profile.name, profile.exclude), _parsed(profile.name, profile.require)


def _parsed(profile: str, written: Sequence[str], read: Callable[[str], Query] = parse) -> list[Query]:
    queries = []
    for text in dict.fromkeys(written):
        try:
            queries.append(read(text))
        except KeywordError as error:
            raise KeywordError(f"profile {profile!r}: {error.message}", error.column, error.hint) from None
    return queries
