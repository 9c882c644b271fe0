"""Why a paper is in the digest, in words: each keyword once, with the places it was found and its points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from digest.models import Reason
from digest.render.cleaning import shorten

_SHOWN = 6
_LEAST = 0.05
"""Points that would be told as 0.0 are not."""
_PARTS = 3
_LONGEST_KEYWORD = 80
_PLACES = {
    "title": "title",
    "abstract": "abstract",
    "author": "authors",
    "category": "category",
    "source": "source",
    "related": "related words",
    "like": "similar paper",
}


class Why(NamedTuple):
    """One keyword and where it was found: "title 3.1, abstract 1.2"."""

    keyword: str
    places: str


def whys(reasons: Iterable[Reason]) -> tuple[tuple[Why, ...], int]:
    """The keywords found whole, strongest first, and how many more there were; those of which only words were found last."""
    grouped: dict[str, list[Reason]] = {}
    for reason in reasons:
        grouped.setdefault(reason.keyword, []).append(reason)
    ranked = sorted(
        ((keyword, found) for keyword, found in grouped.items() if _points(found) >= _LEAST),
        key=lambda item: -_points(item[1]),
    )
    whole = [(keyword, found) for keyword, found in ranked if not all(reason.partial for reason in found)]
    parts = [(keyword, found) for keyword, found in ranked if all(reason.partial for reason in found)]
    shown = [Why(shorten(keyword, _LONGEST_KEYWORD), _places(found)) for keyword, found in whole[:_SHOWN]]
    if parts:
        names = ", ".join(shorten(keyword, _LONGEST_KEYWORD) for keyword, _ in parts[:_PARTS])
        more = ", …" if len(parts) > _PARTS else ""
        shown.append(Why(f"words of {names}{more}", f"{sum(_points(found) for _, found in parts):.1f}"))
    return tuple(shown), max(0, len(whole) - _SHOWN)


def _points(reasons: Iterable[Reason]) -> float:
    return sum(reason.points for reason in reasons)


def _places(reasons: Iterable[Reason]) -> str:
    points: dict[tuple[str, str], float] = {}
    for reason in reasons:
        place = _PLACES.get(reason.field) or shorten(reason.field, 20)
        key = (place, " with words apart" if reason.partial else "")
        points[key] = points.get(key, 0.0) + reason.points
    told = [(place, how, value) for (place, how), value in points.items() if value >= _LEAST]
    return ", ".join(f"{place} {value:.1f}{how}" for place, how, value in told[: len(_PLACES)])
