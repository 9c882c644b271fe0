"""How results look: tables and progress bars for people, one JSON document for scripts."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    "fresh": "green",
    "sent": "green",
    "ready": "green",
    "active": "green",
    "ok": "green",
    "waiting": "yellow",
    "deferred": "yellow",
    "warning": "yellow",
    "stale": "red",
    "failing": "red",
    "failed": "red",
    "wrong": "red",
}

_PIPE_WIDTH = 160
"""Columns of a table that is written to a file or a pipe."""


def print_json(document: Any) -> None:
    """Write one JSON document to stdout, and nothing else."""
    write_out(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_out(text: str) -> None:
    """Text for programs, on stdout: UTF-8 whatever the locale is."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    stream.write(text.encode("utf-8", "replace"))
    stream.flush()


def console(*, err: bool = False) -> Console:
    """Where people read: colours only on a terminal."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(stderr=err, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, soft_wrap=False)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """A table of plain texts; words such as "fresh" or "failed" get their colour."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(plain(cell), style=COLOURS.get(str(cell), "")) for cell in row))
    console().print(table)


def say(text: str, style: str = "") -> None:
    """Plain text for people, on stdout."""
    from rich.text import Text

    console().print(Text("\n".join(map(plain, text.split("\n"))), style=style), soft_wrap=True)


def note(line: str) -> None:
    """One line beside the result, on stderr."""
    sys.stderr.write(plain(line) + "\n")


def plain(value: object) -> str:
    """Text that cannot steer a terminal: control and format characters from outside are dropped."""
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if c in "\n\t" else c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs", "Cf"}
    )


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for work that takes a while; nothing off a terminal. Yields a function of (done, all)."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(err=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def count(number: int, word: str) -> str:
    """A number with its noun: "1 paper", "412 papers"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
