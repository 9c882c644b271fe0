"""Papers, read once and turned inside out: where on the shelf each word stands, and so each phrase.

All titles and abstracts stand in one row of words, a boundary after each. A phrase is found from its rarest word, so that
its cost grows with what it hits. Says where a phrase stands; what that is worth is another matter (see weighing).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from digest.match.analysis import HYPHEN, NOTHING, SPACE, Word, lexemes, word
from digest.match.finding import find
from digest.match.phrases import Phrase, Term, is_half, joinable, joined_keys
from digest.match.plain import PlainPhrases
from digest.match.stems import Stems
from digest.match.walking import Numbers, Units, along, apart, as_places, in_a_row, runs
from digest.models import Paper

_NO_WORDS: list[int] = []
_NONE: Numbers = np.empty(0, np.int64)
FIELDS = ("title", "abstract")
"""Slot `2 * paper` is a paper's title, `2 * paper + 1` its abstract."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a phrase stands: the word it starts at and the one after it, in order and without overlap; and the slots."""

    starts: Numbers
    afters: Numbers
    slots: Numbers

    def __len__(self) -> int:
        return len(self.starts)

    def within(self, slot: int) -> Places:
        """Those in one slot."""
        first, after = np.searchsorted(self.slots, (slot, slot + 1))
        return Places(self.starts[first:after], self.afters[first:after], self.slots[first:after])


def counted(found: Sequence[Places]) -> tuple[Numbers, Numbers, Numbers]:
    """How often each of several things stands in each slot: their numbers, the slots and the counts, side by side."""
    owners = np.repeat(np.arange(len(found)), [len(places) for places in found])
    return runs(owners, np.concatenate([_NONE, *(places.slots for places in found)]))


_NOWHERE = Units(_NONE, _NONE)
NO_PLACES = Places(_NONE, _NONE, _NONE)


class Shelf:
    """Some papers, ready to be asked where a phrase stands; what is found is remembered."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self.papers = tuple(papers)
        ids: dict[str, int] = {}
        row, gaps, lengths = _row(self.papers, ids)
        self.words: tuple[Word | None, ...] = (None, *map(word, ids))
        self.row = row
        self.gaps = gaps
        self.lengths = lengths
        """Words in each slot."""
        self.slot_starts: Numbers = np.concatenate(([0], np.cumsum(lengths + 1)))[:-1].astype(np.int64)
        self._order = np.argsort(row, kind="stable").astype(np.int32)
        self._bounds = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(self.words)))))
        self._places: dict[Phrase, Places] = {}
        self.rest()

    def rest(self) -> None:
        """Forget what only speeds up new questions; it is made again when one comes."""
        self._stems: Stems | None = None
        self._stood: tuple[PlainPhrases, tuple[Numbers, Numbers, Numbers]] | None = None
        self._by_key: dict[str, list[int]] = {}
        self._by_form: dict[str, list[int]] = {}
        self._openings: list[str] = []
        self._terms: dict[Term, Units] = {}
        self._pairs: Numbers = _NONE
        self._after: dict[int, list[tuple[int, str]]] = {}

    def prepare(self) -> None:
        """Do now what the first question would do for all."""
        assert self.stems

    def __len__(self) -> int:
        return len(self.papers)

    def places(self, phrase: Phrase) -> Places:
        """Where a phrase stands; of overlapping places the first, and the shortest of those, counts."""
        found = self._places.get(phrase)
        if found is None:
            starts, afters = self._find(phrase)
            slots = np.searchsorted(self.slot_starts, starts, side="right") - 1
            found = self._places[phrase] = Places(starts, afters, slots) if len(starts) else NO_PLACES
        return found

    def stand(self, phrases: PlainPhrases | Sequence[Phrase]) -> tuple[Numbers, Numbers, Numbers]:
        """How often phrases stand in each slot: their numbers, the slots and the counts, ordered by both."""
        if not isinstance(phrases, PlainPhrases):
            return counted([self.places(phrase) for phrase in phrases])
        if self._stood is None or self._stood[0] is not phrases:
            owners, starts, _ = find(self.stems, phrases)
            self._stood = (phrases, runs(owners, np.searchsorted(self.slot_starts, starts, side="right") - 1))
        return self._stood[1]

    @property
    def stems(self) -> Stems:
        """The words by their stems."""
        if self._stems is None:
            self._stems = Stems(self.words, self.row, self.gaps)
        return self._stems

    @property
    def _keyed(self) -> dict[str, list[int]]:
        """The words that answer to each key."""
        if not self._by_key:
            for number, known in enumerate(self.words):
                if known is not None:
                    for key in known.keys:
                        self._by_key.setdefault(key, []).append(number)
        return self._by_key

    def _postings(self, number: int) -> Numbers:
        return self._order[self._bounds[number] : self._bounds[number + 1]].astype(np.int64)

    def _standing(self, key: str) -> Numbers:
        return self._gathered(self._keyed.get(key, ()))

    def _gathered(self, numbers: Sequence[int]) -> Numbers:
        if len(numbers) < 2:
            return self._postings(numbers[0]) if numbers else _NONE
        return np.sort(np.concatenate([self._postings(number) for number in numbers]))

    def _find(self, phrase: Phrase) -> tuple[Numbers, Numbers]:
        units = [self._units(term) for term in phrase.terms]
        joins = [self._units(join) if join else _NOWHERE for join in phrase.joins]
        if len(units) == 1:
            return apart(*as_places(units[0]))
        if not any(map(len, joins)) and not any(len(unit.double) for unit in units):
            return apart(*in_a_row([unit.single for unit in units]))
        return apart(*along(units, joins))

    def _units(self, term: Term) -> Units:
        known = self._terms.get(term)
        if known is None:
            single = self._beginning(term.key) if term.prefix else self._standing(term.key)
            known = self._terms[term] = Units(single, self._doubles(term))
        return known

    def _beginning(self, opening: str) -> Numbers:
        """Where a word stands that begins so; the opening is of a form or, with a quotation mark before it, of a cased word."""
        found: set[int] = set()
        for key in _opened(self._sorted_keys, opening):
            found.update(self._keyed[key])
        return self._gathered(sorted(found))

    @property
    def _forms(self) -> dict[str, list[int]]:
        """The words of each form."""
        if not self._by_form:
            for number, known in enumerate(self.words):
                if known is not None and not known.marked:
                    self._by_form.setdefault(known.form, []).append(number)
        return self._by_form

    @property
    def _sorted_keys(self) -> list[str]:
        """Forms and cased words in order of the alphabet, to look up how they begin."""
        if not self._openings:
            self._openings = sorted(key for key in self._keyed if key[0] in '="')
        return self._openings

    def _doubles(self, term: Term) -> Numbers:
        """Where two neighbouring words, written as one, would answer to the term."""
        if term.key[0] == '"' and not term.prefix:
            return _NONE
        found = [self._neighbours(left, right) for left, right in self._halves(term)]
        found = [places for places in found if len(places)]
        return np.unique(np.concatenate(found)) if found else _NONE

    def _halves(self, term: Term) -> Iterator[tuple[int, int]]:
        """The pairs of neighbours that make up a term; the first is a proper beginning of what is asked for."""
        mark, letters = (term.key[0], term.key[1:]) if term.key[0] in '="^' else ("", term.key)
        if mark == "=" and not term.prefix:
            return
        cased = mark in {'"', "^"}
        forms = self._forms
        folded = letters.casefold() if cased else letters
        beginnings = [at for at in range(1, len(letters)) if folded[:at] in forms]
        for length in beginnings:
            for left in self._spelt(letters[:length], cased=cased):
                rest = letters[length:].casefold()
                # The end of a stem can differ from the word's by a letter (happi, happy).
                opening = rest[:-1] if len(rest) > 1 and not term.prefix else rest
                for right, form in self._followers(left):
                    if form.startswith(opening) and self._make(left, right, term):
                        yield left, right

    def _followers(self, left: int) -> list[tuple[int, str]]:
        """The words, with their forms, that stand right after a word as the second half of a compound may."""
        known = self._after.get(left)
        if known is None:
            width = len(self.words)
            pairs = self._neighbouring
            first, after = np.searchsorted(pairs, (left * width, (left + 1) * width))
            rights = (pairs[first:after] - left * width).tolist()
            known = self._after[left] = [(at, found.form) for at in rights if (found := self.words[at])]
        return known

    @property
    def _neighbouring(self) -> Numbers:
        """The pairs of words that stand side by side as the halves of a compound may, as numbers, in order."""
        if not len(self._pairs):
            bare = np.array([word is not None and not word.marked for word in self.words])
            half = bare & np.array([word is not None and is_half(word) for word in self.words])
            left, right, gaps = self.row[:-1], self.row[1:], self.gaps[: len(self.row) - 1]
            joined = (gaps == HYPHEN) & bare[left] & bare[right] | (gaps == SPACE) & half[left] & half[right]
            self._pairs = np.unique(left[joined].astype(np.int64) * len(self.words) + right[joined])
        return self._pairs

    def _spelt(self, letters: str, *, cased: bool) -> list[int]:
        numbers = self._forms.get(letters.casefold() if cased else letters, _NO_WORDS)
        if not cased or not numbers:
            return numbers
        return [number for number in numbers if (known := self.words[number]) and known.cased == letters]

    def _make(self, left: int, right: int, term: Term) -> bool:
        one, other = self.words[left], self.words[right]
        if one is None or other is None or not joinable(one, other, HYPHEN):
            return False
        keys, openings = joined_keys(one.cased, other.cased)
        return any(key.startswith(term.key) for key in openings) if term.prefix else term.key in keys

    def _neighbours(self, left: int, right: int) -> Numbers:
        """Where one word follows the other so that they may be one compound."""
        places = self._postings(left)
        places = places[self.row[places + 1] == right]
        one, other = self.words[left], self.words[right]
        assert one is not None
        assert other is not None
        gaps = self.gaps[places]
        allowed = [gap for gap in range(NOTHING, HYPHEN + 1) if joinable(one, other, gap)]
        found: Numbers = places[np.isin(gaps, allowed)]
        return found


def _row(papers: Sequence[Paper], ids: dict[str, int]) -> tuple[NDArray[np.int32], NDArray[np.uint8], Numbers]:
    """All words as numbers from 1 (`ids` is filled), 0 after each slot; the gaps after them; the length of each slot."""
    texts: list[list[str]] = []
    gaps: list[bytes] = []
    for paper in papers:
        for text in (paper.title, paper.abstract):
            found, between = lexemes(text)
            texts.append(found)
            gaps.append(between)
    for lexeme in chain.from_iterable(texts):
        if lexeme not in ids:
            ids[lexeme] = len(ids) + 1
    numbers = chain.from_iterable(chain(map(ids.__getitem__, text), (0,)) for text in texts)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    row = np.fromiter(chain(numbers, (0,)), np.int32, int(lengths.sum()) + len(texts) + 1)
    return row, np.frombuffer(b"\0".join(gaps) + b"\0\0", np.uint8), lengths


def _opened(keys: Sequence[str], opening: str) -> Iterator[str]:
    """The keys, in order, that begin so."""
    at = bisect_left(keys, opening)
    while at < len(keys) and keys[at].startswith(opening):
        yield keys[at]
        at += 1
