"""Is what stands between two dollar signs a formula, or money and prose? Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from digest.sources.tex_math import open_braces

CLOSERS = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}
_AMOUNT = re.compile(r"\d[\d.,]*")
_AMOUNT_AND_WORDS = re.compile(r"\d[\d.,]*\w?[\w.]*[)\].,;:–—-]*\s+(?:[A-Za-z]{2,}\W+)+?[A-Za-z]*\s*\w*")
_SENTENCE = re.compile(r"(?:(?<![\\{\w])[A-Za-z]{3,}[,.;:]?\s+){3}")
_TEX = re.compile(r"[\\^_{}=<>]")
_NESTED = 5
_LONGEST = 5000  # characters; a formula in an abstract never comes near


class Formulas:
    """The dollar signs and brackets of one text; `end_of` finds what closes one of them."""

    __slots__ = ("_closers", "_source")

    def __init__(self, source: str, tokens: Sequence[re.Match[str]]) -> None:
        self._source = source
        self._closers: dict[str, list[int]] = {"\\)": [], "\\]": [], "$": [], "$$": []}
        for token in tokens:
            if token[0] in self._closers:
                self._closers[token[0]].append(token.start())
                if source[token.start() : token.start() + 2] == "$$":
                    self._closers["$$"].append(token.start())

    def end_of(self, start: int, opener: str) -> int | None:
        """Where the formula that opens at `start` closes; None when it is none, or never closes."""
        if self._source[start : start + 2] == "$$":
            return self._first(start + 2, "$$")
        return self._first(start + len(opener), opener)

    def _first(self, start: int, opener: str) -> int | None:
        candidates = self._closers[CLOSERS[opener]]
        place = bisect_left(candidates, start)
        for end in candidates[place : place + _NESTED]:
            inner = self._source[start:end]
            if end - start > _LONGEST or not inner:
                return None
            if open_braces(inner) == 0:
                money = opener == "$" and _is_money(inner, self._source[end + 1 : end + 2])
                return None if money or (opener == "$$" and "$" in inner) else end
            if open_braces(inner) < 0:
                return None
        return None  # \text{a $b$ c} may hold dollar signs of its own, but not many


def _is_money(inner: str, after: str) -> bool:
    """As in "$5 and $10", "$100K–$200K", "$5 million, or 10$": a digit behind the second sign says that it opens an amount."""
    if len(_SENTENCE.findall(inner)) and "\\" not in inner:
        return True
    if not _AMOUNT.match(inner):
        return not inner.strip() and inner != " "
    if after.isdigit() and (inner[-1].isspace() or inner[-1] in "-–—/(~"):
        return not _TEX.search(inner) or "\\" not in inner
    return not _TEX.search(inner) and _AMOUNT_AND_WORDS.match(inner) is not None
