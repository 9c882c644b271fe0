"""TeX's accents → accented letters. Pure."""

from __future__ import annotations

import re

from digest.sources.tex_scripts import accented
from digest.sources.tex_tables import ACCENTS, SYMBOLS

_ACCENTED = re.compile(
    r"(?P<blank>[ ]?)(?P<open>\{\s*)?(?:\\(?P<dotless>[ij])(?![A-Za-z])|(?P<letter>[^\W\d_]))(?(open)\s*\}|)"
)
_LOWER_GROUP = re.compile(r"\{([a-z]{1,16})\}")


def accent(source: str, at: int, name: str) -> tuple[str, int] | None:
    r"""The accent `name` on the letter that stands at a position (`\'e`, `\c{c}`, `\v s`, `\'\i`), or None when there is none."""
    match = _ACCENTED.match(source, at)
    if match is None:
        return None
    letter = match["dotless"] or match["letter"]
    if not match["open"] and (
        bool(match["blank"]) != (name in "cvuHk") or (name == '"' and letter not in "aeiouyAEIOUY")
    ):
        return None
    blank = bool(match["dotless"]) and not match["open"] and source.startswith(" ", match.end())
    return accented(letter, ACCENTS[name]), match.end() + blank


def split_name(source: str, at: int, name: str) -> tuple[str, int] | None:
    r"""The sign of a command that was torn: \b{eta} for \beta. arXiv's listings take the first letter for an accent."""
    group = _LOWER_GROUP.match(source, at)
    whole = name + group[1] if group else ""
    if whole in SYMBOLS and group:
        return SYMBOLS[whole][0], group.end()
    return None
