"""The characters of a written keyword: which may stand in one, what a backslash or quotation marks make literal.

Does not know what any sign means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from digest.errors import KeywordError

MAX_LENGTH = 1000
_JOINERS = "\u200c\u200d"  # spelling of Persian, Indic scripts and emoji; they fold away
_CURLY = "“”„‟"


@dataclass(frozen=True, slots=True)
class Char:
    """One character of a keyword; `column` counts from 1, `literal` means escaped or quoted."""

    value: str
    column: int
    literal: bool = False

    def means(self, sign: str) -> bool:
        """Whether it is that sign with its special meaning."""
        return self.value == sign and not self.literal

    @property
    def in_word(self) -> bool:
        return self.value.isalnum() or self.value in "_'’" or unicodedata.category(self.value)[0] == "M"


def read_characters(text: str) -> list[Char]:
    """The characters without their backslashes; raises KeywordError for what no keyword may hold."""
    _check(text)
    chars: list[Char] = []
    opened, at = 0, 0
    while at < len(text):
        value, column = text[at], at + 1
        if value == "\\":
            if column == len(text):
                raise KeywordError("a backslash stands at the end", column, r"Write \\ for a backslash, or remove it.")
            chars.append(Char(text[column], column, literal=True))
            at += 2
            continue
        if value == '"':
            opened = 0 if opened else column
        chars.append(Char(value, column, literal=opened > 0 and value != '"'))
        at += 1
    if opened:
        hint = 'Close it, or write \\" for a quotation mark itself.'
        raise KeywordError("the quotation mark is never closed", opened, hint)
    return chars


def strip(chars: Sequence[Char]) -> Sequence[Char]:
    """The characters without the white space around them; an escaped space at the end stays."""
    first, after = 0, len(chars)
    while first < after and chars[first].value.isspace():
        first += 1
    while after > first and chars[after - 1].value.isspace() and not chars[after - 1].literal:
        after -= 1
    return chars[first:after]


def joined(chars: Sequence[Char]) -> str:
    return "".join(char.value for char in chars)


def _check(text: str) -> None:
    if not text.strip():
        raise KeywordError("the keyword is empty", 1, "Write a word or a phrase, or remove it.")
    if len(text) > MAX_LENGTH:
        raise KeywordError(
            f"the keyword has {len(text)} characters, more than {MAX_LENGTH}", MAX_LENGTH + 1, "Write several keywords."
        )
    for column, char in enumerate(text, 1):
        kind = unicodedata.category(char)
        if (kind in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char not in _JOINERS) or char == "\ufffd":
            raise KeywordError(f"the character U+{ord(char):04X} cannot be seen or read", column, "Remove it.")
        if char in _CURLY:
            raise KeywordError(f"{char} is a curly quotation mark", column, 'Write straight ones: "in the wild".')
