"""A loop of compiled regular expressions, as a small script would match: every keyword of a profile in every paper."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence

from bench.shared import Record


def compile_keywords(keywords: Sequence[str]) -> list[re.Pattern[str]]:
    r"""One pattern a keyword: "diffusion model" is `\bdiffusion[\s-]+models?\b`, case ignored; this is not timed."""
    return [re.compile(_pattern(keyword), re.IGNORECASE) for keyword in keywords]


def _pattern(keyword: str) -> str:
    words = [re.escape(word) for word in re.split(r"[\s-]+", keyword)]
    phrase = r"[\s-]+".join(words)
    return rf"\b{phrase}s?\b"


def rank(texts: Sequence[str], patterns: Sequence[re.Pattern[str]], top: int) -> list[tuple[int, int]]:
    """The papers with most of the keywords, as (keywords found, number of the paper)."""
    found = ((sum(pattern.search(text) is not None for pattern in patterns), at) for at, text in enumerate(texts))
    return heapq.nlargest(top, (one for one in found if one[0]))


def text(paper: Record) -> str:
    return f"{paper['title']}\n{paper['abstract']}"
