"""One paper as the templates see it: words, links and marked pieces, already safe to show."""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace

from digest.models import Match, Paper, Span
from digest.render.cleaning import clean, shorten, web_address
from digest.render.excerpt import Piece, excerpt, marked
from digest.render.links import Link, links_of
from digest.render.reasons import Why, whys
from digest.render.templates import plural

LEAD = 60
NAME = 80
_TITLE = 300


class Item:
    """One paper as the templates see it; each value is made when a template asks for it."""

    def __init__(self, match: Match, abstract: int, profile: str = "", block: str = "") -> None:
        self._match = match
        self._paper = match.paper
        self._size = abstract
        self._profile = profile
        self.block = block
        """Stands for the whole of paper.html or paper.txt (see blocks); "" for a paper by title only."""

    @cached_property
    def title(self) -> tuple[Piece, ...]:
        title = self._paper.title
        return marked(title, _spans(self._match, "title"), _TITLE) if title.strip() else (Piece(clean(self._paper.id)),)

    @cached_property
    def abstract(self) -> tuple[Piece, ...]:
        return excerpt(self._paper.abstract, _spans(self._match, "abstract"), self._size)

    @property
    def name(self) -> str:
        """The title as plain text, short: what a link to the paper is called aloud."""
        return short_title(self._paper)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        return links_of(self._paper)

    @property
    def url(self) -> str:
        """Empty when the paper has no address that is safe to link."""
        return self.links[0].url if self.links else ""

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for author in self._paper.authors if (name := shorten(author, NAME)))

    @property
    def authors(self) -> tuple[str, ...]:
        """The first three, or all when there are at most four."""
        return self._names if len(self._names) <= 4 else self._names[:3]

    @property
    def last_author(self) -> str:
        """Empty when `authors` is everybody."""
        return self._names[-1] if len(self._names) > 4 else ""

    @property
    def author_count(self) -> int:
        return len(self._names)

    @cached_property
    def badges(self) -> tuple[str, ...]:
        return _badges(self._paper)

    @property
    def profile(self) -> str:
        """Empty unless it has to be said."""
        return shorten(self._profile, NAME)

    @cached_property
    def _whys(self) -> tuple[tuple[Why, ...], int]:
        return whys(self._match.matched)

    @property
    def why(self) -> tuple[Why, ...]:
        return self._whys[0]

    @property
    def why_more(self) -> int:
        return self._whys[1]

    @property
    def score(self) -> str:
        return f"{self._match.score:.1f}"

    @property
    def words(self) -> int:
        """Words to read in title and abstract."""
        return sum(len(piece.text.split()) for piece in (*self.title, *self.abstract))


class View(SimpleNamespace):
    """What one block of a template may see of a paper: values only, so that nothing leads back to the whole of it."""


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
