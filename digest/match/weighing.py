"""What a hit is worth: BM25F over title and abstract.

Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond", section 3.5: the fields' term
frequencies are length-normalised apart, weighted and added before they saturate. The points of a phrase are shared among
its fields in proportion to what each added, so that the explanation adds up to the score.

Points lie on a grid of binary fractions: sums of them are exact in any order, so that shards, processes and the order of
keywords never change a score, not even in its last digit.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from digest.match.analysis import HYPHEN, stemmed
from digest.match.phrases import Phrase, Term
from digest.match.plain import PlainPhrases
from digest.match.shelf import Shelf
from digest.match.walking import Numbers, distinct
from digest.models import CorpusStatistics, Paper

Points = NDArray[np.float64]
K1 = 1.6
"""Saturation: how soon more occurrences stop to count."""
FIELD_WEIGHT = (3.0, 1.0)
"""Title, abstract."""
B = 0.3
"""How much a longer field is held against its words."""
PHRASE_SHARE = 0.5
"""What each further word adds to the rarity of a phrase, whose words are not independent."""
LABEL_POINTS = {"author": 6.0, "category": 1.0, "source": 1.0}
"""Names have no term frequency: an author counts like a rare word in the title, the others like a common one."""
_AT_A_TIME = 1000
_BASE = 2.0**16
"""Steps per point before the weight of a keyword, and after it: weights of a few binary digits stay exact."""
_FINE = 2.0**24


def on_grid(points: Points) -> Points:
    """Points before weights, on their grid."""
    return np.rint(points * _BASE) / _BASE


def weighted(points: Points, weight: float) -> Points:
    """Points times a keyword's weight, on the finer grid of sums; what is worth anything stays worth a step."""
    if weight == 1.0:
        return points
    return np.where(points > 0, np.maximum(np.rint(points * (weight * _FINE)), 1.0) / _FINE, 0.0)


def statistics(papers: Iterable[Paper], known: CorpusStatistics | None = None) -> CorpusStatistics:
    """Document frequencies and mean lengths of a history, added to those `known`; the order does not matter."""
    known = known or CorpusStatistics()
    source = iter(papers)
    while some := list(islice(source, _AT_A_TIME)):
        known = with_shelf(known, Shelf(some))
    return known


def with_shelf(known: CorpusStatistics, shelf: Shelf) -> CorpusStatistics:
    """The same with the papers of a shelf."""
    if not len(shelf):
        return known
    documents = known.documents + len(shelf)
    title_words = round(known.title_length * known.documents) + int(shelf.lengths[0::2].sum())
    abstract_words = round(known.abstract_length * known.documents) + int(shelf.lengths[1::2].sum())
    frequencies = Counter(known.frequencies)
    frequencies.update(_frequencies(shelf))
    return CorpusStatistics(
        documents=documents,
        title_length=title_words / documents,
        abstract_length=abstract_words / documents,
        frequencies=dict(frequencies),
    )


def _frequencies(shelf: Shelf) -> dict[str, int]:
    """In how many papers each stem stands, and each hyphenated compound read as one word."""
    known: dict[str, int] = {}
    stems = np.array([known.setdefault(word.stem if word else "", len(known)) for word in shelf.words])
    papers = np.repeat(np.arange(len(shelf)), shelf.lengths[0::2] + shelf.lengths[1::2] + 2)
    row = shelf.row[: len(papers)]
    marked = np.array([word is None or word.marked for word in shelf.words])
    left = np.flatnonzero((shelf.gaps[: len(row)] == HYPHEN) & ~marked[row])
    left = left[~marked[shelf.row[left + 1]]]
    pairs, which = np.unique(
        shelf.row[left].astype(np.int64) * len(shelf.words) + shelf.row[left + 1], return_inverse=True
    )
    forms = [word.form if word else "" for word in shelf.words]
    compounds = [forms[pair // len(forms)] + forms[pair % len(forms)] for pair in pairs.tolist()]
    joined = np.array([known.setdefault(stem, len(known)) for stem in stemmed(compounds)], np.int64)[which]
    found = np.concatenate((papers * len(known) + stems[row], papers[left] * len(known) + joined))
    counts = np.bincount(distinct(found) % len(known), minlength=len(known)).tolist()
    return {stem: count for stem, count in zip(known, counts, strict=True) if stem}


class Weighing:
    """What words are worth against one history; remembers what it has worked out."""

    def __init__(self, corpus: CorpusStatistics) -> None:
        self._corpus = corpus
        self._means = (corpus.title_length or 1.0, corpus.abstract_length or 1.0)
        self._sorted: list[str] | None = None
        self._terms: dict[Term, float] = {}
        self._phrases: dict[tuple[Phrase, ...], float] = {}

    def rarity(self, *phrases: Phrase) -> float:
        """The idf of words that stand together: that of the rarest, and a share of the others'; never negative."""
        known = self._phrases.get(phrases)
        if known is None:
            each = sorted((self._idf(term) for phrase in phrases for term in phrase.terms), reverse=True)
            known = self._phrases[phrases] = each[0] + PHRASE_SHARE * sum(each[1:])
        return known

    def rarities(self, phrases: PlainPhrases | Sequence[Phrase]) -> Points:
        """The same of each of many phrases."""
        if not isinstance(phrases, PlainPhrases):
            return np.array([self.rarity(phrase) for phrase in phrases])
        idf = np.zeros(len(phrases.stems))
        for number in distinct(phrases.terms).tolist():
            stem = phrases.stems[number]
            idf[number] = self._idf(Term(stem, stem))
        owners, each = phrases.owners(), idf[phrases.terms]
        order = np.lexsort((-each, owners))
        rank = np.arange(len(order)) - phrases.bounds[owners]
        found, others = np.zeros(len(phrases)), np.zeros(len(phrases))
        for place in range(int(rank.max(initial=-1)) + 1):
            chosen = order[rank == place]
            (others if place else found)[owners[chosen]] += each[chosen]
        return found + PHRASE_SHARE * others

    def loudness(self, shelf: Shelf) -> Points:
        """What one occurrence counts in each slot: the weight of its field against its length."""
        loud = np.empty(2 * len(shelf))
        for field, (weight, mean) in enumerate(zip(FIELD_WEIGHT, self._means, strict=True)):
            loud[field::2] = weight / (1.0 - B + B * shelf.lengths[field::2] / mean)
        return loud

    def _idf(self, term: Term) -> float:
        known = self._terms.get(term)
        if known is None:
            documents = self._corpus.documents
            frequency = min(documents, self._frequency(term))
            known = self._terms[term] = math.log(1.0 + (documents - frequency + 0.5) / (frequency + 0.5))
        return known

    def _frequency(self, term: Term) -> int:
        """Papers of the history with the term; a prefix adds up the stems that begin with it.

        A stem can be shorter than the prefix (equivari, equivarian*): without any other the longest such one counts.
        """
        frequencies = self._corpus.frequencies
        if not term.prefix:
            return frequencies.get(term.stem, 0)
        if self._sorted is None:
            self._sorted = sorted(frequencies)
        total = 0
        for at in range(bisect_left(self._sorted, term.stem), len(self._sorted)):
            if not self._sorted[at].startswith(term.stem):
                break
            total += frequencies[self._sorted[at]]
        shorter = (term.stem[:length] for length in range(len(term.stem) - 1, 2, -1))
        return total or next((frequencies[letters] for letters in shorter if letters in frequencies), 0)


def shared(owners: Numbers, slots: Numbers, heard: Points, rarity: Points) -> tuple[Numbers, Numbers, Points, Points]:
    """BM25F of many phrases at once: per (owner, paper) the points in the title and in the abstract.

    `owners`, `slots` and `heard` stand side by side, one for each slot in which an owner's phrase was heard, ordered by both;
    `rarity` is by owner. Gives owners, papers (ordered by both), title points, abstract points.
    """
    papers = slots >> 1
    width = int(papers.max()) + 1 if len(papers) else 1
    pairs = owners * width + papers
    first = np.diff(pairs, prepend=-1) != 0
    keys, at = pairs[first], np.cumsum(first) - 1
    total = np.bincount(at, heard, len(keys))
    # What nearly every paper holds is worth a step at least: a hit has a reason.
    worth = np.maximum(on_grid(rarity[owners] * heard / (K1 + total[at])), 1.0 / _BASE)
    title = slots & 1 == 0
    points = [np.bincount(at[chosen], worth[chosen], len(keys)).astype(np.float64) for chosen in (title, ~title)]
    return keys // width, keys % width, points[0], points[1]
