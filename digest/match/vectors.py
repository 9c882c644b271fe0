"""Papers as vectors of word stems, for what goes with a keyword (related) and what resembles a paper (like)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from digest.match.phrases import FUNCTION_WORDS
from digest.match.shelf import Shelf
from digest.match.weighing import Points
from digest.models import CorpusStatistics

TITLE_COUNTS = 2
"""A word of the title counts like so many in the abstract."""


class Vocabulary:
    """Stems by number, in the order of first sight."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._stems: list[str] = []
        self._mute: list[int] = []
        self._seen: tuple[CorpusStatistics, Points] | None = None

    def __len__(self) -> int:
        return len(self._stems)

    def number(self, stem: str) -> int:
        """The number of a stem, a new one for a new stem."""
        known = self.numbers.setdefault(stem, len(self.numbers))
        if known == len(self._stems):
            self._stems.append(stem)
            if len(stem) < 2 or stem in FUNCTION_WORDS:
                self._mute.append(known)
        return known

    def stem(self, number: int) -> str:
        return self._stems[number]

    def weights(self, corpus: CorpusStatistics, least: int, most: float) -> Points:
        """The idf of every stem; 0 for function words, and for what fewer than `least` or more than `most` papers hold."""
        seen = self._frequencies(corpus)
        idf = np.maximum(np.log((corpus.documents + 1) / (seen + 0.5)), 0.0)
        idf[(seen < least) | (seen > most * corpus.documents)] = 0.0
        idf[self._mute] = 0.0
        return idf

    def _frequencies(self, corpus: CorpusStatistics) -> Points:
        """In how many papers of a history each stem stands; remembered for the history asked about last."""
        if self._seen is None or self._seen[0] is not corpus or len(self._seen[1]) != len(self):
            seen = np.fromiter((corpus.frequencies.get(stem, 0) for stem in self._stems), np.float64, len(self))
            self._seen = (corpus, seen)
        return self._seen[1]


def word_counts(shelf: Shelf, vocabulary: Vocabulary) -> sparse.csr_array:
    """How often each stem stands in each paper, (papers, stems), the title's counted TITLE_COUNTS times."""
    stems = np.array([0, *(vocabulary.number(word.stem) for word in shelf.words if word is not None)], np.int64)
    slots = np.repeat(np.arange(len(shelf.lengths)), shelf.lengths)
    words = shelf.row[shelf.row > 0]
    loud = np.where(slots & 1 == 0, float(TITLE_COUNTS), 1.0)
    made = sparse.coo_array((loud, (slots >> 1, stems[words])), shape=(len(shelf), len(vocabulary)))
    return sparse.csr_array(made)


def normalised(rows: sparse.csr_array, weights: Points) -> sparse.csr_array:
    """Every row times the weights of its columns, at length 1; weightless entries are gone."""
    made = rows.copy()
    made.data = rows.data * weights[rows.indices]
    made.eliminate_zeros()
    return lengthened(made)


def lengthened(rows: sparse.csr_array) -> sparse.csr_array:
    """The rows, changed in place to length 1."""
    sizes = np.diff(rows.indptr)
    lengths = np.sqrt(np.bincount(np.repeat(np.arange(rows.shape[0]), sizes), rows.data**2, rows.shape[0]))
    rows.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), sizes)
    return rows


def strongest(rows: sparse.csr_array, weights: Points, most: int) -> sparse.csr_array:
    """At most `most` entries of each row, those of the largest weights, each 1."""
    owners = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    worth = weights[rows.indices]
    order = np.lexsort((rows.indices, -worth, owners))
    rank = np.arange(len(order)) - np.repeat(rows.indptr[:-1], np.diff(rows.indptr))
    kept = order[(rank < most) & (worth[order] > 0)]
    made = sparse.csr_array((np.ones(len(kept)), (owners[kept], rows.indices[kept])), shape=rows.shape)
    made.sort_indices()
    return made


def widened(rows: sparse.csr_array, width: int) -> sparse.csr_array:
    """The same rows with columns for stems seen since."""
    return sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], width))


def named(numbers: Mapping[str, int], stems: Sequence[str]) -> list[int]:
    """The numbers of those stems that are known."""
    return [numbers[stem] for stem in stems if stem in numbers]
