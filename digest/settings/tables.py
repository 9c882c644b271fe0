"""All files of one configuration, put together: which tables there are, and where each of them stands.

Follows `include`; does not judge any setting.
"""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from digest.errors import ConfigError, Problem
from digest.settings.files import TomlFile, read_toml
from digest.settings.wording import heading, nearest, printable

INCLUDED = ("profile", "subscriber")
"""What an included file may hold."""

LISTS = ("source", *INCLUDED)
"""Tables with two brackets."""

HINTS, CANDIDATES = 25, 500
"""Looking for the nearest word is slow: so many problems get one, out of so many words."""


class Place(NamedTuple):
    """A file as messages call it, line and column from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0


@dataclass
class Report:
    """Everything found so far; one list each, in the order of finding."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def wrong(self, message: str, place: Place | None = None, hint: str = "") -> None:
        self.problems.append(_problem(message, place, hint))

    def warn(self, message: str, place: Place | None = None, hint: str = "") -> None:
        self.warnings.append(_problem(message, place, hint))

    def meant(self, word: str, known: list[str]) -> str:
        """`did you mean "…"?`, or "" when nothing comes close."""
        near = nearest(word, known[:CANDIDATES]) if len(self.problems) + len(self.warnings) < HINTS else ""
        return f'did you mean "{printable(near)}"?' if near else ""


def _problem(message: str, place: Place | None, hint: str) -> Problem:
    file, line, column = place or Place("")
    return Problem(f"{message};" if hint else message, file, line, column, hint)


@dataclass(frozen=True)
class Tables:
    """The tables of all files; those in `LISTS` are counted through all files, in the order of reading."""

    main: TomlFile
    values: dict[str, Any] = field(repr=False)
    origins: dict[str, list[tuple[TomlFile, int]]] = field(repr=False)
    complete: bool = True
    """False when a file could not be read, so that a name may be missing through no fault of its user."""

    def place(self, path: tuple[str | int, ...], character: int | None = None) -> Place:
        """Where `path` is written, or its nearest parent; with `character`, that one (from 0) of the text there."""
        file, local = self.main, path
        if len(path) > 1 and path[0] in self.origins and isinstance(path[1], int):
            found = self.origins[str(path[0])]
            if 0 <= path[1] < len(found):
                file, number = found[path[1]]
                local = (path[0], number, *path[2:])
        position = None if character is None else file.positions.inside(local, character)
        return Place(file.name, *(position or file.positions.find(local) or ()))


def gather(path: Path, report: Report) -> Tables:
    """The main file and all it includes; ConfigError when the main file cannot be read at all."""
    main = read_toml(path)
    values = {key: value for key, value in main.tables.items() if key not in {*LISTS, "include"}}
    files, complete = _included(main, report)
    tables = Tables(main, values, {name: [] for name in LISTS}, complete)
    for name in LISTS:
        _add(tables, main, name, report)
    for file in files:
        for key in file.tables:
            if key not in INCLUDED:
                message = "an included file cannot include others" if key == "include" else _foreign(key)
                report.wrong(message, _in(file, (key,)))
        for name in INCLUDED:
            _add(tables, file, name, report)
    return tables


def _foreign(key: str) -> str:
    return f'"{printable(key)}" does not belong in an included file; only [[profile]] and [[subscriber]] do'


def _in(file: TomlFile, path: tuple[str | int, ...]) -> Place:
    return Place(file.name, *(file.positions.find(path) or ()))


def _add(tables: Tables, file: TomlFile, name: str, report: Report) -> None:
    """Count the `[[name]]` tables of one file in."""
    found = file.tables.get(name, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        report.wrong(f"write {heading((name, 0))} with two brackets", _in(file, (name,)))
        return
    tables.values.setdefault(name, []).extend(found)
    tables.origins[name].extend((file, number) for number in range(len(found)))


def _included(main: TomlFile, report: Report) -> tuple[list[TomlFile], bool]:
    """The files that `include` names, each once, and whether all of them could be read."""
    patterns = main.tables.get("include", [])
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        report.wrong('include must be a list of files, as ["profiles/*.toml"]', _in(main, ("include",)))
        return [], False
    files: list[TomlFile] = []
    seen = {os.path.realpath(main.path)}
    complete = True
    for number, pattern in enumerate(patterns):
        for path in _matches(main, pattern, _in(main, ("include", number)), report):
            if path is None or (real := os.path.realpath(path)) in seen:
                complete = complete and path is not None
                continue
            seen.add(real)
            try:
                files.append(read_toml(path))
            except ConfigError as error:
                report.problems.extend(error.problems)
                complete = False
    return files, complete


def _matches(main: TomlFile, pattern: str, place: Place, report: Report) -> list[Path | None]:
    """The files one entry of `include` names, sorted; None stands for one that is missing."""
    folder = main.path.parent
    shown = printable(pattern)
    if not pattern or "\x00" in pattern:
        report.wrong("an entry of include is not a file name", place)
        return [None]
    # os.path, unlike Path, answers False for names that no file can have.
    exact = os.path.join(folder, pattern)  # noqa: PTH118 - as above
    if os.path.isdir(exact):  # noqa: PTH112 - as above
        report.wrong(f'"{shown}" is a folder', place, f'write "{shown.rstrip("/")}/*.toml"')
        return [None]
    if os.path.exists(exact):  # noqa: PTH110 - as above
        return [Path(exact)]
    if not any(character in pattern for character in "*?["):
        report.wrong(f'the included file "{shown}" does not exist', place)
        return [None]
    # Not Path.glob, which refuses absolute patterns; not recursive, for ** would walk everything below the folder.
    names = sorted(glob.glob(pattern, root_dir=folder))  # noqa: PTH207 - as above
    found: list[Path | None] = [folder / name for name in names if (folder / name).is_file()]
    if not found:
        report.warn(f'no file matches "{shown}"', place)
    return found
