"""Quoted-printable, line by line: what the standard library decodes is what went in."""

from __future__ import annotations

import quopri
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.quoted import quoted_printable

AWKWARD = st.lists(st.sampled_from(["From ", "=", ".", " ", "\t", "\n", "é", "語", "x" * 75, "word ", "=\n"])).map(
    "".join
)


@settings(max_examples=300, deadline=None)
@given(AWKWARD | st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200))
def test_every_text_comes_back_and_no_line_is_long_or_ends_in_a_blank(text: str) -> None:
    encoded = quoted_printable(text)
    assert quopri.decodestring(encoded.replace(b"\r\n", b"\n")).decode() == text
    assert encoded.isascii()
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith(b"From ")
        assert b"\n" not in line


def test_every_kind_of_line_end_becomes_crlf() -> None:
    assert quoted_printable("a\rb\r\nc\n") == b"a\r\nb\r\nc\r\n"


def test_a_line_of_from_is_disguised_also_after_a_soft_break() -> None:
    encoded = quoted_printable("From\n" + "x" * 75 + "From here on\n")
    assert not re.search(rb"^From ", encoded, re.MULTILINE)


def test_half_a_character_becomes_a_question_mark() -> None:
    assert quoted_printable("a\ud800b") == b"a?b"
