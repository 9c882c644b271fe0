"""Plain keywords: what is read and found for all of them at once is what each of them asks for by itself."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from digest.match import Day, History, check_keyword, compile_profiles
from digest.match.finding import find
from digest.match.plain import PlainPhrases, is_plain, read
from digest.match.query import Leaf, Words, parse
from digest.match.shelf import Shelf
from digest.models import Paper, Profile

# Words that are stems, inflections, halves and wholes of one another, so that phrases are written in many ways.
WORDS = [
    "fine",
    "tuning",
    "finetuning",
    "tunings",
    "data",
    "set",
    "dataset",
    "sets",
    "a",
    "of",
    "e",
    "mail",
    "email",
    "3d",
    "happy",
]
WORDS += ["happi", "ness", "happiness", "gpt4", "4", "the", "multi", "modal", "multimodal", "models"]


def paper(name: str, title: str, abstract: str) -> Paper:
    return Paper(
        seq=1, id=name, title=title, abstract=abstract, authors=(), categories=(), listed_on=date(2026, 11, 23),
        first_seen_at=datetime(2026, 11, 23, tzinfo=UTC), url="",
    )  # fmt: skip


def phrase(chance: random.Random, longest: int = 4) -> str:
    words = chance.choices(WORDS, k=chance.randint(1, longest))
    return "".join(word + chance.choice("  -") for word in words)[:-1]


def text(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(WORDS) + chance.choice(["  ", " ", " ", "-", "-", ". ", "/"]) for _ in range(length))


def asked(keyword: str) -> Words:
    query = parse(keyword)
    assert isinstance(query.asks, Leaf)
    assert isinstance(query.asks.asks, Words)
    return query.asks.asks


def keys(phrases: PlainPhrases, number: int) -> tuple[list[str], list[str | None]]:
    """The terms of one phrase and what they are joined."""
    one = phrases.cut(number, number + 1)
    joins = [phrases.stems[join] if join >= 0 else None for join in one.joins.tolist()]
    return [phrases.stems[term] for term in one.terms.tolist()], joins[:-1]


@pytest.mark.parametrize("seed", range(5))
def test_plain_keywords_ask_for_what_each_asks_for_alone(seed: int) -> None:
    chance = random.Random(seed)
    keywords = [phrase(chance) for _ in range(200)]
    plain = read(keywords)
    for number, keyword in enumerate(keywords):
        words = asked(keyword)
        joins = [join.key if join else None for join in words.phrase.joins]
        assert keys(plain.phrases, number) == ([term.key for term in words.phrase.terms], joins), keyword
        parts = [keys(plain.words, part) for part in plain.parts[plain.owners == number].tolist()]
        apart = words.parts if len(words.parts) > 1 else ()
        wanted = [
            ([term.key for term in one.terms], [join.key if join else None for join in one.joins]) for one in apart
        ]
        assert sorted(map(repr, parts)) == sorted(map(repr, wanted)), keyword


@pytest.mark.parametrize("seed", range(5))
def test_plain_keywords_stand_where_each_stands_alone(seed: int) -> None:
    chance = random.Random(seed)
    keywords = [phrase(chance, longest=6) for _ in range(300)]
    shelf = Shelf([paper(str(number), text(chance, 8), text(chance, 60)) for number in range(12)])
    owners, starts, afters = find(shelf.stems, read(keywords).phrases)
    for number, keyword in enumerate(keywords):
        alone = shelf.places(asked(keyword).phrase)
        mine = owners == number
        assert np.array_equal(starts[mine], alone.starts), keyword
        assert np.array_equal(afters[mine], alone.afters), keyword


def test_a_keyword_that_can_be_read_in_many_ways_is_found_in_time() -> None:
    """Each way through its words once: they would double with every pair."""
    keyword = " ".join(["fine-tuning"] * 4)
    shelf = Shelf([paper("1", "finetuning " * 30, "fine tuning " * 300)])
    owners, _, _ = find(shelf.stems, read([keyword, keyword.replace("-", " ")]).phrases)
    assert np.bincount(owners).tolist() == [7 + 75, 7 + 75]


@pytest.mark.parametrize(
    "keyword",
    ["Graph", "graph  net", " graph", "graph*", "graph^2", "title:graph", "é", "a_b", "-a", "a-", "", "a" * 101],
)
def test_other_keywords_are_not_plain(keyword: str) -> None:
    assert not is_plain(keyword)


@pytest.mark.parametrize("keyword", ["graph", "3d", "and", "state-of-the-art", "a" * 65, "a b c"])
def test_plain_keywords_can_be_read(keyword: str) -> None:
    assert is_plain(keyword)
    check_keyword(keyword)
    parse(keyword)


@pytest.mark.parametrize("top", [None, 3])
def test_lists_explained_in_columns_are_those_explained_one_by_one(top: int | None) -> None:
    chance = random.Random(7)
    papers = [paper(str(number), text(chance, 6), text(chance, 40)) for number in range(30)]
    profiles = [
        Profile(name=str(number), keywords=tuple({*(phrase(chance) for _ in range(6)), '"data set"^2', "title:models"}))
        for number in range(40)
    ]
    history = History()
    day = Day(history.learn(papers), history)
    index = compile_profiles([*profiles, Profile(name="nothing")])
    told = index.explained(day, top)
    assert told is not None
    for number, ranking in enumerate(index.rankings(day, top=top, spans=False)):
        found, scores = told.listing.of(number)
        assert [day.shelf.papers[at] for at in found.tolist()] == list(ranking.papers)
        assert tuple(scores.tolist()) == ranking.scores
        for entry, match in enumerate(ranking.matches, int(told.listing.starts[number])):
            reasons = told.reasons[told.starts[entry] : told.starts[entry + 1]]
            assert list(day.said(reasons)) == [
                (one.keyword, one.field, one.points, one.partial) for one in match.matched
            ]


@pytest.mark.parametrize("also", [{"exclude": ("nets",)}, {"min_score": 1.0}, {"keywords": ("graphs^1000",) * 2}])
def test_only_profiles_that_have_nothing_but_keywords_are_explained_in_columns(also: dict[str, Any]) -> None:
    day = Day([paper("1", "Graphs", "")], History())
    profile = replace(Profile(name="p", keywords=("graphs",)), **also)
    assert (compile_profiles([profile]).explained(day) is None) == ("keywords" not in also)


def test_profiles_with_too_many_keywords_for_one_sum_are_not_explained_in_columns() -> None:
    day = Day([paper("1", "Graphs", "")], History())
    many = tuple(f"graphs {number}" for number in range(600))
    assert compile_profiles([Profile(name="p", keywords=many[:400])]).explained(day) is not None
    assert compile_profiles([Profile(name="p", keywords=many)]).explained(day) is None
