"""Why a paper matches: the lines of a table as reasons, with the places to highlight.

The reasons of one keyword in one paper are made once, whoever holds the keyword.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from digest.match.analysis import Text, analyse
from digest.match.hits import near_places
from digest.match.query import TEXT_FIELDS, Near, Query, Words
from digest.match.rank import Listing
from digest.match.rows import Rows, found_leaves
from digest.match.table import APART, COLUMNS
from digest.match.walking import Numbers, distinct
from digest.models import Reason, Span

MAX_SPANS = 50
_STEPS = 2.0**24


@dataclass(frozen=True, slots=True)
class Explained:
    """Lists with their reasons in columns. Those of entry `i` are `reasons[starts[i] : starts[i + 1]]`, as a list shows them."""

    listing: Listing
    starts: Numbers
    reasons: Numbers
    """Numbers that stay the same all day (see `said`)."""
    numbers: int
    """All of them are less than that."""


def explained(rows: Rows, listing: Listing, entries: Numbers, lines: Numbers) -> Explained:
    """The reasons that some lines give for the entries beside them."""
    table, found = rows.table, []
    for column in range(len(COLUMNS)):
        points = table.points[lines, column]
        some = np.flatnonzero(points > 0)
        found.append((entries[some], lines[some], np.full(len(some), column), (points[some] * _STEPS).astype(np.int64)))
    entries, lines, columns, steps = map(np.concatenate, zip(*found, strict=True))
    most = int(steps.max(initial=0))
    order = np.argsort(entries * (most + 1) + (most - steps))
    entries, steps = entries[order], steps[order]
    equal = np.flatnonzero((entries[1:] == entries[:-1]) & (steps[1:] == steps[:-1]))
    if len(equal):
        tied = distinct(np.concatenate((equal, equal + 1)))
        keywords = [rows.text(owner) for owner in table.owners[lines[order[tied]]].tolist()]
        _, names = np.unique(np.array(keywords), return_inverse=True)
        by_name = np.lexsort((_PLACE[columns[order[tied]]], names, -steps[tied], entries[tied]))
        order[tied] = order[tied[by_name]]
    starts = np.searchsorted(entries, np.arange(len(listing.papers) + 1))
    return Explained(listing, starts, lines[order] * len(COLUMNS) + columns[order], len(table) * len(COLUMNS))


def said(rows: Rows, reasons: Numbers) -> Iterator[tuple[str, str, float, bool]]:
    """Keyword, field, points and whether it is partial, of reasons by number."""
    lines, columns = np.divmod(reasons, len(COLUMNS))
    owners, points = rows.table.owners[lines].tolist(), rows.table.points[lines, columns].tolist()
    for owner, column, worth in zip(owners, columns.tolist(), points, strict=True):
        yield rows.text(owner), COLUMNS[column], worth, column >= APART


_PLACE = np.array([sorted(set(COLUMNS)).index(name) for name in COLUMNS]) * 2 + (np.arange(len(COLUMNS)) < APART)
"""Fields by name; of equal ones the words that stand apart come first."""


class Explainer:
    """Turns lines of a table into reasons; with `spans` they tell where in the text."""

    def __init__(self, rows: Rows, *, spans: bool = True) -> None:
        self._rows = rows
        self._spans = spans
        self._width = max(1, len(rows.shelf))
        self._keys = np.empty(0, np.int64)
        self._reasons: dict[int, tuple[Reason, ...]] = {}
        self._texts: dict[int, Text] = {}

    def lines(self, keywords: Numbers, papers: Numbers) -> tuple[Numbers, Numbers]:
        """For pairs of keyword and paper, side by side: which of the pairs meet, and the lines that say so."""
        table = self._rows.table
        if len(self._keys) != len(
            table
        ):  # later keywords' lines come after all others', so that lines keep their numbers
            self._keys = table.owners * self._width + table.papers
        wanted = keywords * self._width + papers
        at = np.searchsorted(self._keys, wanted)
        at[at == len(self._keys)] = 0
        met = np.flatnonzero(self._keys[at] == wanted) if len(self._keys) else np.empty(0, np.int64)
        return met, at[met]

    def reasons(self, line: int) -> tuple[Reason, ...]:
        """What one line says, a reason for each field with points."""
        known = self._reasons.get(line)
        if known is None:
            known = self._reasons[line] = tuple(self._made(line))
        return known

    def _made(self, line: int) -> list[Reason]:
        table = self._rows.table
        query = self._rows.query(int(table.owners[line]))
        paper = int(table.papers[line])
        reasons = []
        for column, points in enumerate(table.points[line].tolist()):
            if points > 0:
                field, partial = COLUMNS[column], column >= APART
                spans = (
                    self._spans_of(query, field, paper, partial=partial) if self._spans and field in TEXT_FIELDS else ()
                )
                reasons.append(Reason(keyword=query.text, field=field, points=points, partial=partial, spans=spans))
        return reasons

    def _spans_of(self, query: Query, field: str, paper: int, *, partial: bool) -> tuple[Span, ...]:
        """Where the phrases of a keyword stand, or with `partial` their words."""
        shelf = self._rows.shelf
        slot = 2 * paper + TEXT_FIELDS.index(field)
        places: set[tuple[int, int]] = set()
        for leaf in found_leaves(query.asks):
            if field not in leaf.fields:
                continue
            if isinstance(leaf.asks, Near):
                places.update(near_places(shelf, leaf.asks, slot))
            elif isinstance(leaf.asks, Words):
                for phrase in leaf.asks.parts if partial else (leaf.asks.phrase,):
                    found = shelf.places(phrase).within(slot)
                    places.update(zip(found.starts.tolist(), found.afters.tolist(), strict=True))
        return self._marked(sorted(places), slot)

    def _marked(self, places: Sequence[tuple[int, int]], slot: int) -> tuple[Span, ...]:
        """Words of the shelf as characters of the field."""
        text = self._texts.get(slot)
        if text is None:
            paper = self._rows.shelf.papers[slot >> 1]
            text = self._texts[slot] = analyse(paper.abstract if slot & 1 else paper.title)
        base = int(self._rows.shelf.slot_starts[slot])
        return tuple(text.span(first - base, after - base) for first, after in places[:MAX_SPANS])
