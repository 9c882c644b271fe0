"""How `digest match` prints its lists: JSON, a line for each profile.

What a keyword says of a paper is written once, for all profiles that hold it.
"""

from __future__ import annotations

import json
from datetime import date
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from digest.match import Day, Explained, Ranking


class Printer:
    """The lists of one day."""

    def __init__(self, day: Day, listed_on: date | None) -> None:
        self.day = day
        self._listed_on = json.dumps(listed_on.isoformat() if listed_on and listed_on != date.min else None)
        begin = [f'{{"id": {quoted(paper.id)}, "score": ' for paper in day.shelf.papers]
        self._first = np.array(begin, object)
        self._later = np.array([f"]}}, {one}" for one in begin], object)
        self._told = np.empty(0, object)
        self._places = np.empty(0, np.int32)
        """Of each reason by number its place in what was told so far, or -1."""

    def list(self, ranking: Ranking, most: int) -> str:
        """The list of one profile, at most so many papers of it."""
        rows = []
        for match in ranking.first(most):
            matched = ", ".join([_printed(one.keyword, one.field, one.points, one.partial) for one in match.matched])
            rows.append(f'{{"id": {quoted(match.paper.id)}, "score": {match.score!r}, "matched": [{matched}]}}')
        return f"{self._opening(ranking.profile)}{', '.join(rows)}]}}\n"

    def lists(self, names: Sequence[str], told: Explained) -> str:
        """The lists of many profiles: pieces of text, put in their places by number."""
        papers, scores, starts = told.listing.papers, told.listing.scores, told.listing.starts
        profiles = np.repeat(np.arange(len(names)), np.diff(starts))
        reasons = self._reasons(told)
        # Before and after the reasons of each profile stands one piece more.
        places = np.arange(len(reasons)) + np.repeat(2 * profiles + 1, np.diff(told.starts))
        pieces = np.empty(len(reasons) + 2 * len(names), object)
        pieces[places] = reasons
        first = np.diff(profiles, prepend=-1) != 0
        begin = np.where(first, self._first[papers], self._later[papers])
        opened = told.starts[:-1]
        pieces[places[opened]] = [
            f'{one}{score!r}, "matched": [{reason[2:]}'
            for one, score, reason in zip(begin.tolist(), scores.tolist(), reasons[opened].tolist(), strict=True)
        ]
        at = 2 * np.arange(len(names)) + told.starts[starts[:-1]]
        pieces[at] = [self._opening(name) for name in names]
        at = 2 * np.arange(len(names)) + 1 + told.starts[starts[1:]]
        pieces[at] = np.where(starts[1:] > starts[:-1], "]}]}\n", "]}\n").astype(object)
        return "".join(pieces.tolist())

    def _opening(self, name: str) -> str:
        return f'{{"profile": {quoted(name)}, "day": {self._listed_on}, "papers": ['

    def _reasons(self, told: Explained) -> NDArray[np.object_]:
        """Every reason as it is printed, with a comma before it."""
        missing = told.numbers - len(self._places)
        self._places = np.concatenate((self._places, np.full(missing, -1, np.int32)))
        self._places[told.reasons[self._places[told.reasons] < 0]] = -2
        new = np.flatnonzero(self._places == -2)
        self._places[new] = np.arange(len(self._told), len(self._told) + len(new))
        printed = [f", {_printed(*one)}" for one in self.day.said(new)]
        self._told = np.concatenate((self._told, np.array(printed, object)))
        return self._told[self._places[told.reasons]]


def _printed(keyword: str, field: str, points: float, partial: bool) -> str:
    also = ', "partial": true' if partial else ""
    return f'{{"keyword": {quoted(keyword)}, "field": "{field}", "points": {points!r}{also}}}'
