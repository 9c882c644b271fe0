"""Plain text laid out in columns: words wrapped at a width that counts East Asian characters as two."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WIDTH = 76

_BLANK_LINES = re.compile(r"\n{3,}")


@lru_cache(maxsize=4096)
def wrap(text: str, indent: int = 0) -> str:
    """The words of `text` in lines of at most `WIDTH` columns, each after `indent` spaces.

    A longer word stands alone on its line, whole, so that an address stays one; writing without spaces is cut.
    """
    room = WIDTH - indent
    lines: list[str] = []
    line: list[str] = []
    used = 0
    for word in text.split():
        for part, columns in _parts(word, room):
            if line and used + 1 + columns > room:
                lines.append(" ".join(line))
                line, used = [], 0
            used += columns + (1 if line else 0)
            line.append(part)
    if line:
        lines.append(" ".join(line))
    return "\n".join(" " * indent + line for line in lines)


def trim(text: str) -> str:
    """A piece of a text: no trailing spaces, at most one blank line in a row and before it, and one line end."""
    lines = _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).rstrip("\n")
    return f"\n{lines.lstrip(chr(10))}\n" if lines.startswith("\n") else lines and f"{lines}\n"


def rule(text: str) -> str:
    """The text with dashes after it up to the full width."""
    return text.ljust(WIDTH, "-")


def tidy(text: str) -> str:
    """No trailing spaces but those of the "-- " line, never two blank lines in a row, one final newline."""
    lines = (line if line == "-- " else line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def _parts(word: str, room: int) -> list[tuple[str, int]]:
    if word.isascii():
        return [(word, len(word))]
    widths = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in word]
    columns = sum(widths)
    if columns <= room or 2 not in widths:
        return [(word, columns)]
    parts: list[tuple[str, int]] = []
    start = used = 0
    for at, width in enumerate(widths):
        if used + width > room:
            parts.append((word[start:at], used))
            start, used = at, 0
        used += width
    return [*parts, (word[start:], used)]
