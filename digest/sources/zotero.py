"""What Zotero and its like export besides BibTeX and RIS: CSL JSON, Zotero's own JSON, and CSV with a header. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from digest.sources.bibliography_entry import Entry, NoBibliography, counted, given_name_first, plain

_SEPARATOR = re.compile("[;,\n]")
_IN_LIST = re.compile("[;|\n]")
_WRITERS = frozenset({"", "author", "inventor", "presenter", "programmer", "artist"})


def read_json(text: str) -> list[Entry | None]:
    """The items of CSL JSON (a list) or of Zotero's JSON ("items"); None for each that is none. Raises NoBibliography."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise NoBibliography(f"is not JSON, or breaks off{where}") from None
    items = document.get("items", [document]) if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise NoBibliography("is JSON, but no list of references")
    records = counted(map(_record, items))
    return [_from_json(record) if record else None for record in records if _is_reference(_text(record, "itemType"))]


def _record(item: Any) -> dict[str, Any]:
    """The fields of an item, none when it has no such thing; Zotero's web API keeps them in "data"."""
    inner = item.get("data", item) if isinstance(item, dict) else None
    return inner if isinstance(inner, dict) else {}


def _is_reference(kind: str) -> bool:
    """Whether an item stands for a work, and not for what somebody attached to one."""
    return kind not in {"attachment", "note", "annotation"}


def _from_json(item: Mapping[str, Any]) -> Entry:
    keywords = tuple(_SEPARATOR.split(_text(item, "keyword")))
    tags = tuple(tag if isinstance(tag, str) else _text(tag, "tag") for tag in _list(item, "tags"))
    names = ("archiveID", "archive_location", "arxiv", "number", "extra", "note", "container-title", "publicationTitle")
    return Entry(
        clean=plain,
        title=_text(item, "title"),
        abstract=_text(item, "abstract", "abstractNote"),
        authors=tuple(name for one in (*_list(item, "author"), *_list(item, "creators")) if (name := _name(one))),
        keywords=keywords + tags,
        marks=tuple(_text(item, name) for name in names),
        doi=_text(item, "DOI", "doi"),
        url=_text(item, "URL", "url"),
        year=_year(item),
    )


def _name(creator: Any) -> str:
    """A person of CSL (given, family) or Zotero (firstName, lastName), or an organisation; "" for an editor."""
    if isinstance(creator, str):
        return creator
    if _text(creator, "creatorType") not in _WRITERS:
        return ""
    given = _text(creator, "given", "firstName")
    particles = (_text(creator, "dropping-particle"), _text(creator, "non-dropping-particle"))
    parts = (given, *particles, _text(creator, "family", "lastName"), _text(creator, "suffix"))
    return _text(creator, "literal", "name") or " ".join(filter(None, parts))


def _year(item: Mapping[str, Any]) -> str:
    issued = item.get("issued")
    if isinstance(issued, dict):
        return json.dumps(_list(issued, "date-parts")[:1]) + _text(issued, "raw", "literal")
    return _text(item, "date", "year", "issued")


def _text(item: Any, *names: str) -> str:
    """The first of some fields that holds a text."""
    if not isinstance(item, dict):
        return ""
    return next((value for name in names if isinstance(value := item.get(name), str) and value.strip()), "")


def _list(item: Mapping[str, Any], name: str) -> list[Any]:
    value = item.get(name)
    return value if isinstance(value, list) else []


def read_csv(text: str) -> list[Entry | None]:
    """The rows of a table with a header; None for the rest of a table that cannot be read on. Raises NoBibliography."""
    rows = _rows(text)
    header = next(rows, None) or []
    names = [name.strip().casefold() for name in header]
    if "title" not in names:
        raise NoBibliography("is no table of references: its first line names no column Title")
    records = counted(None if row is None else dict(zip(names, row, strict=False)) for row in rows)
    return [
        _from_row(record) if record else None
        for record in records
        if _is_reference((record or {}).get("item type", ""))
    ]


def _rows(text: str) -> Iterator[list[str] | None]:
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            row = next(reader, None)
        except csv.Error:  # a quotation mark that is never closed
            yield None
            return
        if row is None:
            return
        if any(row):
            yield row


def _from_row(row: Mapping[str, str]) -> Entry:
    """A row as Zotero writes it, or Scopus."""

    def value(*names: str) -> str:
        return next(filter(None, (row.get(name, "") for name in names)), "")

    tags = [value("manual tags"), value("automatic tags"), value("author keywords", "keywords")]
    return Entry(
        clean=plain,
        title=value("title"),
        abstract=value("abstract note", "abstract"),
        authors=tuple(given_name_first(name) for name in _IN_LIST.split(value("author", "authors")) if name),
        keywords=tuple(tag for tagged in tags for tag in _IN_LIST.split(tagged)),
        marks=(value("loc. in archive"), value("archive location"), value("extra"), value("publication title")),
        doi=value("doi"),
        url=value("url", "link"),
        year=value("publication year", "year", "date"),
    )
