"""A written keyword → what it asks for: the language of docs/keywords.md.

Queries are plain data; nothing here looks at a paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from digest.errors import KeywordError
from digest.match.analysis import HYPHEN, Text, Word, acronym_key, analyse, stem
from digest.match.characters import read_characters
from digest.match.names import Name, readings
from digest.match.phrases import FUNCTION_WORDS, Phrase, Term, joinable
from digest.match.syntax import Parts, take_apart
from digest.match.tokens import split

MAX_PHRASE = 50
"""Words in one part."""
TEXT_FIELDS = ("title", "abstract")


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase; `parts` are its words when they may also stand apart for partial credit."""

    phrase: Phrase
    parts: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """Phrases (mostly single words) of which the outermost are at most `distance` words apart, in any order."""

    phrases: tuple[Phrase, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class Author:
    """One author; any reading of the name will do."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A category or a source by its whole name, folded to lower case."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is looked for in one place, in which fields, and what a point counts."""

    asks: Words | Near | Author | Label
    fields: tuple[str, ...]
    weight: float = 1.0
    """With the weights of the brackets around it."""


@dataclass(frozen=True, slots=True)
class All:
    """Every part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """What is needed; the optional parts only add points."""

    needed: Node
    optional: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Papers in which the part is not found; never the whole of a keyword, nor of a branch of Either."""

    part: Node


Node = Leaf | All | Either | Maybe | Without


@dataclass(frozen=True, slots=True)
class Query:
    """One keyword, read. Something is found in every paper that fulfils it."""

    text: str
    """As written."""
    asks: Node


@lru_cache(maxsize=65_536)
def parse(text: str) -> Query:
    """The query of a keyword; raises KeywordError, with column and hint, for everything it cannot read."""
    tokens = split(read_characters(text))
    if [token.kind for token in tokens] == ["part"]:
        return Query(text, leaf(take_apart(tokens[0].chars)))
    # Few keywords hold an operator, and luqum takes its time to load.
    from digest.match.operators import arrange

    return Query(text, arrange(tokens))


def parse_author(name: str) -> Query:
    """An entry of `authors`, which stands for author:"name"; the column of a KeywordError is one in the name."""
    before = 'author:"'
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    try:
        return parse(f'{before}{escaped}"')
    except KeywordError as error:
        raise KeywordError(error.message, max(1, error.column - len(before)), error.hint) from None


def leaf(parts: Parts) -> Leaf:
    """What one part asks for."""
    if parts.field in {"author", "category", "source"}:
        return Leaf(_label(parts), (parts.field,), parts.weight)
    found = analyse(parts.body)
    if not found:
        raise KeywordError("no word stands here", parts.column, "Write a word.")
    if len(found) > MAX_PHRASE:
        column = parts.columns[found.starts[MAX_PHRASE]]
        raise KeywordError(f"a phrase has more than {MAX_PHRASE} words", column, "Write several keywords.")
    asks = _words(found, parts) if parts.distance is None else _near(found, parts.distance, parts)
    return Leaf(asks, (parts.field,) if parts.field else TEXT_FIELDS, parts.weight)


def _label(parts: Parts) -> Author | Label:
    column = parts.column
    if parts.distance is not None or parts.stars:
        raise KeywordError(f"{parts.field}: takes neither * nor ~", column, "Write the whole name.")
    value = " ".join(parts.body.split())
    if parts.field != "author":
        if not any(char.isalnum() for char in value):
            raise KeywordError(f"no {parts.field} is named", column, f"Write {parts.field}:name.")
        return Label(parts.field, value.casefold())
    names = tuple(name for name in readings(value) if len(name.family) > 1 or name.given or not name.family.isascii())
    if not names:
        raise KeywordError("no author is named", column, 'Write author:"Ada Lovelace" or author:Lovelace.')
    return Author(names)


def _words(found: Text, parts: Parts) -> Words:
    phrase = _phrase(found, 0, len(found), parts)
    units = () if parts.quoted else _units(found)
    telling = [unit for unit in units if found.words[unit[0]].form not in FUNCTION_WORDS or unit[1] - unit[0] > 1]
    pieces = tuple(dict.fromkeys(_phrase(found, first, after, parts) for first, after in telling))
    return Words(phrase, pieces if len(units) > 1 else ())


def _near(found: Text, distance: int, parts: Parts) -> Near:
    units = _units(found)
    quote = parts.column - 1
    if len(units) < 2:
        raise KeywordError("~ needs two words or more", quote, 'Write "graph equivariant"~5.')
    if distance < len(units) - 1:
        hint = f"Write ~{len(units) - 1} or more."
        raise KeywordError(f"{len(units)} words cannot all be within {distance} of each other", quote, hint)
    return Near(tuple(_phrase(found, first, after, parts) for first, after in units), distance)


def _units(found: Text) -> list[tuple[int, int]]:
    """The words of a text as ranges, those under one hyphen together."""
    units: list[tuple[int, int]] = []
    first = 0
    for at in range(len(found)):
        if found.gaps[at] != HYPHEN:
            units.append((first, at + 1))
            first = at + 1
    return units


def _phrase(found: Text, first: int, after: int, parts: Parts) -> Phrase:
    """The words `first` … `after - 1` in a row; quoted without a distance they keep their exact forms."""
    exact = parts.quoted and parts.distance is None
    at = range(first, after)
    prefixed = [found.ends[i] in parts.stars for i in at]
    terms = tuple(
        _term(found.words[i], exact, star, parts, found.starts[i]) for i, star in zip(at, prefixed, strict=True)
    )
    if exact:
        return Phrase(terms, (None,) * (len(terms) - 1))
    return Phrase(terms, tuple(_join(found, i, star) for i, star in zip(at[:-1], prefixed[1:], strict=True)))


def _term(word: Word, exact: bool, star: bool, parts: Parts, start: int) -> Term:
    if star:
        if sum(map(str.isalpha, word.form)) < 3:
            column = parts.columns[start]
            hint = r"Write equivarian*, or \* for a star itself as in A\*."
            raise KeywordError("a prefix needs at least three letters", column, hint)
        return Term(f'"{word.cased}' if word.acronym else f"={word.form}", word.form, prefix=True)
    if word.marked:
        return Term(word.keys[-1], word.stem)
    if word.acronym:
        return Term(f'"{word.cased}' if exact else acronym_key(word.cased), word.stem)
    return Term(f"={word.form}" if exact else word.stem, word.stem)


def _join(found: Text, at: int, star: bool) -> Term | None:
    """The one word that `found[at]` and the next may be written as; case counts if it counts in one of them."""
    left, right = found.words[at], found.words[at + 1]
    if not joinable(left, right, found.gaps[at]):
        return None
    form, cased = left.form + right.form, left.cased + right.cased
    acronym = left.acronym or right.acronym
    if star:
        return Term(f'"{cased}' if acronym else f"={form}", form, prefix=True)
    root = stem(form)
    return Term(acronym_key(cased) if acronym else root, root)
