"""The phrases that the titles, abstracts and keywords of some references share, before anybody judges them. Pure.

A phrase is one to four words next to each other that begin and end with a word that says something (see prose).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from digest.match.analysis import HYPHEN, NOTHING, Text, Word, acronym_key, analyse
from digest.match.phrases import FUNCTION_WORDS
from digest.match.prose import JOINING, Kind, kind

LONGEST = 4
"""Words in a phrase; one more is looked at, to see that a phrase is only part of a longer one."""
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|io|net|edu)/\S*")
_CAPITALS = 0.7  # of the letters: a title that shouts, in which capitals mark no acronym


class Cited(Protocol):
    """What is asked of a reference; texts are clean Unicode."""

    @property
    def title(self) -> str: ...
    @property
    def abstract(self) -> str: ...
    @property
    def keywords(self) -> Sequence[str]: ...
    @property
    def authors(self) -> Sequence[str]: ...
    @property
    def categories(self) -> Sequence[str]: ...


Key = tuple[str, ...]
"""What the matcher would ask each word of a phrase for, so that inflections are one phrase."""


@dataclass(eq=False)
class Candidate:
    """One phrase in all its inflections, and the numbers of the references that hold it."""

    key: Key
    references: set[int] = field(default_factory=set)
    titles: set[int] = field(default_factory=set)
    given: set[int] = field(default_factory=set)
    """References that give it as a keyword of theirs."""
    written: Counter[str] = field(default_factory=Counter)

    @property
    def support(self) -> int:
        return len(self.references | self.given)

    @property
    def text(self) -> str:
        """As it is written most often."""
        return min(self.written.items(), key=lambda pair: (-pair[1], pair[0]))[0]

    @cached_property
    def read(self) -> Text:
        """The words of that."""
        return analyse(self.text.replace("\\", ""))


@dataclass(frozen=True, slots=True)
class Candidates:
    """All phrases worth a look, and how many references hold each single word."""

    phrases: dict[Key, Candidate]
    words: Counter[str]


@dataclass(frozen=True, slots=True)
class _Passage:
    """One text of a reference, read once."""

    where: str
    raw: str
    text: Text
    kinds: tuple[Kind, ...]
    keys: Key


def gather(references: Sequence[Cited], least: int, advance: Callable[[int, int], None]) -> Candidates:
    """The phrases that `least` references hold, or that stand in a title; `advance` is told (done, all)."""
    read = [list(_passages(one)) for one in references]
    given = _given(read)
    held: Counter[Key] = Counter()
    words: Counter[str] = Counter()
    for number, passages in enumerate(read, 1):
        words.update({key for passage in passages for key in passage.keys})
        held.update({key for passage in passages for *_, key in _phrases(passage, given)})
        advance(number, 2 * len(read))
    phrases: dict[Key, Candidate] = {}
    for number, passages in enumerate(read):
        for passage in passages:
            for first, after, key in _phrases(passage, given):
                if held[key] >= least or passage.where == "title":
                    _note(phrases.setdefault(key, Candidate(key)), passage, number, first, after)
        advance(len(read) + number + 1, 2 * len(read))
    return Candidates({key: one for key, one in phrases.items() if one.references}, words)


def _note(known: Candidate, passage: _Passage, number: int, first: int, after: int) -> None:
    if passage.where == "keyword":
        if after - first == len(passage.keys):
            known.given.add(number)
        return
    known.references.add(number)
    if passage.where == "title":
        known.titles.add(number)
    known.written[_written(passage, first, after)] += 1


def _given(read: Sequence[Sequence[_Passage]]) -> frozenset[Key]:
    """The keywords that two references or more give: phrases, whatever words they are made of."""
    held: defaultdict[Key, set[int]] = defaultdict(set)
    for number, passages in enumerate(read):
        for passage in passages:
            if passage.where == "keyword" and 0 < len(passage.keys) <= LONGEST and max(passage.kinds) >= Kind.NOUN:
                held[passage.keys].add(number)
    return frozenset(key for key, numbers in held.items() if len(numbers) > 1)


def _passages(one: Cited) -> Iterator[_Passage]:
    # arXiv's subjects come as "Computer Science - Machine Learning".
    keywords = [("keyword", keyword.rpartition(" - ")[2]) for keyword in one.keywords]
    for where, raw in (("title", one.title), ("abstract", one.abstract), *keywords):
        plain = _ADDRESS.sub(" . ", raw)
        letters = [char for char in plain[:2000] if char.isalpha()]
        if len(letters) > 8 and sum(map(str.isupper, letters)) > _CAPITALS * len(letters):
            plain = plain.lower()
        text = analyse(plain)
        yield _Passage(where, plain, text, tuple(map(kind, text.words)), tuple(map(_key, text.words)))


def _key(word: Word) -> str:
    return acronym_key(word.cased) if word.acronym and word.form not in FUNCTION_WORDS else word.stem


def _phrases(passage: _Passage, given: frozenset[Key]) -> Iterator[tuple[int, int, Key]]:
    """The phrases of a text: first word, one past the last, key. Punctuation and half a compound end them."""
    gaps, words = passage.text.gaps, len(passage.keys)
    for first in range(words):
        if passage.kinds[first] == Kind.EMPTY or (first and gaps[first - 1] == HYPHEN):
            continue
        for after in range(first + 1, min(words, first + LONGEST + 1) + 1):
            if after - first > 1 and gaps[after - 2] == NOTHING:
                break
            if after < words and gaps[after - 1] == HYPHEN:
                continue
            key = passage.keys[first:after]
            if _says_something(passage, first, after) or key in given:
                yield first, after, key


def _says_something(passage: _Passage, first: int, after: int) -> bool:
    words, kinds, gaps, last = passage.text.words, passage.kinds, passage.text.gaps, after - 1
    if first == last:
        return kinds[first] >= Kind.GENERIC and len(words[first].form) > (1 if words[first].acronym else 2)
    compound = gaps[first] == HYPHEN
    if not (kinds[first] >= Kind.NOUN or (compound and kinds[first] > Kind.EMPTY)) or kinds[last] < Kind.ENDING:
        return False
    if (len(words[first].form) < 2 and not compound) or (len(words[last].form) < 2 and gaps[last - 1] != HYPHEN):
        return False
    inner = range(first + 1, last)
    return all(kinds[at] >= Kind.ENDING or HYPHEN in gaps[at - 1 : at + 1] or words[at].form in JOINING for at in inner)


def _written(passage: _Passage, first: int, after: int) -> str:
    """The phrase as a keyword: small letters but for acronyms and the like of 3D, a sign of the language escaped."""
    pieces: list[str] = []
    for at in range(first, after):
        start, end = passage.text.starts[at], passage.text.ends[at]
        word, raw = passage.text.words[at], passage.raw[start:end]
        cased = (word.acronym and word.form not in FUNCTION_WORDS) or any(map(str.isdigit, raw))
        pieces.append(raw.replace("*", r"\*") if cased else raw.lower().replace("*", r"\*"))
        if at + 1 < after:
            pieces.append(passage.raw[end : passage.text.starts[at + 1]] if passage.text.gaps[at] == HYPHEN else " ")
    return "".join(pieces)
