r"""The commands of prose that take arguments: \href{u}{t}, \textcolor{red}{t}, \footnote{…} and the like. Pure.

Each reader gets the source, the name, the position after it, and `take`, which reads the group at a position as Unicode
and gives the position after it ("" and the same position when no group is there).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from digest.sources.tex_math import TooDeep, formula, open_braces
from digest.sources.tex_scripts import script
from digest.sources.tex_tables import ALPHABETS, DINGS, MATH_ACCENTS, WRAPPERS

Take = Callable[[int], tuple[str, int]]
Reader = Callable[[str, str, int, Take], tuple[str, int]]

_OPTION = re.compile(r"\s*\*?(?:\s*\[[^\[\]{}]{0,200}\])*[ ]?(?=\{)")
_ESCAPE = re.compile(r"\\([_%#&~$])")
_FORMULA = re.compile(r"\\[A-Za-z]+\s*(?:\[[^\[\]]{0,20}\])?(?:\{[^{}]{0,200}\}|[A-Za-z0-9])(?:\{[^{}]{0,200}\})?")


def after_options(source: str, at: int) -> int:
    """The position after a star and `[…]`, where a group follows; else the same position."""
    match = _OPTION.match(source, at)
    return match.end() if match else at


def _content(source: str, _name: str, at: int, take: Take) -> tuple[str, int]:
    return take(after_options(source, at))


def _second(source: str, name: str, at: int, take: Take) -> tuple[str, int]:
    """The reader sees the second argument; without one, the first (a link without a text)."""
    first, at = take(after_options(source, at))
    second, after = take(after_options(source, at))
    return second or (_ESCAPE.sub(r"\1", first) if name == "href" else ""), after


def _address(_source: str, _name: str, at: int, take: Take) -> tuple[str, int]:
    text, after = take(at)
    return _ESCAPE.sub(r"\1", text), after


def _note(source: str, _name: str, at: int, take: Take) -> tuple[str, int]:
    text, after = take(after_options(source, at))
    return f" ({text.strip()})" if text.strip() else "", after


def _quoted(_source: str, _name: str, at: int, take: Take) -> tuple[str, int]:
    text, after = take(at)
    return f"“{text}”", after


def _shifted(_source: str, name: str, at: int, take: Take) -> tuple[str, int]:
    text, after = take(at)
    return script("^" if name == "textsuperscript" else "_", text), after


def _ding(_source: str, _name: str, at: int, take: Take) -> tuple[str, int]:
    text, after = take(at)
    return DINGS.get(text.strip(), "•"), after


def _verbatim(source: str, _name: str, at: int, take: Take) -> tuple[str, int]:
    r"""\verb|x|: whatever stands between two of the same character."""
    mark = source[at : at + 1]
    close = source.find(mark, at + 1, at + 200) if mark and not mark.isalnum() and mark not in "{ " else -1
    return (source[at + 1 : close], close + 1) if close > 0 else take(at)


def _formula(source: str, name: str, at: int, _take: Take) -> tuple[str, int]:
    """A command that belongs in a formula, met outside of dollar signs."""
    match = _FORMULA.match(source, at - len(name) - 1)
    if match is None or open_braces(match[0]):
        return name, at
    try:
        return formula(match[0], str), match.end()
    except TooDeep:
        return name, at


WITH_ARGUMENTS: dict[str, Reader] = {
    **dict.fromkeys(WRAPPERS, _content),
    **dict.fromkeys(("href", "textcolor", "colorbox", "hyperlink", "texorpdfstring", "raisebox"), _second),
    **dict.fromkeys(("url", "path", "nolinkurl"), _address),
    **dict.fromkeys(("footnote", "footnotetext", "thanks", "marginpar"), _note),
    **dict.fromkeys(("textsuperscript", "textsubscript"), _shifted),
    **dict.fromkeys((*ALPHABETS, *MATH_ACCENTS, "frac", "dfrac", "tfrac", "nicefrac", "sqrt", "binom"), _formula),
    "enquote": _quoted,
    "ding": _ding,
    "verb": _verbatim,
}
