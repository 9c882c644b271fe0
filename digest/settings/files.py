"""A file's bytes → TOML tables, with one plain sentence for everything that can be wrong with a file.

Knows nothing of sections: what the tables mean is for others.
"""

from __future__ import annotations

import re
import stat
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from digest.errors import ConfigError, OutputError, Problem
from digest.settings.positions import Positions
from digest.settings.wording import printable

MAX_BYTES = 2_000_000
"""Of one file: about twenty thousand subscribers."""

_BOM = b"\xef\xbb\xbf"
_LONG_KEY = re.compile(
    rb"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){40}"""
)
"""tomllib takes quadratic time for keys of very many parts; no setting has more than three."""

_PLAINER = (
    ("Cannot overwrite a value", "this key stands twice"),
    ("Duplicate inline table key", "this key stands twice"),
    ("Cannot declare", "this table stands twice, or its name is taken already"),
    ("Cannot mutate", "this name is taken already by another key or table"),
    ("Cannot redefine", "this name is taken already by another key or table"),
    ("Invalid value", "a value is missing or misspelt here (text stands in quotes)"),
    ("Invalid initial character", "a key is missing or misspelt here"),
    ("Invalid statement", "a line must be key = value, [table] or # comment"),
    ("Expected '='", "an = is missing after this key"),
    ("Expected newline", "this does not belong behind a value"),
    ("Expected \"'", "the quotes of this text are never closed"),
    ("Unterminated string", "the quotes of this text are never closed"),
    ("Illegal character '\\n'", "the quotes of this text are not closed on its line"),
    ("Unclosed array", "this list needs a comma or its closing ]"),
    ("Unescaped '\\'", "a backslash must be written twice, or the text in 'single' quotes"),
    ("Found invalid character", "this character is not allowed here"),
    ("Illegal character", "this character is not allowed here"),
)


@dataclass(frozen=True)
class TomlFile:
    """One file that was read completely; `name` is how messages call it."""

    name: str
    path: Path
    tables: dict[str, Any] = field(repr=False)
    source: bytes = field(repr=False)

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.source)


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file or pipe; OutputError continues the sentence that the file's name begins."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise OutputError("is a folder, not a file")
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
            raise OutputError("is not a file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise OutputError("does not exist") from None
    except OSError as error:
        raise OutputError(f"cannot be read ({(error.strerror or 'unknown reason').lower()})") from None
    except ValueError:
        raise OutputError("cannot be the name of a file") from None
    if len(data) > limit:
        raise OutputError(f"is larger than {limit / 1e6:g} MB; is it the right file?")
    return data


def read_toml(path: Path) -> TomlFile:
    """One TOML file in UTF-8, with or without a byte order mark; ConfigError holds exactly one problem."""
    name = printable(str(path), 1000)
    try:
        source = read_bytes(path).removeprefix(_BOM)
    except OutputError as error:
        raise ConfigError(Problem(f"this file {error}", name)) from None
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(source, error.start)
        raise ConfigError(Problem("this is not UTF-8 text; save the file as UTF-8", name, line, column)) from None
    if match := _LONG_KEY.search(source):
        raise ConfigError(Problem("this key has too many parts", name, *_place(source, match.start())))
    return TomlFile(name, path, _parse(text, name), source)


def _place(source: bytes, at: int) -> tuple[int, int]:
    line_start = source.rfind(b"\n", 0, at) + 1
    return source.count(b"\n", 0, at) + 1, len(source[line_start:at].decode("utf-8", "replace")) + 1


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
    except RecursionError:
        raise ConfigError(Problem("lists or tables are nested too deeply", name)) from None
    except ValueError:
        raise ConfigError(Problem("a number has too many digits", name)) from None
    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line, column = (int(match[1]), int(match[2])) if match and match[1] else (text.rstrip("\n").count("\n") + 1, 0)
    if "\x00" in text:
        before, _, _ = text.partition("\x00")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ConfigError(Problem("there is a NUL byte here; is this a text file?", name, line, column))
    reason = message[: match.start()] if match else message
    plain = next((plain for start, plain in _PLAINER if reason.startswith(start)), printable(reason, 200))
    raise ConfigError(Problem(f"not valid TOML: {plain}", name, line, column))
