"""Many profiles at once against a matcher that is slow and obvious; and what must never change a result."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.match import Day, History, Index, Ranking, compile_profiles, statistics
from digest.match.analysis import Text, analyse
from digest.match.names import agree, readings
from digest.match.query import All, Author, Either, Label, Leaf, Maybe, Near, Node, Words, parse
from digest.models import Liked, Paper, Profile, Related

DAY = date(2026, 11, 23)
WORDS = ["graph", "neural", "network", "diffusion", "model", "protein", "folding", "survey", "of", "deep"]


def paper(number: int, title: str, abstract: str) -> Paper:
    return Paper(
        seq=number,
        id=f"arxiv:{number}",
        title=title,
        abstract=abstract,
        authors=(("Ada Lovelace", "Charles Babbage")[number % 2],),
        categories=(("cs.LG", "q-bio.BM", "math.CO")[number % 3],),
        listed_on=DAY - timedelta(days=number % 4),
        first_seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        url="",
        upvotes=number % 5 or None,
        sources=(("hf", "arxiv")[number % 2],),
    )


TEXT = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
PAPERS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8).map(
    lambda texts: [paper(number, *pair) for number, pair in enumerate(texts, 1)]
)
ATOM = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    st.sampled_from(["title:graph", "abs:model", "net*", '"neural network"', '"graph model"~3', "author:Lovelace"]),
    st.sampled_from(["cat:cs.LG", "source:hf", "graph^2.5", "model^0.3", "diffusion model^0.7"]),
)
KEYWORD = st.one_of(
    ATOM,
    st.tuples(ATOM, st.sampled_from(["AND", "OR", "NOT"]), ATOM).map(lambda parts: "({}) {} ({})".format(*parts)),
    st.tuples(ATOM, ATOM, ATOM).map(lambda parts: "+({}) -({}) ({})".format(*parts)),
    st.tuples(ATOM, ATOM, ATOM).map(lambda parts: "(({}) OR ({})) AND ({})".format(*parts)),
)
PROFILE = st.builds(
    Profile,
    name=st.just("p"),
    keywords=st.lists(KEYWORD, max_size=6, unique=True).map(tuple),
    exclude=st.lists(KEYWORD, max_size=1).map(tuple),
    require=st.lists(KEYWORD, max_size=1).map(tuple),
    categories=st.sampled_from([(), (), ("cs.LG", "math.CO")]),
    sources=st.sampled_from([(), (), ("hf",)]),
    related=st.sampled_from(["off", "rank"]),
)
PROFILES = st.lists(PROFILE, min_size=1, max_size=5).map(
    lambda profiles: [replace(profile, name=str(number)) for number, profile in enumerate(profiles)]
)


def stands(leaf: Leaf, text: Text) -> bool:
    """The leaf is found in one field, by looking at every place."""
    stems = [word.stem for word in text.words]
    if isinstance(leaf.asks, Words):
        wanted = leaf.asks.phrase.terms
        return any(
            all(
                any(key.startswith(term.key) if term.prefix else key == term.key for key in word.keys)
                for term, word in zip(wanted, text.words[at : at + len(wanted)], strict=True)
            )
            for at in range(len(stems) - len(wanted) + 1)
        )
    assert isinstance(leaf.asks, Near)
    one, other = (phrase.terms[0].stem for phrase in leaf.asks.phrases)
    pairs = [(a, b) for a, x in enumerate(stems) if x == one for b, y in enumerate(stems) if y == other and a != b]
    return any(abs(a - b) <= leaf.asks.distance for a, b in pairs)


def holds(node: Node, subject: Paper) -> bool:
    """Whether a paper fulfils a query."""
    if isinstance(node, Leaf):
        if isinstance(node.asks, Author):
            printed = [name for author in subject.authors for name in readings(author)]
            return any(agree(wanted, name) for wanted in node.asks.names for name in printed)
        if isinstance(node.asks, Label):
            values = subject.categories if node.asks.field == "category" else subject.sources
            return node.asks.value in [value.casefold() for value in values]
        return any(stands(node, analyse(getattr(subject, field))) for field in node.fields)
    if isinstance(node, All):
        return all(holds(part, subject) for part in node.parts)
    if isinstance(node, Either):
        return any(holds(part, subject) for part in node.parts)
    return holds(node.needed, subject) if isinstance(node, Maybe) else not holds(node.part, subject)


def listed(profile: Profile, papers: Sequence[Paper]) -> set[str]:
    """What a profile lists, one paper and one keyword after the other."""

    def hit(keywords: Sequence[str], subject: Paper) -> bool:
        return any(holds(parse(keyword).asks, subject) for keyword in keywords)

    found = [one for one in papers if hit(profile.keywords, one) and not hit(profile.exclude, one)]
    found = [one for one in found if not profile.require or hit(profile.require, one)]
    found = [one for one in found if not profile.categories or set(profile.categories) & set(one.categories)]
    return {one.id for one in found if not profile.sources or set(profile.sources) & set(one.sources)}


def taught(papers: Sequence[Paper]) -> tuple[Day, History]:
    history = History()
    return Day(history.learn(papers), history), history


def told(ranking: Ranking) -> list[tuple[str, float, tuple[object, ...]]]:
    return [(match.paper.id, match.score, match.matched) for match in ranking.matches]


@given(PROFILES, PAPERS)
@settings(max_examples=300, deadline=None)
def test_the_index_lists_what_an_obvious_matcher_lists(profiles: list[Profile], papers: list[Paper]) -> None:
    day, _ = taught(papers)
    found = compile_profiles(profiles).match(day)
    for profile in profiles:
        ranking = found[profile.name]
        if profile.keywords:
            assert {one.id for one in ranking.papers} == listed(profile, papers)
        order = [
            (-match.score, -(match.paper.upvotes or 0), -match.paper.listed_on.toordinal()) for match in ranking.matches
        ]
        assert order == sorted(order)


@given(PROFILES, PAPERS)
@settings(max_examples=200, deadline=None)
def test_every_score_is_the_sum_of_its_points_to_the_last_digit(profiles: list[Profile], papers: list[Paper]) -> None:
    day, _ = taught(papers)
    for ranking in compile_profiles(profiles).rankings(day):
        for match, score in zip(ranking.matches, ranking.scores, strict=True):
            assert match.score == score == sum(reason.points for reason in match.matched)
            assert score == sum(reason.points for reason in reversed(match.matched))
            assert all(reason.points > 0 for reason in match.matched)


@given(PROFILES, PAPERS, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_no_order_and_no_shard_changes_a_result(
    profiles: list[Profile], papers: list[Paper], shuffle: random.Random
) -> None:
    day, _ = taught(papers)
    expected = {name: told(ranking) for name, ranking in compile_profiles(profiles).match(day).items()}
    shuffled = shuffle.sample(papers, len(papers))
    other, _ = taught(shuffled)
    mixed = [replace(one, keywords=tuple(shuffle.sample(one.keywords, len(one.keywords)))) for one in profiles]
    for profile in shuffle.sample(mixed, len(mixed)):
        assert told(compile_profiles([profile]).match(other)[profile.name]) == expected[profile.name]


@given(PROFILES, PAPERS, st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_a_short_list_is_the_beginning_of_the_long_one(profiles: list[Profile], papers: list[Paper], top: int) -> None:
    day, _ = taught(papers)
    index = compile_profiles(profiles)
    whole, short = index.match(day), index.match(day, top=top)
    for name, ranking in whole.items():
        assert told(short[name]) == told(ranking)[:top]
        assert short[name].best_score == ranking.best_score


@given(st.lists(KEYWORD, max_size=5), KEYWORD, PAPERS)
@settings(max_examples=150, deadline=None)
def test_another_keyword_never_lowers_a_score(keywords: list[str], another: str, papers: list[Paper]) -> None:
    day, _ = taught(papers)
    profiles = [Profile(name="a", keywords=tuple(keywords)), Profile(name="b", keywords=(*keywords, another))]
    found = compile_profiles(profiles).match(day)
    after = dict(zip([one.id for one in found["b"].papers], found["b"].scores, strict=True))
    assert all(after[one.id] >= score for one, score in zip(found["a"].papers, found["a"].scores, strict=True))


@pytest.mark.parametrize("weight", ["2", "0.5", "4"])
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join), PAPERS)
@settings(max_examples=40, deadline=None)
def test_points_are_linear_in_the_weight_with_related_words_too(weight: str, keyword: str, papers: list[Paper]) -> None:
    day, _ = taught(papers)
    profiles = [Profile(name="a", keywords=(keyword,)), Profile(name="b", keywords=(f"{keyword}^{weight}",))]
    found = compile_profiles(profiles).match(day)
    assert found["b"].scores == tuple(score * float(weight) for score in found["a"].scores)


def test_an_index_can_be_sent_to_another_process() -> None:
    profiles = [
        Profile(name="p", keywords=("graph", "(neural OR deep) NOT survey", "author:Lovelace"), exclude=("of",))
    ]
    papers = [paper(number, "graph neural network", "deep model") for number in range(1, 4)]
    index = compile_profiles(profiles)
    copy = pickle.loads(pickle.dumps(index))
    assert isinstance(copy, Index)
    assert told(copy.match(papers, statistics(papers))["p"]) == told(index.match(papers, statistics(papers))["p"])


def test_heavy_and_many_keywords_are_added_up_as_well() -> None:
    papers = [paper(number, " ".join(WORDS), "graph") for number in range(1, 4)]
    heavy = Profile(name="heavy", keywords=tuple(f"{word}^1000" for word in WORDS))
    many = Profile(name="many", keywords=tuple(f"graph^{number}" for number in range(1, 700)))
    for ranking in compile_profiles([heavy, many]).rankings(Day(papers, statistics(papers)), top=2):
        assert len(ranking) == 2
        assert ranking.scores[0] == pytest.approx(sum(reason.points for reason in ranking.matches[0].matched))


RELATED = [
    *(paper(number, "equivariant networks", "symmetry groups act on molecules and tensors") for number in range(1, 9)),
    *(paper(number, "language models", "tokens and prompts and corpora of text") for number in range(60, 140)),
    paper(50, "symmetry of molecules", "groups and tensors once more"),
    paper(51, "equivariant", "nothing else is told"),
]


def about(related: Related) -> dict[str, list[str]]:
    day, _ = taught(RELATED)
    ranking = compile_profiles([Profile(name="p", keywords=("equivariant",), related=related)]).match(day)["p"]
    return {match.paper.id: [reason.field for reason in match.matched] for match in ranking.matches}


def test_related_words_raise_what_matches_and_list_only_when_told_to() -> None:
    assert "arxiv:50" not in about("off")
    assert "arxiv:50" not in about("rank")
    assert about("list")["arxiv:50"] == ["related"]
    assert "related" in about("rank")["arxiv:1"]
    assert about("rank")["arxiv:51"] == ["title"]
    assert all("related" not in fields for fields in about("off").values())
    assert set(get_args(Related)) == {"off", "rank", "list"}


def test_liked_papers_list_what_resembles_them_and_say_why() -> None:
    day, _ = taught(RELATED)
    liked = (Liked("Groups of symmetry", "tensors that act on molecules"),)
    (ranking,) = compile_profiles([Profile(name="p", like=liked)]).rankings(day)
    first = ranking.matches[0]
    assert first.paper.id in {f"arxiv:{number}" for number in (*range(1, 9), 50)}
    (reason,) = first.matched
    assert reason.field == "like"
    assert "Groups of symmetry" in reason.keyword
    assert "symmetry" in reason.keyword.rpartition(":")[2]
    assert not {one.id for one in ranking.papers} & {f"arxiv:{number}" for number in range(60, 140)}


def test_filters_hold_for_liked_papers_too() -> None:
    day, _ = taught(RELATED)
    liked = (Liked("Groups of symmetry", "tensors that act on molecules"),)
    (ranking,) = compile_profiles([Profile(name="p", like=liked, exclude=("equivariant",))]).rankings(day)
    assert [one.id for one in ranking.papers] == ["arxiv:50"]


def test_history_may_be_learnt_in_any_number_of_parts() -> None:
    together, parts = History(), History()
    together.learn(RELATED)
    parts.learn(RELATED[:20])
    parts.learn(RELATED[20:])
    profile = Profile(name="p", keywords=("equivariant networks", "symmetry"), related="list")
    one = compile_profiles([profile]).match(Day(RELATED, together))["p"]
    other = compile_profiles([profile]).match(Day(RELATED, parts))["p"]
    assert [match.paper.id for match in one.matches] == [match.paper.id for match in other.matches]


def test_how_others_write_a_keyword_changes_no_score() -> None:
    alone = [Profile(name="a", keywords=("equivariant",), related="list")]
    others = [Profile(name="b", keywords=("equivariant^2", "equivariant^3"), related="list")]
    first, second = taught(RELATED)[0], taught(RELATED)[0]
    assert told(compile_profiles([*alone, *others]).match(first)["a"]) == told(
        compile_profiles(alone).match(second)["a"]
    )


def test_when_a_keyword_is_first_asked_changes_no_score() -> None:
    index = compile_profiles([Profile(name="p", keywords=("equivariant", "symmetry"), related="list")])
    early, late = History(), History()
    index.match(Day(early.learn(RELATED[:50]), early))
    late.learn(RELATED[:50])
    early.learn(RELATED[50:])
    late.learn(RELATED[50:])
    assert told(index.match(Day(RELATED, early))["p"]) == told(index.match(Day(RELATED, late))["p"])


def test_a_word_that_every_paper_holds_is_still_a_reason() -> None:
    papers = [paper(number, "graph", "") for number in range(1, 4)]
    common = statistics(papers)
    common = replace(common, documents=10_000_000, frequencies={"graph": 10_000_000})
    for ranking in compile_profiles(
        [Profile(name=text, keywords=(text,)) for text in ("graph", "graph^0.001")]
    ).rankings(Day(papers, common)):
        assert all(match.matched and match.score > 0 for match in ranking.matches)


def test_papers_without_words_are_no_trouble() -> None:
    papers = [paper(1, "", ""), paper(2, "…", "?!"), paper(3, "graph", "")]
    day, _ = taught(papers)
    (ranking,) = compile_profiles([Profile(name="p", keywords=("graph", "x OR y"), like=(Liked(""),))]).rankings(day)
    assert [one.id for one in ranking.papers] == ["arxiv:3"]
    assert compile_profiles([]).match(day) == {}
    assert compile_profiles([Profile(name="p", keywords=("graph",))]).match([], statistics([]))["p"].papers == ()
