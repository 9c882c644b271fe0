"""A profile over past days, without a store: what it lists, which keywords work, what an edit changes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from digest import match
from digest.models import Liked, Paper, Profile
from digest.pipeline.replaying import LIKE, Version, replay
from digest.settings import DigestSettings

FIRST = date(2026, 11, 2)
DEFAULTS = DigestSettings()


def days(*titles: list[str]) -> list[tuple[date, list[Paper]]]:
    """A day for each list of titles."""
    made, seq = [], 0
    for number, some in enumerate(titles):
        day = FIRST + timedelta(days=number)
        papers = []
        for title in some:
            seq += 1
            papers.append(
                Paper(
                    seq=seq,
                    id=f"arxiv:2611.{seq:05}",
                    title=title,
                    abstract="We study the matter.",
                    authors=("Ada Lovelace",),
                    categories=("cs.LG",),
                    listed_on=day,
                    first_seen_at=datetime(2026, 11, 2, tzinfo=UTC),
                    url="",
                )
            )
        made.append((day, papers))
    return made


def history(listed) -> match.History:
    return match.History(match.statistics([paper for _, papers in listed for paper in papers]))


def version(**fields) -> Version:
    return Version.of(Profile(name="mine", **fields), DEFAULTS)


def run(listed, now, before=None):
    return replay(listed, history(listed), now, before)


TWO_DAYS = days(["Graph networks", "On bread", "Protein folding", "On rye"], ["Graph networks for proteins", "On salt"])


def test_each_day_says_how_many_papers_it_had_and_how_many_of_them_match():
    done = run(TWO_DAYS, version(keywords=("graph network", "protein")))
    assert [(one.papers, one.matched, one.shown) for one in done.days] == [(4, 2, 2), (2, 1, 1)]
    assert [one.day for one in done.days] == [FIRST, FIRST + timedelta(days=1)]
    assert done.papers_per_day == 1.5


def test_a_paper_matches_on_a_day_as_it_does_alone_on_that_day():
    done = run(TWO_DAYS, version(keywords=("graph network",)))
    known = history(TWO_DAYS)
    for _, papers in TWO_DAYS:
        shelf = known.learn(papers, counted=True)
        index = match.compile_profiles([Profile(name="mine", keywords=("graph network",))])
        for one in index.match(match.Day(shelf, known))["mine"].matches:
            assert one.score == next(other.score for other in done.shown if other.paper is one.paper)


def test_the_points_of_the_terms_are_the_scores_of_what_matched():
    done = run(TWO_DAYS, version(keywords=("graph network", "protein", "protein folding"), authors=("Ada Lovelace",)))
    assert sum(term.points for term in done.terms) == pytest.approx(sum(one.score for one in done.shown))
    assert sum(term.points_share for term in done.terms) == pytest.approx(1)


def test_a_term_counts_the_papers_it_finds_in_full_and_never_the_partial_ones():
    done = run(TWO_DAYS, version(keywords=("protein folding", "graph network")))
    assert [(term.keyword, term.papers) for term in done.terms] == [("protein folding", 1), ("graph network", 2)]
    assert done.terms[1].share == 2 / 6


def test_a_term_counts_papers_that_a_filter_drops_but_no_points_of_theirs():
    done = run(TWO_DAYS, version(keywords=("graph network",), exclude=("protein",)))
    assert [one.matched for one in done.days] == [1, 0]
    assert done.terms[0].papers == 2
    assert done.terms[0].points == done.shown[0].score


def test_terms_that_never_match_are_dead_and_those_in_more_than_a_fifth_are_too_wide():
    done = run(TWO_DAYS, version(keywords=("quantum", "graph network", "salt")))
    assert {term.keyword: (term.dead, term.wide) for term in done.terms} == {
        "quantum": (True, False),
        "graph network": (False, True),
        "salt": (False, False),
    }


def test_an_author_and_liked_papers_are_terms_too():
    now = version(authors=("Ada Lovelace",), like=(Liked("Graph networks for proteins", "Graph networks"),))
    done = run(TWO_DAYS, now)
    assert [term.keyword for term in done.terms] == ['author:"Ada Lovelace"', LIKE]
    assert done.terms[0].papers == 6


def test_what_is_shown_ends_at_the_least_score_and_at_the_most_papers():
    listed = days(["Graph networks", "Graphs and graphs", "A graph"])
    everything = run(listed, version(keywords=("graph",)))
    scores = sorted((one.score for one in everything.shown), reverse=True)
    assert run(listed, version(keywords=("graph",), max_papers=1)).days[0].shown == 1
    least = version(keywords=("graph",), min_score=scores[0])
    assert (run(listed, least).days[0].matched, run(listed, least).days[0].shown) == (3, scores.count(scores[0]))
    assert run(listed, version(keywords=("graph",), min_score=1000.0)).days[0].shown == 0


def test_the_general_least_score_means_nothing_to_a_profile_that_only_filters():
    now = Version.of(Profile(name="mine", categories=("cs.LG",)), DigestSettings(min_score=900.0))
    assert [one.shown for one in run(TWO_DAYS, now).days] == [4, 2]


def test_an_edit_gains_and_loses_papers_with_the_keywords_that_did_it():
    done = run(TWO_DAYS, version(keywords=("protein",)), version(keywords=("bread", "protein folding")))
    assert [one.paper.title for one in done.gained] == ["Graph networks for proteins"]
    assert [one.paper.title for one in done.lost] == ["On bread"]
    assert done.lost[0].matched[0].keyword == "bread"


def test_without_another_version_nothing_is_gained_or_lost():
    done = run(TWO_DAYS, version(keywords=("protein",)))
    assert (done.gained, done.lost) == ((), ())


def test_no_days_are_no_error_and_make_no_term_dead():
    done = run([], version(keywords=("protein",)))
    assert (done.days, done.papers_per_day) == ((), 0.0)
    assert [(term.dead, term.wide, term.share) for term in done.terms] == [(False, False, 0.0)]
