"""A keyword's characters → its parts, and the operators and brackets between them.

A part is what one field, one weight and one pair of quotation marks hold for: a run of words or a quoted text. Where
an operator may stand is not known here (see operators).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from digest.match.characters import Char, joined, strip

Kind = Literal["part", "field", "(", ")", "^", "AND", "OR", "NOT", "+", "-"]

# A sign only counts where a word begins (state-of-the-art, Ca2+); a bracket ends a word, but "(graph)-based" is none.
_BEGINS = r"(?:(?<![^\s(])|(?<=&&)|(?<=\|\|))"
_APART = r"""(?:(?<![^\s()"])|(?<=&&)|(?<=\|\|))"""
_ENDS = r"""(?:(?=[\s()"]|&&|\|\|)|\Z)"""
_TAIL = r"""(?:(?!&&|\|\|)[^\s()"])*+"""
_MARK = re.compile(
    rf"""
      (?P<part>"[^"]*"(?:[~^]{_TAIL})?)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<weight>(?<=\))\^{_TAIL})
    | (?P<and>&&|{_APART}AND{_ENDS})
    | (?P<or>\|\||{_APART}OR{_ENDS})
    | (?P<not>{_APART}NOT{_ENDS}|{_BEGINS}!(?=[\w'’("]|\.\w))
    | (?P<plus>{_BEGINS}\+)
    | (?P<minus>{_BEGINS}-)
    """,
    re.VERBOSE,
)
_KINDS: dict[str | None, Kind] = {
    "part": "part",
    "open": "(",
    "close": ")",
    "weight": "^",
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "plus": "+",
    "minus": "-",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A part, or what stands between parts; a "field" is one that holds for the bracket after it."""

    kind: Kind
    chars: Sequence[Char]

    @property
    def column(self) -> int:
        return self.chars[0].column

    @property
    def written(self) -> str:
        return joined(self.chars)


def split(chars: Sequence[Char]) -> list[Token]:
    """The tokens of a keyword in order; most keywords are a single part."""
    # Literal characters are hidden behind one that means nothing.
    signs = "".join("_" if char.literal else char.value for char in chars)
    tokens: list[Token] = []
    done = 0
    for mark in _MARK.finditer(signs):
        kind = _KINDS[mark.lastgroup]
        words, marked = strip(chars[done : mark.start()]), chars[mark.start() : mark.end()]
        named = bool(words) and words[-1].means(":")
        if named and kind == "part":
            tokens.append(Token("part", [*words, *marked]))
        else:
            if words:
                tokens.append(Token("field" if named and kind == "(" else "part", words))
            tokens.append(Token(kind, marked))
        done = mark.end()
    words = strip(chars[done:])
    return [*tokens, Token("part", words)] if words else tokens
