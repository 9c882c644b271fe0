"""Plain words for what validation finds wrong; no value is ever repeated, for it may be a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from digest.errors import Problem
from digest.settings.values import time_zones

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a table"),
    (datetime, "a date"),
    (date, "a date"),
    (time, "a time"),
)

_WANTED: Mapping[str, str] = {
    "string_type": "text in quotes",
    "string_unicode": "text in UTF-8",
    "path_type": "a path in quotes",
    "int_type": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a number that is not infinite",
    "bool_type": "true or false",
    "tuple_type": 'a list, as ["one", "two"]',
    "model_type": "a table",
    "model_attributes_type": "a table",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "string_too_long": "at most {max_length} characters long",
}
"""What pydantic calls an error → what the setting must be."""

_UNQUOTED = frozenset({"int_type", "float_type", "bool_type"})


def printable(text: str, limit: int = 80) -> str:
    """Text from a file made safe for a terminal: one line, no control characters, not endless."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like `word`, whatever the case; "" when none comes close."""
    if len(word) > 100:
        return ""
    folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def listed(words: Iterable[str]) -> str:
    """`"a", "b" or "c"`."""
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def heading(path: tuple[str | int, ...]) -> str:
    """How a table's header is written: `[smtp]`, `[smtp.dkim]`, `[[profile]]`."""
    name = ".".join(part for part in path if isinstance(part, str))
    return f"[[{name}]]" if any(isinstance(part, int) for part in path) else f"[{name}]"


def subject(path: tuple[str | int, ...], *, table: bool = False) -> str:
    """What a sentence is about: `port`, `item 2 of keywords`, `[smtp]`."""
    last = path[-1]
    if table or len(path) == 1:
        return heading(path)
    if isinstance(last, int):
        return f"item {last + 1} of {path[-2]}" if len(path) > 2 else heading(path)
    return last


def predicate(error: ErrorDetails, *, from_toml: bool) -> tuple[str, str]:
    """The rest of the sentence about one setting, and a hint or ""."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    if kind in {"literal_error", "time_zone"}:
        return _choice(kind, context, value)
    if kind in {"of_key", "value_error"}:
        return str(context.get("message") or context.get("error") or "is not valid"), ""
    if kind not in _WANTED:
        return "must not be empty" if kind == "string_too_short" else "is not valid", ""
    wanted = "must be " + _WANTED[kind].format_map(context)
    if not kind.endswith("_type") or not from_toml:
        return wanted, ""
    hint = "write it without quotes" if kind in _UNQUOTED and isinstance(value, str) else ""
    found = next((words for known, words in _KINDS if isinstance(value, known)), "")
    return f"{wanted}, not {found}" if found else wanted, hint


def _choice(kind: str, context: Mapping[str, Any], value: object) -> tuple[str, str]:
    """A word that is none of those that may stand here."""
    zone = kind == "time_zone"
    words = sorted(time_zones()) if zone else re.findall(r"'([^']*)'", str(context.get("expected", "")))
    near = nearest(value, words) if isinstance(value, str) else ""
    hint = f'did you mean "{near}"?' if near else 'write one such as "Europe/Berlin" or "UTC"' if zone else ""
    return "is no known time zone" if zone else f"must be {listed(words)}", hint


def explain(error: ValidationError, section: type[BaseModel]) -> list[Problem]:
    """What is wrong with one table that came as JSON or CSV, one problem per field; places are the caller's."""
    problems = []
    for details in error.errors(include_url=False):
        name = ".".join(map(str, details["loc"]))
        if details["type"] == "missing":
            problems.append(Problem(f'needs "{name}"'))
        elif details["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, section.model_fields, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"the fields are: {', '.join(section.model_fields)}"
            problems.append(Problem(f'unknown field "{printable(name)}"', hint=hint))
        else:
            rest, hint = predicate(details, from_toml=False)
            problems.append(Problem(f"{printable(name)} {rest}".strip(), hint=hint))
    return problems
