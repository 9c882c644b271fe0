"""Keywords on a day: for each distinct keyword the papers it meets, and what it is worth there.

A keyword is worked out once, whoever holds it and however many shards ask for it. Operators are evaluated only on the
papers that their parts hit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.match.history import History
from digest.match.hits import leaf_table
from digest.match.query import All, Either, Leaf, Maybe, Node, Query, Without, Words, parse
from digest.match.shelf import Shelf
from digest.match.table import EMPTY, Table, appended, lines, united
from digest.match.walking import Numbers
from digest.match.weighing import Weighing, on_grid
from digest.models import Related

Key = tuple[str, Related]
"""A keyword as written, and what its related words may do."""
RELATED_POINTS = 3.0
"""What the related words are worth against the rarity of their phrase."""
RELATED_FROM: dict[Related, float] = {"rank": 0.1, "list": 0.05}
"""Less likeness than that counts for nothing."""


class Rows:
    """The keywords asked about so far on one shelf; `number` is a keyword's row."""

    def __init__(self, shelf: Shelf, weighing: Weighing, history: History | None) -> None:
        self.shelf = shelf
        self._weighing = weighing
        self._history = history
        self.number: dict[Key, int] = {}
        self.queries: list[Query] = []
        self.table = EMPTY

    def __len__(self) -> int:
        return len(self.queries)

    def add(self, keys: Collection[Key]) -> None:
        """Work out the keywords that are new; each can be read (see query)."""
        new = [key for key in keys if key not in self.number]
        if not new:
            return
        base = len(self.queries)
        self.number.update(zip(new, range(base, base + len(new)), strict=True))
        asked = [(parse(text), mode) for text, mode in new]
        self.queries += [query for query, _ in asked]
        self.table = appended(self.table, self._worked_out(asked, base))

    def _worked_out(self, keys: Sequence[tuple[Query, Related]], base: int) -> Table:
        leaves: dict[Leaf, int] = {}
        for query, _ in keys:
            for leaf in leaves_of(query.asks):
                leaves.setdefault(_bare(leaf), len(leaves))
        found = leaf_table(self.shelf, self._weighing, list(leaves))
        plain = [(at, query.asks) for at, (query, _) in enumerate(keys) if isinstance(query.asks, Leaf)]
        tables = [_renumbered(found, leaves, plain), self._related(keys)]
        for at, (query, _) in enumerate(keys):
            if not isinstance(query.asks, Leaf):
                tables.append(_evaluated(query.asks, found, leaves).owned_by(at))
        made = united(tables)
        return Table(made.owners + base, made.papers, made.points, made.hits)

    def _related(self, keys: Sequence[tuple[Query, Related]]) -> Table:
        """What the words that go with a keyword are worth; a keyword with operators has none."""
        tables: list[Table] = []
        for mode, least in RELATED_FROM.items():
            asked = [
                (at, query.asks, query.asks.asks.phrase)
                for at, (query, wanted) in enumerate(keys)
                if wanted == mode and isinstance(query.asks, Leaf) and isinstance(query.asks.asks, Words)
            ]
            if self._history is None or not asked:
                continue
            which, papers, likeness = self._history.related([phrase for *_, phrase in asked], self.shelf, least)
            rarity = np.array([self._weighing.rarity(phrase) for *_, phrase in asked])
            points = on_grid(RELATED_POINTS * rarity[which] * (likeness - least))
            owners = np.array([at for at, *_ in asked], np.int64)[which]
            table = lines(owners, papers, {"related": points}, hits=mode == "list").cut(points > 0)
            tables.append(_with_weights(table, {at: leaf.weight for at, leaf, _ in asked}))
        return united(tables)


def leaves_of(node: Node) -> list[Leaf]:
    """Every leaf of a query."""
    if isinstance(node, Leaf):
        return [node]
    if isinstance(node, Without):
        return leaves_of(node.part)
    parts = (node.needed, *node.optional) if isinstance(node, Maybe) else node.parts
    return [leaf for part in parts for leaf in leaves_of(part)]


def found_leaves(node: Node) -> list[Leaf]:
    """The leaves whose words are a reason, not those that must be absent."""
    if isinstance(node, Leaf):
        return [node]
    if isinstance(node, Without):
        return []
    parts = (node.needed, *node.optional) if isinstance(node, Maybe) else node.parts
    return [leaf for part in parts for leaf in found_leaves(part)]


def _bare(leaf: Leaf) -> Leaf:
    return leaf if leaf.weight == 1.0 else Leaf(leaf.asks, leaf.fields)


def _renumbered(found: Table, leaves: Mapping[Leaf, int], plain: Sequence[tuple[int, Leaf]]) -> Table:
    """The tables of keywords that are single leaves, under the keywords' numbers and with their weights."""
    if not plain:
        return EMPTY
    numbers = np.array([leaves[_bare(leaf)] for _, leaf in plain], np.int64)
    firsts, afters = np.searchsorted(found.owners, numbers), np.searchsorted(found.owners, numbers + 1)
    sizes = afters - firsts
    at = np.repeat(firsts - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes) + np.arange(sizes.sum())
    chosen = found.cut(at)
    owners = np.repeat(np.array([number for number, _ in plain], np.int64), sizes)
    table = Table(owners, chosen.papers, chosen.points, chosen.hits)
    return _with_weights(table, {number: leaf.weight for number, leaf in plain})


def _with_weights(table: Table, weights: Mapping[int, float]) -> Table:
    if all(weight == 1.0 for weight in weights.values()):
        return table
    points = table.points.copy()
    for owner, weight in weights.items():
        if weight != 1.0:
            chosen = table.owners == owner
            points[chosen] = table.cut(chosen).times(weight).points
    return Table(table.owners, table.papers, points, table.hits)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The papers that fulfil a part, and what its leaves are worth in them."""

    papers: Numbers
    worth: Table


def _evaluated(node: Node, found: Table, leaves: Mapping[Leaf, int]) -> Table:
    answer = _answer(node, found, leaves)
    return united([answer.worth.cut(np.isin(answer.worth.papers, answer.papers))])


def _answer(node: Node, found: Table, leaves: Mapping[Leaf, int]) -> _Answer:
    if isinstance(node, Leaf):
        worth = found.of(leaves[_bare(node)])
        worth = worth.cut(worth.hits).owned_by(0).times(node.weight)
        return _Answer(worth.papers, worth)
    if isinstance(node, Maybe):
        needed = _answer(node.needed, found, leaves)
        return _Answer(
            needed.papers, _added([needed, *(_answer(one, found, leaves) for one in node.optional)], needed.papers)
        )
    if isinstance(node, Either):
        answers = [_answer(part, found, leaves) for part in node.parts]
        papers = np.unique(np.concatenate([answer.papers for answer in answers]))
        return _Answer(papers, _added(answers, papers))
    assert isinstance(node, All)  # Without stands only in All
    answers = [_answer(part, found, leaves) for part in node.parts if not isinstance(part, Without)]
    papers = answers[0].papers
    for answer in answers[1:]:
        papers = np.intersect1d(papers, answer.papers)
    for part in node.parts:
        if isinstance(part, Without):
            papers = np.setdiff1d(papers, _answer(part.part, found, leaves).papers)
    return _Answer(papers, _added(answers, papers))


def _added(answers: Sequence[_Answer], papers: Numbers) -> Table:
    """The sum of several answers in some papers."""
    worth = united([answer.worth for answer in answers])
    return worth.cut(np.isin(worth.papers, papers))
