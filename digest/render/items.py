"""One paper as the templates see it: words, links and marked pieces, already safe to show."""

from __future__ import annotations

from dataclasses import dataclass

from digest.models import Match, Paper, Span
from digest.render.cleaning import clean, shorten, web_address
from digest.render.excerpt import Piece, excerpt, marked
from digest.render.links import Link, links_of
from digest.render.reasons import Why, whys
from digest.render.templates import plural

LEAD = 60
NAME = 80
_TITLE = 300


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
    """"" unless it has to be said."""
    why: tuple[Why, ...]
    why_more: int
    score: str
    block: str = ""
    """Stands for the whole of paper.html or paper.txt for this paper (see blocks); empty for a paper by title only."""

    @property
    def words(self) -> int:
        """Words to read in title and abstract."""
        return sum(len(piece.text.split()) for piece in (*self.title, *self.abstract))


def item_of(match: Match, abstract: int, profile: str) -> Item:
    """A paper with `abstract` characters of its abstract, for the profile named, or "" where that goes without saying."""
    paper = match.paper
    why, more = whys(match.matched)
    authors = [name for author in paper.authors if (name := shorten(author, NAME))]
    links = links_of(paper)
    return Item(
        title=marked(paper.title, _spans(match, "title"), _TITLE) if paper.title.strip() else (Piece(clean(paper.id)),),
        name=short_title(paper),
        url=links[0].url if links else "",
        authors=tuple(authors if len(authors) <= 4 else authors[:3]),
        last_author=authors[-1] if len(authors) > 4 else "",
        author_count=len(authors),
        badges=_badges(paper),
        abstract=excerpt(paper.abstract, _spans(match, "abstract"), abstract),
        links=links,
        profile=shorten(profile, NAME),
        why=why,
        why_more=more,
        score=f"{match.score:.1f}",
    )


def short_title(paper: Paper) -> str:
    """What a paper is called in a subject or a link."""
    return shorten(paper.title, LEAD) or shorten(paper.id, LEAD)


def _spans(match: Match, field: str) -> list[Span]:
    """What to highlight; the scattered words of a phrase are no reason to stop the eye."""
    return [span for one in match.matched if one.field == field and not one.partial for span in one.spans]


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
