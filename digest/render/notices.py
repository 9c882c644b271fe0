"""The mail that asks a new subscriber to confirm: a subject, a text and an HTML page from templates of its own.

Nothing that somebody typed into a form is in it: a stranger's mailbox must not be a place to write on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from digest.errors import ConfigError, Problem
from digest.render.cleaning import shorten, web_address
from digest.render.problems import naming_templates
from digest.render.templates import environment
from digest.render.wrapping import tidy

SUBJECT = "email/confirm-subject.txt"
HTML = "email/confirm.html"
TEXT = "email/confirm.txt"
_SUBJECT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the templates can use, besides `subject`."""

    site: str
    link: str
    """Where to confirm, or, for somebody who reads already, where to change things."""
    known: bool
    """Whether the address is subscribed already."""
    days: int
    """After so many days without an answer the address is forgotten."""
    home: str
    postal_address: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worded:
    """The words of one such mail."""

    subject: str
    text: str
    html: str


class Notices:
    """The templates, read and compiled once. Raises `ConfigError` when they are wrong."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        with naming_templates(folder):
            loaded = environment(folder)
            self._subject, self._html, self._text = map(loaded.get_template, (SUBJECT, HTML, TEXT))

    def render(self, notice: Notice) -> Worded:
        """The mail."""
        told = asdict(notice) | {
            "site": shorten(notice.site, 80),
            "link": web_address(notice.link),
            "home": web_address(notice.home),
        }
        with naming_templates(self._folder):
            told["subject"] = shorten(self._subject.render(told), _SUBJECT)
            return Worded(told["subject"], tidy(self._text.render(told)), self._html.render(told))


def check_notices(folder: Path | None) -> None:
    """Raises `ConfigError` when a template of these mails is wrong, or leaves out the link."""
    notices = Notices(folder)
    for sample in _samples():
        rendered = notices.render(sample)
        for name, text in ((HTML, rendered.html), (TEXT, rendered.text)):
            if sample.link not in text:
                raise ConfigError(Problem(f"{name} leaves out the link.", str(folder or ""), hint="Write {{ link }}."))


def _samples() -> Iterator[Notice]:
    for known in (False, True):
        yield Notice(
            site="Papers Digest",
            link="https://papers.example.org/confirm/token",
            known=known,
            days=7,
            home="https://papers.example.org",
            postal_address=("Papers Digest", "1 Example Street"),
        )
