"""What others read: upvotes against age, for subscribers without keywords."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from digest.match.rank import best_first, scored
from digest.models import Match, Paper, Reason

GRAVITY = 1.5
"""How fast age pulls a paper down: at 8 days it needs about eleven times the upvotes of a paper of today."""
KEYWORD = "trending"


def trending(papers: Sequence[Paper], on: date) -> tuple[Match, ...]:
    """All papers, best first; each has one reason, "trending" in the field "source", whose points are its score."""
    return tuple(sorted((popular(paper, "", on) for paper in papers), key=best_first))


def popular(paper: Paper, profile: str, on: date) -> Match:
    """A match worth (upvotes + 1) / (age in days + 2) ** GRAVITY; a paper from the future is of today."""
    age = max(0, (on - paper.listed_on).days)
    points = (max(0, paper.upvotes or 0) + 1) / (age + 2) ** GRAVITY
    return scored(paper, profile, [Reason(keyword=KEYWORD, field="source", points=points)])


def newest(papers: Iterable[Paper]) -> date | None:
    """The last listing day among the papers."""
    return max((paper.listed_on for paper in papers), default=None)
