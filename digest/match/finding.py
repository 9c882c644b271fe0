"""Where plain phrases stand, all at once: from their rarest two neighbours, or from a compound written otherwise.

Finds what Shelf.places finds for each of them by itself.
"""

from __future__ import annotations

import numpy as np

from digest.match.plain import PlainPhrases
from digest.match.stems import Stems
from digest.match.walking import Numbers, among, distinct, kept_apart, spread

Standing = tuple[Numbers, Numbers, Numbers]
"""Side by side: phrase, first word, one past the last."""
_LENGTH = 10
"""Bits for how many words of the text a phrase takes."""


def find(stems: Stems, phrases: PlainPhrases) -> Standing:
    """All places in the order of phrases and words, without those that overlap an earlier one."""
    bits = len(stems.row).bit_length()
    numbers = stems.numbers(phrases.stems)
    found = [_single_words(stems, phrases, numbers), _in_a_row(stems, phrases, numbers)]
    found += _Compounds(stems, phrases, numbers).found()
    keys = [(((owners << bits) + starts) << _LENGTH) + (afters - starts) for owners, starts, afters in found]
    key = distinct(np.concatenate(keys))
    owners, starts = key >> (bits + _LENGTH), (key >> _LENGTH) & ((1 << bits) - 1)
    return kept_apart(owners, starts, starts + (key & ((1 << _LENGTH) - 1)))


def _single_words(stems: Stems, phrases: PlainPhrases, numbers: Numbers) -> Standing:
    alone = np.flatnonzero(np.diff(phrases.bounds) == 1)
    which, starts = stems.standing(numbers[phrases.terms[phrases.bounds[alone]]])
    return alone[which], starts, starts + 1


def _in_a_row(stems: Stems, phrases: PlainPhrases, numbers: Numbers) -> Standing:
    """Where the words of phrases stand one by one."""
    row = numbers[phrases.terms]
    several = np.flatnonzero(np.diff(phrases.bounds) > 1)
    begins, ends = phrases.bounds[several], phrases.bounds[several + 1]
    which, left = spread(begins, ends - 1)
    first, after = stems.beside(row[left], row[left + 1])
    pairs = _rarest(which, after - first)
    which, at = spread(first[pairs], after[pairs])
    starts = stems.places_beside(at) - (left[pairs] - begins)[which]
    which, starts = which[starts >= 0], starts[starts >= 0]
    for place in range(int((ends - begins).max(initial=0))):
        # Of two words both have been looked for.
        held = (ends - begins)[which]
        wanted = row[np.minimum(begins[which] + place, ends[which] - 1)]
        right = (held == 2) | (held <= place) | (stems.at(starts + place) == wanted)
        which, starts = which[right], starts[right]
    return several[which], starts, starts + (ends - begins)[which]


def _rarest(owners: Numbers, counts: Numbers) -> Numbers:
    """Of each owner the number of its smallest count; owners stand in order and have one at least."""
    if not len(owners):
        return owners
    keys = counts * len(owners) + np.arange(len(owners))
    smallest: Numbers = np.minimum.reduceat(keys, np.flatnonzero(np.diff(owners, prepend=-1)))
    return smallest % len(owners)


class _Compounds:
    """Ways along phrases on which two of its words are written as one, or one of them as two."""

    def __init__(self, stems: Stems, phrases: PlainPhrases, numbers: Numbers) -> None:
        self._stems = stems
        self._phrases = phrases
        self._numbers = numbers
        self._width = len(stems.row)
        which, self._places = stems.doubles(phrases.stems)
        self._bounds = np.searchsorted(which, np.arange(len(phrases.stems) + 1))
        self._doubles = which * self._width + self._places

    def found(self) -> list[Standing]:
        """Where phrases stand so, and perhaps some places more than once."""
        at = np.arange(len(self._phrases.terms))
        joined = np.flatnonzero(self._phrases.joins >= 0)
        terms, joins = self._phrases.terms, self._phrases.joins[joined]
        begun = [self._double(at, terms, 1), self._double(joined, joins, 2), self._single(joined, joins, 2)]
        return self._along([self._behind(*one) for one in begun])

    def _double(self, at: Numbers, wanted: Numbers, terms: int) -> tuple[Numbers, Numbers, int, int]:
        """Where the stems wanted `at` some terms stand as two words: the terms, the places, and of how many terms and words."""
        which, places = spread(self._bounds[wanted], self._bounds[wanted + 1])
        return at[which], self._places[places], terms, 2

    def _single(self, at: Numbers, wanted: Numbers, terms: int) -> tuple[Numbers, Numbers, int, int]:
        which, places = self._stems.standing(self._numbers[wanted])
        return at[which], places, terms, 1

    def _behind(self, at: Numbers, places: Numbers, terms: int, words: int) -> Standing:
        """Those behind the earlier words of their phrase: the next term, the first word of the phrase, the next word."""
        owners = self._phrases.owners()
        before = at - self._phrases.bounds[owners[at]]
        right = before <= places
        for back in range(1, int(before.max(initial=0)) + 1):
            wanted = self._numbers[self._phrases.terms[np.maximum(at - back, 0)]]
            right &= (before < back) | (self._stems.at(np.maximum(places - back, 0)) == wanted)
        at, places, before = at[right], places[right], before[right]
        return at + terms, places - before, places + words

    def _along(self, begun: list[Standing]) -> list[Standing]:
        """From those places along the rest of their phrases."""
        owners, bounds = self._phrases.owners(), self._phrases.bounds
        waiting, ended = begun, []
        for place in range(1, int(np.diff(bounds).max(initial=0)) + 1):
            at, starts, words = _distinct(waiting, self._width)
            now = at - bounds[owners[at - 1]] == place
            waiting = [(at[~now], starts[~now], words[~now])]
            at, starts, words = at[now], starts[now], words[now]
            through = at == bounds[owners[at - 1] + 1]
            ended.append((owners[at[through] - 1], starts[through], words[through]))
            waiting += self._steps(at[~through], starts[~through], words[~through])
        return ended

    def _steps(self, at: Numbers, starts: Numbers, words: Numbers) -> list[Standing]:
        """The ways over one more term, or over two in one word."""
        found = []
        for terms, wanted in ((1, self._phrases.terms[at]), (2, self._phrases.joins[at])):
            one = (wanted >= 0) & (self._stems.at(words) == self._numbers[wanted])
            two = (wanted >= 0) & among(wanted * self._width + words, self._doubles)
            found.append((at[one] + terms, starts[one], words[one] + 1))
            found.append((at[two] + terms, starts[two], words[two] + 2))
        return found


def _distinct(states: list[Standing], width: int) -> Standing:
    """Each once, however many ways lead to it: else they would multiply at every term."""
    at, starts, words = (np.concatenate(parts) for parts in zip(*states, strict=True))
    keys = distinct(((at * width + starts) << _LENGTH) + (words - starts))
    at, starts = np.divmod(keys >> _LENGTH, width)
    return at, starts, starts + (keys & ((1 << _LENGTH) - 1))
