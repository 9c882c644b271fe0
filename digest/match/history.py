"""What the stored papers teach: how rare words are, and which words go with a keyword.

The related words of a keyword are those that its best papers share, weighed by how rare they are (pseudo-relevance
feedback: Lavrenko and Croft 2001, "Relevance-Based Language Models", simplified to a centroid as in Rocchio 1971). They
are worked out for each phrase by itself, never for a profile, so that points stay linear in a keyword's weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
from scipy import sparse

from digest.match.hits import counts
from digest.match.phrases import Phrase
from digest.match.shelf import Numbers, Shelf
from digest.match.vectors import Vocabulary, named, normalised, selection, strongest, widened, word_counts
from digest.match.weighing import K1, Points, Weighing, statistics
from digest.models import CorpusStatistics, Liked, Paper

BEST = 50
"""So many papers of a keyword, its best ones, say what goes with it."""
SALIENT = 40
"""So many words of each of them, the rarest."""
SHARED = 2
"""A word counts when at least so many of those papers share it."""
RARE, COMMON = 3, 0.2
"""Words in fewer papers of the history say nothing yet, those in a larger part of it nothing at all."""
_AT_A_TIME = 2000


class History:
    """Papers already seen, and what their words are worth; `learn` adds to it."""

    def __init__(self, corpus: CorpusStatistics | None = None) -> None:
        self.corpus = corpus or CorpusStatistics()
        self.vocabulary = Vocabulary()
        self.shelves: list[Shelf] = []
        self._salient: list[sparse.csr_array] = []
        self._bases: list[int] = [0]
        self._found: dict[Phrase, tuple[int, list[Numbers], list[Points]]] = {}
        self._liked: dict[tuple[Liked, ...], sparse.csr_array] = {}
        self._stacked: tuple[tuple[int, int], sparse.csr_array, sparse.csr_array] | None = None

    def learn(self, papers: Sequence[Paper], *, counted: bool = False) -> Shelf:
        """Take in papers; `counted`: their words are in the document frequencies already."""
        shelf = Shelf(papers)
        if self.shelves:
            self.shelves[-1].rest()
        if not counted:
            self.corpus = statistics(papers, self.corpus)
        rows = word_counts(shelf, self.vocabulary)
        self._salient.append(strongest(rows, self.vocabulary.weights(self.corpus, 1, COMMON), SALIENT))
        self.shelves.append(shelf)
        self._bases.append(self._bases[-1] + len(shelf))
        return shelf

    def counts_of(self, liked: tuple[Liked, ...]) -> sparse.csr_array:
        """How often each stem stands in each of some liked papers; remembered, since they are asked for every day."""
        if liked not in self._liked:
            self._liked[liked] = word_counts(Shelf([_as_paper(one) for one in liked]), self.vocabulary)
        return self._liked[liked]

    def related(self, phrases: Sequence[Phrase], shelf: Shelf, least: float) -> tuple[Numbers, Numbers, Points]:
        """Which papers of a shelf hold the words that go with a phrase: phrase numbers, papers, likeness above `least`.

        Likeness is the cosine of the related words and the paper, from 0 to 1.
        """
        weighing = Weighing(self.corpus)
        evidence = [(number, *self._best(phrase, weighing)) for number, phrase in enumerate(phrases)]
        evidence = [one for one in evidence if len(one[1]) >= SHARED]
        rows = word_counts(shelf, self.vocabulary)
        rows.data[:] = 1.0
        weights = self.vocabulary.weights(self.corpus, RARE, COMMON)
        papers = sparse.csc_array(normalised(rows, weights).T)
        found = []
        for start in range(0, len(evidence), _AT_A_TIME):
            some = evidence[start : start + _AT_A_TIME]
            words = self._words([phrases[number] for number, _, _ in some], [one[1] for one in some], [one[2] for one in some], weights)
            likeness = sparse.csr_array(words @ papers)
            owners = np.repeat(np.array([number for number, _, _ in some]), np.diff(likeness.indptr))
            kept = likeness.data > least
            found.append((owners[kept], likeness.indices[kept].astype(np.int64), likeness.data[kept]))
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        owners, where, likeness = (np.concatenate(column) for column in zip(*found, strict=True))
        return owners, where, likeness

    def _best(self, phrase: Phrase, weighing: Weighing) -> tuple[Numbers, Points]:
        """The best papers of a phrase, newest first of equals, and how well each speaks of it."""
        done, papers, heard = self._found.get(phrase, (0, [], []))
        for at in range(done, len(self.shelves)):
            shelf = self.shelves[at]
            slots, number = counts(shelf.places(phrase))
            if len(slots):
                where, which = np.unique(slots >> 1, return_inverse=True)
                papers.append(where + self._bases[at])
                heard.append(np.bincount(which, number * weighing.loudness(shelf)[slots]))
        self._found[phrase] = (len(self.shelves), papers, heard)
        if not papers:
            return np.empty(0, np.int64), np.empty(0)
        found, total = np.concatenate(papers), np.concatenate(heard)
        worth = total / (K1 + total)
        if len(found) > BEST:
            best = np.lexsort((-found, -worth))[:BEST]
            found, worth = found[best], worth[best]
        return found, worth

    def _words(
        self, phrases: Sequence[Phrase], chosen: Sequence[Numbers], worth: Sequence[Points], weights: Points
    ) -> sparse.csr_array:
        """The related words of each phrase, (phrases, stems), rows of length 1; the phrase's own words are none."""
        vectors, presence = self._vectors(weights)
        picked = selection(chosen, worth, vectors.shape[0])
        ones = selection(chosen, [np.ones(len(one)) for one in worth], vectors.shape[0])
        words, shares = sparse.csr_array(picked @ vectors), sparse.csr_array(ones @ presence)
        words.sort_indices()
        shares.sort_indices()
        words.data[shares.data < SHARED - 0.5] = 0.0
        owners = np.repeat(np.arange(len(phrases)), np.diff(words.indptr))
        own = [
            row * len(weights) + number
            for row, phrase in enumerate(phrases)
            for number in named(self.vocabulary.numbers, [term.stem for term in phrase.terms])
        ]
        words.data[np.isin(owners * len(weights) + words.indices, own)] = 0.0
        return normalised(words, np.ones(len(weights)))

    def _vectors(self, weights: Points) -> tuple[sparse.csr_array, sparse.csr_array]:
        """The salient words of all papers, weighed and at length 1; and the same as ones."""
        state = (len(self.shelves), len(weights))
        if self._stacked is None or self._stacked[0] != state:
            rows = [widened(one, len(weights)) for one in self._salient]
            vectors = normalised(sparse.csr_array(sparse.vstack(rows)), weights)
            presence = vectors.copy()
            presence.data[:] = 1.0
            self._stacked = (state, vectors, presence)
        return self._stacked[1], self._stacked[2]


def _as_paper(liked: Liked) -> Paper:
    return Paper(
        seq=0, id="", title=liked.title, abstract=liked.abstract, authors=(), categories=(), listed_on=date.min,
        first_seen_at=datetime.min.replace(tzinfo=UTC), url="",
    )  # fmt: skip
