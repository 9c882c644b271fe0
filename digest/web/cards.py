"""A paper as the pages show it: words, marks and addresses, already safe to show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote

from digest.models import Match, Paper, Span
from digest.render import Link, Piece, Why, clean, excerpt, links_of, marked, shorten, whys

EXCERPT = 420
"""Characters of an abstract in a list; the paper's own page has all of it."""
_WHOLE = 20_000
_TITLE = 400
_NAME = 80
_AUTHORS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One paper in a list or on its own page."""

    id: str
    anchor: str
    """What the card is called in the page."""
    page: str
    """The address of the paper's own page."""
    title: tuple[Piece, ...]
    name: str
    """The title as plain text."""
    abstract: tuple[Piece, ...]
    authors: tuple[str, ...]
    author_count: int
    listed_on: date
    upvotes: int
    comments: int
    categories: tuple[str, ...]
    sources: tuple[str, ...]
    links: tuple[Link, ...]
    version: int
    why: tuple[Why, ...] = ()
    score: str = ""
    profile: str = ""


def card(
    paper: Paper, base: str, *, title: Sequence[Span] = (), abstract: Sequence[Span] = (), limit: int = EXCERPT
) -> Card:
    """A paper with the marked words in title and abstract, and about `limit` characters of the abstract."""
    authors = tuple(name for author in paper.authors[:_AUTHORS] if (name := shorten(author, _NAME)))
    return Card(
        id=paper.id,
        anchor=f"p{paper.seq}",
        page=f"{base}/papers/{quote(paper.id, safe='/:')}",
        title=marked(paper.title, title, _TITLE) if paper.title.strip() else (Piece(clean(paper.id)),),
        name=shorten(paper.title, 120) or shorten(paper.id, 120),
        abstract=excerpt(paper.abstract, abstract, limit),
        authors=authors,
        author_count=len(paper.authors),
        listed_on=paper.listed_on,
        upvotes=max(0, paper.upvotes or 0),
        comments=max(0, paper.comments or 0),
        categories=tuple(shorten(one, 40) for one in paper.categories[:6]),
        sources=tuple(shorten(one, 40) for one in paper.sources[:6]),
        links=links_of(paper),
        version=paper.version or 1,
    )


def whole(paper: Paper, base: str) -> Card:
    """A paper with all of its abstract."""
    return card(paper, base, limit=_WHOLE)


def matched_card(match: Match, base: str, *, profile: str = "", limit: int = EXCERPT) -> Card:
    """A paper with why it stands in a list."""
    spans = {
        field: [span for one in match.matched if one.field == field and not one.partial for span in one.spans]
        for field in ("title", "abstract")
    }
    why, _ = whys(match.matched)
    plain = card(match.paper, base, title=spans["title"], abstract=spans["abstract"], limit=limit)
    return replace(plain, why=why, score=f"{match.score:.1f}", profile=profile)
