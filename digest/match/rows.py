"""Keywords on a day: for each distinct keyword the papers it meets, and what it is worth there.

A keyword is worked out once, whoever holds it and however many shards ask for it. Operators are evaluated only on the
papers that their parts hit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.match.history import History
from digest.match.hits import leaf_table, plain_pieces
from digest.match.phrases import Phrase
from digest.match.plain import PlainPhrases, is_plain, read
from digest.match.query import All, Either, Leaf, Maybe, Node, Query, Without, Words, parse
from digest.match.shelf import Shelf
from digest.match.table import EMPTY, RELATED, Flags, Piece, Table, appended, lines, pieced_together, united, whole
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
        self._texts: list[str] = []
        self.table = EMPTY

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, keys: Collection[Key]) -> None:
        """Work out the keywords that are new; each can be read (see query)."""
        new = [key for key in keys if key not in self.number]
        plain = [key for key in new if is_plain(key[0])]
        others = [key for key in new if not is_plain(key[0])] if len(plain) < len(new) else []
        for some, work_out in ((plain, self._plain), (others, self._worked_out)):
            if some:
                base = len(self)
                self.number.update(zip(some, range(base, base + len(some)), strict=True))
                self._texts += [text for text, _ in some]
                made = work_out(some)
                self.table = appended(self.table, Table(made.owners + base, made.papers, made.points, made.hits))

    def text(self, number: int) -> str:
        """The keyword of a row, as written."""
        return self._texts[number]

    def query(self, number: int) -> Query:
        """The keyword of a row, read."""
        return parse(self._texts[number])

    def _plain(self, keys: Sequence[Key]) -> Table:
        plain = read([text for text, _ in keys])
        pieces = plain_pieces(self.shelf, self._weighing, plain)
        for mode, least in RELATED_FROM.items():
            chosen = np.array([wanted == mode for _, wanted in keys])
            if self._history is not None and chosen.any():
                pieces.append(self._go_with(plain.phrases, chosen, mode, least))
        return whole(pieced_together(pieces))

    def _worked_out(self, keys: Sequence[Key]) -> Table:
        queries = [parse(text) for text, _ in keys]
        leaves: dict[Leaf, int] = {}
        for query in queries:
            for leaf in leaves_of(query.asks):
                leaves.setdefault(_bare(leaf), len(leaves))
        found = leaf_table(self.shelf, self._weighing, list(leaves))
        single = [(at, query.asks) for at, query in enumerate(queries) if isinstance(query.asks, Leaf)]
        tables = [_renumbered(found, leaves, single), *self._related(single, [mode for _, mode in keys])]
        for at, query in enumerate(queries):
            if not isinstance(query.asks, Leaf):
                tables.append(_evaluated(query.asks, found, leaves).owned_by(at))
        return united(tables)

    def _related(self, single: Sequence[tuple[int, Leaf]], modes: Sequence[Related]) -> Iterator[Table]:
        """What the words that go with a keyword are worth; a keyword with operators has none."""
        for mode, least in RELATED_FROM.items():
            asked = [(at, leaf) for at, leaf in single if modes[at] == mode and isinstance(leaf.asks, Words)]
            if self._history is not None and asked:
                phrases = [leaf.asks.phrase for _, leaf in asked if isinstance(leaf.asks, Words)]
                piece = self._go_with(phrases, np.ones(len(phrases), np.bool_), mode, least)
                owners = np.array([at for at, _ in asked], np.int64)[piece.owners]
                table = lines(owners, piece.papers, {"related": piece.columns[RELATED]}, hits=piece.hits)
                yield _with_weights(table, {at: leaf.weight for at, leaf in asked})

    def _go_with(self, phrases: PlainPhrases | Sequence[Phrase], chosen: Flags, mode: Related, least: float) -> Piece:
        assert self._history is not None
        which, papers, likeness = self._history.related(phrases, chosen, self.shelf, least)
        rarity = self._weighing.rarities(phrases)
        points = on_grid(RELATED_POINTS * rarity[which] * (likeness - least))
        some = points > 0
        return Piece(which[some], papers[some], {RELATED: points[some]}, hits=mode == "list")


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
