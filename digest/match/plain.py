"""Plain keywords, many at once: words of small letters and digits with single spaces and hyphens, as most keywords are.

What they ask for is what query makes of each of them by itself; here it stands in a few long columns of numbers. Does
not know where the words stand (see finding).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase, digits

import numpy as np

from digest.match.analysis import stemmed
from digest.match.phrases import FUNCTION_WORDS
from digest.match.walking import Numbers, distinct

_PLAIN = re.compile("[a-z0-9]+(?:[ -][a-z0-9]+)*+")
_LONGEST = 100
"""Characters; too few to hold more words than a phrase may have."""
_LETTERS = (ascii_lowercase + digits).encode()
_HYPHEN = ord("-")
_END = ord("\n")


def is_plain(text: str) -> bool:
    """Whether a keyword is made of such words alone; it can be read then."""
    return len(text) <= _LONGEST and _PLAIN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class PlainPhrases:
    """Phrase `i` has the stems `terms[bounds[i] : bounds[i + 1]]`; `joins`, beside, are what a term and the next one are in one word."""

    keys: tuple[str, ...]
    """As written."""
    stems: tuple[str, ...]
    """All that are named by number, each once."""
    terms: Numbers
    joins: Numbers
    """-1 where there is none."""
    bounds: Numbers

    def __len__(self) -> int:
        return len(self.keys)

    def cut(self, first: int, after: int) -> PlainPhrases:
        """The phrases `first` … `after - 1`."""
        chosen = slice(int(self.bounds[first]), int(self.bounds[after]))
        bounds = self.bounds[first : after + 1] - self.bounds[first]
        return PlainPhrases(self.keys[first:after], self.stems, self.terms[chosen], self.joins[chosen], bounds)

    def first_alike(self) -> Numbers:
        """Of each phrase the number of the first that asks for the same."""
        known: dict[bytes, int] = {}
        both = np.stack((self.terms, self.joins), axis=1)
        bounds = self.bounds.tolist()
        rows = [both[first:after].tobytes() for first, after in pairwise(bounds)]
        return np.array([known.setdefault(row, number) for number, row in enumerate(rows)], np.int64)

    def owners(self) -> Numbers:
        """The phrase of each term."""
        return np.repeat(np.arange(len(self)), np.diff(self.bounds))


@dataclass(frozen=True, slots=True)
class Plain:
    """Keywords, and the words of theirs that tell something apart."""

    phrases: PlainPhrases
    """The keywords in their order."""
    words: PlainPhrases
    """Every distinct word of a keyword of several words; those under one hyphen together are one."""
    owners: Numbers
    """Keywords of several telling words …"""
    parts: Numbers
    """… and, beside, the numbers of their words, each once."""


def read(texts: Sequence[str]) -> Plain:
    """What plain keywords ask for."""
    known: dict[str, int] = {}
    owners: list[int] = []
    parts: list[int] = []
    for number, text in enumerate(texts):
        if " " in text:
            telling = [known.setdefault(word, len(known)) for word in text.split() if word not in FUNCTION_WORDS]
            owners += [number] * len(telling)
            parts += telling
    count = len(texts)
    phrases = _phrases((*texts, *known))
    words = phrases.cut(count, len(phrases))
    pairs = distinct(np.array(owners, np.int64) * len(words) + words.first_alike()[np.array(parts, np.int64)])
    held = np.bincount(pairs // max(1, len(words)), minlength=count)
    pairs = pairs[held[pairs // max(1, len(words))] > 1]
    return Plain(phrases.cut(0, count), words, *np.divmod(pairs, max(1, len(words))))


def _phrases(texts: tuple[str, ...]) -> PlainPhrases:
    written = "".join([f"{text}\n" for text in texts])
    forms = written.replace("-", " ").split()
    signs = np.frombuffer(written.encode("ascii").translate(None, _LETTERS), np.uint8)
    """What stands after each of the words."""
    known = list(dict.fromkeys(forms))
    numbers = {form: number for number, form in enumerate(known)}
    words = np.fromiter(map(numbers.__getitem__, forms), np.int64, len(forms))
    half = np.array([len(form) > 2 and form.isalpha() and form not in FUNCTION_WORDS for form in known], np.bool_)
    inside = signs[:-1] != _END
    joined = np.flatnonzero(inside & ((signs[:-1] == _HYPHEN) | half[words[:-1]] & half[words[1:]]))
    codes, at = np.unique(words[joined] * len(known) + words[joined + 1], return_inverse=True)
    left, right = np.divmod(codes, max(1, len(known)))
    compounds = [known[one] + known[other] for one, other in zip(left.tolist(), right.tolist(), strict=True)]
    stems: dict[str, int] = {}
    named = np.array([stems.setdefault(stem, len(stems)) for stem in stemmed(known + compounds)], np.int64)
    joins = np.full(len(words), -1, np.int64)
    joins[joined] = named[len(known) :][at]
    bounds = np.concatenate(([0], np.flatnonzero(signs == _END) + 1))
    return PlainPhrases(texts, tuple(stems), named[words], joins, bounds)
