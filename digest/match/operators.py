"""Parts joined by AND, OR, NOT, + and - → what the whole keyword asks for. Loaded only for keywords with operators.

luqum reads the structure; the parts themselves are read by us, since a part is a whole phrase here and luqum's words
are other than ours (C++, .NET, A*). Where Lucene would guess, this refuses: parts side by side without an operator,
signs beside OR, and whatever could be fulfilled by a paper in which nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn

from luqum.thread import parse as read_structure
from luqum.tree import (
    AndOperation,
    BaseGroup,
    BaseOperation,
    Boost,
    Item,
    OrOperation,
    Plus,
    SearchField,
    UnaryOperator,
    UnknownOperation,
)

from digest.errors import KeywordError
from digest.match.grammar import check
from digest.match.query import All, Either, Leaf, Maybe, Node, Without, leaf
from digest.match.syntax import MAX_WEIGHT, MIN_WEIGHT, read_field, read_weight, take_apart
from digest.match.tokens import Token

_INSTEAD = "Write what to find beside it, as in graph NOT protein, or name it in `exclude` of the profile."
_SIDE_BY_SIDE = "side by side"
_JOINERS = {AndOperation: "AND", OrOperation: "OR", UnknownOperation: _SIDE_BY_SIDE}


def arrange(tokens: Sequence[Token]) -> Node:
    """What the tokens of a keyword ask for; raises KeywordError with column and hint."""
    check(tokens)
    places: dict[int, Token] = {}
    pieces: list[str] = []
    at = 0
    for token in tokens:
        places[at] = token
        pieces.append(_plain(token))
        at += len(pieces[-1]) + 1
    node = _Reader(places).level(read_structure(" ".join(pieces)), _Inside())
    _must_find(node, tokens[0].column, "the keyword only says what must not be found")
    return node


def _plain(token: Token) -> str:
    """A token in the spelling of luqum."""
    match token.kind:
        case "part":
            return "x"
        case "field":
            return f"{read_field(token.chars)}:"
        case "^":
            read_weight(token.chars)
            return token.written
        case kind:
            return kind


@dataclass(frozen=True, slots=True)
class _Inside:
    """What holds for everything in a bracket."""

    field: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """One of the items that stand in the same bracket, and how it is joined to the one before."""

    joiner: str
    item: Item
    column: int
    node: Node

    @property
    def plain(self) -> bool:
        """It carries no sign."""
        return not isinstance(self.item, UnaryOperator)


@dataclass(frozen=True, slots=True)
class _Reader:
    """luqum's tree → ours; `places` tells which token stands where in the text that luqum has read."""

    places: Mapping[int, Token]

    def level(self, tree: Item, inside: _Inside) -> Node:
        """What stands in one bracket, read flat: luqum nests signs beside AND and OR now one way, now the other."""
        entries = [
            _Entry(joiner, item, self.places[item.pos].column, self._node(item, inside))
            for joiner, item in _flat(tree, "")
        ]
        if all(entry.joiner != _SIDE_BY_SIDE for entry in entries):
            return _either(entries)
        _check_mixture(entries)
        if any(isinstance(entry.item, Plus) for entry in entries):
            return _with_plus(entries)
        return _all(entries)

    def _node(self, item: Item, inside: _Inside) -> Node:
        match item:
            case BaseGroup():
                return self.level(item.expr, inside)
            case Boost():
                return self._node(item.expr, replace(inside, weight=inside.weight * float(item.force)))
            case SearchField():
                if inside.field:
                    _refuse_field(self.places[item.pos], inside)
                return self._node(item.expr, replace(inside, field=item.name))
            case Plus():
                return self._node(item.a, inside)
            case UnaryOperator():
                denied = self._node(item.a, inside)
                hint = "Write graph AND protein for papers in which both are found."
                _must_find(denied, self.places[item.pos].column, "what is denied here is denied again", hint)
                return Without(denied)
        return _leaf(self.places[item.pos], inside)


def _leaf(token: Token, inside: _Inside) -> Leaf:
    parts = take_apart(token.chars)
    if inside.field and parts.field:
        _refuse_field(token, inside)
    weight = parts.weight * inside.weight
    if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
        hint = f"Write one weight from {MIN_WEIGHT:g} to {MAX_WEIGHT:g}."
        raise KeywordError(f"the weights on this part multiply to {weight:g}", token.column, hint)
    return leaf(replace(parts, field=parts.field or inside.field, weight=weight))


def _refuse_field(token: Token, inside: _Inside) -> NoReturn:
    hint = f"Name it outside, as in {inside.field}:graph OR abstract:net."
    raise KeywordError(f"a field stands within {inside.field}:( )", token.column, hint)


def _flat(tree: Item, joiner: str) -> Iterator[tuple[str, Item]]:
    """The items of one bracket in order, each with what joins it to the one before."""
    if not isinstance(tree, BaseOperation):
        yield joiner, tree
        return
    for child in tree.children:
        yield from _flat(child, joiner)
        joiner = _JOINERS[type(tree)]


def _check_mixture(entries: Sequence[_Entry]) -> None:
    """Refuse what stands side by side with more than one meaning."""
    joiners = {entry.joiner for entry in entries}
    plus = any(isinstance(entry.item, Plus) for entry in entries)
    said = False
    for entry in entries:
        if entry.joiner == _SIDE_BY_SIDE and entry.plain and said and not plus:
            hint = "Write AND or OR between them; \\( and \\) for brackets that are meant as such."
            raise KeywordError("two parts stand side by side", entry.column, hint)
        said = said or entry.plain
    other = "OR" if "OR" in joiners else "AND" if plus and "AND" in joiners else ""
    if other:
        entry = next(entry for entry in entries if entry.joiner == _SIDE_BY_SIDE)
        hint = "Write brackets around what belongs together, as in (graph OR network) NOT survey."
        raise KeywordError(f"signs or NOT stand beside {other} without brackets", entry.column, hint)


def _either(entries: Sequence[_Entry]) -> Node:
    """Parts joined by AND and OR, of which AND binds tighter."""
    starts = [at for at, entry in enumerate(entries) if entry.joiner != "AND"]
    branches: list[Node] = []
    for first, after in pairwise([*starts, len(entries)]):
        branch = _all(entries[first:after])
        if len(starts) > 1:
            _must_find(branch, entries[first].column, "this side of OR only says what must not be found")
        branches += branch.parts if isinstance(branch, Either) else [branch]
    return branches[0] if len(branches) == 1 else Either(tuple(branches))


def _with_plus(entries: Sequence[_Entry]) -> Node:
    """+a -b c: what carries a sign decides, the rest only adds points."""
    needed = _all([entry for entry in entries if not entry.plain])
    column = next(entry.column for entry in entries if isinstance(entry.item, Plus))
    _must_find(needed, column, "+ stands before what must not be found")
    optional = [entry for entry in entries if entry.plain]
    for entry in optional:
        _must_find(entry.node, entry.column, "a part without + can only add points, but this one finds nothing")
    return Maybe(needed, tuple(entry.node for entry in optional)) if optional else needed


def _all(entries: Sequence[_Entry]) -> Node:
    parts: list[Node] = []
    for entry in entries:
        parts += entry.node.parts if isinstance(entry.node, All) else [entry.node]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _must_find(node: Node, column: int, message: str, hint: str = _INSTEAD) -> None:
    if not _finds(node):
        raise KeywordError(message, column, hint)


def _finds(node: Node) -> bool:
    """Whether something is found in every paper that fulfils it."""
    match node:
        case All(parts):
            return any(map(_finds, parts))
        case Either(parts):
            return all(map(_finds, parts))
        case Maybe(needed):
            return _finds(needed)
    return isinstance(node, Leaf)
