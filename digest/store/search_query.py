"""What a visitor types into the search box, as a question for SQLite's full-text index.

The language of docs/keywords.md where the index can follow it: phrases in quotes, prefixes, `title:`, `abstract:`,
`author:`, `category:`, `source:`, `AND`, `OR`, `NOT`, `+`, `-`, brackets, `"…"~5`; weights and smart case do nothing.
A search box forgives: words without quotes may stand apart, and whatever cannot be read is taken as words. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

LONGEST = 300
"""Characters of a query that are read."""
_MOST_WORDS = 24
_DEEPEST = 8

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) |
      (?P<op>AND|OR|NOT|&&|\|\|)(?=[\s()]|$) |
      (?P<sign>[+\-!](?=[^\s)])) |
      (?:(?P<field>[A-Za-z]{2,9}):(?=[^\s]))?
      (?:"(?P<quoted>[^"]*)"(?:~(?P<near>\d{1,3}))? | (?P<bare>[^\s()"]+))?
      (?:\^[\d.]*)?
    )""",
    re.VERBOSE,
)
_ENDINGS = (
    "t",
    "ts",
    "ce",
    "cy",
    "al",
    "ally",
    "ation",
    "e",
    "ed",
    "es",
    "er",
    "ing",
    "s",
    "ly",
    "ity",
    "ive",
    "ion",
    "ment",
    "ness",
    "ism",
    "ic",
)
"""How English words go on, so that the stems of a prefix can be guessed."""
_WORD = re.compile(r"\w+", re.UNICODE)

_COLUMNS = {
    "title": "title",
    "ti": "title",
    "abstract": "abstract",
    "abs": "abstract",
    "author": "authors",
    "au": "authors",
}
_LABELS = {"category": "categories", "cat": "categories", "source": "sources"}


@dataclass(frozen=True, slots=True)
class Label:
    """A category or source that a paper must have, or must not."""

    column: str
    value: str
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What the index is asked, in the words of FTS5 ("" for everything), and the labels a paper must have."""

    match: str
    labels: tuple[Label, ...] = ()
    empty: bool = False
    """Something was asked for that no paper can have."""


def read(text: str) -> Question:
    """The question in a query; never an error."""
    text = text[:LONGEST].replace("\x00", " ")
    reader = _Reader(_tokens(text))
    match = reader.alternatives(0)
    labels = tuple(reader.labels)
    if not match and not labels:
        return Question("", empty=bool(text.strip()))
    words = reader.plain if not reader.structured and len(reader.plain) > 1 else ()
    if words and match:
        # Words that stand next to each other count once more, so that phrases come first.
        match = f'({match}) OR "{" ".join(words)}"'
    return Question(match, labels)


def _tokens(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text) and len(found) < 4 * _MOST_WORDS:
        token = _TOKEN.match(text, at)
        if token is None or token.end() == at:
            at += 1
            continue
        at = token.end()
        found.append(token)
    return found


class _Reader:
    """Recursive descent; what is left out by mistake (an operand, a bracket) is as if it had not been there."""

    def __init__(self, tokens: Sequence[re.Match[str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._words = 0
        self.labels: list[Label] = []
        self.plain: list[str] = []
        self.structured = False

    def alternatives(self, depth: int) -> str:
        parts = [self._together(depth)]
        while (token := self._peek()) and token["op"] in {"OR", "||"}:
            self._at += 1
            self.structured = True
            parts.append(self._together(depth))
        parts = [part for part in parts if part]
        return " OR ".join(f"({part})" for part in parts) if len(parts) > 1 else "".join(parts)

    def _together(self, depth: int) -> str:
        wanted: list[str] = []
        unwanted: list[str] = []
        while (
            (token := self._peek()) is not None and not (token["close"] and depth) and token["op"] not in {"OR", "||"}
        ):
            part, negative = self._operand(depth)
            if part:
                (unwanted if negative else wanted).append(part)
        if not wanted:
            return ""
        positive = " AND ".join(wanted)
        return f"({positive}) NOT ({' OR '.join(unwanted)})" if unwanted else positive

    def _operand(self, depth: int) -> tuple[str, bool]:
        negative = False
        while (token := self._peek()) is not None:
            if token["op"] in {"OR", "||"}:
                return "", negative
            self._at += 1
            if token["sign"] or token["op"] == "NOT":
                negative = negative != (token["sign"] in {"-", "!"} or token["op"] == "NOT")
                self.structured = True
            elif token["op"] or (token["close"] and not depth):
                self.structured = True
            elif token["open"]:
                self.structured = True
                return self._bracket(depth), negative
            else:
                return self._term(token, negative=negative, depth=depth), negative
        return "", negative

    def _bracket(self, depth: int) -> str:
        if depth >= _DEEPEST:
            return ""
        inner = self.alternatives(depth + 1)
        if (token := self._peek()) and token["close"]:
            self._at += 1
        return f"({inner})" if inner else ""

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _term(self, token: re.Match[str], *, negative: bool, depth: int) -> str:
        field = (token["field"] or "").lower()
        text = token["quoted"] if token["quoted"] is not None else re.sub(r"\^[\d.]*$", "", token["bare"] or "")
        if field in _LABELS:
            if not depth:
                self.labels.append(Label(_LABELS[field], text.strip().casefold(), wanted=not negative))
                self.structured = True
            return ""
        column = _COLUMNS.get(field, "")
        if field and not column:
            text = f"{field} {text}"
        words = _WORD.findall(text)[: _MOST_WORDS - self._words]
        self._words += len(words)
        if not words:
            return ""
        if token["quoted"] is not None or column:
            self.structured = True
        elif len(words) == 1 and "*" not in text:
            self.plain.append(words[0])
        found = self._words_of(token, text, words, column)
        return f"{{{column}}} : ({found})" if column else found

    def _words_of(self, token: re.Match[str], text: str, words: list[str], column: str) -> str:
        if column == "authors" and token["quoted"] is not None and len(words) > 1:
            return _person(words)
        if token["near"] and len(words) > 1:
            return f"NEAR({' '.join(map(_quoted, words))}, {min(int(token['near']), 100)})"
        if not text.rstrip().endswith("*"):
            return _quoted(" ".join(words))
        *before, start = words
        ways = [f"{_quoted(' '.join(words))}*", *(_quoted(" ".join([*before, one])) for one in _shorter_stems(start))]
        return f"({' OR '.join(ways)})" if len(ways) > 1 else ways[0]


def _person(words: list[str]) -> str:
    """An author as printed in the usual ways: Ada Lovelace, A. Lovelace, Lovelace, Ada."""
    *given, family = words
    ways = {" ".join(words), " ".join([*(name[0] for name in given), family]), " ".join([family, *given])}
    return " OR ".join(_quoted(way) for way in sorted(ways))


def _shorter_stems(start: str) -> list[str]:
    """What the index calls words that begin like this and whose stem is shorter: equivarian* → equivari."""
    start = start.lower()
    stems = {stem for stem in _stemmer().stemWords([start + ending for ending in _ENDINGS]) if len(stem) < len(start)}
    return sorted(stem for stem in stems if start.startswith(stem))


@cache
def _stemmer() -> Any:
    from Stemmer import Stemmer

    return Stemmer("porter")  # the index is made with SQLite's "porter"


def _quoted(words: str) -> str:
    return f'"{words}"'
