"""The words of a shelf by their stems: where each stands, where two stand side by side, where two words make up a third.

What plain phrases are found with (see finding); it is made once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from digest.match.analysis import HYPHEN, SPACE, Word, stemmed
from digest.match.phrases import is_half
from digest.match.walking import Numbers, spread


class Stems:
    """A row of words, turned inside out."""

    def __init__(self, words: Sequence[Word | None], row: NDArray[np.int32], gaps: NDArray[np.uint8]) -> None:
        self._words = words
        self._number: dict[str, int] = {}
        numbers = [self._numbered(word.keys) if word is not None else 0 for word in words]
        self.row = np.array(numbers, np.int32)[row]
        """The number of the stem at each place; 0 between texts, and for a word that only answers to its exact form."""
        self._order = np.argsort(self.row, kind="stable").astype(np.int32)
        self._bounds = np.concatenate(([0], np.cumsum(np.bincount(self.row, minlength=len(self._number) + 1))))
        self._width = len(self._number) + 1
        beside = self.row[:-1].astype(np.int64) * self._width + self.row[1:]
        self._beside_order = np.argsort(beside, kind="stable").astype(np.int32)
        self._beside = beside[self._beside_order]
        self._read_compounds(row, gaps)

    def _numbered(self, keys: tuple[str, ...]) -> int:
        stem = keys[0]
        return 0 if stem[:1] == "=" else self._number.setdefault(stem, len(self._number) + 1)

    def _read_compounds(self, row: NDArray[np.int32], gaps: NDArray[np.uint8]) -> None:
        """Find the pairs of neighbours that may be one word, and the stem that it would have."""
        bare = np.array([word is not None and not word.marked for word in self._words])
        half = bare & np.array([word is not None and is_half(word) for word in self._words])
        left, right, between = row[:-1], row[1:], gaps[: len(row) - 1]
        places = np.flatnonzero(
            (between == HYPHEN) & bare[left] & bare[right] | (between == SPACE) & half[left] & half[right]
        )
        codes = left[places].astype(np.int64) * len(self._words) + right[places]
        order = np.argsort(codes, kind="stable")
        pairs, first = np.unique(codes[order], return_index=True)
        self._pair_places = places[order]
        self._pair_bounds = np.append(first, len(places))
        self._forms = [word.form if word is not None else "" for word in self._words]
        self._lefts, self._rights = (half.astype(np.int32) for half in np.divmod(pairs, len(self._words)))
        joined = [left + right for left, right in self._halves(np.arange(len(pairs)))]
        # Compared by their hashes first: so many strings would take ten times the room.
        hashes = np.fromiter(map(hash, stemmed(joined)), np.int64, len(pairs))
        self._by_hash = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._by_hash]

    def _halves(self, pairs: Numbers) -> Iterator[tuple[str, str]]:
        for left, right in zip(self._lefts[pairs].tolist(), self._rights[pairs].tolist(), strict=True):
            yield self._forms[left], self._forms[right]

    def numbers(self, stems: Sequence[str]) -> Numbers:
        """The numbers of stems; -1 for one that stands nowhere."""
        return np.array([self._number.get(stem, -1) for stem in stems], np.int64)

    def at(self, places: Numbers) -> NDArray[np.int32]:
        """The number of the stem at each place; beyond the end none."""
        return self.row[np.minimum(places, len(self.row) - 1)]

    def standing(self, number: Numbers) -> tuple[Numbers, Numbers]:
        """Of stems all places, side by side: which of them, and where."""
        which, at = spread(self._bounds[number] * (number > 0), self._bounds[number + 1] * (number > 0))
        return which, self._order[at].astype(np.int64)

    def beside(self, left: Numbers, right: Numbers) -> tuple[Numbers, Numbers]:
        """For pairs of stems the ranges in `places_beside` where the second stands right after the first."""
        codes = np.where((left > 0) & (right > 0), left * self._width + right, -1)
        return np.searchsorted(self._beside, codes), np.searchsorted(self._beside, codes, side="right")

    def places_beside(self, at: Numbers) -> Numbers:
        """The places of the first of two stems that stand side by side."""
        return self._beside_order[at].astype(np.int64)

    def doubles(self, stems: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Of stems all places, in order, of two words that would have it in one: which stem, and where the first word stands."""
        wanted = np.fromiter(map(hash, stems), np.int64, len(stems))
        which, at = spread(np.searchsorted(self._hashes, wanted), np.searchsorted(self._hashes, wanted, side="right"))
        pairs = self._by_hash[at]
        halves = zip(which.tolist(), self._halves(pairs), strict=True)
        made = [_makes(stems[number], left, right) for number, (left, right) in halves]
        chosen = np.array(made, np.bool_)
        which, pairs = which[chosen], pairs[chosen]
        of, at = spread(self._pair_bounds[pairs], self._pair_bounds[pairs + 1])
        owners, places = which[of], self._pair_places[at]
        order = np.lexsort((places, owners))
        return owners[order], places[order]


def _makes(stem: str, left: str, right: str) -> bool:
    """Whether the letters of two words whose compound has a stem's hash are those of the stem."""
    rest = stem[len(left) :]
    # The end of a stem can differ from the word's by a letter (happi, happy).
    return bool(rest) and stem.startswith(left) and right.startswith(rest[:-1] or rest)
