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

from digest.match.phrases import Phrase
from digest.match.plain import PlainPhrases
from digest.match.shelf import Shelf
from digest.match.table import Flags
from digest.match.vectors import Vocabulary, lengthened, named, normalised, strongest, widened, word_counts
from digest.match.walking import Numbers, among, distinct, spread
from digest.match.weighing import K1, Points, Weighing, with_shelf
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
        self._number: dict[Phrase | str, int] = {}
        self._seen: Numbers = np.empty(0, np.int64)
        """Of each phrase by number: in how many shelves it has been looked for."""
        self._found = (self._seen, self._seen, self._seen)
        """Where: phrase, slot among those of all shelves, how often; ordered by both."""
        self._liked: dict[tuple[Liked, ...], sparse.csr_array] = {}
        self._asked: tuple[Shelf, CorpusStatistics, Points, sparse.csr_array] | None = None
        self._stacked: tuple[tuple[int, int], sparse.csr_array, sparse.csr_array] | None = None

    def learn(self, papers: Sequence[Paper], *, counted: bool = False) -> Shelf:
        """Take in papers, in any order; `counted`: their words are in the document frequencies already."""
        shelf = Shelf(sorted(papers, key=lambda paper: (paper.listed_on, paper.id)))
        if self.shelves:
            self.shelves[-1].rest()
        if not counted:
            self.corpus = with_shelf(self.corpus, shelf)
        rows = word_counts(shelf, self.vocabulary)
        self._salient.append(strongest(rows, self.vocabulary.weights(self.corpus, 1, 1.0), SALIENT))
        self.shelves.append(shelf)
        self._bases.append(self._bases[-1] + len(shelf))
        return shelf

    def counts_of(self, liked: tuple[Liked, ...]) -> sparse.csr_array:
        """How often each stem stands in each of some liked papers; remembered, since they are asked for every day."""
        if liked not in self._liked:
            self._liked[liked] = word_counts(Shelf([_as_paper(one) for one in liked]), self.vocabulary)
        return self._liked[liked]

    def related(
        self, phrases: PlainPhrases | Sequence[Phrase], chosen: Flags, shelf: Shelf, least: float
    ) -> tuple[Numbers, Numbers, Points]:
        """Which papers of a shelf hold the words that go with the phrases chosen: phrase numbers, papers, likeness above `least`.

        Likeness is the cosine of the related words and the paper, from 0 to 1.
        """
        owners, best, worth = self._evidence(phrases, chosen)
        weights, papers = self._papers(shelf)
        own = self._own(phrases, len(weights))
        found = []
        for start in range(0, len(phrases), _AT_A_TIME):
            first, after = np.searchsorted(owners, (start, start + _AT_A_TIME))
            if first == after:
                continue
            which, at = np.unique(owners[first:after], return_inverse=True)
            picked = sparse.coo_array((worth[first:after], (at, best[first:after])), (len(which), self._bases[-1]))
            likeness = sparse.csr_array(self._words(which, sparse.csr_array(picked), own, weights) @ papers)
            kept = np.flatnonzero(likeness.data > least)
            rows = np.searchsorted(likeness.indptr, kept, side="right") - 1
            found.append((which[rows], likeness.indices[kept].astype(np.int64), likeness.data[kept]))
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        numbers, where, cosines = zip(*found, strict=True)
        return np.concatenate(numbers), np.concatenate(where), np.concatenate(cosines)

    def prepare(self, shelf: Shelf) -> None:
        """Do now what `related` needs for a shelf whatever the phrases are."""
        weights, _ = self._papers(shelf)
        if self.shelves:
            self._vectors(weights)

    def _papers(self, shelf: Shelf) -> tuple[Points, sparse.csr_array]:
        """What each stem is worth, and the papers of a shelf as columns of length 1; remembered for the shelf asked about last."""
        known = self._asked
        if (
            known is None
            or known[0] is not shelf
            or known[1] is not self.corpus
            or len(known[2]) != len(self.vocabulary)
        ):
            rows = word_counts(shelf, self.vocabulary)
            rows.data[:] = 1.0
            weights = self.vocabulary.weights(self.corpus, RARE, COMMON)
            papers = sparse.csr_array(normalised(rows, weights).T)
            known = self._asked = (shelf, self.corpus, weights, papers)
        return known[2], known[3]

    def _evidence(self, phrases: PlainPhrases | Sequence[Phrase], chosen: Flags) -> tuple[Numbers, Numbers, Points]:
        """The best papers of each phrase that enough papers hold, and how well they speak of it; newest first of equals.

        They stand in the order of phrases and papers.
        """
        keys = phrases.keys if isinstance(phrases, PlainPhrases) else phrases
        numbers = np.array([self._number.setdefault(key, len(self._number)) for key in keys], np.int64)
        self._look_for(phrases, numbers)
        known, slots, number = self._found
        asked = numbers[chosen]
        which, at = spread(np.searchsorted(known, asked), np.searchsorted(known, asked, side="right"))
        owners, slots = np.flatnonzero(chosen)[which], slots[at]
        if not len(owners):
            return owners, owners, np.empty(0)
        heard = number[at] * self._loudness()[slots]
        papers = slots >> 1
        first = np.flatnonzero(np.concatenate(([True], (owners[1:] != owners[:-1]) | (papers[1:] != papers[:-1]))))
        owners, papers, heard = owners[first], papers[first], np.add.reduceat(heard, first)
        worth = heard / (K1 + heard)
        held = np.bincount(owners, minlength=len(phrases))[owners]
        best = held >= SHARED
        many = np.flatnonzero(held > BEST)
        order = many[np.lexsort((-papers[many], -worth[many], owners[many]))]
        best[order[np.arange(len(order)) - np.searchsorted(owners[many], owners[many]) >= BEST]] = False
        return owners[best], papers[best], worth[best]

    def _look_for(self, phrases: PlainPhrases | Sequence[Phrase], numbers: Numbers) -> None:
        """Note where phrases stand in the shelves in which they have not been looked for, and how often."""
        self._seen = np.concatenate((self._seen, np.zeros(len(self._number) - len(self._seen), np.int64)))
        first = np.zeros(len(numbers), np.bool_)
        first[np.unique(numbers, return_index=True)[1]] = True
        for at, shelf in enumerate(self.shelves):
            new = first & (self._seen[numbers] <= at)
            if new.any():
                owners, slots, number = shelf.stand(phrases)
                some = new[owners]
                found = (numbers[owners[some]], slots[some] + 2 * self._bases[at], number[some])
                known, *others = map(np.concatenate, zip(self._found, found, strict=True))
                # Slots of later shelves come after all others, and stay there.
                order = np.argsort(known, kind="stable")
                self._found = (known[order], others[0][order], others[1][order])
                self._seen[numbers[new]] = at + 1

    def _loudness(self) -> Points:
        """What one occurrence counts in each slot of all shelves, by what is known now."""
        weighing = Weighing(self.corpus)
        return np.concatenate([weighing.loudness(shelf) for shelf in self.shelves])

    def _own(self, phrases: PlainPhrases | Sequence[Phrase], width: int) -> Numbers:
        """The phrases' own words as numbers, in order: phrase times `width` and stem."""
        if isinstance(phrases, PlainPhrases):
            numbers = np.array([self.vocabulary.numbers.get(stem, -1) for stem in phrases.stems], np.int64)
            stems, owners = numbers[phrases.terms], phrases.owners()
            return distinct((owners * width + stems)[stems >= 0])
        pairs = [
            owner * width + number
            for owner, phrase in enumerate(phrases)
            for number in named(self.vocabulary.numbers, [term.stem for term in phrase.terms])
        ]
        return distinct(np.array(pairs, np.int64))

    def _words(self, which: Numbers, picked: sparse.csr_array, own: Numbers, weights: Points) -> sparse.csr_array:
        """The related words of phrases, (phrases, stems), rows of length 1; the phrase's own words are none."""
        vectors, presence = self._vectors(weights)
        # Both products walk the same pattern of positive numbers, so their entries stand in the same order.
        words = sparse.csr_array(picked @ vectors)
        picked.data = np.ones(len(picked.data))
        shared = np.flatnonzero((picked @ presence).data > SHARED - 0.5)
        owners = which[np.searchsorted(words.indptr, shared, side="right") - 1]
        others = shared[~among(owners * len(weights) + words.indices[shared], own)]
        starts = np.searchsorted(others, words.indptr).astype(np.int32)
        return lengthened(sparse.csr_array((words.data[others], words.indices[others], starts), shape=words.shape))

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
