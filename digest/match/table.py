"""What keywords are worth for papers, as columns of numbers: one line for each pair of keyword and paper that meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digest.match.walking import Numbers, distinct
from digest.match.weighing import Points, weighted

COLUMNS = ("title", "abstract", "author", "category", "source", "related", "title", "abstract")
"""The fields of the reasons, in the order of the columns of `points`; the last two are for words that stand apart."""
RELATED = 5
APART = 6
"""The first column of partial credit."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Table:
    """Lines in the order of (owner, paper), each pair once. `points` is (lines, fields)."""

    owners: Numbers
    papers: Numbers
    points: Points
    hits: Flags
    """Found in full, so that the paper is listed; else the points only raise a paper that something else found."""

    def __len__(self) -> int:
        return len(self.owners)

    def of(self, owner: int) -> Table:
        """The lines of one owner."""
        first, after = np.searchsorted(self.owners, (owner, owner + 1))
        return self.cut(slice(int(first), int(after)))

    def cut(self, chosen: slice | Flags | Numbers) -> Table:
        """Some of the lines, in their order."""
        return Table(self.owners[chosen], self.papers[chosen], self.points[chosen], self.hits[chosen])

    def owned_by(self, owner: int) -> Table:
        """The same lines under another owner."""
        return replace(self, owners=np.full(len(self), owner, np.int64))

    def times(self, weight: float) -> Table:
        """The same lines with points times a weight."""
        return self if weight == 1.0 else replace(self, points=weighted(self.points, weight))


def lines(owners: Numbers, papers: Numbers, columns: dict[str, Points], *, hits: bool, apart: bool = False) -> Table:
    """A table of some fields, of words that stand apart where `apart`; pairs may repeat (see `united`)."""
    points = np.zeros((len(owners), len(COLUMNS)))
    for name, values in columns.items():
        points[:, COLUMNS.index(name, APART if apart else 0)] = values
    return Table(owners, papers, points, np.full(len(owners), hits))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some columns of a table: pairs of owner and paper, each once, and their points."""

    owners: Numbers
    papers: Numbers
    columns: dict[int, Points]
    """By the places of their fields among COLUMNS."""
    hits: bool


def pieced_together(pieces: Sequence[Piece]) -> Table:
    """A table of pieces of which each has columns of its own."""
    width = 1 + max((int(piece.papers.max(initial=0)) for piece in pieces), default=0)
    pairs = [piece.owners * width + piece.papers for piece in pieces]
    keys = distinct(np.concatenate([np.empty(0, np.int64), *pairs]))
    # Column by column in memory: it is filled and summed up so.
    points, hits = np.zeros((len(keys), len(COLUMNS)), order="F"), np.zeros(len(keys), np.bool_)
    for piece, pair in zip(pieces, pairs, strict=True):
        at = np.searchsorted(keys, pair)
        for column, values in piece.columns.items():
            points[at, column] = values
        if piece.hits:
            hits[at] = True
    return Table(*np.divmod(keys, width), points, hits)


def united(tables: Sequence[Table]) -> Table:
    """All lines in order, those of one pair added up; a pair hits where one of its lines does."""
    if not tables:
        return EMPTY
    owners = np.concatenate([table.owners for table in tables])
    papers = np.concatenate([table.papers for table in tables])
    points = np.concatenate([table.points for table in tables])
    hits = np.concatenate([table.hits for table in tables])
    order = np.lexsort((papers, owners))
    owners, papers, points, hits = owners[order], papers[order], points[order], hits[order]
    first = np.ones(len(owners), np.bool_)
    first[1:] = (owners[1:] != owners[:-1]) | (papers[1:] != papers[:-1])
    if first.all():
        return Table(owners, papers, points, hits)
    at = np.flatnonzero(first)
    return Table(owners[at], papers[at], np.add.reduceat(points, at), np.logical_or.reduceat(hits, at))


def whole(table: Table) -> Table:
    """The table, changed in place, where the words of a phrase count with it in a field in which the phrase itself stands."""
    for field in range(2):
        found = np.flatnonzero((table.points[:, field] > 0) & (table.points[:, APART + field] > 0))
        table.points[found, field] += table.points[found, APART + field]
        table.points[found, APART + field] = 0.0
    return table


def appended(one: Table, other: Table) -> Table:
    """The lines of two tables, the owners of the second all after those of the first."""
    if not len(one):
        return other
    return Table(*(np.concatenate(pair) for pair in zip(_parts(one), _parts(other), strict=True)))


def _parts(table: Table) -> tuple[Numbers, Numbers, Points, Flags]:
    return table.owners, table.papers, table.points, table.hits


EMPTY = Table(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, len(COLUMNS))), np.empty(0, np.bool_))
