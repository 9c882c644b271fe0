"""What is wrong in a template, said with its file and line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError

from digest.errors import ConfigError, Problem
from digest.render.page import NAMES_KNOWN
from digest.render.templates import NAMES, builtin_folder

_MISTAKES = (TemplateError, UnicodeError, OSError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


@contextmanager
def naming_templates(folder: Path | None) -> Iterator[None]:
    """Turns whatever a template does wrong into a `ConfigError`; errors that already are one pass through."""
    try:
        yield
    except ConfigError:
        raise
    except (*_MISTAKES, RecursionError) as error:
        raise ConfigError(_problem(error, folder)) from error


def _problem(error: BaseException, folder: Path | None) -> Problem:
    if isinstance(error, TemplateSyntaxError):
        return Problem(_sentence(error.message), error.filename or error.name or "", error.lineno)
    if isinstance(error, TemplateNotFound):
        file, line = _place(error, folder)
        return Problem(f"the template {error.name!r} does not exist.", file, line)
    if isinstance(error, UnicodeError):
        return Problem("is not UTF-8 text.", _undecodable(folder), hint="Save it as UTF-8.")
    if isinstance(error, OSError):
        return Problem(f"cannot be read: {error.strerror}.", str(error.filename or folder or ""))
    file, line = _place(error, folder)
    hint = f"A template knows {', '.join(sorted(NAMES_KNOWN))}." if isinstance(error, UndefinedError) else ""
    return Problem(_sentence(str(error) or type(error).__name__), file, line, hint=hint)


def _place(error: BaseException, folder: Path | None) -> tuple[str, int]:
    """The innermost line of a template that the error came through: Jinja keeps the file's name in the traceback."""
    places = tuple(str(place.resolve()) for place in (folder, builtin_folder()) if place)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if str(Path(frame.filename).resolve()).startswith(places) and not frame.filename.endswith(".py"):
            return frame.filename, frame.lineno or 0
    return "", 0


def _undecodable(folder: Path | None) -> str:
    for name in NAMES:
        file = (folder or builtin_folder()) / name
        try:
            file.read_text(encoding="utf-8")
        except UnicodeError:
            return str(file)
        except OSError:
            continue
    return str(folder or "")


def _sentence(text: str | None) -> str:
    text = (text or "is wrong").strip()
    return text if text.endswith(".") else f"{text}."
