"""Papers read once, and every keyword asked about them so far; shared by all shards of profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from digest.match.explain import Explainer, said
from digest.match.history import History
from digest.match.hits import label
from digest.match.likeness import Likeness, Taste
from digest.match.rank import Sums
from digest.match.rows import Rows
from digest.match.shelf import Shelf
from digest.match.trending import newest
from digest.match.walking import Numbers
from digest.match.weighing import Weighing
from digest.models import CorpusStatistics, Liked, Paper


class Day:
    """Papers read once, and every keyword asked about them so far; shared by all shards of profiles."""

    def __init__(self, papers: Sequence[Paper] | Shelf, history: History | CorpusStatistics) -> None:
        self.shelf = papers if isinstance(papers, Shelf) else Shelf(papers)
        self.history = history if isinstance(history, History) else History(history)
        taught = history if isinstance(history, History) else None
        self.shelf.prepare()
        if taught is not None:
            taught.prepare(self.shelf)
        self.rows = Rows(self.shelf, Weighing(self.history.corpus), taught)
        self.today: date | None = newest(self.shelf.papers)
        self._sums: tuple[int, Sums] | None = None
        self._explainers = {spans: Explainer(self.rows, spans=spans) for spans in (True, False)}
        self._likeness: Likeness | None = None
        self._tastes: dict[tuple[Liked, ...], Taste] = {}
        self._within: dict[tuple[str, frozenset[str]], Numbers] = {}

    @property
    def sums(self) -> Sums:
        """The keywords so far, ready for adding up."""
        known = len(self.rows)
        if self._sums is None or self._sums[0] != known:
            self._sums = (known, Sums(self.rows.table, known, list(self.shelf.papers)))
        return self._sums[1]

    def explainer(self, *, spans: bool) -> Explainer:
        """What turns lines of the table into reasons, with or without places to highlight."""
        return self._explainers[spans]

    def said(self, reasons: Numbers) -> Iterator[tuple[str, str, float, bool]]:
        """Keyword, field, points and whether it is partial, of reasons by number (see Index.explained)."""
        return said(self.rows, reasons)

    def liked(self, liked: tuple[Liked, ...]) -> Taste:
        """What some liked papers make every paper worth."""
        if liked not in self._tastes:
            self._tastes[liked] = self.likeness.taste(liked)
        return self._tastes[liked]

    @property
    def likeness(self) -> Likeness:
        if self._likeness is None:
            self._likeness = Likeness(self.shelf, self.history)
        return self._likeness

    def within(self, name: str, wanted: frozenset[str]) -> Numbers:
        """The papers of which a category, or a source, is one of those wanted."""
        if (name, wanted) not in self._within:
            papers = enumerate(self.shelf.papers)
            found = [at for at, paper in papers if any(label(one) in wanted for one in getattr(paper, name))]
            self._within[name, wanted] = np.array(found, np.int64)
        return self._within[name, wanted]
