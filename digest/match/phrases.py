"""All phrases of all profiles in one tree of words, so that a text is walked once however many there are.

A phrase is a row of terms; `fine tuning` also meets the single word `finetuning`, and `finetuning` the two words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from digest.match.analysis import HYPHEN, SPACE, Text, Word, acronym_key, stem

# Never half of a compound ("drones in formation" holds no information), never worth anything without their phrase.
FUNCTION_WORDS = frozenset(
    {
        *("all", "and", "any", "are", "but", "can", "for", "from", "has", "have", "her", "his", "how", "into", "its"),
        *("may", "nor", "not", "off", "one", "our", "out", "own", "per", "she", "than", "that", "the", "their", "them"),
        *("then", "there", "they", "this", "too", "two", "under", "upon", "use", "was", "were", "what", "when"),
        *("a", "an", "as", "at", "be", "by", "if", "in", "is", "it", "of", "on", "or", "so", "to", "via", "we", "vs"),
        *("which", "who", "why", "will", "with", "yet", "you"),
    }
)
Place = tuple[int, int]
"""Words of a text: (first, one past the last)."""
Occurrences = dict[int, list[Place]]
"""Phrase number → where it stands, in order and without overlap."""


@dataclass(frozen=True, slots=True)
class Term:
    """One place of a phrase: the key a word must answer to, or with `prefix` how one of its keys must begin."""

    key: str
    stem: str
    """What the corpus counts it under; for a prefix the letters themselves."""
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Terms next to each other; `joins[i]`, where there is one, stands for the terms i and i + 1 in one word."""

    terms: tuple[Term, ...]
    joins: tuple[Term | None, ...]


@dataclass(frozen=True, slots=True)
class _Joined:
    """Two neighbouring words of a text read as one."""

    keys: tuple[str, ...]
    openings: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Node:
    edges: dict[str, list[_Node]] = field(default_factory=dict)
    prefixes: dict[int, dict[str, list[_Node]]] = field(default_factory=dict)
    """By length, then by the letters."""
    children: dict[tuple[Term, Term | None], _Node] = field(default_factory=dict)
    """By term and by its join with the term before, which together tell what leads here."""
    ends: list[int] = field(default_factory=list)
    """Numbers of the phrases that are complete here."""


def joinable(left: Word, right: Word, gap: int) -> bool:
    """Whether two neighbouring words may be one compound: always over a hyphen, over a space only real words."""
    if left.marked or right.marked:
        return False
    if gap == HYPHEN:
        return True
    return gap == SPACE and all(
        len(word.form) > 2 and word.form.isalpha() and word.form not in FUNCTION_WORDS for word in (left, right)
    )


class PhraseTree:
    """Finds every phrase in a text in time that grows with the text and the hits, not with the number of phrases."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._root = _Node()
        for number, phrase in enumerate(phrases):
            self._add(phrase, number)

    def occurrences(self, text: Text) -> Occurrences:
        """Where each phrase stands; of overlapping occurrences the first, and the shortest of those, counts."""
        found: Occurrences = {}
        joins = [_join(text, at) for at in range(len(text))]
        for start in range(len(text)):
            reached = _moves(self._root, text, joins, start)
            if reached:
                self._follow(reached, text, joins, start, found)
        return found

    @staticmethod
    def _follow(
        reached: list[tuple[int, _Node]],
        text: Text,
        joins: Sequence[_Joined | None],
        start: int,
        found: Occurrences,
    ) -> None:
        waiting: dict[int, set[_Node]] = {}
        for at, node in reached:
            waiting.setdefault(at, set()).add(node)
        at = start
        while waiting:
            at += 1
            for node in waiting.pop(at, ()):
                for number in node.ends:
                    places = found.setdefault(number, [])
                    if not places or places[-1][1] <= start:
                        places.append((start, at))
                if at < len(text) and (node.edges or node.prefixes):
                    for to, following in _moves(node, text, joins, at):
                        waiting.setdefault(to, set()).add(following)

    def _add(self, phrase: Phrase, number: int) -> None:
        """Phrases share the nodes of a common beginning, joins included; a join is a second edge, past two terms."""
        before, here = self._root, self._root
        join: Term | None = None
        for term, following in zip(phrase.terms, (*phrase.joins, None), strict=True):
            node = here.children.get((term, join))
            if node is None:
                node = here.children[term, join] = _Node()
                _connect(here, term, node)
                if join is not None:
                    _connect(before, join, node)
            before, here, join = here, node, following
        here.ends.append(number)


def _connect(node: _Node, term: Term, to: _Node) -> None:
    table = node.prefixes.setdefault(len(term.key), {}) if term.prefix else node.edges
    table.setdefault(term.key, []).append(to)


def _moves(node: _Node, text: Text, joins: Sequence[_Joined | None], at: int) -> list[tuple[int, _Node]]:
    """Where one word, or it and the next as one, leads: (next word, node)."""
    join = joins[at]
    keys = text.words[at].keys
    reached = [(at + 1, to) for to in _after(node, keys, keys)]
    if join is not None:
        reached += [(at + 2, to) for to in _after(node, join.keys, join.openings)]
    return reached


def _after(node: _Node, keys: Sequence[str], openings: Sequence[str]) -> list[_Node]:
    edges = node.edges
    following = [to for key in keys if key in edges for to in edges[key]]
    for length, table in node.prefixes.items():
        for key in openings:
            following += table.get(key[:length], ())
    return following


def _join(text: Text, at: int) -> _Joined | None:
    if at + 1 >= len(text):
        return None
    left, right = text.words[at], text.words[at + 1]
    return _joined(left.cased, right.cased) if joinable(left, right, text.gaps[at]) else None


@lru_cache(maxsize=131_072)
def _joined(left: str, right: str) -> _Joined:
    cased = left + right
    form = left.casefold() + right.casefold()
    if sum(map(str.isupper, cased)) > 1:
        return _Joined((stem(form), acronym_key(cased)), ("=" + form, '"' + cased))
    return _Joined((stem(form),), ("=" + form,))
