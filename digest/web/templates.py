"""The templates of the pages and the Jinja environment they run in: strict, escaping, the operator's files over ours.

An operator's folder may hold any of the files of our `web/` folder. Pages are read once, when `Templates` is made.
"""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError, select_autoescape

from digest.errors import ConfigError, Problem
from digest.render import builtin_folder, day_in_words, plural, soft
from digest.web.words import day_short, moment_in_words, month_in_words

PAGES = (
    "archive.html",
    "confirm.html",
    "day.html",
    "feed.xml",
    "issue.html",
    "message.html",
    "month.html",
    "paper.html",
    "preferences.html",
    "preview.html",
    "profile.html",
    "profiles.html",
    "subscribe.html",
    "unsubscribe.html",
)
PARTS = ("frame.html", "pieces.html")
FILES = {
    "style.css": "text/css; charset=utf-8",
    "script.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Sent as they are, with a name that changes with what they hold."""

_MISTAKES = (TemplateError, UnicodeError, OSError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class File:
    """A file that pages link to."""

    name: str
    """With a piece of its hash: style.1f0c9a7d.css."""
    content_type: str
    data: bytes


class Templates:
    """The pages, compiled, and the files they link to. Raises `ConfigError` for what cannot be read."""

    def __init__(self, folder: Path | None, base: str = "") -> None:
        self._folder = folder
        self._folders = [place for place in (folder, builtin_folder()) if place is not None]
        with self._named():
            self.files = {name: self._file(name, kind) for name, kind in FILES.items()}
            environment = self._environment()
            links = {name: f"{base}/static/{file.name}" for name, file in self.files.items()}
            environment.globals |= {"base": base, "static": links}
            self._pages = {name: environment.get_template(f"web/{name}") for name in PAGES}

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """One page; whatever a template does wrong is a `ConfigError` with its place."""
        with self._named():
            return self._pages[name].render(values)

    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([os.fspath(place) for place in self._folders]),
            autoescape=select_autoescape(("html", "xml"), default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= {
            "plural": plural,
            "soft": soft,
            "day": day_in_words,
            "short_day": day_short,
            "month": month_in_words,
            "moment": moment_in_words,
        }
        return environment

    def _file(self, name: str, kind: str) -> File:
        for folder in self._folders:
            path = folder / "web" / name
            if path.is_file():
                data = path.read_bytes()
                stem, _, ending = name.rpartition(".")
                return File(f"{stem}.{hashlib.sha256(data).hexdigest()[:10]}.{ending}", kind, data)
        raise ConfigError(Problem(f"the file web/{name} does not exist.", str(self._folders[-1])))

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except ConfigError:
            raise
        except (*_MISTAKES, RecursionError) as error:
            raise ConfigError(self._problem(error)) from error

    def _problem(self, error: BaseException) -> Problem:
        if isinstance(error, TemplateSyntaxError):
            return Problem(_sentence(error.message), error.filename or error.name or "", error.lineno)
        if isinstance(error, OSError) and error.filename:
            return Problem(f"cannot be read: {error.strerror}.", str(error.filename))
        places = tuple(str(place.resolve()) for place in self._folders)
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if str(Path(frame.filename).resolve()).startswith(places) and not frame.filename.endswith(".py"):
                return Problem(_sentence(str(error)), frame.filename, frame.lineno or 0)
        return Problem(_sentence(str(error) or type(error).__name__), str(self._folder or ""))


def _sentence(text: str | None) -> str:
    text = (text or "is wrong").strip()
    return text if text.endswith(".") else f"{text}."
