"""What a hit is worth: BM25F over title and abstract, and the order of a list.

Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond", section 3.5: the fields'
term frequencies are length-normalised apart, weighted and added before they saturate. A keyword's points are shared
among its fields in proportion to what each added, so that the explanation adds up to the score.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from digest.match.analysis import HYPHEN, Text, analyse, stem
from digest.match.phrases import Phrase, Term, joinable
from digest.models import CorpusStatistics, Match, Paper, Reason

K1 = 1.6
"""Saturation: how soon more occurrences stop to count."""
FIELD_WEIGHT = {"title": 3.0, "abstract": 1.0}
B = {"title": 0.6, "abstract": 0.75}
"""How much a longer field is held against its words."""
PHRASE_SHARE = 0.5
"""What each further word adds to the rarity of a phrase, whose words are not independent."""
LABEL_POINTS = {"author": 6.0, "category": 1.0, "source": 1.0}
"""Names have no term frequency: an author counts like a rare word in the title, the others like a common one."""
MAX_SPANS = 50


def statistics(papers: Iterable[Paper], known: CorpusStatistics | None = None) -> CorpusStatistics:
    """Document frequencies and mean lengths of a history, added to those `known`; the order does not matter."""
    known = known or CorpusStatistics()
    documents = known.documents
    title_words = round(known.title_length * documents)
    abstract_words = round(known.abstract_length * documents)
    frequencies = Counter(known.frequencies)
    for paper in papers:
        title, abstract = analyse(paper.title), analyse(paper.abstract)
        documents += 1
        title_words += len(title)
        abstract_words += len(abstract)
        frequencies.update(_terms(title) | _terms(abstract))
    if not documents:
        return CorpusStatistics()
    return CorpusStatistics(
        documents=documents,
        title_length=title_words / documents,
        abstract_length=abstract_words / documents,
        frequencies=dict(frequencies),
    )


def _terms(text: Text) -> set[str]:
    """The stems of a text, and those of its hyphenated compounds in one word."""
    terms = {word.stem for word in text.words}
    for at, (left, right) in enumerate(pairwise(text.words)):
        if text.gaps[at] == HYPHEN and joinable(left, right, HYPHEN):
            terms.add(_compound(left.form + right.form))
    return terms


_compound = lru_cache(maxsize=65_536)(stem)


class Weighing:
    """What words are worth against one history; remembers what it has worked out."""

    def __init__(self, corpus: CorpusStatistics) -> None:
        self._corpus = corpus
        self._means = {"title": corpus.title_length or 1.0, "abstract": corpus.abstract_length or 1.0}
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

    def points(self, rarity: float, counts: Mapping[str, int], texts: Mapping[str, Text]) -> dict[str, float]:
        """BM25F of one query, shared among the fields in which it stands."""
        heard = {field: self._heard(field, count, len(texts[field])) for field, count in counts.items()}
        saturated = K1 + sum(heard.values())
        return {field: rarity * amount / saturated for field, amount in heard.items()}

    def _heard(self, field: str, count: int, length: int) -> float:
        normal = 1.0 - B[field] + B[field] * length / self._means[field]
        return FIELD_WEIGHT[field] * count / normal

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


def scored(paper: Paper, profile: str, reasons: Iterable[Reason]) -> Match:
    """The match for these reasons: most points first, then by keyword and field; the score is their sum in that order."""
    ordered = sorted(reasons, key=lambda reason: (-reason.points, reason.keyword, reason.field))
    score = sum([reason.points for reason in ordered])
    return Match(paper=paper, profile=profile, score=score, matched=tuple(ordered))


def best_first(match: Match) -> tuple[float, int, int, int, str]:
    """The sort key of every list: score, then upvotes, then newest, then id."""
    paper = match.paper
    return (-match.score, -(paper.upvotes or 0), -paper.listed_on.toordinal(), -paper.seq, paper.id)
