"""Search over all stored papers: SQLite's full-text index over title, abstract and authors, best first, words marked.

How a query is read is decided in search_query. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import bindparam, column, exists, func, select, table, text
from sqlalchemy.sql import Select

from digest.models import Paper, Span
from digest.store.database import Database
from digest.store.papers import as_paper
from digest.store.schema import papers
from digest.store.search_query import Question, read

Order = Literal["best", "new"]

_TEXT = table("papers_text", column("rowid"))
_MATCH = text("papers_text MATCH :words")
_OPEN, _CLOSE = "\x02", "\x03"
_RANK = text("bm25(papers_text, 4.0, 1.0, 2.0)")
_COUNTED = 10_000
"""Hits are counted up to here; beyond it nobody reads on."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found, with the places of the found words in its title and abstract."""

    paper: Paper
    title: tuple[Span, ...] = ()
    abstract: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits, best first, and how many there are in all (`more` when counting stopped)."""

    hits: tuple[Hit, ...]
    total: int
    more: bool = False


class Search:
    """The full-text index of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, query: str, *, on: date | None = None, order: Order = "best", limit: int = 100, offset: int = 0
    ) -> Found:
        """The papers a query finds; of an empty query all, of one without a word nothing."""
        question = read(query)
        if question.empty:
            return Found((), 0)
        statement = _matching(question, on, order)
        counted = select(func.count()).select_from(statement.limit(_COUNTED + 1).subquery())
        ordered = _ordered(statement, question, order).limit(limit).offset(min(offset, _COUNTED))
        values = {"words": question.match} if question.match else {}
        async with self._database.read() as connection:
            total = await connection.scalar(counted, values) or 0
            numbers = list((await connection.execute(ordered, values)).scalars()) if total else []
            shown = _shown(bool(question.match))
            rows = {
                row["seq"]: _hit(row)
                for row in (await connection.execute(shown, {**values, "numbers": numbers})).mappings()
            }
        return Found(tuple(rows[seq] for seq in numbers if seq in rows), min(total, _COUNTED), total > _COUNTED)


def _matching(question: Question, on: date | None, order: Order) -> Select[Any]:
    """The numbers of the papers of a question, unordered; the papers themselves are looked at only if they must be."""
    if question.match and order == "best" and not (question.labels or on):
        return select(_TEXT.c.rowid.label("seq")).where(_MATCH)
    statement = select(papers.c.seq)
    if question.match:
        statement = statement.join(_TEXT, _TEXT.c.rowid == papers.c.seq).where(_MATCH)
    if on:
        statement = statement.where(papers.c.listed_on == on)
    for label in question.labels:
        values = func.json_each(papers.c[label.column]).table_valued("value", name=f"each_{label.column}")
        has = exists(select(text("1")).select_from(values).where(func.lower(values.c.value) == label.value))
        statement = statement.where(has if label.wanted else ~has)
    return statement


def _ordered(statement: Select[Any], question: Question, order: Order) -> Select[Any]:
    if question.match and order == "best":
        return statement.order_by(_RANK, text("seq DESC"))
    return statement.order_by(papers.c.listed_on.desc(), papers.c.seq.desc())


def _shown(marked: bool) -> Select[Any]:
    """The rows of some papers; with a question also their texts with the found words between two marks."""
    wanted = papers.c.seq.in_(bindparam("numbers", expanding=True))
    if not marked:
        return select(papers).where(wanted)
    marks = [
        text(f"highlight(papers_text, {at}, char(2), char(3)) AS marked_{name}")
        for at, name in enumerate(("title", "abstract"))
    ]
    joined = select(papers, *marks).join(_TEXT, _TEXT.c.rowid == papers.c.seq)
    return joined.where(_MATCH, wanted)


def _hit(row: Any) -> Hit:
    said = {name: row[name] for name in row if not name.startswith("marked_")}
    marked = {name: tuple(_spans(row.get(f"marked_{name}") or "")) for name in ("title", "abstract")}
    return Hit(as_paper(said), **marked)


def _spans(marked: str) -> Iterator[Span]:
    """Where the marks of `highlight` stand, counted without them."""
    at = taken = 0
    while (start := marked.find(_OPEN, at)) >= 0:
        end = marked.find(_CLOSE, start)
        if end < 0:
            return
        yield Span(start - taken, end - taken - 1)
        taken += 2
        at = end + 1
