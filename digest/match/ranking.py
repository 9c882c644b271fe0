"""One profile's list of papers, and the choice for a digest among several; reasons are found when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from digest.match.rank import tie_break
from digest.models import Match, Paper


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

    @classmethod
    def of(cls, profile: str, matches: Sequence[Match]) -> Ranking:
        """A list whose reasons are known already, best first."""
        papers, scores = tuple(match.paper for match in matches), tuple(match.score for match in matches)
        best = scores[0] if scores else None
        return cls(profile, papers, scores, best, matches.__getitem__)

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
