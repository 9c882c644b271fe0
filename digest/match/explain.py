"""Why a paper matches: the reasons of every query that hits it, handed to the profiles that hold the query.

Decides nothing about filters and lists (see index).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digest.match.phrases import Place
from digest.match.query import Author, Label, Near, Query
from digest.match.rank import LABEL_POINTS, MAX_SPANS, Weighing
from digest.match.search import Found, Hit, Search
from digest.models import Reason

PARTIAL = 0.75
"""What the words of a phrase are worth by themselves, against the same words as keywords of their own."""


class Explainer:
    """Turns what a search found into reasons; `listening` says which profiles hold a query as a keyword."""

    def __init__(self, search: Search, weighing: Weighing, listening: Mapping[int, Sequence[int]]) -> None:
        self._search = search
        self._weighing = weighing
        self._listening = listening

    def reasons(self, found: Found) -> dict[int, list[Reason]]:
        """Profile → reasons; only profiles of which a keyword hits in full, partial ones only added to those."""
        by_profile: dict[int, list[Reason]] = {}
        for number, hits in found.hits.items():
            profiles = self._listening.get(number)
            if profiles:
                why = self._full(number, hits, found)
                for profile in profiles:
                    by_profile.setdefault(profile, []).extend(why)
        if by_profile:
            for number in self._apart(found):
                profiles = [profile for profile in self._listening.get(number, ()) if profile in by_profile]
                if profiles:
                    why = self._partial(number, {}, found)
                    for profile in profiles:
                        by_profile[profile].extend(why)
        return by_profile

    def _full(self, number: int, hits: Mapping[str, Hit], found: Found) -> list[Reason]:
        """The reasons of a query that hits; the words of a phrase count with it, or in a field without it as partial."""
        query = self._search.queries[number]
        if isinstance(query.asks, Author | Label):
            return [
                Reason(keyword=query.text, field=field, points=query.weight * LABEL_POINTS[field]) for field in hits
            ]
        phrases = query.asks.phrases if isinstance(query.asks, Near) else (query.asks.phrase,)
        rarity = self._weighing.rarity(*phrases)
        points = self._weighing.points(rarity, {field: hit.count for field, hit in hits.items()}, found.texts)
        return self._partial(number, {field: (points[field], hit.places) for field, hit in hits.items()}, found)

    def _apart(self, found: Found) -> set[int]:
        """The phrases that do not hit but of which a word stands in the paper."""
        present = found.phrases["title"].keys() | found.phrases["abstract"].keys()
        apart = {number for phrase in present for number in self._search.partials.get(phrase, ())}
        return apart - found.hits.keys()

    def _partial(self, number: int, whole: Mapping[str, tuple[float, Sequence[Place]]], found: Found) -> list[Reason]:
        """What the single words of a phrase add, field by field, to what the `whole` phrase is worth there."""
        query = self._search.queries[number]
        points: dict[str, float] = {}
        places: dict[str, list[Place]] = {}
        for part in self._search.parts_of(number):
            here = {field: found.phrases[field][part] for field in query.fields if part in found.phrases[field]}
            rarity = self._weighing.rarity(self._search.phrases[part])
            counts = {field: len(at) for field, at in here.items()}
            for field, share in self._weighing.points(rarity, counts, found.texts).items():
                points[field] = points.get(field, 0.0) + PARTIAL * share
                places.setdefault(field, []).extend(here[field])
        full = [
            _reason(query, field, worth + points.pop(field, 0.0), at, found) for field, (worth, at) in whole.items()
        ]
        return full + [
            _reason(query, field, share, sorted(places[field]), found, partial=True) for field, share in points.items()
        ]


def _reason(
    query: Query,
    field: str,
    points: float,
    places: Sequence[Place],
    found: Found,
    *,
    partial: bool = False,
) -> Reason:
    text = found.texts[field]
    return Reason(
        keyword=query.text,
        field=field,
        points=query.weight * points,
        partial=partial,
        spans=tuple(text.span(first, after) for first, after in places[:MAX_SPANS]),
    )
