"""The match room: papers and profiles in, ranked and explained matches out.

Pure: it reads no file, no clock and no store; the history it weighs words against is an argument. The language of
keywords is described in docs/keywords.md. It does not decide who gets what when.
"""

from __future__ import annotations

from digest.match.day import Day
from digest.match.explain import Explained
from digest.match.history import History
from digest.match.index import Index, compile_profiles
from digest.match.plain import is_plain
from digest.match.query import parse, parse_author
from digest.match.ranking import Ranking, choose
from digest.match.shelf import Shelf
from digest.match.suggest import Suggested, Suggestions, suggest
from digest.match.trending import trending
from digest.match.weighing import statistics

__all__ = [
    "Day",
    "Explained",
    "History",
    "Index",
    "Ranking",
    "Shelf",
    "Suggested",
    "Suggestions",
    "check_author",
    "check_keyword",
    "choose",
    "compile_profiles",
    "statistics",
    "suggest",
    "trending",
]


def check_keyword(text: str) -> None:
    """Raise KeywordError, with column and hint, unless the keyword can be read."""
    if not is_plain(text):
        parse(text)


def check_author(name: str) -> None:
    """Raise KeywordError, with column and hint, unless a profile's `authors` may hold the name."""
    parse_author(name)
