"""Keywords suggested from references: how they read, and that they find what they claim to find."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.match import check_author, check_keyword, compile_profiles, statistics
from digest.match.suggest import suggest
from digest.models import CorpusStatistics, Paper, Profile

NOTHING = CorpusStatistics()


@dataclass(frozen=True)
class Work:
    title: str
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


BREAD = [
    Work(
        "Sourdough fermentation in stone ovens",
        "We propose a novel approach to sourdough fermentation with wild yeast.",
    ),
    Work(
        "Wild yeast and the crumb",
        "Experiments show that wild yeasts shape the crumb structure. Code: https://git.test/crumb",
    ),
    Work(
        "Lactic acid bacteria of sourdough", "Lactic acid bacteria (LAB) outperform the state of the art in sourdough."
    ),
    Work(
        "A survey of stone ovens",
        "Stone ovens, fired with oak, are revisited; LAB are found in all. However, results vary.",
    ),
    Work(
        "Sourdough fermentations, revisited", "We show that the fermentation of rye with LAB is robust and efficient."
    ),
    Work("Crumb structure of rye bread", "The crumb structure of rye bread depends on lactic acid bacteria."),
]


def paper(number: int, work: Work) -> Paper:
    return Paper(
        seq=number,
        id=f"hash:{number}",
        title=work.title,
        abstract=work.abstract,
        authors=(),
        categories=(),
        listed_on=date(2026, 1, 1),
        first_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        url="https://x.test/",
    )


def texts(works, corpus=NOTHING, most=12):
    return [one.text for one in suggest(works, corpus, most).keywords]


def hits(keyword, works):
    papers = [paper(number, work) for number, work in enumerate(works, 1)]
    return len(
        compile_profiles([Profile(name="p", keywords=(keyword,))]).match(papers, statistics(papers))["p"].matches
    )


def test_suggestions_read_as_a_person_would_write_them():
    found = {one.text: one.references for one in suggest(BREAD, NOTHING).keywords}
    assert found == {
        "sourdough fermentation": 2,
        "lactic acid bacteria": 2,
        "stone ovens": 2,
        "crumb structure": 2,
        "wild yeast": 2,
        "LAB": 3,
        "rye": 2,
    } | {text: number for text, number in found.items() if number == 1}


def test_boilerplate_and_addresses_are_never_suggested():
    works = [
        Work(
            f"A novel framework for {thing} number {n}",
            f"We propose a novel approach that outperforms the state of the art. {thing}",
        )
        for n, thing in enumerate(["bread ovens", "rye bread", "oak fires", "bread ovens", "rye bread"])
    ]
    works = [replace(work, abstract=work.abstract + " See https://github.com/acme/toaster now.") for work in works]
    for text in texts(works):
        assert not {"novel", "framework", "approach", "art", "propose", "github", "acme", "toaster"} & set(text.split())


def test_every_keyword_is_read_by_the_matcher_and_finds_what_it_claims():
    for one in suggest(BREAD, NOTHING).keywords:
        check_keyword(one.text)
        assert hits(one.text, BREAD) == one.references > 0


def test_no_suggestion_stands_in_another_or_repeats_its_spelling():
    works = [Work("Fine-tuning of ovens", "Finetuning helps; fine tuning of stone ovens."), *BREAD] * 2
    found = texts(works, most=50)
    padded = [f" {text.lower().replace('-', ' ')} " for text in found]
    assert not [(one, other) for one in padded for other in padded if one != other and one in other]
    assert len([text for text in found if "tuning" in text]) == 1


def test_what_is_common_in_the_history_gives_way_to_what_is_rare():
    works = [Work(f"Ovens with yeast {letter}", "We study ovens with yeast.") for letter in "abcdefgh"]
    everywhere = statistics([paper(n, Work(f"Ovens {n}", "Ovens for all")) for n in range(400)])
    assert "yeast" in texts(works, everywhere)
    assert "ovens" not in texts(works, everywhere)
    assert "ovens" in texts(works)


def test_acronyms_keep_their_capitals_and_titles_that_shout_do_not():
    works = [
        Work("LLMs BAKE RYE BREAD AT HOME", "LLM bakers bake rye bread."),
        Work("LLMs for rye bread", "An LLM in 3D ovens"),
    ]
    works += [
        Work("RYE BREAD AND THE LLM IN 3D OVENS", "We use an LLM with 3D ovens."),
        Work("Rye bread by LLM", "3d ovens"),
    ]
    found = texts(works)
    assert "LLM" in found
    assert "rye bread" in found
    assert "3D ovens" in found


def test_keywords_that_authors_give_count_where_the_text_holds_them():
    works = [
        Work(f"Bread {n}", "The proof of the pudding is baked.", ("proof of the pudding", "absent thing"))
        for n in "abcd"
    ]
    found = texts(works)
    assert found[0] == "proof of the pudding"
    assert "absent thing" not in found


def test_titles_alone_are_enough():
    found = texts([replace(work, abstract="") for work in BREAD])
    assert {"sourdough fermentation", "stone ovens"} <= set(found)


def test_few_references_are_asked_for_what_their_titles_name():
    assert texts([Work("Wild yeast in stone ovens")]) == ["stone ovens", "wild yeast"]


@pytest.mark.parametrize("title", ["Brot und Öfen der Welt", "Les fours à pain de la France", "El pan de los hornos"])
def test_small_words_of_other_languages_stand_at_no_edge(title):
    for text in texts([Work(title), Work(title + " II")]):
        assert not {text.split()[0], text.split()[-1]} & {"und", "der", "les", "à", "de", "la", "el", "los"}


def test_people_with_several_works_are_named_once_with_all_of_them():
    names = [
        ("Ada Lovelace", "C. Babbage"),
        ("Lovelace, Ada",),
        ("A. Lovelace", "Jan Berg"),
        ("Ada K. Lovelace",),
        ("J. Doe",),
    ]
    found = suggest([Work(f"Bread {n}", authors=one) for n, one in enumerate(names)], NOTHING).authors
    assert [(one.text, one.references) for one in found] == [("Ada K. Lovelace", 4)]
    check_author(found[0].text)


def test_an_initial_that_could_be_two_people_is_nobody():
    names = [("Ada Lovelace",), ("Ann Lovelace",), ("A. Lovelace",), ("A. Lovelace",)]
    assert suggest([Work(f"Bread {n}", authors=one) for n, one in enumerate(names)], NOTHING).authors == ()


def test_categories_are_named_where_a_good_share_has_them():
    told = [("cs.LG",), ("cs.LG", "cs.CL"), ("cs.LG", "math.OC"), ("cs.CL",), (), ()]
    found = suggest([Work(f"Bread {n}", categories=one) for n, one in enumerate(told)], NOTHING).categories
    assert [(one.text, one.references) for one in found] == [("cs.LG", 3), ("cs.CL", 2)]


def test_the_same_references_always_give_the_same_keywords():
    assert suggest(BREAD, NOTHING) == suggest([*BREAD], CorpusStatistics())
    assert set(texts(BREAD)) == set(texts(BREAD[::-1]))
    assert texts(BREAD, most=3) == texts(BREAD)[:3]


def test_nothing_gives_nothing():
    assert suggest([], NOTHING).keywords == ()
    assert suggest([Work("12 % of 7")], NOTHING).keywords == ()


def test_more_references_than_phrases_are_taken_from_are_all_counted():
    works = [Work(f"Stone ovens number {n}") for n in range(3100)]
    told: list[tuple[int, int]] = []
    (one,) = suggest(works, NOTHING, 1, lambda done, total: told.append((done, total))).keywords
    assert (one.text, one.references) == ("stone ovens", 3100)
    assert told[-1][0] == told[-1][1]


PIECES = (
    *("stone", "ovens", "-", "C++", "A*", "LLMs", "3D", "of", "the", "k", "means", "NOT"),
    *("rye", "~", '"', "(", "：", "面包", "naïve", "O'Brien’s", ".NET", "^2", "fine", "tuning"),
    *("finetuning", "/", "_", "*", "*bread", "F#", "AND", "title:", "\\", "ﬁne", "ΣΩ"),
)
WORDS = st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)
TEXTS = st.one_of(
    WORDS, WORDS.map(lambda text: text.replace(" ", "")), st.text(max_size=60), st.text(string.printable, max_size=60)
)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.builds(Work, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple), st.lists(TEXTS, max_size=2).map(tuple)),
        max_size=5,
    )
)
def test_whatever_the_references_say_the_keywords_can_be_read_and_hit(works):
    found = suggest(works * 2, NOTHING)
    for one in found.keywords:
        check_keyword(one.text)
        assert 0 < one.references <= 2 * len(works)
    for one in found.authors:
        check_author(one.text)
