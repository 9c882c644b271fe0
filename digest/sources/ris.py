"""RIS → entries: lines that begin with a tag of two letters; other lines go on with the one before. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.sources.bibliography_entry import Entry, counted, given_name_first, plain

_LINE = re.compile(r"\s*(?P<tag>[A-Z][A-Z0-9])  -(?:[ \t](?P<value>.*))?\Z")
_MARKS = ("UR", "L1", "L2", "LK", "DO", "M1", "AN", "N1", "T2", "JO", "JF", "JA", "C1", "ID")
Record = dict[str, list[list[str]]]
"""Tag → its values, each as lines."""


def read_ris(text: str) -> list[Entry | None]:
    """The entries of a RIS file in order; None for one that breaks off. One that lacks its end before the next is whole."""
    return [_entry(record) if record is not None else None for record in counted(_records(text))]


def _records(text: str) -> Iterator[Record | None]:
    record: Record | None = None
    value: list[str] = []
    for line in text.splitlines():
        found = _LINE.match(line)
        tag = found["tag"] if found else ""
        if tag in {"TY", "ER"}:
            if record is not None:
                yield record
            record = {} if tag == "TY" else None
            value = []
        elif found and record is not None:
            value = [found["value"] or ""]
            record.setdefault(tag, []).append(value)
        elif value:
            value.append(line.strip())
    if record is not None:
        yield None


def _entry(record: Record) -> Entry:
    def values(*tags: str) -> tuple[str, ...]:
        return tuple(" ".join(lines) for tag in tags for lines in record.get(tag, ()))

    def first(*tags: str) -> str:
        return next(filter(None, values(*tags)), "")

    return Entry(
        clean=plain,
        title=first("TI", "T1", "CT", "BT"),
        abstract=first("AB", "N2"),
        authors=tuple(map(given_name_first, values("AU", "A1"))),
        keywords=tuple(part for keyword in values("KW") for part in keyword.split(";")),
        marks=values(*_MARKS),
        doi=first("DO", "M3"),
        url=first("UR", "L1", "LK"),
        year=first("PY", "Y1", "DA"),
    )
