"""One profile over some days: what it would have listed, which keywords did the work, what an edit changes.

Pure; what it is told comes from trying.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from digest import match
from digest.match.query import parse_author
from digest.models import Match, Paper, Profile, Reason
from digest.pipeline.runs import Progress
from digest.settings import DigestSettings

LIKE = "like = […]"
"""What the liked papers of a profile are called among its terms."""
WIDE = 0.2
"""A term that hits a larger part of all papers tells little."""

Days = Sequence[tuple[date, Sequence[Paper]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A profile and what of its list is shown: the least score, and at most so many papers a day."""

    profile: Profile
    least: float
    most: int

    @classmethod
    def of(cls, profile: Profile, defaults: DigestSettings) -> Version:
        """The limits of a digest with this profile alone. What only filters has no score that the default could mean."""
        scored = profile.keywords or profile.authors or profile.like
        own = profile.min_score
        most = defaults.max_papers if profile.max_papers is None else min(profile.max_papers, defaults.max_papers)
        return cls(profile=profile, least=own if own is not None else defaults.min_score if scored else 0.0, most=most)

    def shown(self, ranking: match.Ranking) -> list[int]:
        """The places of a list that are shown."""
        return [at for at, score in enumerate(ranking.scores[: self.most]) if score >= self.least]


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many papers a day listed, how many matched, how many are shown."""

    day: date
    papers: int
    matched: int
    shown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One keyword's work over all days."""

    keyword: str
    papers: int
    """Found in full, whatever the profile's filters say."""
    share: float
    """Of all papers."""
    points: float
    """In the papers that matched."""
    points_share: float
    dead: bool

    @property
    def wide(self) -> bool:
        return self.share > WIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a profile came to; lists of papers are best first."""

    days: tuple[DayCount, ...]
    terms: tuple[Term, ...]
    shown: tuple[Match, ...]
    gained: tuple[Match, ...]
    """Shown now, and not by the other version."""
    lost: tuple[Match, ...]

    @property
    def papers_per_day(self) -> float:
        return sum(one.shown for one in self.days) / len(self.days) if self.days else 0.0


def replay(
    days: Days,
    history: match.History,
    now: Version,
    before: Version | None = None,
    on_progress: Progress = lambda _done, _all: None,
) -> Replay:
    """The days in their order, each taught by the papers up to it.

    `history` knows the papers before the first day; the words of all are in its document frequencies.
    """
    versions = [now, before] if before else [now]
    work = _Work(now, before, _terms(now.profile))
    every = [replace(one.profile, name=str(number), min_score=0.0) for number, one in enumerate(versions)]
    index = match.compile_profiles([*every, *work.terms.values()])
    for done, (day, papers) in enumerate(days, 1):
        rankings = index.rankings(match.Day(history.learn(papers, counted=True), history), spans=False)
        work.add(day, len(papers), rankings)
        on_progress(done, len(days))
    return work.result()


def _terms(profile: Profile) -> dict[str, Profile]:
    """Each keyword and author as a profile that lists whatever it finds in full."""
    terms = {text: Profile(name=f"= {text}", keywords=(text,), related="off") for text in profile.keywords}
    for author in profile.authors:
        text = parse_author(author).text
        terms[text] = Profile(name=f"= {text}", keywords=(text,), related="off")
    if profile.like:
        terms[LIKE] = Profile(name=LIKE, like=profile.like)
    return terms


class _Work:
    """Adds up the days."""

    def __init__(self, now: Version, before: Version | None, terms: dict[str, Profile]) -> None:
        self.terms = terms
        self._now = now
        self._before = before
        self._days: list[DayCount] = []
        self._hits: Counter[str] = Counter()
        self._points: dict[str, float] = dict.fromkeys(terms, 0.0)
        self._shown: list[Match] = []
        self._gained: list[Match] = []
        self._lost: list[Match] = []

    def add(self, day: date, papers: int, rankings: Iterator[match.Ranking]) -> None:
        """One day: the rankings of the version now, the one before, and the terms."""
        ranking = next(rankings)
        matches = ranking.matches
        for reason in (reason for one in matches for reason in one.matched):
            term = _term_of(reason)
            if term in self._points:
                self._points[term] += reason.points
        shown = [matches[at] for at in self._now.shown(ranking)]
        self._days.append(DayCount(day, papers, len(matches), len(shown)))
        self._shown += shown
        if self._before:
            other = next(rankings)
            self._compare(shown, [other.explain(at) for at in self._before.shown(other)])
        for term, found in zip(self.terms, rankings, strict=True):
            self._hits[term] += len(found)

    def _compare(self, shown: list[Match], formerly: list[Match]) -> None:
        new, old = ({one.paper.id for one in some} for some in (shown, formerly))
        self._gained += [one for one in shown if one.paper.id not in old]
        self._lost += [one for one in formerly if one.paper.id not in new]

    def result(self) -> Replay:
        papers, points = sum(one.papers for one in self._days), sum(self._points.values())
        terms = [
            Term(
                keyword=term,
                papers=self._hits[term],
                share=self._hits[term] / papers if papers else 0.0,
                points=self._points[term],
                points_share=self._points[term] / points if points else 0.0,
                dead=bool(papers) and not self._hits[term],
            )
            for term in self.terms
        ]
        lists = {"shown": self._shown, "gained": self._gained, "lost": self._lost}
        best = {name: tuple(sorted(some, key=lambda one: -one.score)) for name, some in lists.items()}
        return Replay(days=tuple(self._days), terms=tuple(terms), **best)


def _term_of(reason: Reason) -> str:
    return LIKE if reason.field == "like" else reason.keyword
