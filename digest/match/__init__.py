"""The match room: papers and profiles in, ranked and explained matches out.

Pure: it reads no file, no clock and no store; the history it weighs words against is an argument. The language of
keywords is described in docs/keywords.md. It does not decide who gets what when.
"""

from __future__ import annotations

from digest.match.index import Index, Ranking, choose, compile_profiles
from digest.match.query import parse, parse_author
from digest.match.rank import statistics
from digest.match.trending import trending

__all__ = [
    "Index",
    "Ranking",
    "check_author",
    "check_keyword",
    "choose",
    "compile_profiles",
    "statistics",
    "trending",
]


def check_keyword(text: str) -> None:
    """Raise KeywordError, with column and hint, unless the keyword can be read."""
    parse(text)


def check_author(name: str) -> None:
    """Raise KeywordError, with column and hint, unless a profile's `authors` may hold the name."""
    parse_author(name)
