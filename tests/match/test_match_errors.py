"""What is wrong with a keyword, where, and what to write instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.errors import KeywordError
from digest.match import check_keyword, compile_profiles
from digest.match.query import Leaf, parse
from digest.models import Profile


@pytest.mark.parametrize(
    ("keyword", "column", "says"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("?!…", 1, "no word"),
        ('""', 1, "no word"),
        ('title:"-"', 8, "no word"),
        ("*", 1, "star"),
        ("a*", 1, "three letters"),
        ("graph ne*", 7, "three letters"),
        ("*graph", 1, "star"),
        ("gra*ph", 4, "star"),
        ("graph**", 6, "star"),
        ('"graph', 1, "never closed"),
        ('graph "in the wild"', 7, "side by side"),
        ('"in the wild" graph', 15, "side by side"),
        ('"a" "b"', 5, "side by side"),
        ('"a" "b', 5, "never closed"),
        ("“in the wild”", 1, "curly"),
        ("foo:bar", 1, "no field called foo:"),
        ("titel:graph", 1, "no field called titel:"),
        ("title:", 6, "nothing follows"),
        ("a title:graph", 1, "a colon may only"),
        ("title:graph abstract:net", 21, "one field"),
        ("graph^0", 6, "weight"),
        ("graph^-1", 6, "weight"),
        ("graph^nan", 6, "weight"),
        ("graph^inf", 6, "weight"),
        ("graph^1e308", 6, "weight"),
        ("graph^" + "9" * 400, 6, "weight"),
        ("graph^1001", 6, "weight"),
        ("graph^", 6, "weight"),
        ("graph^2^3", 6, "weight"),
        ("graph^2 net", 6, "weight"),
        ("graph^٣", 6, "weight"),
        ('"graph net"~0', 12, "whole number"),
        ('"graph net"~x', 12, "whole number"),
        ('"graph net"~', 12, "whole number"),
        ('"graph net"~²', 12, "whole number"),
        ('"graph"~5', 1, "two words"),
        ('"one two three"~1', 1, "cannot all be within"),
        ("graph~2", 6, "~ belongs after"),
        ("^2", 1, "behind no word"),
        ("NOT protein", 1, "only says what must not be found"),
        ("!graph", 1, "only says what must not be found"),
        ("graph - protein", 7, "nothing follows -"),
        ("/gra.h/", 1, "regular expressions"),
        ("[a TO b]", 1, "ranges"),
        ("{a TO b}", 1, "ranges"),
        ("wom?n", 4, "wildcard"),
        ("graph\\", 6, "backslash"),
        ("gra\x00ph", 4, "U+0000"),
        ("gra\nph", 4, "U+000A"),
        ("gra\u202eph", 4, "U+202E"),
        ("\ud800", 1, "U+D800"),
        ("a" * 1001, 1001, "1001 characters"),
        ("a " * 51, 101, "50 words"),
        ("author:Lo*", 8, "neither"),
        ('author:"."', 9, "no author"),
        ('author:"A."', 9, "no author"),
        ('category:"-"', 11, "no category"),
        ('author:"Ada Lovelace"~3', 9, "neither"),
    ],
)
def test_a_keyword_that_cannot_be_read_says_what_where_and_how(keyword: str, column: int, says: str) -> None:
    with pytest.raises(KeywordError) as caught:
        check_keyword(keyword)
    assert says in caught.value.message
    assert caught.value.column == column
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize(
    "keyword",
    [
        *("C++", "GPT-4o", "3D", "L_1", "F#", ".NET", "R", "COVID-19", "state-of-the-art", "R&D", "Ca2+", "100%"),
        *(r"10\:30", r"\+a", r"\-5", r"\"x\"", "graph-", "graph^.5", '"a b"^2', '"a b"~5^0.001', "p < 0.05"),
        *(
            "and/or",
            "what is it?",
            "wow !",
            "a !!b",
            "R & D",
            "a | b",
            "And",
            "not",
            "BAND",
            "graph-NOT",
            "a AND-b",
            "word2vec",
            "title: graph",
            "क्वांटम",
            "می\u200cخواهم",
            "ไทย",
            "x" * 900,
        ),
    ],
)
def test_ordinary_words_are_not_taken_for_operators(keyword: str) -> None:
    assert isinstance(parse(keyword).asks, Leaf)


def test_a_hint_for_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(KeywordError) as caught:
        check_keyword("titel:graph")
    assert "title:" in caught.value.hint


def test_a_hint_for_a_keyword_that_only_denies_names_exclude() -> None:
    with pytest.raises(KeywordError) as caught:
        check_keyword("NOT protein")
    assert "exclude" in caught.value.hint


@pytest.mark.parametrize("field", ["keywords", "exclude", "require"])
def test_an_error_in_a_profile_names_the_profile(field: str) -> None:
    changes: dict[str, Any] = {field: ("fine", "a*")}
    with pytest.raises(KeywordError, match="profile 'graphs'") as caught:
        compile_profiles([replace(Profile(name="graphs"), **changes)])
    assert caught.value.column == 1


def test_an_error_in_authors_counts_columns_in_the_name() -> None:
    with pytest.raises(KeywordError, match="profile 'people'") as caught:
        compile_profiles([Profile(name="people", authors=("Ada\tLovelace",))])
    assert caught.value.column == 4


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="abS *\"~^:\\-+()/_'5.é扩ß", max_size=25))
@example("İ" * 3)
@example('"\\"')
@example("ß*\u0301")
@example("\\ ")
@example('"a b"\\ ')
def test_any_text_is_a_keyword_or_a_keyword_error(text: str) -> None:
    problem = None
    try:
        check_keyword(text)
    except KeywordError as error:
        problem = error
    if problem is None:
        compile_profiles([Profile(name="p", keywords=(text,))])
    else:
        assert 1 <= problem.column <= len(text) + 1
        assert problem.message
