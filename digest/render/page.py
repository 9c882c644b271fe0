"""What the templates see: a `Digest` turned into the words, links and marked pieces of one page."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import date

from digest.models import Digest, Match, Paper, Span
from digest.render.cleaning import clean, shorten, web_address
from digest.render.excerpt import Piece, excerpt, marked
from digest.render.links import Link, links_of
from digest.render.reasons import Why, whys
from digest.render.templates import plural

FULL_ABSTRACT = 700
"""Characters of an abstract shown when there is room."""
WORDS_PER_MINUTE = 220
_LEAD = 60
_TITLE = 300
_NAME = 80
_NOTES = 3
_NOTE = 240
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """How much of a digest is shown: characters of each abstract, papers in full, papers by title only."""

    abstract: int
    full: int
    compact: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One paper as the templates see it; `url` is "" when it has no address that is safe to link."""

    title: tuple[Piece, ...]
    name: str
    """The title as plain text, short: what a link to the paper is called aloud."""
    url: str
    authors: tuple[str, ...]
    """The first three, or all when there are at most four."""
    last_author: str
    """"" when `authors` is everybody."""
    author_count: int
    badges: tuple[str, ...]
    abstract: tuple[Piece, ...]
    links: tuple[Link, ...]
    profile: str
    """"" unless the digest speaks for several profiles."""
    why: tuple[Why, ...]
    why_more: int
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
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
    papers: tuple[Item, ...]
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
    web_copy: str
    home: str


NAMES_KNOWN = (*(field.name for field in fields(Page)), "subject")
"""What a template can use."""


def page_of(digest: Digest, fit: Fit) -> Page:
    """The page of a digest, as much of it as `fit` allows."""
    several = _speaks_for_several(digest)
    papers = tuple(_item(match, fit.abstract, several=several) for match in digest.papers[: fit.full])
    compact = tuple(_item(match, 0, several=several) for match in digest.papers[fit.full : fit.full + fit.compact])
    count = len(digest.papers)
    return Page(
        site=shorten(digest.site_name, _NAME),
        date=day_in_words(digest.issue),
        lead=_title(digest.papers[0].paper, _LEAD) if digest.papers else "",
        others=max(0, count - 1),
        shown=count,
        listed=max(digest.listed, count),
        considered=max(digest.considered, count),
        minutes=_minutes(papers, compact),
        papers=papers,
        compact=compact,
        more=count - len(papers) - len(compact),
        shortened=any(fit.abstract < len(match.paper.abstract) for match in digest.papers)
        and fit.abstract < FULL_ABSTRACT,
        notes=tuple(note for text in digest.notes[:_NOTES] if (note := shorten(text, _NOTE))),
        trending=digest.trending,
        arxiv=any(match.paper.id.startswith("arxiv:") for match in digest.papers),
        email=shorten(digest.subscriber.email, 254),
        postal_address=tuple(part for line in digest.postal_address.splitlines()[:6] if (part := shorten(line, 100))),
        unsubscribe=web_address(digest.links.unsubscribe),
        preferences=web_address(digest.links.preferences),
        web_copy=web_address(digest.links.web_copy),
        home=web_address(digest.links.home),
    )


def page_values(digest: Digest, fit: Fit) -> dict[str, object]:
    """The same by name, as Jinja wants it."""
    page = page_of(digest, fit)
    return {field.name: getattr(page, field.name) for field in fields(page)}


def day_in_words(day: date) -> str:
    """The day in English whatever the locale: "Monday, 23 November 2026"."""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _item(match: Match, abstract: int, *, several: bool) -> Item:
    paper = match.paper
    why, more = whys(match.matched)
    authors = [name for author in paper.authors if (name := shorten(author, _NAME))]
    links = links_of(paper)
    return Item(
        title=marked(paper.title, _spans(match, "title"), _TITLE) if paper.title.strip() else (Piece(clean(paper.id)),),
        name=_title(paper, _LEAD),
        url=links[0].url if links else "",
        authors=tuple(authors if len(authors) <= 4 else authors[:3]),
        last_author=authors[-1] if len(authors) > 4 else "",
        author_count=len(authors),
        badges=_badges(paper),
        abstract=excerpt(paper.abstract, _spans(match, "abstract"), abstract),
        links=links,
        profile=shorten(match.profile, _NAME) if several else "",
        why=why,
        why_more=more,
        score=f"{match.score:.1f}",
    )


def _spans(match: Match, field: str) -> list[Span]:
    """What to highlight; the scattered words of a phrase are no reason to stop the eye."""
    return [span for one in match.matched if one.field == field and not one.partial for span in one.spans]


def _title(paper: Paper, limit: int) -> str:
    return shorten(paper.title, limit) or shorten(paper.id, limit)


def _badges(paper: Paper) -> tuple[str, ...]:
    badges = [
        plural(paper.upvotes, "upvote") if paper.upvotes else "",
        plural(paper.comments, "comment") if paper.comments else "",
        "code" if web_address(paper.code_url) else "",
        "project page" if web_address(paper.project_url) else "",
        f"version {paper.version}" if paper.version and paper.version > 1 else "",
        shorten(paper.categories[0], 40) if paper.categories else "",
        *(shorten(source, 40) for source in paper.sources[:5]),
    ]
    return tuple(badge for badge in badges if badge)


def _speaks_for_several(digest: Digest) -> bool:
    """Whether a reader could wonder which of their profiles a paper is for."""
    own = len(digest.subscriber.profiles) + bool(digest.subscriber.keywords)
    return not digest.trending and (own > 1 or len({match.profile for match in digest.papers}) > 1)


def _minutes(papers: tuple[Item, ...], compact: tuple[Item, ...]) -> int:
    texts = [piece.text for item in (*papers, *compact) for piece in (*item.title, *item.abstract)]
    return max(1, math.ceil(sum(len(text.split()) for text in texts) / WORDS_PER_MINUTE))
