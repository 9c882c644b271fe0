"""The outer shape of one written keyword: field, quotes, distance, weight and escapes; every error with its column.

Does not know what a word is (see query): the body is text with the places of its stars. Operators are refused: a
later version gives them their Lucene meaning, so nothing may be guessed about them now.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from dataclasses import dataclass

from digest.errors import KeywordError

MAX_LENGTH = 1000
MAX_WEIGHT = 1000.0
MIN_WEIGHT = 0.001
MAX_DISTANCE = 100
FIELDS = {"title": "title", "abstract": "abstract", "author": "author", "category": "category", "source": "source"} | {
    "ti": "title",
    "abs": "abstract",
    "au": "author",
    "cat": "category",
}
_JOINERS = "\u200c\u200d"  # spelling of Persian, Indic scripts and emoji; they fold away
_CURLY = "“”„‟"
_NO_OPERATORS = "operators are not supported by this version"
_INSTEAD = "Write two keywords instead, `require` for words that must be there or `exclude` for words that must not."


@dataclass(frozen=True, slots=True)
class Char:
    """One character of a keyword; `column` counts from 1, `literal` means escaped or quoted."""

    value: str
    column: int
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """One keyword taken apart. `stars` are the places in `body` right after which a prefix star stood."""

    field: str
    body: str
    columns: tuple[int, ...]
    """The column of each character of the body."""
    quoted: bool
    stars: frozenset[int]
    distance: int | None
    weight: float


def take_apart(text: str) -> Parts:
    """The parts of a keyword; raises KeywordError with column and hint."""
    _check_characters(text)
    chars = _unescape(text)
    field, chars = _field(chars)
    if chars and _is(chars[0], '"'):
        end = next(at for at in range(1, len(chars)) if _is(chars[at], '"'))
        body, tail = chars[1:end], chars[end + 1 :]
        distance, tail = _distance(tail)
        weight = _weight(tail)
        stars: frozenset[int] = frozenset()
    else:
        at = next((at for at, char in enumerate(chars) if _is(char, "^")), len(chars))
        body, tail = chars[:at], chars[at:]
        weight = _weight(tail)
        body, stars = _words(body)
        distance = None
    quoted = bool(chars) and _is(chars[0], '"')
    columns = tuple(char.column for char in body)
    return Parts(field, "".join(char.value for char in body), columns, quoted, stars, distance, weight)


def _check_characters(text: str) -> None:
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


def _unescape(text: str) -> list[Char]:
    """The characters without their backslashes and outer spaces; what stands between quotes is literal."""
    chars: list[Char] = []
    opened, quotes, at = 0, 0, 0
    while at < len(text):
        value, column = text[at], at + 1
        if value == "\\":
            if column == len(text):
                raise KeywordError("a backslash stands at the end", column, r"Write \\ for a backslash, or remove it.")
            chars.append(Char(text[column], column, literal=True))
            at += 2
            continue
        if value == '"':
            quotes += 1
            if quotes == 3:
                hint = 'Write two keywords, or a backslash before a quotation mark that is meant as such: \\".'
                raise KeywordError("a second quoted part begins here", column, hint)
            opened = column
        chars.append(Char(value, column, literal=quotes == 1 and value != '"'))
        at += 1
    if quotes == 1:
        raise KeywordError(
            "the quotation mark is never closed", opened, 'Close it, or write \\" for a quotation mark itself.'
        )
    return _strip(chars)


def _strip(chars: list[Char]) -> list[Char]:
    first, after = 0, len(chars)
    while first < after and chars[first].value.isspace():
        first += 1
    while after > first and chars[after - 1].value.isspace() and not chars[after - 1].literal:
        after -= 1
    return chars[first:after]


def _field(chars: list[Char]) -> tuple[str, list[Char]]:
    """The canonical field ("" for title and abstract) and what follows the colon."""
    at = next((at for at, char in enumerate(chars) if _is(char, ":")), None)
    if at is None:
        _check_quotes(chars)
        return "", chars
    written = "".join(char.value for char in chars[:at])
    name = FIELDS.get(written.lower(), "")
    if not name:
        _refuse_field(written, chars[0].column)
    rest = _strip(chars[at + 1 :])
    if not rest:
        raise KeywordError(f"nothing follows {written}:", chars[at].column, f"Write {written}:word.")
    colon = next((char for char in rest if _is(char, ":")), None)
    if colon is not None:
        raise KeywordError(
            "one keyword names one field", colon.column, r"Write two keywords, or \: for a colon that is meant as such."
        )
    _check_quotes(rest)
    return name, rest


def _refuse_field(written: str, column: int) -> None:
    literal = r"Write \: for a colon that is meant as such."
    near = difflib.get_close_matches(written.lower(), FIELDS, n=1)
    if written.isalpha():
        known = f"Did you mean {near[0]}:?" if near else "The fields are title, abstract, author, category and source."
        raise KeywordError(f"there is no field called {written}:", column, f"{known} {literal}")
    raise KeywordError(
        "a colon may only follow the name of a field, at the start", column, f"Write title:word. {literal}"
    )


def _check_quotes(chars: list[Char]) -> None:
    """A quoted part stands alone: mixed with words its meaning would have to be guessed."""
    quotes = [at for at, char in enumerate(chars) if _is(char, '"')]
    if not quotes:
        return
    after = chars[quotes[1] + 1 :]
    stray = chars[0] if quotes[0] else _strip(after)[0] if after and after[0].value not in "~^" else None
    if stray is not None:
        raise KeywordError("quoted and unquoted words stand in one keyword", stray.column, "Write two keywords.")


def _distance(tail: list[Char]) -> tuple[int | None, list[Char]]:
    if not tail or tail[0].value != "~":
        return None, tail
    at = next((at for at, char in enumerate(tail) if char.value == "^"), len(tail))
    digits = "".join(char.value for char in tail[1:at])
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and 1 <= int(digits) <= MAX_DISTANCE):
        raise KeywordError(
            f"~ must be followed by a whole number from 1 to {MAX_DISTANCE}",
            tail[0].column,
            'Write "graph equivariant"~5.',
        )
    return int(digits), tail[at:]


def _weight(tail: list[Char]) -> float:
    if not tail:
        return 1.0
    written = "".join(char.value for char in tail[1:])
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


def _words(chars: list[Char]) -> tuple[list[Char], frozenset[int]]:
    """The characters without prefix stars, and where those stood; refuses every operator."""
    body: list[Char] = []
    stars: set[int] = set()
    for at, char in enumerate(chars):
        before = chars[at - 1] if at else None
        after = chars[at + 1] if at + 1 < len(chars) else None
        if _is(char, "*"):
            if before is None or not _in_word(before) or (after is not None and _in_word(after)) or _is(after, "*"):
                raise KeywordError(
                    "a star may only end a word", char.column, r"Write equivarian*, or \* for a star itself."
                )
            stars.add(len(body))
        else:
            _refuse_operator(char, before, after)
            body.append(char)
    _refuse_operator_words(chars)
    return body, frozenset(stars)


def _refuse_operator(char: Char, before: Char | None, after: Char | None) -> None:
    if char.literal:
        return
    first = before is None or before.value.isspace()
    if char.value in "()":
        raise KeywordError(f"{_NO_OPERATORS}: ( )", char.column, _INSTEAD)
    if (char.value in "+-" and first) or (char.value in "!/" and first and after is not None and _in_word(after)):
        hint = f"{_INSTEAD} For the sign itself write a backslash before it: \\{char.value}."
        raise KeywordError(f"{_NO_OPERATORS}: {char.value}", char.column, hint)
    if char.value in "&|" and _is(after, char.value):
        raise KeywordError(f"{_NO_OPERATORS}: {char.value * 2}", char.column, _INSTEAD)
    hint = f"For the sign itself write a backslash before it: \\{char.value}."
    if char.value in "[]{}":
        raise KeywordError(f"{_NO_OPERATORS}: {char.value}", char.column, hint)
    if char.value == "~":
        raise KeywordError("~ belongs after quoted words", char.column, 'Write "graph equivariant"~5.')
    if char.value == "?" and after is not None and _in_word(after):
        raise KeywordError("? is not a wildcard here", char.column, f"Write a prefix as equivarian*. {hint}")


def _refuse_operator_words(chars: list[Char]) -> None:
    word: list[Char] = []
    for char in [*chars, Char(" ", 0)]:
        if not char.value.isspace():
            word.append(char)
            continue
        written = "".join(part.value for part in word)
        if written in {"AND", "OR", "NOT"} and not any(part.literal for part in word):
            hint = f'{_INSTEAD} For the word itself write "{written}" in quotation marks, or {written.lower()}.'
            raise KeywordError(f"{_NO_OPERATORS}: {written}", word[0].column, hint)
        word = []


def _in_word(char: Char) -> bool:
    return char.value.isalnum() or char.value in "_'’" or unicodedata.category(char.value)[0] == "M"


def _is(char: Char | None, value: str) -> bool:
    return char is not None and char.value == value and not char.literal
