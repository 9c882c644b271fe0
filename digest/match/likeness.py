"""How far papers resemble those that a profile likes (Rocchio 1971, "Relevance Feedback in Information Retrieval").

The liked papers' mean, less what all papers have in common, is one term vector; a paper is worth its cosine with it, and
with the liked papers nearest to it. The strongest words stand in the reason, so that nothing is a black box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.match.history import History
from digest.match.shelf import Shelf
from digest.match.vectors import normalised, widened, word_counts
from digest.match.walking import Numbers
from digest.match.weighing import Points, on_grid
from digest.models import Liked, Reason

LIKE_POINTS = 300.0
"""What likeness 1 is worth: a close resemblance (0.3) counts like a dozen good keywords."""
LIKE_FROM = 0.08
"""Less likeness than that reaches no paper."""
_RARE, _COMMON = 2, 0.5
_BACKGROUND = 0.7
_NEAREST, _NEAREST_SHARE = 3, 0.5
_WORDS = 5


@dataclass(frozen=True, slots=True)
class Taste:
    """What one profile likes: a term vector, and the liked papers by themselves."""

    liked: tuple[Liked, ...]
    vector: Points
    points: Points
    """What each paper of the shelf is worth; 0 where it is not reached."""
    nearest: Numbers
    """Which of the liked papers each paper of the shelf resembles most."""


class Likeness:
    """The papers of one shelf, ready to be compared with what profiles like."""

    def __init__(self, shelf: Shelf, history: History) -> None:
        self._shelf = shelf
        self._history = history
        rows = _dampened(word_counts(shelf, history.vocabulary))
        weights = self._weights()
        self._papers = normalised(rows, weights)
        self._background = np.asarray(self._papers.sum(axis=0)).ravel() / max(1, len(shelf))

    def taste(self, liked: tuple[Liked, ...]) -> Taste:
        """The term vector of some papers."""
        rows = self._history.counts_of(liked)
        weights = self._weights()
        each = normalised(_dampened(widened(rows, len(weights))), weights)
        background = np.zeros(len(weights))
        background[: len(self._background)] = self._background
        vector = np.maximum(np.asarray(each.sum(axis=0)).ravel() / len(liked) - _BACKGROUND * background, 0.0)
        length = float(np.sqrt(vector @ vector))
        vector = vector / length if length else vector
        papers = widened(self._papers, len(vector))
        cosines = (papers @ each.T).toarray()
        nearest = np.sort(cosines, axis=1)[:, -_NEAREST:].mean(axis=1)
        likeness = (papers @ vector + _NEAREST_SHARE * nearest) / (1.0 + _NEAREST_SHARE)
        points = on_grid(np.where(likeness > LIKE_FROM, LIKE_POINTS * likeness, 0.0))
        return Taste(liked, vector, points, cosines.argmax(axis=1))

    def reason(self, taste: Taste, paper: int) -> Reason:
        """Which liked paper is the nearest, and the words that say so."""
        first, after = self._papers.indptr[paper], self._papers.indptr[paper + 1]
        stems = self._papers.indices[first:after]
        strength = self._papers.data[first:after] * taste.vector[stems]
        best = np.lexsort((stems, -strength))[:_WORDS]
        words = ", ".join(self._spelt(int(stems[at]), paper) for at in best if strength[at] > 0)
        title = taste.liked[int(taste.nearest[paper])].title
        keyword = f"similar to “{title}”: {words}" if words else f"similar to “{title}”"
        return Reason(keyword=keyword, field="like", points=float(taste.points[paper]))

    def _spelt(self, number: int, paper: int) -> str:
        """A stem as the paper writes it first."""
        stem = self._history.vocabulary.stem(number)
        shelf = self._shelf
        first, after = shelf.slot_starts[2 * paper], shelf.slot_starts[2 * paper + 1] + shelf.lengths[2 * paper + 1]
        words = (shelf.words[at] for at in shelf.row[first:after].tolist())
        for word in words:
            if word is not None and word.stem == stem:
                return str(word.cased if word.acronym else word.form)
        return stem

    def _weights(self) -> Points:
        return self._history.vocabulary.weights(self._history.corpus, _RARE, _COMMON)


def _dampened(rows: sparse.csr_array) -> sparse.csr_array:
    """More of a word counts, but less and less so."""
    return sparse.csr_array((1.0 + np.log(rows.data), rows.indices, rows.indptr), shape=rows.shape)
