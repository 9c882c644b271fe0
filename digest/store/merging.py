"""Which listings are one paper, and what a further listing adds to it. Pure; the rows are read and written in papers.

The first listing makes the paper; later ones fill what is missing, refresh what moves (upvotes, comments) and replace
title, abstract and authors only when they come from a newer version of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from digest.models import Listing

MayMerge = Callable[[Collection[str], Collection[str]], bool]
"""Whether two papers that meet only through a weak key are the same, from their strong keys."""

_STRONG = ("arxiv:", "doi:")


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
    for arrival in arrivals:
        found = _found(arrival, owners, may_merge)
        if not found:
            draft = Draft(_new_row(arrival, now))
            batch.new.append(draft)
            batch.fresh += 1
        else:
            draft = found[0]
            for other in found[1:]:
                _absorb(draft, other, owners, batch)
            if _add(draft.row, arrival.listing):
                draft.changed = True
                batch.updated += 1
            else:
                batch.unchanged += 1
        for key in arrival.keys:
            if owners.setdefault(key, draft) is draft:
                draft.keys.add(key)
    return batch


def _found(arrival: Arrival, owners: dict[str, Draft], may_merge: MayMerge) -> list[Draft]:
    """The known papers this arrival is, the one seen first in front."""
    strong = strong_keys(arrival.keys)
    found: list[Draft] = []
    for key in arrival.keys:
        draft = owners.get(key)
        if draft is None or any(draft is other for other in found):
            continue
        if key in strong or may_merge(strong_keys(draft.keys), strong):
            found.append(draft)
    return sorted(found, key=lambda draft: (draft.seq is None, draft.seq or 0))


def strong_keys(keys: Iterable[str]) -> frozenset[str]:
    """The keys that name one work for certain."""
    return frozenset(key for key in keys if key.startswith(_STRONG))


def _absorb(older: Draft, younger: Draft, owners: dict[str, Draft], batch: Batch) -> None:
    """Two known papers turn out to be one: the older number stays, so nobody is offered it again."""
    for key in younger.keys:
        owners[key] = older
    older.keys |= younger.keys
    older.row["sources"] = _union(older.row["sources"], younger.row["sources"])
    for name in ("upvotes", "comments", "code_url", "project_url", "pdf_url", "abstract"):
        older.row[name] = older.row[name] or younger.row[name]
    older.changed = True
    if younger.seq is None:
        batch.new = [draft for draft in batch.new if draft is not younger]
    else:
        batch.absorbed.append((younger.seq, older))


def _new_row(arrival: Arrival, now: datetime) -> dict[str, Any]:
    listing = arrival.listing
    today: date = now.date()
    return {
        "id": arrival.paper_id,
        "title": listing.title,
        "abstract": listing.abstract,
        "authors": list(listing.authors),
        "categories": list(listing.categories),
        "listed_on": listing.listed_on or today,
        "first_seen_at": now,
        "url": listing.url,
        "pdf_url": listing.pdf_url,
        "code_url": listing.code_url,
        "project_url": listing.project_url,
        "upvotes": listing.upvotes,
        "comments": listing.comments,
        "version": listing.version,
        "sources": [listing.source],
    }


def _add(row: dict[str, Any], listing: Listing) -> bool:
    """Add what one more listing says; True when the paper changed by it."""
    before = dict(row)
    newer = (listing.version or 0) > (row["version"] or 0)
    if newer and row["version"] is not None:
        row["title"] = listing.title
        row["abstract"] = listing.abstract or row["abstract"]
        row["authors"] = list(listing.authors) or row["authors"]
    if newer:
        row["version"] = listing.version
    if not row["abstract"]:
        row["abstract"] = listing.abstract
    if len(listing.authors) > len(row["authors"]):
        row["authors"] = list(listing.authors)
    for name in ("pdf_url", "code_url", "project_url"):
        row[name] = row[name] or getattr(listing, name)
    for name in ("upvotes", "comments"):
        value = getattr(listing, name)
        row[name] = value if value is not None else row[name]
    row["categories"] = _union(row["categories"], listing.categories)
    row["sources"] = _union(row["sources"], (listing.source,))
    return row != before


def _union(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))
