"""The outer shape of one part of a keyword: field, quotes, distance and weight; every error with its column.

A part is a run of words or a quoted text. Does not know what a word is (see query) nor how parts are joined (see
operators): the body is text with the places of its stars.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from digest.errors import KeywordError
from digest.match.characters import Char, joined, strip

MAX_WEIGHT = 1000.0
MIN_WEIGHT = 0.001
MAX_DISTANCE = 100
FIELDS = {"title": "title", "abstract": "abstract", "author": "author", "category": "category", "source": "source"} | {
    "ti": "title",
    "abs": "abstract",
    "au": "author",
    "cat": "category",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """One part taken apart. `stars` are the places in `body` right after which a prefix star stood."""

    field: str
    body: str
    column: int
    """Where the body begins, or would begin if it held anything."""
    columns: tuple[int, ...]
    """The column of each character of the body."""
    quoted: bool
    stars: frozenset[int]
    distance: int | None
    weight: float


def take_apart(chars: Sequence[Char]) -> Parts:
    """The parts of a run of words or of a quoted text; raises KeywordError with column and hint."""
    field, chars = _field(chars)
    quoted = chars[0].means('"')
    stars: frozenset[int] = frozenset()
    distance = None
    if quoted:
        end = next(at for at in range(1, len(chars)) if chars[at].means('"'))
        body, tail = chars[1:end], chars[end + 1 :]
        distance, tail = _distance(tail)
        weight = read_weight(tail)
    else:
        at = next((at for at, char in enumerate(chars) if char.means("^")), len(chars))
        if at == 0:
            hint = r"Write diffusion model^2.5 or (graph OR net)^2, or \^ for a caret that is meant as such."
            raise KeywordError("^ stands behind no word and no bracket", chars[0].column, hint)
        weight = read_weight(chars[at:])
        body, stars = _words(chars[:at])
    columns = tuple(char.column for char in body)
    column = columns[0] if columns else chars[0].column
    return Parts(field, joined(body), column, columns, quoted, stars, distance, weight)


def read_field(written: Sequence[Char]) -> str:
    """The canonical name of the field that is written with a colon at the end."""
    name = FIELDS.get(joined(written[:-1]).lower())
    if name is None:
        _refuse_field(joined(written[:-1]), written[0].column)
    return name


def read_weight(tail: Sequence[Char]) -> float:
    """The weight behind a caret; 1 without one."""
    if not tail:
        return 1.0
    written = joined(tail[1:])
    whole, _, fraction = written.partition(".")
    number = math.nan
    if written.isascii() and (whole + fraction).isdigit() and len(written) < 20 and not written.endswith("."):
        number = float(written)
    if not MIN_WEIGHT <= number <= MAX_WEIGHT:
        raise KeywordError(
            f"^ must be followed by a weight from {MIN_WEIGHT:g} to {MAX_WEIGHT:g}",
            tail[0].column,
            "Write diffusion model^2.5 for a weight at the end, or \\^ for a caret that is meant as such.",
        )
    return number


def _field(chars: Sequence[Char]) -> tuple[str, Sequence[Char]]:
    """The canonical field ("" for title and abstract) and what follows the colon."""
    at = next((at for at, char in enumerate(chars) if char.means(":")), None)
    if at is None:
        return "", chars
    name = read_field(chars[: at + 1])
    rest = strip(chars[at + 1 :])
    if not rest:
        written = joined(chars[: at + 1])
        raise KeywordError(f"nothing follows {written}", chars[at].column, f"Write {written}word.")
    colon = next((char for char in rest if char.means(":")), None)
    if colon is not None:
        hint = r"Write title:word AND abstract:word, or \: for a colon that is meant as such."
        raise KeywordError("words stand in one field only", colon.column, hint)
    return name, rest


def _refuse_field(written: str, column: int) -> NoReturn:
    literal = r"Write \: for a colon that is meant as such."
    near = difflib.get_close_matches(written.lower(), FIELDS, n=1)
    if written.isalpha():
        known = f"Did you mean {near[0]}:?" if near else "The fields are title, abstract, author, category and source."
        raise KeywordError(f"there is no field called {written}:", column, f"{known} {literal}")
    raise KeywordError(
        "a colon may only follow the name of a field, before its words", column, f"Write title:word. {literal}"
    )


def _distance(tail: Sequence[Char]) -> tuple[int | None, Sequence[Char]]:
    if not tail or tail[0].value != "~":
        return None, tail
    at = next((at for at, char in enumerate(tail) if char.value == "^"), len(tail))
    digits = joined(tail[1:at])
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and 1 <= int(digits) <= MAX_DISTANCE):
        raise KeywordError(
            f"~ must be followed by a whole number from 1 to {MAX_DISTANCE}",
            tail[0].column,
            'Write "graph equivariant"~5.',
        )
    return int(digits), tail[at:]


def _words(chars: Sequence[Char]) -> tuple[list[Char], frozenset[int]]:
    """The characters without prefix stars, and where those stood; refuses every sign that means something else."""
    body: list[Char] = []
    stars: set[int] = set()
    for at, char in enumerate(chars):
        before = chars[at - 1] if at else None
        after = chars[at + 1] if at + 1 < len(chars) else None
        if char.means("*"):
            ends = before is not None and before.in_word
            if not ends or (after is not None and (after.in_word or after.means("*"))):
                raise KeywordError(
                    "a star may only end a word", char.column, r"Write equivarian*, or \* for a star itself."
                )
            stars.add(len(body))
        else:
            _refuse_sign(char, before, after)
            body.append(char)
    _refuse_operator_words(chars)
    return body, frozenset(stars)


def _refuse_sign(char: Char, before: Char | None, after: Char | None) -> None:
    if char.literal:
        return
    first = before is None or before.value.isspace()
    before_word = after is not None and after.in_word
    hint = f"For the sign itself write a backslash before it: \\{char.value}."
    if first and (char.value in "+-" or (char.value == "!" and before_word)):
        _refuse_operator(char.value, char.column, hint)
    if char.value == "/" and first and before_word:
        raise KeywordError("regular expressions are not supported", char.column, hint)
    if char.value in "[]{}":
        raise KeywordError(f"ranges are not supported: {char.value}", char.column, hint)
    if char.value == "~":
        raise KeywordError("~ belongs after quoted words", char.column, f'Write "graph equivariant"~5. {hint}')
    if char.value == "?" and before_word:
        raise KeywordError("? is not a wildcard here", char.column, f"Write a prefix as equivarian*. {hint}")


def _refuse_operator_words(chars: Sequence[Char]) -> None:
    word: list[Char] = []
    for char in [*chars, Char(" ", 0)]:
        if not char.value.isspace():
            word.append(char)
            continue
        written = joined(word)
        if written in {"AND", "OR", "NOT"} and not any(part.literal for part in word):
            hint = f'For the word itself write "{written}" in quotation marks, or {written.lower()}.'
            _refuse_operator(written, word[0].column, hint)
        word = []


def _refuse_operator(written: str, column: int, hint: str) -> NoReturn:
    """Operators between parts have been taken out (see tokens): one that is left follows a field, sign or bracket."""
    use = "An operator stands behind a space and before a field, as in graph NOT title:word."
    raise KeywordError(f"{written} stands where a word belongs", column, f"{use} {hint}")
