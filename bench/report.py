"""How a bench is started and how its figures look: tables for people, one JSON document for scripts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.shared import Missing

Item = TypeVar("Item")

_PIPE_WIDTH = 160
"""Columns of a table that is written to a file or a pipe."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should reach, and whether it did; None when it could not be measured."""

    words: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: "not measured"}[self.met]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: a title, the names of its columns, rows of texts, and the goals that belong to it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What one bench found: `figures` for JSON and the same as tables for people."""

    figures: dict[str, Any]
    sheets: Sequence[Sheet]


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench by name; `measure` takes whether it should be quick, and raises Missing without its data."""

    name: str
    about: str
    measure: Callable[[bool], Result]


def run(*benches: Bench) -> int:
    """Read the command line, measure, and print; the exit status is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=" ".join(bench.about for bench in benches))
    parser.add_argument("--quick", action="store_true", help="smaller numbers: minutes become seconds, figures rough")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args()
    document: dict[str, Any] = {"quick": asked.quick}
    for bench in benches:
        try:
            result = bench.measure(asked.quick)
        except Missing as reason:
            document[bench.name] = {"skipped": str(reason)}
            sys.stdout.write("" if asked.json else f"skipped: {bench.name}: {reason}\n")
            continue
        document[bench.name] = result.figures | {"goals": _goals(result.sheets)}
        if not asked.json:
            _show(result.sheets)
    if asked.json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    return 0


def _goals(sheets: Iterable[Sheet]) -> list[dict[str, Any]]:
    return [{"goal": goal.words, "met": goal.met} for sheet in sheets for goal in sheet.goals]


def _show(sheets: Iterable[Sheet]) -> None:
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False, markup=False)
    for sheet in sheets:
        table = Table(title=sheet.title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for at, column in enumerate(sheet.columns):
            table.add_column(column, justify="right" if at else "left", overflow="fold")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
        for note in sheet.notes:
            console.print(note, style="dim")
        for goal in sheet.goals:
            console.print(f"goal {goal.verdict}: {goal.words}", style="" if goal.met else "bold")
        console.print()


def each(items: Sequence[Item], label: str) -> Iterable[Item]:
    """The items, with a progress bar on stderr while they are worked through; off a terminal one line a label."""
    if not sys.stderr.isatty():
        tell(label)
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, description=label)


def tell(line: str) -> None:
    """One line of progress, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def times(ratio: float | None) -> str:
    """A ratio as people read it: "1.07 ×", "31 ×", "48,000 ×"."""
    if ratio is None:
        return "-"
    return f"{ratio:,.2f} ×" if ratio < 10 else f"{ratio:,.1f} ×" if ratio < 100 else f"{ratio:,.0f} ×"
