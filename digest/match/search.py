"""Distinct queries, turned inside out: a paper looks up its own words, names and labels and finds its queries.

Says which queries hit a paper and where; what a hit is worth is another matter (see rank).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.match.analysis import Text, analyse
from digest.match.names import Name, agree, readings
from digest.match.near import windows
from digest.match.phrases import Occurrences, Phrase, PhraseTree, Place
from digest.match.query import TEXT_FIELDS, Author, Label, Near, Query, Words
from digest.models import Paper


@dataclass(frozen=True, slots=True)
class Hit:
    """Where one query hits one paper in one field."""

    count: int
    """Occurrences, for the term frequency; 1 where the field is not text."""
    places: tuple[Place, ...] = ()
    """Words in the field: (first, one past the last)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One paper, read once for all queries."""

    paper: Paper
    texts: Mapping[str, Text]
    hits: Mapping[int, Mapping[str, Hit]]
    """Query number → field → hit; only queries that hit in full."""
    phrases: Mapping[str, Occurrences]
    """Field → all occurrences, the single words of longer phrases too."""


class Search:
    """The queries of all profiles, ready to be asked about papers; what it holds never changes."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self.queries = tuple(queries)
        self._numbers: dict[Phrase, int] = {}
        self._phrases: dict[int, list[int]] = {}
        self._nears: dict[int, list[int]] = {}
        self._families: dict[str, list[tuple[Name, int]]] = {}
        self._labels: dict[tuple[str, str], list[int]] = {}
        self.partials: dict[int, list[int]] = {}
        """Phrase number → the queries that have it as a part."""
        self._parts: dict[int, tuple[int, ...]] = {}
        for number, query in enumerate(self.queries):
            self._enter(number, query)
        self.phrases = tuple(self._numbers)
        self._tree = PhraseTree(self.phrases)

    def read(self, paper: Paper) -> Found:
        """Everything the queries find in a paper."""
        texts = {"title": analyse(paper.title), "abstract": analyse(paper.abstract)}
        phrases = {field: self._tree.occurrences(text) for field, text in texts.items()}
        hits: dict[int, dict[str, Hit]] = {}
        for field in TEXT_FIELDS:
            for number, places in phrases[field].items():
                hit = Hit(len(places), tuple(places))
                for query in self._phrases.get(number, ()):
                    if field in self.queries[query].fields:
                        hits.setdefault(query, {})[field] = hit
                for query in self._nears.get(number, ()):
                    self._near(query, field, phrases[field], hits)
        for number in self._named(paper):
            hits.setdefault(number, {})[self.queries[number].fields[0]] = Hit(1)
        return Found(paper, texts, hits, phrases)

    def parts_of(self, query: int) -> tuple[int, ...]:
        """The numbers of the phrases that a query is made of; empty when they may not stand apart."""
        return self._parts.get(query, ())

    def _enter(self, number: int, query: Query) -> None:
        match query.asks:
            case Words(phrase, parts):
                self._phrases.setdefault(self._number(phrase), []).append(number)
                self._parts[number] = tuple(map(self._number, parts))
                for part in self._parts[number]:
                    self.partials.setdefault(part, []).append(number)
            case Near(phrases):
                for phrase in phrases:
                    self._number(phrase)
                self._nears.setdefault(self._number(phrases[0]), []).append(number)
            case Author(names):
                for name in names:
                    self._families.setdefault(name.family, []).append((name, number))
            case Label(field, value):
                self._labels.setdefault((field, value), []).append(number)

    def _number(self, phrase: Phrase) -> int:
        return self._numbers.setdefault(phrase, len(self._numbers))

    def _near(self, number: int, field: str, found: Occurrences, hits: dict[int, dict[str, Hit]]) -> None:
        query = self.queries[number]
        if field not in query.fields or not isinstance(query.asks, Near):
            return
        phrases = [self._numbers[phrase] for phrase in query.asks.phrases]
        if all(phrase in found for phrase in phrases):
            count, places = windows(found, phrases, query.asks.distance)
            if count:
                hits.setdefault(number, {})[field] = Hit(count, places)

    def _named(self, paper: Paper) -> set[int]:
        """Queries for an author, a category or a source."""
        found: set[int] = set()
        if self._families:
            for printed in paper.authors:
                for name in readings(printed):
                    wanted = self._families.get(name.family, ())
                    found.update(number for other, number in wanted if agree(other, name))
        if self._labels:
            for field, values in (("category", paper.categories), ("source", paper.sources)):
                for value in values:
                    found.update(self._labels.get((field, label(value)), ()))
        return found


def label(value: str) -> str:
    """A category or source as it is compared: folded to lower case, spaces single."""
    return " ".join(value.split()).casefold()
