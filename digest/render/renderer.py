"""A digest rendered, and made to fit: first abstracts shrink, then the lower papers, never the promise of size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from digest.errors import ConfigError, Problem
from digest.models import Digest
from digest.render.cleaning import shorten
from digest.render.page import FULL_ABSTRACT, Fit, page_values
from digest.render.problems import naming_templates
from digest.render.sample import sample_digest
from digest.render.templates import HTML, SUBJECT, TEXT, environment
from digest.render.wrapping import tidy

_SHORT_ABSTRACT = 300
_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one email: a subject on one line, a plain text and an HTML page with the same papers and links."""

    subject: str
    text: str
    html: str


class Renderer:
    """Templates, read and compiled once. Raises `ConfigError` when they are wrong or cannot fit `max_html_bytes`."""

    def __init__(self, templates: Path | None, max_html_bytes: int) -> None:
        self._limit = max_html_bytes
        with naming_templates(templates):
            loaded = environment(templates)
            self._subject = loaded.get_template(SUBJECT)
            self._html = loaded.get_template(HTML)
            self._text = loaded.get_template(TEXT)
        self._folder = templates
        self.render(replace(sample_digest(date(2026, 1, 1)), papers=()))

    def render(self, digest: Digest) -> Rendered:
        """The email of a digest; its HTML is at most `max_html_bytes` of UTF-8, or `ConfigError` if nothing helps."""
        with naming_templates(self._folder):
            for fit in self._fits(digest):
                rendered = self._try(digest, fit)
                if rendered is not None:
                    return rendered
            bare = self._try(replace(digest, notes=()), Fit(0, 0))
        if bare is None:
            raise ConfigError(
                Problem(
                    f"the frame of an email alone is larger than {self._limit} bytes.",
                    hint="Raise [digest] max_html_kb or make the template smaller.",
                )
            )
        return bare

    def _fits(self, digest: Digest) -> Iterator[Fit]:
        """Ever smaller pages; the last two are the largest of their kind that fit, found by halving."""
        count = len(digest.papers)
        yield from (Fit(size, count) for size in (FULL_ABSTRACT, _SHORT_ABSTRACT, 0))
        full = _largest(count, lambda full: self._holds(digest, Fit(0, full, count - full)))
        yield Fit(0, full, count - full)
        yield Fit(0, 0, _largest(count, lambda compact: self._holds(digest, Fit(0, 0, compact))))

    def _holds(self, digest: Digest, fit: Fit) -> bool:
        return len(self._page(digest, fit)[1].encode()) <= self._limit

    def _try(self, digest: Digest, fit: Fit) -> Rendered | None:
        values, html = self._page(digest, fit)
        if len(html.encode()) > self._limit:
            return None
        return Rendered(str(values["subject"]), tidy(self._text.render(values)), html)

    def _page(self, digest: Digest, fit: Fit) -> tuple[dict[str, object], str]:
        values = page_values(digest, fit)
        values["subject"] = shorten(self._subject.render(values), _SUBJECT)
        return values, self._html.render(values)


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
