"""A digest rendered, and made to fit: first abstracts shrink, then the lower papers, never the promise of size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from digest.errors import ConfigError, Problem
from digest.models import Digest, Pieced
from digest.render.blocks import Block, Blocks, put_in
from digest.render.cleaning import shorten
from digest.render.items import Item
from digest.render.page import FULL_ABSTRACT, Fit, order_of, page_of, shelves_of, speaks_for_several
from digest.render.problems import naming_templates
from digest.render.sample import sample_digest
from digest.render.templates import HTML, SUBJECT, TEXT, environment
from digest.render.wrapping import tidy

_SHORTER = (450, 250, 0)
"""Characters of each abstract, tried one after another when a page is too large."""
_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one email: a subject on one line, a plain text and an HTML page with the same papers and links."""

    subject: str
    text: Pieced
    html: Pieced
    size: int
    """Bytes of the HTML."""


class Renderer:
    """Templates, read and compiled once. Raises `ConfigError` when they are wrong or cannot fit `max_html_bytes`.

    What it keeps between two digests are papers rendered in full, and their number is bounded.
    """

    def __init__(self, templates: Path | None, max_html_bytes: int) -> None:
        self._limit = max_html_bytes
        with naming_templates(templates):
            loaded = environment(templates)
            self._subject = loaded.get_template(SUBJECT)
            self._html = loaded.get_template(HTML)
            self._text = loaded.get_template(TEXT)
            self._blocks = Blocks(loaded)
        self._folder = templates
        self.render(replace(sample_digest(date(2026, 1, 1)), papers=()))

    def render(self, digest: Digest) -> Rendered:
        """The email of a digest; its HTML is at most `max_html_bytes` of UTF-8, or `ConfigError` if nothing helps."""
        with naming_templates(self._folder):
            for fit in self._fits(digest):
                draft = self._draft(digest, fit)
                if draft is not None:
                    return self._finished(draft)
            draft = self._draft(replace(digest, notes=()), Fit(0, 0))
            if draft is not None:
                return self._finished(draft)
        raise ConfigError(
            Problem(
                f"the frame of an email alone is larger than {self._limit} bytes.",
                hint="Raise [digest] max_html_kb or make the template smaller.",
            )
        )

    def _fits(self, digest: Digest) -> Iterator[Fit]:
        """Ever smaller pages; the last two are the largest of their kind that fit, found by halving."""
        count = len(digest.papers)
        yield from (Fit(size, count) for size in (FULL_ABSTRACT, *_SHORTER))
        full = _largest(count, lambda full: self._holds(digest, Fit(0, full, count - full)))
        yield Fit(0, full, count - full)
        yield Fit(0, 0, _largest(count, lambda compact: self._holds(digest, Fit(0, 0, compact))))

    def _holds(self, digest: Digest, fit: Fit) -> bool:
        return self._draft(digest, fit) is not None

    def _draft(self, digest: Digest, fit: Fit) -> _Draft | None:
        """The page, or None when it is too large."""
        named = speaks_for_several(digest) and order_of(digest) != "profile"
        blocks = [
            self._blocks.of(
                match, place, fit.abstract, profile=match.profile if named else "", trending=digest.trending
            )
            for place, match in enumerate(digest.papers[: fit.full])
        ]
        if sum(block.size for block in blocks) > self._limit:
            return None
        compact = [Item(match, 0) for match in digest.papers[fit.full : fit.full + fit.compact]]
        words = sum(block.words for block in blocks) + sum(item.words for item in compact)
        items = [block.item for block in blocks]
        page = page_of(digest, fit, shelves_of(digest, fit.full), items, compact, words)
        values = page._asdict()
        values["subject"] = shorten(self._subject.render(values), _SUBJECT)
        html = put_in(self._html.render(values), blocks, html=True)
        size = sum([len(piece.encode()) for piece in html.pieces])
        return _Draft(values, blocks, html, size) if size <= self._limit else None

    def _finished(self, draft: _Draft) -> Rendered:
        text = put_in(tidy(self._text.render(draft.values)), draft.blocks, html=False)
        return Rendered(str(draft.values["subject"]), text, draft.html, draft.size)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A page small enough, whose text is not rendered yet."""

    values: dict[str, object]
    blocks: list[Block]
    html: Pieced
    size: int


def _largest(count: int, fits: Callable[[int], bool]) -> int:
    """The largest number below `count` that fits, 0 if none does."""
    low, high = 0, max(0, count - 1)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
