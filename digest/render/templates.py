"""Where the email templates are, and the Jinja environment they run in.

An operator's folder may hold any of the files of our `email/` folder; each file it has replaces ours, each it lacks is
ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape

from digest.errors import ConfigError, Problem
from digest.render.inlining import inline
from digest.render.wrapping import rule, wrap

HTML = "email/digest.html"
TEXT = "email/digest.txt"
SUBJECT = "email/subject.txt"
PAPER_HTML = "email/paper.html"
PAPER_TEXT = "email/paper.txt"
STYLE = "email/style.css"
PAGES = (SUBJECT, HTML, TEXT)
"""Rendered for each digest, in this order."""
BLOCKS = (PAPER_HTML, PAPER_TEXT)
"""Rendered for each paper."""
NAMES = (*PAGES, *BLOCKS, STYLE)
_LONG = 20
_STEP = 10
_LONG_RUN = re.compile(r"[^\s\-\u2e80-\uffff]{20,}")


def builtin_folder() -> Path:
    """The folder of our own templates: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def environment(folder: Path | None, *, inlined: bool = True) -> Environment:
    """Strict, escaping by the ending of a name; `inlined=False` keeps the lines of files for messages about them.

    Raises `ConfigError` for a folder that cannot be read.
    """
    if folder is not None:
        _list(folder)
    made = Environment(
        loader=_Templates(folder, inlined=inlined),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["plural"] = plural
    made.filters["soft"] = soft
    made.filters["wrap"] = wrap
    made.filters["rule"] = rule
    return made


def _list(folder: Path) -> None:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        problem = f"the folder of templates cannot be read: {error.strerror}."
        raise ConfigError(Problem(problem, str(folder), hint="Mend [site] templates or remove it.")) from None


def plural(number: int, noun: str) -> str:
    """A number with its noun: "1 paper", "1,412 papers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def soft(text: str) -> str:
    """The text with places to break in words too long for a narrow screen; the CSS for that is not widely known."""
    if len(text) < _LONG or max(map(len, text.split()), default=0) < _LONG:
        return text
    return _LONG_RUN.sub(_in_steps, text)


def _in_steps(found: re.Match[str]) -> str:
    word = found.group()
    pieces = [word[at : at + _STEP] for at in range(0, len(word), _STEP)]
    if found.end() == len(found.string):
        pieces.append("")  # the word may go on in a piece that is marked
    return "\u200b".join(pieces)


class _Templates(BaseLoader):
    """The operator's file if there is one, else ours; style.css moved into the tags of HTML templates on the way."""

    def __init__(self, folder: Path | None, *, inlined: bool) -> None:
        folders = [folder, builtin_folder()] if folder else [builtin_folder()]
        self._files = ChoiceLoader([FileSystemLoader(os.fspath(place)) for place in folders])
        self._inlined = inlined

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, filename, current = self._files.get_source(environment, template)
        if self._inlined and template.endswith(".html"):
            style, _, _ = self._files.get_source(environment, STYLE)
            source = inline(source, style)
        return source, filename, current
