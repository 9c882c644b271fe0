"""What the templates see: a `Digest` turned into the words, links and groups of papers of one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from digest.models import Digest, Match
from digest.render.cleaning import shorten, web_address
from digest.render.items import NAME, Item, short_title

FULL_ABSTRACT = 700
"""Characters of an abstract shown when there is room."""
WORDS_PER_MINUTE = 220
_NOTES = 3
_NOTE = 240
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

Order = Literal["rank", "profile", "day"]
"""How papers stand: best first, or so within each profile, or within each day, oldest first."""


class Fit(NamedTuple):
    """How much of a digest is shown: characters of each abstract, papers in full, papers by title only."""

    abstract: int
    full: int
    compact: int = 0


class Shelf(NamedTuple):
    """Papers that stand together, by their places in the digest."""

    label: str
    places: tuple[int, ...]


class Group(NamedTuple):
    """The same as the templates see it; `first` is the number of its first paper on the page, counted from 1."""

    label: str
    first: int
    papers: tuple[Item, ...]


class Page(NamedTuple):
    """Everything a template can use, by these names, besides `subject`."""

    site: str
    date: str
    lead: str
    others: int
    shown: int
    """Papers in this digest, in full, by title or left to the web copy."""
    listed: int
    considered: int
    minutes: int
    groups: tuple[Group, ...]
    papers: tuple[Item, ...]
    """Those of all groups, in the same order."""
    compact: tuple[Item, ...]
    more: int
    """Papers that only the web copy names."""
    shortened: bool
    notes: tuple[str, ...]
    trending: bool
    arxiv: bool
    email: str
    postal_address: tuple[str, ...]
    unsubscribe: str
    preferences: str
    weekly: str
    """"" for those who have it."""
    pause: str
    web_copy: str
    home: str


NAMES_KNOWN = (*Page._fields, "subject", "paper")
"""What templates can use: `paper` in paper.html and paper.txt, the others in the pages around it."""


def page_of(
    digest: Digest, fit: Fit, shelves: Sequence[Shelf], full: Sequence[Item], compact: Sequence[Item], words: int
) -> Page:
    """The page of a digest: `full` and `compact` are its papers in the digest's order, as many as `fit` allows."""
    count = len(digest.papers)
    groups = _groups(shelves, full)
    preferences = web_address(digest.links.preferences)
    weekly = preferences and digest.subscriber.cadence.name != "weekly"
    return Page(
        site=shorten(digest.site_name, NAME),
        date=day_in_words(digest.issue),
        lead=short_title(digest.papers[0].paper) if digest.papers else "",
        others=max(0, count - 1),
        shown=count,
        listed=max(digest.listed, count),
        considered=max(digest.considered, count),
        minutes=max(1, math.ceil(words / WORDS_PER_MINUTE)),
        groups=groups,
        papers=tuple(item for group in groups for item in group.papers),
        compact=tuple(compact),
        more=count - len(full) - len(compact),
        shortened=fit.abstract < FULL_ABSTRACT
        and any(fit.abstract < len(match.paper.abstract) for match in digest.papers),
        notes=tuple(note for text in digest.notes[:_NOTES] if (note := shorten(text, _NOTE))),
        trending=digest.trending,
        arxiv=any(match.paper.id.startswith("arxiv:") for match in digest.papers),
        email=shorten(digest.subscriber.email, 254),
        postal_address=tuple(part for line in digest.postal_address.splitlines()[:6] if (part := shorten(line, 100))),
        unsubscribe=web_address(digest.links.unsubscribe),
        preferences=preferences,
        weekly=f"{preferences}#cadence" if weekly else "",
        pause=f"{preferences}#pause" if preferences else "",
        web_copy=web_address(digest.links.web_copy),
        home=web_address(digest.links.home),
    )


def order_of(digest: Digest) -> Order:
    """By day in a weekly issue, by profile for a reader who could wonder which of several a paper is for."""
    if digest.subscriber.cadence.name == "weekly":
        return "day"
    return "profile" if speaks_for_several(digest) else "rank"


def speaks_for_several(digest: Digest) -> bool:
    """Whether a reader could wonder which of their profiles a paper is for."""
    own = len(digest.subscriber.profiles) + bool(digest.subscriber.keywords)
    return not digest.trending and (own > 1 or len({match.profile for match in digest.papers}) > 1)


def shelves_of(digest: Digest, full: int) -> tuple[Shelf, ...]:
    """How the first `full` papers stand on the page."""
    shown = digest.papers[:full]
    order = order_of(digest)
    if order == "rank":
        return (Shelf("", tuple(range(len(shown)))),) if shown else ()
    together: dict[str | date, list[int]] = {}
    for place, match in enumerate(shown):
        together.setdefault(match.paper.listed_on if order == "day" else match.profile, []).append(place)
    if order == "day":
        days = sorted(day for day in together if isinstance(day, date))
        return tuple(Shelf(day_in_words(day), tuple(together[day])) for day in days)
    return tuple(Shelf(_for_profile(shown[places[0]]), tuple(places)) for places in together.values())


def day_in_words(day: date) -> str:
    """The day in English whatever the locale: "Monday, 23 November 2026"."""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _groups(shelves: Sequence[Shelf], full: Sequence[Item]) -> tuple[Group, ...]:
    groups: list[Group] = []
    first = 1
    for shelf in shelves:
        groups.append(Group(shelf.label, first, tuple(full[place] for place in shelf.places)))
        first += len(shelf.places)
    return tuple(groups)


def _for_profile(match: Match) -> str:
    name = shorten(match.profile, NAME)
    return f"For your profile {name}" if name else "For your own keywords"
