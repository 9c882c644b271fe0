"""Many profiles as they might be: 8 distinct keywords each, whose popularity follows Zipf's law (exponent 1).

The vocabulary is 20,000 keywords: those of the simulated researchers, and phrases of one to three words from the
corpus, each in at least two titles, of letters and hyphens only and without a function word at either end. It is
shuffled once, so that a keyword's rank says nothing about its length or rarity. Everything is drawn from fixed seeds:
profile i is the same whatever the number of profiles or the size of a shard. Profiles are made as they are asked for.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path

from bench.shared import corpus, researchers

VOCABULARY = 20_000
KEYWORDS = 8
TITLES = 2
"""Titles in which a harvested phrase stands at least."""
SEED = 2025
_BLOCK = 1_000
"""Profiles that share one generator of random numbers."""

Named = tuple[str, tuple[str, ...]]
"""A profile's name and keywords."""

_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_BREAK = re.compile(r"[^A-Za-z\- ]")
_FUNCTION_WORDS = frozenset(
    """a about across against all an and are as at be been before between beyond but by can do does during each even
    every few for from has have how if in into is it its just may more most need no not of on one only or other our
    out over own per so some such than that the their them then there these they this those through to too toward
    towards two under up upon us use used using very via was we were what when where whether which while who whom why
    will with within without yes you your""".split()  # noqa: SIM905 - readable as prose
)


def vocabulary() -> list[str]:
    """The keywords, most popular first."""
    own = {keyword for one in researchers() for keyword in one.keywords}
    counts = Counter(phrase for paper in corpus() for phrase in set(_phrases(paper["title"])))
    harvested = sorted(phrase for phrase, titles in counts.items() if titles >= TITLES and phrase not in own)
    chance = random.Random(SEED)
    keywords = sorted(own) + chance.sample(harvested, VOCABULARY - len(own))
    chance.shuffle(keywords)
    return keywords


def _phrases(title: str) -> Iterator[str]:
    for piece in _BREAK.split(title.lower()):
        words = piece.split()
        for length in (1, 2, 3):
            for at in range(len(words) - length + 1):
                phrase = words[at : at + length]
                if _telling(phrase[0]) and _telling(phrase[-1]) and all(map(_WORD.fullmatch, phrase)):
                    yield " ".join(phrase)


def _telling(word: str) -> bool:
    return len(word) > 2 and word not in _FUNCTION_WORDS


def profiles(keywords: Sequence[str], start: int, stop: int) -> Iterator[Named]:
    """The profiles `start` … `stop - 1`."""
    weights = list(accumulate(1 / rank for rank in range(1, len(keywords) + 1)))
    for block in range(start // _BLOCK, -(-stop // _BLOCK)):
        chance = random.Random(f"{SEED}:{block}")
        for number in range(block * _BLOCK, min(stop, (block + 1) * _BLOCK)):
            chosen = _distinct(chance, keywords, weights)
            if number >= start:
                yield f"profile-{number:07}", chosen


def _distinct(chance: random.Random, keywords: Sequence[str], weights: Sequence[float]) -> tuple[str, ...]:
    chosen: dict[str, None] = {}
    while len(chosen) < KEYWORDS:
        chosen.update(dict.fromkeys(chance.choices(keywords, cum_weights=weights, k=KEYWORDS - len(chosen))))
    return tuple(chosen)


def shards(keywords: Sequence[str], count: int, size: int) -> Iterator[list[Named]]:
    """The first `count` profiles, `size` at a time."""
    source = profiles(keywords, 0, count)
    while shard := list(islice(source, size)):
        yield shard


def write(keywords: Sequence[str], count: int, path: Path) -> None:
    """The first `count` profiles as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for name, chosen in profiles(keywords, 0, count):
            file.write(json.dumps({"name": name, "keywords": chosen}) + "\n")
