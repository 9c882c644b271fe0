"""The pieces of a formula → one line, with spaces where a reader expects them. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """Some Unicode, and how it likes to be spaced."""

    text: str
    kind: str = "plain"  # plain, space, sym, bin, rel, name, script


def join(pieces: list[Piece]) -> str:
    """The line; a sign that stands first or last has no space on that side."""
    out: list[str] = []
    spaced = False
    last = ""  # the kind that the next piece is spaced against
    wide = False  # whether the binary sign before had a space
    for text, kind in pieces:
        if kind == "space":
            spaced = True
            continue
        if not text:
            continue
        gap = bool(out) and _gap(out[-1][-1], last, text, kind, spaced=spaced, wide=wide)
        if kind == "bin":
            wide = gap
        out.append(f" {text}" if gap else text)
        if kind != "script" or not last:
            last = "first" if len(out) == 1 and kind in {"rel", "bin"} else kind
        spaced = False
    return "".join(out)


def _gap(before: str, last: str, text: str, kind: str, *, spaced: bool, wide: bool) -> bool:
    """Whether a space stands between what is written and the next piece."""
    if kind == "script" or last == "first":
        return False
    if "rel" in {last, kind} or (kind == "name" and last != "bin" and (before.isalnum() or before in ")]}")):
        return True
    if last == "bin":
        return wide
    return _after_word(text, spaced=spaced) if last == "name" else spaced and not (last == "sym" and _clings(text))


def _after_word(text: str, *, spaced: bool) -> bool:
    """As in log n and max f(x), but not in max(a, b)."""
    return not text.startswith(("(", "[", "{")) and (spaced or text[0].isalnum() or text[0] in "√∑∏∫|‖")


def _clings(text: str) -> bool:
    r"""The space that only ended a command's name is none: \Delta t is Δt."""
    return text[0].isalnum() or text[0] in "([{"
