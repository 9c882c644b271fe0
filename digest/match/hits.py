"""What single questions find on a shelf: a table of points for every leaf of the keywords.

All leaves are weighed together, in a few operations on long columns. Knows nothing of operators (see rows).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import sparse

from digest.match.names import Name, agree, readings
from digest.match.near import windows
from digest.match.phrases import Phrase
from digest.match.plain import Plain, PlainPhrases
from digest.match.query import Author, Label, Leaf, Near, Words
from digest.match.shelf import FIELDS, NO_PLACES, Places, Shelf, counted
from digest.match.table import APART, EMPTY, Piece, Table, lines, united, whole
from digest.match.walking import Numbers, spread
from digest.match.weighing import LABEL_POINTS, Points, Weighing, shared
from digest.models import Paper


def leaf_table(shelf: Shelf, weighing: Weighing, leaves: Sequence[Leaf]) -> Table:
    """The table whose owners are the numbers of the leaves; weights are not counted in."""
    named = [number for number, leaf in enumerate(leaves) if isinstance(leaf.asks, Author | Label)]
    spoken = [number for number, leaf in enumerate(leaves) if not isinstance(leaf.asks, Author | Label)]
    tables = [_named(shelf.papers, leaves, named)]
    found = [leaf_places(shelf, leaves[number]) for number in spoken]
    rarity = np.array([_rarity(weighing, leaves[number]) for number in spoken])
    tables.append(_heard(shelf, weighing, found, np.array(spoken, np.int64), rarity))
    tables.append(_words_of_phrases(shelf, weighing, leaves, spoken))
    return whole(united(tables))


def leaf_places(shelf: Shelf, leaf: Leaf) -> Places:
    """Where a leaf that asks for words stands, in its fields."""
    asks = leaf.asks
    if isinstance(asks, Words):
        return _in_fields(shelf.places(asks.phrase), leaf.fields)
    if isinstance(asks, Near):
        return _in_fields(_near(shelf, asks), leaf.fields)
    return NO_PLACES


def plain_pieces(shelf: Shelf, weighing: Weighing, plain: Plain) -> list[Piece]:
    """The same of plain keywords, and what their words are worth apart (see `whole`)."""
    apart = _in_pieces(plain, *_worth(shelf, weighing, plain.words), len(shelf))
    owners, papers, title, abstract = _worth(shelf, weighing, plain.phrases)
    return [Piece(owners, papers, {0: title, 1: abstract}, hits=True), apart]


def _worth(shelf: Shelf, weighing: Weighing, phrases: PlainPhrases) -> tuple[Numbers, Numbers, Points, Points]:
    """BM25F of phrases, as columns: phrase, paper, points in the title and in the abstract."""
    which, slots, number = shelf.stand(phrases)
    return shared(which, slots, number * weighing.loudness(shelf)[slots], weighing.rarities(phrases))


def _in_pieces(plain: Plain, words: Numbers, papers: Numbers, title: Points, abstract: Points, width: int) -> Piece:
    """Sums over the words of each keyword, for the papers that hold them all: looked for where the rarest word stands."""
    keys = words * width + papers
    bounds = np.searchsorted(words, np.arange(len(plain.words) + 1))
    sizes = np.diff(bounds)[plain.parts]
    order = np.lexsort((sizes, plain.owners))
    owners, parts = plain.owners[order], plain.parts[order]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    held = np.bincount(owners, minlength=len(plain.phrases))
    starts = np.searchsorted(owners, np.arange(len(plain.phrases)))
    rarest = parts[rank == 0]
    which, at = spread(bounds[rarest], bounds[rarest + 1])
    who, where = owners[rank == 0][which], papers[at]
    points = (title[at], abstract[at])
    for place in range(1, int(held.max(initial=0))):
        more = held[who] > place
        key = parts[np.where(more, starts[who] + place, 0)] * width + where
        at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        met = ~more | (keys[at] == key)
        who, where, more, at = who[met], where[met], more[met], at[met]
        points = tuple(some[met] + more * worth[at] for some, worth in zip(points, (title, abstract), strict=True))
    return Piece(who, where, {APART: points[0], APART + 1: points[1]}, hits=False)


def _rarity(weighing: Weighing, leaf: Leaf) -> float:
    asks = leaf.asks
    if isinstance(asks, Words):
        return weighing.rarity(asks.phrase)
    return weighing.rarity(*asks.phrases) if isinstance(asks, Near) else 0.0


def _heard(shelf: Shelf, weighing: Weighing, found: Sequence[Places], owners: Numbers, rarity: Points) -> Table:
    """BM25F of what was found; `owners` and `rarity` stand beside `found`."""
    which, slots, number = counted(found)
    if not len(which):
        return EMPTY
    who, papers, title, abstract = shared(which, slots, number * weighing.loudness(shelf)[slots], rarity)
    return lines(owners[who], papers, {"title": title, "abstract": abstract}, hits=True)


def _words_of_phrases(shelf: Shelf, weighing: Weighing, leaves: Sequence[Leaf], spoken: Sequence[int]) -> Table:
    """What the words of phrases add by themselves, in papers that hold all words of the phrase."""
    numbers: dict[tuple[Phrase, tuple[str, ...]], int] = {}
    pairs: list[tuple[int, int]] = []
    for number in spoken:
        leaf = leaves[number]
        if isinstance(leaf.asks, Words) and len(leaf.asks.parts) > 1:
            parts = [numbers.setdefault((part, leaf.fields), len(numbers)) for part in leaf.asks.parts]
            pairs += [(number, part) for part in parts]
    if not pairs:
        return EMPTY
    found = [_in_fields(shelf.places(part), fields) for part, fields in numbers]
    rarity = np.array([weighing.rarity(part) for part, _ in numbers])
    each = _heard(shelf, weighing, found, np.arange(len(numbers)), rarity)
    owners, parts = np.array(pairs, np.int64).T
    shape = (len(leaves), len(numbers))
    asked = sparse.csr_array((np.ones(len(owners)), (owners, parts)), shape=shape)
    needed = np.bincount(owners, minlength=len(leaves))
    return _together(asked, needed, each, (len(numbers), len(shelf)))


def _together(asked: sparse.csr_array, needed: Numbers, each: Table, shape: tuple[int, int]) -> Table:
    """Sums over the parts of each phrase, for the papers that hold them all."""

    def product(values: Points) -> sparse.csr_array:
        return asked @ sparse.csr_array((values, (each.owners, each.papers)), shape=shape)

    present = product(np.ones(len(each)))
    owners = np.repeat(np.arange(present.shape[0]), np.diff(present.indptr))
    everything = present.data == needed[owners]
    # A product leaves out sums of 0; with 1 added to each there are none, and all three have their entries in one order.
    title, abstract = (product(each.points[:, column] + 1.0).data - present.data for column in (0, 1))
    where = present.indices[everything].astype(np.int64)
    columns = {"title": title[everything], "abstract": abstract[everything]}
    return lines(owners[everything], where, columns, hits=False, apart=True)


def _in_fields(places: Places, fields: Sequence[str]) -> Places:
    if len(fields) == len(FIELDS) or not len(places):
        return places
    chosen = places.slots & 1 == FIELDS.index(fields[0])
    return Places(places.starts[chosen], places.afters[chosen], places.slots[chosen])


def _near(shelf: Shelf, asks: Near) -> Places:
    """The words of every window; `counted` counts windows by the first word of each."""
    found = [shelf.places(phrase) for phrase in asks.phrases]
    slots = found[0].slots
    for places in found[1:]:
        slots = np.intersect1d(slots, places.slots)
    firsts: list[tuple[int, int]] = []
    for slot in slots.tolist():
        here = {number: _pairs(places.within(slot)) for number, places in enumerate(_distinct(asks, found))}
        count, _ = windows(here, _numbers(asks), asks.distance)
        firsts += [(slot, count)] if count else []
    where = np.array([slot for slot, count in firsts for _ in range(count)], np.int64)
    return Places(where, where, where)


def near_places(shelf: Shelf, asks: Near, slot: int) -> list[tuple[int, int]]:
    """The words (first, one past the last) of every window in one slot."""
    found = [shelf.places(phrase) for phrase in asks.phrases]
    here = {number: _pairs(places.within(slot)) for number, places in enumerate(_distinct(asks, found))}
    return list(windows(here, _numbers(asks), asks.distance)[1])


def _distinct(asks: Near, found: Sequence[Places]) -> list[Places]:
    return list(dict(zip(asks.phrases, found, strict=True)).values())


def _numbers(asks: Near) -> list[int]:
    known = {phrase: number for number, phrase in enumerate(dict.fromkeys(asks.phrases))}
    return [known[phrase] for phrase in asks.phrases]


def _pairs(places: Places) -> list[tuple[int, int]]:
    return list(zip(places.starts.tolist(), places.afters.tolist(), strict=True))


def _named(papers: Sequence[Paper], leaves: Sequence[Leaf], chosen: Sequence[int]) -> Table:
    """Leaves that ask for an author, a category or a source."""
    if not chosen:
        return EMPTY
    asked = [(number, leaves[number].asks) for number in chosen]
    families: dict[str, list[tuple[Name, int]]] = {}
    labels: dict[tuple[str, str], list[int]] = {}
    for number, asks in asked:
        if isinstance(asks, Author):
            for name in asks.names:
                families.setdefault(name.family, []).append((name, number))
        elif isinstance(asks, Label):
            labels.setdefault((asks.field, asks.value), []).append(number)
    found = {
        "author": _met(papers, lambda paper: _authors(paper, families) if families else set()),
        "category": _met(papers, lambda paper: _labelled("category", paper.categories, labels)),
        "source": _met(papers, lambda paper: _labelled("source", paper.sources, labels)),
    }
    tables = []
    for field, (owners, where) in found.items():
        tables.append(lines(owners, where, {field: np.full(len(owners), LABEL_POINTS[field])}, hits=True))
    return united(tables)


def _met(papers: Sequence[Paper], ask: Callable[[Paper], set[int]]) -> tuple[Numbers, Numbers]:
    pairs = [(number, at) for at, paper in enumerate(papers) for number in ask(paper)]
    owners, where = np.array(pairs, np.int64).reshape(-1, 2).T
    return owners, where


def _authors(paper: Paper, families: Mapping[str, Sequence[tuple[Name, int]]]) -> set[int]:
    return {
        number
        for printed in paper.authors
        for name in readings(printed)
        for wanted, number in families.get(name.family, ())
        if agree(wanted, name)
    }


def _labelled(field: str, values: Sequence[str], labels: Mapping[tuple[str, str], Sequence[int]]) -> set[int]:
    return {number for value in values for number in labels.get((field, label(value)), ())}


def label(value: str) -> str:
    """A category or source as it is compared: folded to lower case, spaces single."""
    return " ".join(value.split()).casefold()
