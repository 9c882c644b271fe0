"""One TeX formula, without its dollar signs → one line of Unicode. Pure; knows no prose (see digest.sources.tex).

A formula is read once, left to right, into pieces that know how they like to be spaced; deeper nesting than
`DEEPEST` raises `TooDeep`, so that hostile input costs neither the stack nor more than linear time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from digest.sources.tex_scripts import accented, script
from digest.sources.tex_spacing import Piece, join
from digest.sources.tex_tables import (
    ACCENTS,
    ALPHABETS,
    MATH_ACCENTS,
    SILENT,
    SPACES,
    SWITCHES,
    SYMBOLS,
    TEXT_SIGNS,
    TEXT_SYMBOLS,
    WRAPPERS,
)

DEEPEST = 40
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_BARE = re.compile(r"[\w.′%]+|√?\w+|\([^()]*\)")
_ONE_FACTOR = re.compile(r"[\d.,]+|[^\W\d]+|[^\W\d][\u0300-\u036f\u20d7₀-₉ₐ-ₜ⁰-⁹ᵀ′]*|\([^()]*\)")
_FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"})
_PROSE = frozenset(
    {"text", "textrm", "textbf", "textit", "texttt", "textsc", "textsf", "textup", "mbox", "hbox", "emph"}
)
_ESCAPED = {
    ",": " ",
    ";": " ",
    ":": " ",
    ">": " ",
    " ": " ",
    "\n": " ",
    "\t": " ",
    "\\": " ",
    "!": "",
    "|": "‖",
    "-": "",
    "/": "",
}
_SECOND_OF_TWO = frozenset({"textcolor", "colorbox", "href", "overset", "stackrel", "hyperlink", "raisebox"})


class TooDeep(Exception):
    """The formula is nested deeper than any that a person wrote."""


@dataclass(frozen=True, slots=True)
class _Formula:
    tokens: list[str]
    closes: dict[int, int]
    """Index of `{` → index of its `}`."""
    prose: Callable[[str], str]
    r"""What turns the argument of \text into Unicode."""


def open_braces(source: str) -> int:
    """How many braces of a formula stay open, escaped ones aside; -1 when one closes that never opened."""
    depth = 0
    for lexeme in _BRACES.findall(source):
        depth += {"{": 1, "}": -1}.get(lexeme, 0)
        if depth < 0:
            return -1
    return depth


def formula(source: str, prose: Callable[[str], str]) -> str:
    """The formula as Unicode; `source` must be balanced. Raises `TooDeep`."""
    tokens = _TOKEN.findall(source)
    closes: dict[int, int] = {}
    stack: list[int] = []
    for index, lexeme in enumerate(tokens):
        if lexeme == "{":
            stack.append(index)
        elif lexeme == "}" and stack:
            closes[stack.pop()] = index
    return _read(_Formula(tokens, closes, prose), 0, len(tokens), 0)


def _read(source: _Formula, start: int, end: int, depth: int) -> str:
    if depth > DEEPEST:
        raise TooDeep
    pieces: list[Piece] = []
    index = start
    while index < end:
        index, piece = _atom(source, index, end, depth)
        pieces.append(piece)
    return join(pieces)


def _atom(source: _Formula, index: int, end: int, depth: int) -> tuple[int, Piece]:
    """The piece that starts at a lexeme, and the index after it."""
    if depth > DEEPEST:
        raise TooDeep
    lexeme = source.tokens[index]
    if lexeme[0] == "\\":
        return _command(source, index, end, depth)
    if lexeme == "{":
        close = source.closes[index]
        return close + 1, Piece(_read(source, index + 1, close, depth + 1))
    if lexeme in {"_", "^"}:
        index, inner = _argument(source, index + 1, end, depth)
        return index, Piece(script(lexeme, inner), "script")
    if lexeme.isspace() or lexeme in "~&":
        return index + 1, Piece(" ", "space")
    return index + 1, Piece("′", "script") if lexeme == "'" else Piece(lexeme)


def _argument(source: _Formula, index: int, end: int, depth: int) -> tuple[int, str]:
    while index < end and source.tokens[index].isspace():
        index += 1
    if index >= end or source.tokens[index] == "}":
        return index, ""
    index, piece = _atom(source, index, end, depth + 1)
    return index, piece.text


def _command(source: _Formula, index: int, end: int, depth: int) -> tuple[int, Piece]:
    name = source.tokens[index][1:]
    index += 1
    if name in _ARITY:
        arity, render = _ARITY[name]
        arguments = []
        for _ in range(arity):
            index, argument = _argument(source, index, end, depth)
            arguments.append(argument)
        return index, render(name, arguments)
    if name in _PROSE and index < end and source.tokens[index] == "{":
        close = source.closes[index]
        return close + 1, Piece(source.prose("".join(source.tokens[index + 1 : close])))
    if name in {"sqrt", "operatorname"}:
        return _with_option(source, name, index, end, depth)
    if name in {"left", "right", "middle"} and index < end and source.tokens[index] == ".":
        return index + 1, Piece("")
    return index, _sign(name)


def _with_option(source: _Formula, name: str, index: int, end: int, depth: int) -> tuple[int, Piece]:
    r"""\sqrt[3]{x} and \operatorname*{x}: commands with something between the name and the argument."""
    degree = ""
    if index < end and source.tokens[index] == "*":
        index += 1
    elif index < end and source.tokens[index] == "[" and "]" in source.tokens[index : index + 12]:
        close = source.tokens.index("]", index)
        if close < end:
            degree, index = _read(source, index + 1, close, depth + 1), close + 1
    index, inner = _argument(source, index, end, depth)
    if name == "operatorname":
        return index, Piece(inner, "name")
    root = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree) or script("^", degree) + "√"
    return index, Piece(root + _bracketed(inner, _BARE))


def _sign(name: str) -> Piece:
    """A command without arguments."""
    if name in SYMBOLS:
        return Piece(*SYMBOLS[name])
    if name in _ESCAPED:
        return Piece(_ESCAPED[name], "space" if _ESCAPED[name] == " " else "plain")
    if name in SPACES:
        return Piece(" ", "space")
    if name in SWITCHES or name in WRAPPERS:
        return Piece("")
    if name in TEXT_SYMBOLS or name in TEXT_SIGNS:
        return Piece(TEXT_SYMBOLS.get(name) or TEXT_SIGNS[name])
    return Piece(name, "name" if len(name) > 1 else "plain")


def _bracketed(inner: str, safe: re.Pattern[str]) -> str:
    return inner if safe.fullmatch(inner) else f"({inner})"


def _fraction(_name: str, arguments: list[str]) -> Piece:
    over, under = arguments
    return Piece(f"{_bracketed(over, _BARE)}/{_bracketed(under, _ONE_FACTOR)}")


def _letters(name: str, arguments: list[str]) -> Piece:
    """A single letter in another alphabet; words stay plain, because a reader searches for them."""
    inner = arguments[0].strip()
    return Piece(ALPHABETS[name].get(inner, inner))


def _negated(_name: str, arguments: list[str]) -> Piece:
    return Piece(unicodedata.normalize("NFC", arguments[0][:1] + "\u0338") + arguments[0][1:], "rel")


def _unicode(_name: str, arguments: list[str]) -> Piece:
    r"""MathJax's \unicode{x2014}."""
    match = re.fullmatch(r"x([0-9A-Fa-f]{1,6})|([0-9]{1,7})", arguments[0].strip())
    point = (int(match[1], 16) if match[1] else int(match[2])) if match else 0
    printable = 32 <= point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF
    return Piece(chr(point) if printable else arguments[0])


def _under(_name: str, arguments: list[str]) -> Piece:
    return Piece(arguments[1] + script("_", arguments[0]), "name")


_Render = Callable[[str, list[str]], Piece]
_ARITY: dict[str, tuple[int, _Render]] = {
    **dict.fromkeys(_FRACTIONS, (2, _fraction)),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), (2, lambda _, two: Piece(f"({two[0]} choose {two[1]})"))),
    **dict.fromkeys(ALPHABETS, (1, _letters)),
    **{name: (1, lambda name, one: Piece(accented(one[0], MATH_ACCENTS[name]))) for name in MATH_ACCENTS},
    **{name: (1, lambda name, one: Piece(accented(one[0], ACCENTS[name]))) for name in ("'", "`", '"', "^", "=", ".")},
    **dict.fromkeys(_SECOND_OF_TWO, (2, lambda _, two: Piece(two[1]))),
    **dict.fromkeys(SILENT, (1, lambda _, _one: Piece(""))),
    "not": (1, _negated),
    "pmod": (1, lambda _, one: Piece(f" (mod {one[0]})")),
    "unicode": (1, _unicode),
    "underset": (2, _under),
    "textsuperscript": (1, lambda _, one: Piece(script("^", one[0]), "script")),
    "textsubscript": (1, lambda _, one: Piece(script("_", one[0]), "script")),
}
