"""The plain text part in columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digest.render.wrapping import tidy, wrap


def test_words_are_wrapped_at_76_columns() -> None:
    assert wrap("word " * 16) == " ".join(["word"] * 15) + "\nword"


def test_an_address_stays_whole_on_a_line_of_its_own() -> None:
    url = "https://example.org/" + "x" * 90
    assert wrap(f"see {url} for more") == f"see\n{url}\nfor more"


def test_wide_characters_count_as_two_columns_and_may_be_cut() -> None:
    assert [len(line) for line in wrap("語" * 80).split("\n")] == [38, 38, 4]


def test_an_indent_takes_its_room() -> None:
    assert all(len(line) <= 76 and line.startswith("   ") for line in wrap("word " * 40, 3).split("\n"))


@given(st.text())
def test_no_word_is_lost(text: str) -> None:
    assert "".join(wrap(text).split()) == "".join(text.split())


def test_tidying_keeps_the_signature_line() -> None:
    assert tidy("\n\na  \n\n\n\n-- \nb ") == "a\n\n-- \nb\n"
