"""The order of a list: many profiles at once by sparse products, the best papers of each.

Cost grows with the pairs of keyword and paper that meet, not with profiles times papers. All numbers lie on a grid (see
weighing), so that what is computed here for thousands of profiles is what each would get alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.match.table import Table
from digest.match.walking import Numbers, spread
from digest.match.weighing import Points
from digest.models import Match, Paper, Reason

_STEPS = 2.0**24
_HIT = 2.0**-33
"""Added for each keyword found in full, so that one sum tells the points and whether a paper is listed at all."""
_MOST_KEYWORDS = 511  # so many marks are less than a step of the grid
_MOST_POINTS = 2.0**20  # less than that and the marks fit into the 53 bits of a number
_NONE = np.empty(0, np.int64)
_CELLS = 1 << 20
"""Pairs of profile and paper that are looked at together when entries are explained."""
_SHARD = 1024
"""Profiles ranked in one product: their sums stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Of some profiles the papers, best first: those of profile `i` are `papers[starts[i] : starts[i + 1]]`."""

    starts: Numbers
    papers: Numbers
    scores: Points

    def of(self, profile: int) -> tuple[Numbers, Points]:
        """One profile's papers and scores."""
        chosen = slice(int(self.starts[profile]), int(self.starts[profile + 1]))
        return self.papers[chosen], self.scores[chosen]


class Sums:
    """The lines of a table made ready for adding up; rows are keywords, columns papers."""

    def __init__(self, table: Table, keywords: int, papers: list[Paper]) -> None:
        totals = table.points.sum(axis=1)
        self.totals = totals
        values = totals + _HIT * table.hits
        self._starts = starts = np.searchsorted(table.owners, np.arange(keywords + 1))
        shape = (keywords, len(papers))
        self._values = sparse.csr_array((values, table.papers.astype(np.int32), starts.astype(np.int32)), shape=shape)
        self._table = table
        self._largest = np.zeros(keywords)
        np.maximum.at(self._largest, table.owners, totals)
        self._floors: dict[int, Points] = {}
        self._order = np.array(sorted(range(len(papers)), key=lambda at: tie_break(papers[at])), np.int64)
        self.place = np.empty(len(papers), np.int64)
        """Each paper's place among papers of the same score."""
        self.place[self._order] = np.arange(len(papers))

    def best(self, keywords: Numbers, starts: Numbers, top: int | None) -> Listing:
        """For profiles whose sums are `exact`: of every one (its keywords are `keywords[starts[i] : starts[i + 1]]`) the best papers, at most `top`."""
        pieces = [
            self._best_of_shard(keywords, starts[first : first + _SHARD + 1], top)
            for first in range(0, len(starts) - 1, _SHARD)
        ]
        counts = np.concatenate([np.empty(0, np.int64), *(piece[0] for piece in pieces)])
        papers = np.concatenate([np.empty(0, np.int64), *(piece[1] for piece in pieces)])
        scores = np.concatenate([np.empty(0), *(piece[2] for piece in pieces)])
        return Listing(np.concatenate(([0], np.cumsum(counts))), papers, scores)

    def lines(self, keywords: Numbers, starts: Numbers, listing: Listing) -> tuple[Numbers, Numbers]:
        """For a listing of such profiles every line of the table that says something of an entry: entries and lines, side by side."""
        width = len(self._order)
        found = [(_NONE, _NONE)]
        step = max(1, _CELLS // max(1, width))
        for first in range(0, len(starts) - 1, step):
            bounds, listed = starts[first : first + step + 1], listing.starts[first : first + step + 1]
            entries = np.full((len(bounds) - 1) * width, -1, np.int32)
            profiles = np.repeat(np.arange(len(bounds) - 1) * width, np.diff(listed))
            entries[profiles + listing.papers[listed[0] : listed[-1]]] = np.arange(listed[0], listed[-1])
            held = keywords[bounds[0] : bounds[-1]]
            which, lines = spread(self._starts[held], self._starts[held + 1])
            at = entries[
                np.repeat(np.arange(len(bounds) - 1) * width, np.diff(bounds))[which] + self._table.papers[lines]
            ]
            met = np.flatnonzero(at >= 0)
            found.append((at[met].astype(np.int64), lines[met]))
        entries_of, lines_of = zip(*found, strict=True)
        return np.concatenate(entries_of), np.concatenate(lines_of)

    def all_exact(self, keywords: Numbers, starts: Numbers) -> bool:
        """Whether `exact` holds for every profile."""
        sums = np.concatenate(([0.0], np.cumsum(self._largest[keywords])))
        most = np.diff(starts).max(initial=0) <= _MOST_KEYWORDS
        return bool(most and (sums[starts[1:]] - sums[starts[:-1]]).max(initial=0.0) < _MOST_POINTS / 2)

    def exact(self, keywords: Numbers) -> bool:
        """Whether the sums of these keywords fit between the steps of the grid and the mark of a hit."""
        return len(keywords) <= _MOST_KEYWORDS and float(self._largest[keywords].sum()) < _MOST_POINTS

    def _best_of_shard(self, keywords: Numbers, starts: Numbers, top: int | None) -> tuple[Numbers, Numbers, Points]:
        held = keywords[starts[0] : starts[-1]]
        shape = (len(starts) - 1, self._values.shape[0])
        profiles = sparse.csr_array(
            (np.ones(len(held)), held.astype(np.int32), (starts - starts[0]).astype(np.int32)), shape=shape
        )
        sums = profiles @ self._values
        if top is None or not len(held):
            enough = np.arange(len(sums.data))
        else:
            floor = self._floor(held, starts - starts[0], top)
            enough = np.flatnonzero(sums.data >= np.repeat(floor, np.diff(sums.indptr)))
        steps = sums.data[enough] * _STEPS
        whole = np.floor(steps)
        listed = steps > whole
        enough = enough[listed]
        owners = np.searchsorted(sums.indptr, enough, side="right") - 1
        owners, papers, steps = self._in_order(owners, sums.indices[enough], whole[listed].astype(np.int64))
        counts = np.bincount(owners, minlength=shape[0])
        if top is not None:
            rank = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
            short = rank < top
            papers, steps, counts = papers[short], steps[short], np.minimum(counts, top)
        return counts, papers, steps / _STEPS

    def _floor(self, held: Numbers, starts: Numbers, top: int) -> Points:
        """A score that the `top`-th paper of each profile reaches for certain: points are never negative, so what one of
        its keywords gives to `top` papers by itself is such a score.
        """
        floors = self._floors.get(top)
        if floors is None:
            floors = self._floors[top] = self._floors_of_keywords(top)
        filled = np.diff(starts) > 0
        found = np.zeros(len(starts) - 1)
        if filled.any():
            found[filled] = np.maximum.reduceat(floors[held], starts[:-1][filled])
        return found

    def _floors_of_keywords(self, top: int) -> Points:
        listed = self._table.hits
        owners, totals = self._table.owners[listed], self.totals[listed]
        order = np.lexsort((-totals, owners))
        owners, totals = owners[order], totals[order]
        keywords = self._values.shape[0]
        at = np.searchsorted(owners, np.arange(keywords)) + top - 1
        floors = np.zeros(keywords)
        enough = at < len(owners)
        enough[enough] = owners[at[enough]] == np.flatnonzero(enough)
        floors[enough] = totals[at[enough]]
        return floors

    def _in_order(self, owners: Numbers, papers: Numbers, steps: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """By owner, then most steps, then the papers' places."""
        places = self.place[papers]
        most = int(steps.max(initial=0))
        low, middle = len(self._order).bit_length(), most.bit_length()
        if low + middle + int(owners.max(initial=0)).bit_length() > 63:
            order = np.lexsort((places, -steps, owners))
            return owners[order], papers[order], steps[order]
        keys = np.sort((((owners << middle) + (most - steps)) << low) + places)
        papers, keys = self._order[keys & ((1 << low) - 1)], keys >> low
        return keys >> middle, papers, most - (keys & ((1 << middle) - 1))


def scored(paper: Paper, profile: str, reasons: Iterable[Reason]) -> Match:
    """The match for these reasons: most points first, then by keyword and field; the score is their sum."""
    ordered = sorted(reasons, key=lambda reason: (-reason.points, reason.keyword, reason.field))
    return Match(paper=paper, profile=profile, score=sum(reason.points for reason in ordered), matched=tuple(ordered))


def tie_break(paper: Paper) -> tuple[int, int, int, str]:
    """Among papers of one score: upvotes, then newest, then id."""
    return (-(paper.upvotes or 0), -paper.listed_on.toordinal(), -paper.seq, paper.id)


def best_first(match: Match) -> tuple[float, int, int, int, str]:
    """The sort key of every list: score, then upvotes, then newest, then id."""
    return (-match.score, *tie_break(match.paper))
