"""Abstracts cut to size, with the matched words kept in sight."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.models import Span
from digest.render.cleaning import clean, shorten, web_address
from digest.render.excerpt import Piece, excerpt, marked

SENTENCE = "This sentence has exactly fifty characters, I say. "


def text_of(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def test_a_short_abstract_is_shown_whole() -> None:
    assert excerpt("A short one.", (), 700) == (Piece("A short one."),)


def test_a_long_abstract_ends_with_a_sentence() -> None:
    shown = text_of(excerpt(SENTENCE * 30, (), 700))
    assert shown.endswith("I say.")
    assert 600 < len(shown) <= 700


def test_an_abbreviation_ends_no_sentence() -> None:
    text = "We compare many things. " + "x" * 30 + " as in Smith et al. " + "y" * 90
    assert text_of(excerpt(text, (), 80)).endswith("et al.…")
    assert text_of(excerpt("It is shown in Fig. " + "and so on " * 20, (), 24)) == "It is shown in Fig. and…"


def test_a_cut_inside_a_sentence_is_told() -> None:
    assert text_of(excerpt("one two three four five", (), 13)) == "one two three…"


def test_a_character_keeps_its_accents() -> None:
    assert text_of(excerpt("e\u0301" * 50, (), 21)) == "e\u0301" * 10 + "…"


def test_overlapping_and_touching_spans_become_one() -> None:
    text = "graph neural networks"
    assert marked(text, (Span(6, 12), Span(0, 7), Span(13, 21)), 300) == (Piece(text, hit=True),)


@pytest.mark.parametrize("span", [Span(-1, 3), Span(3, 3), Span(5, 2), Span(0, 99), Span(90, 99)])
def test_spans_outside_the_text_are_ignored(span: Span) -> None:
    assert marked("graph networks", (span,), 300) == (Piece("graph networks"),)


def test_a_sentence_matched_late_is_brought_into_sight() -> None:
    text = SENTENCE * 30 + "Here the diffusion model appears at last. " + SENTENCE * 3
    at = text.index("diffusion model")
    shown = excerpt(text, (Span(at, at + 15),), 700)
    assert Piece("diffusion model", hit=True) in shown
    assert " … Here the diffusion model appears at last." in text_of(shown)
    assert len(text_of(shown)) <= 710


@settings(max_examples=300, deadline=None)
@given(st.text("ab .!?。é\u0301\n語", max_size=900), st.integers(0, 900), st.integers(1, 60), st.integers(20, 400))
def test_an_excerpt_is_made_of_the_text_and_keeps_its_size(text: str, start: int, length: int, limit: int) -> None:
    span = Span(start, min(len(text), start + length))
    shown = excerpt(text, (span,), limit)
    assert len(text_of(shown)) <= limit + 40
    source = clean(text)
    for run in text_of(shown).split("…"):
        assert run.strip() in source
    if span.start < span.end and "".join(text[span.start : span.start + 1]).strip():
        assert any(piece.hit for piece in shown)


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 90))
def test_shortening_never_exceeds_its_limit(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == " ".join(short.split())
    short.encode()


@given(st.text(st.characters(exclude_categories=())))
def test_a_web_address_is_ascii_without_anything_that_ends_an_attribute(text: str) -> None:
    safe = web_address("https://e" + text)
    assert safe.isascii()
    assert not set(safe) & set(" \"'<>\\\n\r\t`")


def test_a_web_address_keeps_what_it_means() -> None:
    assert web_address("https://example.org/a%20b?q=1&r=é#top") == "https://example.org/a%20b?q=1&r=%C3%A9#top"
    assert web_address("HTTP://example.org/") == "HTTP://example.org/"
    assert web_address("javascript:alert(1)//https://x") == ""
    assert web_address("https://example.org/" + "x" * 2000) == ""
