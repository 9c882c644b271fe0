"""Subscribers as rows of CSV or JSONL: reading with a place for each error, and writing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import ValidationError

from digest.errors import KeywordError, Problem
from digest.match import check_keyword
from digest.models import SubscriberStatus, same_address
from digest.settings import SubscriberSettings, explain

STATUSES: tuple[str, ...] = get_args(SubscriberStatus)
LISTS = ("profiles", "keywords", "exclude", "weights", "days")
FIELDS = tuple(SubscriberSettings.model_fields)
_ALSO = ("status", "joined_at")
"""What an export tells besides; the status is taken back, so that who left stays away."""

_LINE = 100_000
"""Characters in one line; a longer one is not a subscriber."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line that was read, with its number."""

    line: int
    table: SubscriberSettings
    status: SubscriberStatus = "active"


def read_rows(text: str, file: str, profiles: Sequence[str]) -> Iterator[Row | Problem]:
    """Every subscriber of a CSV (with a header) or JSONL text, or what is wrong with its line."""
    seen: dict[str, int] = {}
    for line, fields in _records(text, file):
        row = fields if isinstance(fields, Problem) else _row(fields, file, line, profiles)
        if isinstance(row, Row):
            first = seen.setdefault(same_address(row.table.email), line)
            if first != line:
                row = Problem(f"{row.table.email} stands in line {first} already", file, line)
        yield row


def _records(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    if text.lstrip().startswith("{"):
        yield from _json_lines(text, file)
    else:
        yield from _csv_lines(text, file)


def _json_lines(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line) if len(line) <= _LINE else None
        except (ValueError, RecursionError) as error:
            yield number, Problem(f"is not JSON: {error}", file, number)
            continue
        yield (
            number,
            value if isinstance(value, dict) else Problem("is not a JSON object of a subscriber", file, number),
        )


def _csv_lines(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    try:
        unknown = [name for name in reader.fieldnames or () if name not in (*FIELDS, *_ALSO)]
        if unknown or "email" not in (reader.fieldnames or ()):
            wrong = f"unknown column {unknown[0]!r}" if unknown else "no column is called email"
            yield 1, Problem(f"{wrong}; the header may name: {', '.join(FIELDS)}", file, 1)
            return
        for record in reader:
            if "" in record:
                yield reader.line_num, Problem("has more values than the header has columns", file, reader.line_num)
                continue
            yield reader.line_num, _from_csv(record)
    except csv.Error as error:
        yield reader.line_num, Problem(f"is not CSV: {error}", file, reader.line_num)


def _from_csv(record: Mapping[str, str | None]) -> dict[str, Any]:
    """Empty cells are left out; lists are separated by `;`."""
    filled = {name: value.strip() for name, value in record.items() if value and value.strip()}
    return {
        name: [part.strip() for part in value.split(";") if part.strip()] if name in LISTS else value
        for name, value in filled.items()
    }


def _row(fields: Mapping[str, Any], file: str, line: int, profiles: Sequence[str]) -> Row | Problem:
    told = {name: value for name, value in fields.items() if name not in _ALSO and value is not None}
    try:
        table = SubscriberSettings.model_validate(told)
    except ValidationError as error:
        first: Problem = explain(error, SubscriberSettings)[0]
        return replace(first, file=file, line=line)
    status: Any = fields.get("status") or "active"
    if status not in STATUSES:
        return Problem(f"{status!r} is not a status; the statuses are: {', '.join(STATUSES)}", file, line)
    return check_table(table, profiles, file, line) or Row(line, table, status)


def check_table(table: SubscriberSettings, profiles: Sequence[str], file: str = "", line: int = 0) -> Problem | None:
    """What a subscriber's table asks for that does not exist or cannot be read, None when all is well."""
    for name in table.profiles:
        if name not in profiles:
            return Problem(f"no profile is called {name!r}; there are: {', '.join(profiles) or 'none'}", file, line)
    for keyword in (*table.keywords, *table.exclude, *table.weights):
        try:
            check_keyword(keyword)
        except KeywordError as error:
            return Problem(f"keyword {keyword!r}, column {error.column}: {error.message}", file, line, hint=error.hint)
    if table.cadence == "days" and not table.days:
        return Problem('cadence "days" needs days', file, line, hint="such as mon and thu")
    return None


def write_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows with a header; lists joined by `;`."""
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, [*FIELDS, *_ALSO], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {name: ";".join(value) if isinstance(value, list | tuple) else value for name, value in row.items()}
        )
    return target.getvalue()


def write_json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
