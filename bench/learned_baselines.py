"""Learning from the papers of the past, without keywords: a linear SVM, as arxiv-sanity-lite does, and Rocchio.

Both read title and abstract as TF-IDF (English stop words out, logarithmic counts) whose document frequencies come
from the whole corpus, which if anything helps them. In the setup that comes within 0.003 of shared/quality/README.md
the features are arxiv-sanity-lite's: the 20,000 commonest words and pairs of words that stand in at least 5 papers
and at most a tenth of them. The wide one takes every word and pair of words that stands in two papers.

The SVM (squared hinge, balanced classes, C = 0.1) learns the past papers against 3,000 others drawn from those listed
up to the researcher's last past paper; Rocchio is the mean of the past papers' vectors. Nothing after that day is
learned from, and no author's name is read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bench.days import Day, Ranker, all_days
from bench.shared import Researcher, corpus

OTHERS = 3_000
SANITY = {"min_df": 5, "max_df": 0.1, "max_features": 20_000}
WIDE = {"min_df": 2}

_matrices: dict[str, Any] = {}


def svm(features: Mapping[str, float], others: int = OTHERS) -> Callable[[Researcher], Ranker]:
    """How to make a ranker of a researcher: by the distance from the plane between the past papers and the others."""

    def prepare(one: Researcher) -> Ranker:
        matrix = _matrix(features)
        liked = _numbers(one.past)
        last = all_days()[one.first_day]
        earlier = sorted(set(range(last.first + len(last.papers))) - set(liked))
        chosen = random.Random(one.name).sample(earlier, min(others, len(earlier)))
        machine = LinearSVC(C=0.1, class_weight="balanced", max_iter=10_000, random_state=0)
        machine.fit(matrix[liked + chosen], [1] * len(liked) + [0] * len(chosen))
        return _by(lambda rows: machine.decision_function(matrix[rows]))

    return prepare


def rocchio(features: Mapping[str, float]) -> Callable[[Researcher], Ranker]:
    """How to make a ranker of a researcher: by likeness to the mean of the past papers."""

    def prepare(one: Researcher) -> Ranker:
        matrix = _matrix(features)
        centroid = np.asarray(matrix[_numbers(one.past)].mean(axis=0)).ravel()
        return _by(lambda rows: matrix[rows] @ centroid)

    return prepare


def _by(score: Callable[[slice], Any]) -> Ranker:
    def ranker(_one: Researcher, day: Day) -> Sequence[str]:
        scores = score(slice(day.first, day.first + len(day.papers)))
        return [day.papers[at]["id"] for at in np.argsort(-scores, kind="stable")]

    return ranker


def _matrix(features: Mapping[str, float]) -> Any:
    """One row a paper of the corpus; the last one made is remembered."""
    name = repr(sorted(features.items()))
    if name not in _matrices:
        _matrices.clear()
        vectorizer = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), sublinear_tf=True, **features)
        texts = [f"{paper['title']} {paper['abstract']}" for paper in corpus()]
        _matrices[name] = vectorizer.fit_transform(texts).tocsr()
    return _matrices[name]


@cache
def _places() -> Mapping[str, int]:
    return {paper["id"]: number for number, paper in enumerate(corpus())}


def _numbers(papers: Sequence[str]) -> list[int]:
    return [_places()[paper] for paper in papers]
