"""What a phrase is: a row of terms, each a key that a word must answer to.

`fine tuning` also meets the single word `finetuning`, and `finetuning` the two words. Where phrases stand is told by shelf.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from digest.match.analysis import HYPHEN, SPACE, Word, acronym_key, stem

# Never half of a compound ("drones in formation" holds no information), never worth anything without their phrase.
FUNCTION_WORDS = frozenset(
    {
        *("all", "and", "any", "are", "but", "can", "for", "from", "has", "have", "her", "his", "how", "into", "its"),
        *("may", "nor", "not", "off", "one", "our", "out", "own", "per", "she", "than", "that", "the", "their", "them"),
        *("then", "there", "they", "this", "too", "two", "under", "upon", "use", "was", "were", "what", "when"),
        *("a", "an", "as", "at", "be", "by", "if", "in", "is", "it", "of", "on", "or", "so", "to", "via", "we", "vs"),
        *("which", "who", "why", "will", "with", "yet", "you"),
    }
)


class Term(NamedTuple):
    """One place of a phrase: the key a word must answer to, or with `prefix` how one of its keys must begin."""

    key: str
    stem: str
    """What the corpus counts it under; for a prefix the letters themselves."""
    prefix: bool = False


class Phrase(NamedTuple):
    """Terms next to each other; `joins[i]`, where there is one, stands for the terms i and i + 1 in one word."""

    terms: tuple[Term, ...]
    joins: tuple[Term | None, ...]


def joinable(left: Word, right: Word, gap: int) -> bool:
    """Whether two neighbouring words may be one compound: always over a hyphen, over a space only real words."""
    if left.marked or right.marked:
        return False
    if gap == HYPHEN:
        return True
    return gap == SPACE and is_half(left) and is_half(right)


def is_half(word: Word) -> bool:
    """Whether a word may be half of a compound that is written with a space."""
    return len(word.form) > 2 and word.form.isalpha() and word.form not in FUNCTION_WORDS


@lru_cache(maxsize=131_072)
def joined_keys(left: str, right: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that two neighbouring words answer to when they are read as one, and what prefixes are compared with."""
    cased = left + right
    form = left.casefold() + right.casefold()
    if sum(map(str.isupper, cased)) > 1:
        return (stem(form), acronym_key(cased)), ("=" + form, '"' + cased)
    return (stem(form),), ("=" + form,)
