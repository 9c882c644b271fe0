"""Which listings are one paper, and what a further listing adds to it. Pure; the rows are read and written in papers.

The first listing makes the paper. Later ones add to it as far as their authority reaches (see `_add`), so that a feed
can neither rewrite nor remove what arXiv says of its own papers, whichever of them comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any

from digest.models import Listing

MayMerge = Callable[[Collection[str], Collection[str]], bool]
"""Whether two papers can be the same, from their strong keys."""

_STRONG = ("arxiv:", "doi:")
_AGAINST = {"title": "link:", "link": "title:"}
"""What can speak against a weak key: two pages of one host, or two titles on one page."""
_TRUSTED = 1  # from this authority on, a source may speak of papers that are not its own
_MOST = 50  # categories, and sources, of one paper
_MOST_KEYS = 100  # keys of one paper; without a bound, hostile listings would make every look at it slower


@dataclass(frozen=True, slots=True)
class Arrival:
    """A listing with its id should it be new, and the keys it can be recognised by, strongest first."""

    listing: Listing
    paper_id: str
    keys: tuple[str, ...]


@dataclass(slots=True)
class Draft:
    """A paper while a batch is worked in: `row` as in the table, `seq` None until it is inserted."""

    row: dict[str, Any]
    keys: set[str] = field(default_factory=set)
    seq: int | None = None
    changed: bool = False
    turn: int = 0
    """The place in the batch of the arrival that made it."""
    absorbed: bool = False


@dataclass(slots=True)
class Batch:
    """What became of a batch: drafts to insert, drafts to update, papers that turned out to be another one."""

    new: list[Draft] = field(default_factory=list)
    absorbed: list[tuple[int, Draft]] = field(default_factory=list)
    """(seq of the younger paper, the older one it is)."""
    fresh: int = 0
    updated: int = 0
    unchanged: int = 0


def merge(arrivals: Sequence[Arrival], stored: Iterable[Draft], now: datetime, may_merge: MayMerge) -> Batch:
    """Work a batch of arrivals into the stored drafts that share a key with it."""
    owners = {key: draft for draft in stored for key in draft.keys}
    batch = Batch()
    for turn, arrival in enumerate(arrivals):
        found = _found(arrival, owners, may_merge)
        if found:
            _join(arrival, found, owners, batch, may_merge)
        else:
            draft = Draft(_new_row(arrival, now), turn=turn)
            batch.new.append(draft)
            batch.fresh += 1
            _claim(draft, arrival.keys, owners, may_merge)
    batch.new = [draft for draft in batch.new if not draft.absorbed]
    return batch


def strong_keys(keys: Iterable[str]) -> frozenset[str]:
    """The keys that name one work for certain."""
    return frozenset(key for key in keys if key.startswith(_STRONG))


def _found(arrival: Arrival, owners: Mapping[str, Draft], may_merge: MayMerge) -> list[Draft]:
    """The known papers this arrival is, the surest first; more than one only when they may become one.

    The first strong key is the arrival's own name and always counts; the others only where nothing contradicts them.
    """
    strong = strong_keys(arrival.keys)
    ordered = sorted(arrival.keys, key=lambda key: key not in strong)
    found: list[Draft] = []
    named = False
    for place, key in enumerate(ordered):
        draft = owners.get(key)
        if draft is None or any(draft is other for other in found):
            continue
        own_name = place == 0 and key in strong
        if not own_name and not may_merge(strong_keys(draft.keys), strong):
            continue
        if key not in strong and _contradicted(key, arrival.keys, draft.keys):
            continue
        if found and not (named and _may_unite(arrival, [*found, draft], may_merge)):
            continue
        named = named or key in strong
        found.append(draft)
    return found


def _contradicted(key: str, ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether keys of another kind tell apart what this weak key takes for one paper."""
    against = _AGAINST.get(key.partition(":")[0])
    if against is None:
        return False
    mine, known = _grouped(ours, against), _grouped(theirs, against)
    return any(mine[group].isdisjoint(known[group]) for group in mine.keys() & known.keys())


def _grouped(keys: Iterable[str], kind: str) -> dict[str, set[str]]:
    """The keys of one kind, links by their host."""
    groups: dict[str, set[str]] = {}
    for key in keys:
        if key.startswith(kind):
            groups.setdefault(key.rpartition(":")[0], set()).add(key)
    return groups


def _may_unite(arrival: Arrival, drafts: Sequence[Draft], may_merge: MayMerge) -> bool:
    """Whether a listing suffices to make one paper of known ones: it outranks none, and no two keys differ."""
    strong = [strong_keys(arrival.keys), *(strong_keys(draft.keys) for draft in drafts)]
    return (
        all(draft.row["authority"] <= arrival.listing.authority for draft in drafts)
        and sum(len(draft.keys) for draft in drafts) <= _MOST_KEYS
        and all(may_merge(one, other) for place, one in enumerate(strong) for other in strong[:place])
    )


def _join(
    arrival: Arrival, found: Sequence[Draft], owners: dict[str, Draft], batch: Batch, may_merge: MayMerge
) -> None:
    """Add an arrival to the oldest of the papers it is; its keys too, unless the paper knows better."""
    oldest, *others = sorted(found, key=lambda draft: (draft.seq is None, draft.seq or 0, draft.turn))
    for other in others:
        _absorb(oldest, other, owners, batch)
    outranked = arrival.listing.authority < oldest.row["authority"]
    if _add(oldest.row, _said(arrival.listing)) or others:
        oldest.changed = True
        batch.updated += 1
    else:
        batch.unchanged += 1
    if not outranked and may_merge(strong_keys(oldest.keys), strong_keys(arrival.keys)):
        _claim(oldest, arrival.keys, owners, may_merge)


def _claim(draft: Draft, keys: Iterable[str], owners: dict[str, Draft], may_merge: MayMerge) -> None:
    """Recognise a paper by these keys from now on, as far as they are free and name no other work."""
    for key in keys:
        known = strong_keys(draft.keys)
        allowed = may_merge(known, {key}) if key.startswith(_STRONG) else len(draft.keys) < _MOST_KEYS
        if allowed and owners.setdefault(key, draft) is draft:
            draft.keys.add(key)


def _absorb(older: Draft, younger: Draft, owners: dict[str, Draft], batch: Batch) -> None:
    """Two known papers turn out to be one: the older number stays, so nobody is offered it again."""
    for key in younger.keys:
        owners[key] = older
    older.keys |= younger.keys
    _add(older.row, younger.row)
    older.changed = True
    younger.absorbed = True
    if younger.seq is None:  # it was counted as new, and was none
        batch.fresh -= 1
        batch.updated += 1
    else:
        batch.absorbed.append((younger.seq, older))


def _new_row(arrival: Arrival, now: datetime) -> dict[str, Any]:
    today: date = now.date()
    own = {"id": arrival.paper_id, "listed_on": arrival.listing.listed_on or today, "first_seen_at": now}
    return own | _said(arrival.listing)


def _said(listing: Listing) -> dict[str, Any]:
    """What a listing says, in the columns of the table."""
    names = ("title", "abstract", "url", "pdf_url", "code_url", "project_url", "upvotes", "comments", "version")
    lists = {"authors": list(listing.authors), "categories": _union(listing.categories), "sources": [listing.source]}
    return {name: getattr(listing, name) for name in (*names, "authority")} | lists


def _add(row: dict[str, Any], said: Mapping[str, Any]) -> bool:
    """Add what one more source says; True when the paper changed by it.

    Higher authority, or the same with a newer version, replaces the text, and higher authority the addresses; the
    same fills what is missing; lower adds its name. A trusted source of lower authority, which is Hugging Face on
    arXiv's papers, also brings upvotes, comments, code and project page. Of an untrusted source nothing stays when a
    trusted one comes, but what that one leaves empty of text and categories.
    """
    before = dict(row)
    ours, theirs = row["authority"], said["authority"]
    if theirs > ours:
        _rise(row, said)
    elif theirs == ours:
        _refill(row, said)
    if theirs >= _TRUSTED or theirs == ours:
        for name in ("code_url", "project_url"):
            row[name] = row[name] or said[name]
        alone = theirs == ours and row["sources"] == said["sources"]
        for name in ("upvotes", "comments"):
            if said[name] is not None and (row[name] is None or alone or theirs >= _TRUSTED):
                row[name] = said[name]
    row["sources"] = list(dict.fromkeys([*row["sources"], *said["sources"]]))[:_MOST]
    return row != before


def _rise(row: dict[str, Any], said: Mapping[str, Any]) -> None:
    """A source that knows better takes the paper over; its id and number stay."""
    if row["authority"] < _TRUSTED:
        row |= {name: said[name] for name in ("code_url", "project_url", "upvotes", "comments")}
        row["categories"] = said["categories"] or row["categories"]
    row |= {name: said[name] for name in ("title", "url", "pdf_url", "version", "authority")}
    row |= {name: said[name] or row[name] for name in ("abstract", "authors")}
    row["categories"] = _union(said["categories"], row["categories"])


def _refill(row: dict[str, Any], said: Mapping[str, Any]) -> None:
    """An equal: a newer version replaces the text, anything else fills gaps. No version is version 1."""
    if (said["version"] or 1) > (row["version"] or 1):
        row |= {name: said[name] for name in ("title", "version")}
        row |= {name: said[name] or row[name] for name in ("abstract", "authors")}
    row |= {name: row[name] or said[name] for name in ("abstract", "authors", "pdf_url", "version")}
    row["categories"] = _union(row["categories"], said["categories"])


def _union(*lists: Iterable[str]) -> list[str]:
    """The categories of all lists, each once whatever its case, at most 50."""
    found: dict[str, str] = {}
    for name in chain(*lists):
        if len(found) == _MOST:
            break
        found.setdefault(name.casefold(), name)
    return list(found.values())
