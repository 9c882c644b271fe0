"""Points, order, filters and the choice for a digest."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.match import Ranking, choose, compile_profiles, statistics, trending
from digest.models import CorpusStatistics, Paper, Profile

DAY = date(2026, 11, 23)


def paper(number: int, title: str = "", abstract: str = "", **fields: Any) -> Paper:
    values: dict[str, Any] = {
        "seq": number,
        "id": f"arxiv:{number}",
        "authors": (),
        "categories": (),
        "url": "https://x.test/",
    }
    values |= {"listed_on": DAY, "first_seen_at": datetime(2026, 11, 23, tzinfo=UTC)}
    return Paper(title=title, abstract=abstract, **(values | fields))


PAPERS = [
    paper(1, "Graph neural networks", "We study graph neural networks and message passing.", authors=("Ada Lovelace",)),
    paper(2, "Networks of neurons", "Neural graphs in the brain; a graph of networks.", categories=("q-bio.NC",)),
    paper(3, "Diffusion models", "A diffusion model for graph generation.", categories=("cs.LG",), sources=("hf",)),
    paper(4, "Protein folding", "Equivariant message-passing on proteins.", categories=("cs.LG", "q-bio.BM")),
    paper(5, "A survey", "Nothing of note.", upvotes=9),
]
HISTORY = statistics(PAPERS)
VOCABULARY = [
    "graph",
    "neural",
    "network",
    "diffusion",
    "model",
    "protein",
    "message passing",
    "graph neural network",
    "equivarian*",
]
VOCABULARY += [
    '"message passing"',
    '"graph neural"~3',
    "title:networks",
    "author:Lovelace",
    "cat:cs.LG",
    "diffusion model^2.5",
]


def rank(
    profile: Profile, papers: Sequence[Paper] = PAPERS, corpus: CorpusStatistics = HISTORY, min_score: float = 0.0
) -> Ranking:
    return compile_profiles([profile]).match(papers, corpus, min_score)[profile.name]


def ids(profile: Profile, papers: Sequence[Paper] = PAPERS) -> list[str]:
    return [match.paper.id for match in rank(profile, papers).matches]


def scores(keywords: Iterable[str], papers: Sequence[Paper] = PAPERS) -> dict[str, float]:
    return {match.paper.id: match.score for match in rank(Profile(name="p", keywords=tuple(keywords)), papers).matches}


def test_the_score_is_the_sum_of_the_points_in_the_listed_order() -> None:
    for match in rank(Profile(name="p", keywords=tuple(VOCABULARY))).matches:
        assert match.score == sum(reason.points for reason in match.matched)
        order = [(-reason.points, reason.keyword, reason.field) for reason in match.matched]
        assert order == sorted(order)
        assert all(reason.points > 0 for reason in match.matched)


@given(st.lists(st.sampled_from(VOCABULARY), unique=True), st.sampled_from(VOCABULARY))
@settings(deadline=None, max_examples=60)
def test_another_keyword_never_lowers_a_score(keywords: list[str], another: str) -> None:
    before, after = scores(keywords), scores([*keywords, another])
    assert all(after[paper_id] >= score for paper_id, score in before.items())


@given(st.sampled_from([keyword for keyword in VOCABULARY if "^" not in keyword]), st.sampled_from([0.5, 2, 4, 8]))
@settings(deadline=None, max_examples=60)
def test_points_are_linear_in_the_weight(keyword: str, weight: float) -> None:
    plain, heavy = scores([keyword]), scores([f"{keyword}^{weight}"])
    assert heavy == {paper_id: score * weight for paper_id, score in plain.items()}


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_no_order_of_anything_changes_the_result(shuffle: random.Random) -> None:
    profiles = [Profile(name=str(n), keywords=tuple(VOCABULARY[n : n + 6])) for n in range(5)]
    expected = compile_profiles(profiles).match(PAPERS, HISTORY)
    shuffled = [
        Profile(name=profile.name, keywords=tuple(shuffle.sample(profile.keywords, len(profile.keywords))))
        for profile in shuffle.sample(profiles, len(profiles))
    ]
    papers = shuffle.sample(PAPERS, len(PAPERS))
    assert compile_profiles(shuffled).match(papers, statistics(papers)) == expected


def test_profiles_do_not_touch_each_other() -> None:
    profiles = [Profile(name=keyword, keywords=(keyword,)) for keyword in VOCABULARY]
    together = compile_profiles(profiles).match(PAPERS, HISTORY)
    assert together == {profile.name: rank(profile) for profile in profiles}


def test_a_keyword_written_twice_counts_once() -> None:
    assert scores(["graph", "graph"]) == scores(["graph"])
    assert rank(Profile(name="p", keywords=('author:"Ada Lovelace"',), authors=("Ada Lovelace",))).best_score == 6.0


def test_the_title_counts_more_than_the_abstract() -> None:
    papers = [paper(1, "graph other", "words here"), paper(2, "other words", "graph here")]
    assert list(scores(["graph"], papers)) == ["arxiv:1", "arxiv:2"]


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    papers = [paper(1, "graph"), paper(2, "protein"), paper(3, "graph")]
    assert list(scores(["graph", "protein"], papers)) == ["arxiv:2", "arxiv:3", "arxiv:1"]


def test_words_apart_raise_a_matching_paper_and_list_no_other() -> None:
    papers = [paper(1, "Diffusion of a model", "about graphs"), paper(2, "Diffusion of a model", "none")]
    profile = Profile(name="p", keywords=("graph", "diffusion model"))
    (match,) = rank(profile, papers).matches
    assert match.paper.id == "arxiv:1"
    assert [(r.keyword, r.field, r.partial) for r in match.matched if r.partial] == [("diffusion model", "title", True)]
    (apart,) = (reason for reason in match.matched if reason.partial)
    assert [match.paper.title[span.start : span.end] for span in apart.spans] == ["Diffusion", "model"]


def test_a_phrase_counts_more_than_its_words_apart() -> None:
    papers = [paper(1, "Diffusion model x", "graph"), paper(2, "Diffusion x model", "graph")]
    assert list(scores(["graph", "diffusion model"], papers)) == ["arxiv:1", "arxiv:2"]


@pytest.mark.parametrize("keyword", ['"diffusion model"', '"diffusion model"~1', "diffusion-model"])
def test_exact_near_and_hyphenated_words_get_no_credit_apart(keyword: str) -> None:
    papers = [paper(1, "Diffusion of a model", "graph")]
    (match,) = rank(Profile(name="p", keywords=("graph", keyword)), papers).matches
    assert [reason.keyword for reason in match.matched] == ["graph"]


def test_ties_break_by_upvotes_then_newest_then_id() -> None:
    same = {"title": "graph", "abstract": ""}
    papers = [
        paper(1, **same, listed_on=DAY - timedelta(days=1)),
        paper(2, **same),
        paper(3, **same),
        paper(3, **same, id="arxiv:0"),
        paper(0, **same, id="arxiv:9", upvotes=1, listed_on=DAY - timedelta(days=9)),
    ]
    assert ids(Profile(name="p", keywords=("graph",)), papers) == [
        "arxiv:9",
        "arxiv:0",
        "arxiv:3",
        "arxiv:2",
        "arxiv:1",
    ]


def test_exclude_drops_and_require_demands() -> None:
    assert set(ids(Profile(name="p", keywords=("graph",)))) == {"arxiv:1", "arxiv:2", "arxiv:3"}
    assert "arxiv:2" not in ids(Profile(name="p", keywords=("graph",), exclude=("brain", "zebra")))
    assert ids(Profile(name="p", keywords=("graph",), require=("diffusion", "zebra"))) == ["arxiv:3"]
    assert ids(Profile(name="p", keywords=("graph",), require=("zebra",))) == []


def test_words_apart_neither_exclude_nor_satisfy() -> None:
    papers = [paper(1, "Diffusion of a model", "graph")]
    assert ids(Profile(name="p", keywords=("graph",), exclude=("diffusion model",)), papers) == ["arxiv:1"]
    assert ids(Profile(name="p", keywords=("graph",), require=("diffusion model",)), papers) == []


def test_a_paper_must_be_in_one_of_the_categories_and_sources() -> None:
    assert set(ids(Profile(name="p", keywords=("graph", "protein"), categories=("CS.lg", "math.CO")))) == {
        "arxiv:3",
        "arxiv:4",
    }
    assert ids(Profile(name="p", keywords=("graph", "protein"), categories=("cs.LG",), sources=("HF",))) == ["arxiv:3"]


def test_authors_are_author_keywords() -> None:
    (match,) = rank(Profile(name="p", authors=("Lovelace, A.",))).matches
    assert [(reason.keyword, reason.field) for reason in match.matched] == [('author:"Lovelace, A."', "author")]


def test_a_profile_of_filters_alone_lists_what_is_trending_within_them() -> None:
    papers = [paper(1, categories=("cs.LG",)), paper(2, categories=("cs.LG",), upvotes=7), paper(3, upvotes=99)]
    profile = Profile(name="p", categories=("cs.LG",))
    assert ids(profile, papers) == ["arxiv:2", "arxiv:1"]
    assert len(rank(profile, papers, min_score=50.0).matches) == 2
    assert ids(Profile(name="p", categories=("cs.LG",), min_score=1.0), papers) == ["arxiv:2"]


def test_a_profile_that_asks_for_nothing_matches_nothing() -> None:
    assert rank(Profile(name="p")).matches == ()
    assert rank(Profile(name="p", exclude=("graph",))).best_score is None


def test_a_least_score_hides_papers_but_tells_the_best() -> None:
    everything = rank(Profile(name="p", keywords=("graph",)))
    assert everything.best_score == everything.matches[0].score
    nothing = rank(Profile(name="p", keywords=("graph",)), min_score=100.0)
    assert nothing.matches == ()
    assert nothing.best_score == everything.best_score
    own = rank(Profile(name="p", keywords=("graph",), min_score=everything.matches[0].score), min_score=100.0)
    assert own.matches == everything.matches[:1]


def test_an_empty_history_still_gives_positive_scores() -> None:
    for corpus in (CorpusStatistics(), statistics([]), CorpusStatistics(documents=1, frequencies={"graph": 5})):
        found = rank(Profile(name="p", keywords=("graph", "equivarian*")), corpus=corpus)
        assert len(found.matches) == 4
        assert all(match.score > 0 and math.isfinite(match.score) for match in found.matches)


def test_statistics_count_papers_not_words() -> None:
    assert HISTORY.documents == 5
    assert HISTORY.frequencies["graph"] == 3
    assert HISTORY.frequencies["messagepass"] == 1
    assert HISTORY.title_length == pytest.approx(12 / 5)


def test_statistics_can_be_added_to_day_by_day() -> None:
    assert statistics(PAPERS[2:], statistics(PAPERS[:2])) == statistics(PAPERS)
    assert statistics([], HISTORY) == HISTORY


def test_a_choice_unites_profiles_with_the_best_score_of_each_paper() -> None:
    found = compile_profiles(
        [Profile(name="a", keywords=("graph",)), Profile(name="b", keywords=("graph^3", "protein"))]
    ).match(PAPERS, HISTORY)
    shown, listed = choose([found["a"], found["b"]], 2)
    assert listed == 4
    assert len(shown) == 2
    assert {match.profile for match in shown} == {"b"}
    assert (shown, listed) == choose([found["b"], found["a"]], 2)
    rest, fewer = choose([found["a"], found["b"]], 9, frozenset({shown[0].paper.id}))
    assert fewer == 3
    assert shown[0] not in rest


def test_equal_scores_of_two_profiles_are_told_under_the_first_name() -> None:
    found = compile_profiles([Profile(name=name, keywords=("protein",)) for name in "ba"]).match(PAPERS, HISTORY)
    shown, _ = choose([found["b"], found["a"]], 5)
    assert [match.profile for match in shown] == ["a"]


def test_trending_weighs_upvotes_against_age() -> None:
    papers = [
        paper(1, upvotes=10, listed_on=DAY - timedelta(days=8)),
        paper(2, upvotes=3),
        paper(3),
        paper(4, upvotes=1, listed_on=DAY + timedelta(days=3)),
    ]
    found = trending(papers, DAY)
    assert [match.paper.id for match in found] == ["arxiv:2", "arxiv:4", "arxiv:3", "arxiv:1"]
    assert all(match.score == sum(reason.points for reason in match.matched) and match.profile == "" for match in found)
    assert found[0].score == 4 / 2**1.5
    assert trending([], DAY) == ()
