"""Papers: taking in listings, and windows of sequence numbers. Decides nothing about identity (see merging)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.models import Paper
from digest.store.database import Database, chunks
from digest.store.merging import Arrival, Batch, Draft, MayMerge, merge
from digest.store.schema import paper_keys, papers

_COLUMNS = [field.name for field in papers.columns if field.name not in {"seq", "id", "first_seen_at", "listed_on"}]


@dataclass(frozen=True, slots=True)
class Added:
    """How a batch of listings met what was known."""

    new: int
    updated: int
    unchanged: int


class Papers:
    """The papers of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, arrivals: Sequence[Arrival], now: datetime, may_merge: MayMerge) -> Added:
        """Take in listings in one transaction; new papers get the next sequence numbers in the order given."""
        if not arrivals:
            return Added(0, 0, 0)
        async with self._database.write() as connection:
            stored = await _stored(connection, {key for arrival in arrivals for key in arrival.keys})
            known = {id(draft): set(draft.keys) for draft in stored}
            batch = merge(arrivals, stored, now, may_merge)
            await _insert(connection, batch)
            await _update(connection, stored, known, batch)
        return Added(batch.fresh, batch.updated, batch.unchanged)

    async def newest(self) -> int:
        """The highest sequence number given so far, 0 in an empty store."""
        async with self._database.read() as connection:
            return await connection.scalar(select(func.max(papers.c.seq))) or 0

    async def newest_before(self, moment: datetime) -> int:
        """The highest sequence number first seen before `moment`: where a new subscriber's cursor stands."""
        statement = select(func.max(papers.c.seq)).where(papers.c.first_seen_at < moment)
        async with self._database.read() as connection:
            return await connection.scalar(statement) or 0

    async def window(self, after: int, upto: int) -> list[Paper]:
        """The papers with `after < seq <= upto`, in order."""
        return await self._fetch(
            select(papers).where(papers.c.seq > after, papers.c.seq <= upto).order_by(papers.c.seq)
        )

    async def history(self, upto: int, limit: int) -> list[Paper]:
        """The newest `limit` papers up to a sequence number, for document frequencies."""
        return await self._fetch(select(papers).where(papers.c.seq <= upto).order_by(papers.c.seq.desc()).limit(limit))

    async def following(self, after: int, limit: int) -> list[Paper]:
        """The next `limit` papers after a sequence number, in order."""
        return await self._fetch(select(papers).where(papers.c.seq > after).order_by(papers.c.seq).limit(limit))

    async def by_ids(self, ids: Sequence[str]) -> dict[str, Paper]:
        """Those of these ids that the store knows, by any name a paper has: "arxiv:2401.01234", "doi:…"."""
        found: dict[str, Paper] = {}
        named = select(paper_keys.c.key, papers).join(papers, papers.c.seq == paper_keys.c.seq)
        async with self._database.read() as connection:
            for chunk in chunks(ids):
                rows = await connection.execute(named.where(paper_keys.c.key.in_(chunk)))
                found.update((row["key"], as_paper(row)) for row in rows.mappings())
        return found

    async def known_arxiv_ids(self, ids: Sequence[str]) -> frozenset[str]:
        """Which of these arXiv ids the store has."""
        found: set[str] = set()
        async with self._database.read() as connection:
            for chunk in chunks([f"arxiv:{arxiv_id}" for arxiv_id in ids]):
                rows = await connection.execute(select(paper_keys.c.key).where(paper_keys.c.key.in_(chunk)))
                found.update(key.removeprefix("arxiv:") for key in rows.scalars())
        return frozenset(found)

    async def latest(self, limit: int) -> list[Paper]:
        """The papers that were listed last, the newest first."""
        return await self._fetch(select(papers).order_by(papers.c.listed_on.desc(), papers.c.seq.desc()).limit(limit))

    async def count(self) -> int:
        async with self._database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(papers))).scalar_one()

    async def _fetch(self, statement: Select[Any]) -> list[Paper]:
        async with self._database.read() as connection:
            return [as_paper(row) for row in (await connection.execute(statement)).mappings()]


def as_paper(row: RowMapping | Mapping[str, Any]) -> Paper:
    """A row in everybody's words."""
    said = {name: row[name] for name in row if name not in {"authority", "key"}}
    return Paper(**{**said, **{name: tuple(row[name]) for name in ("authors", "categories", "sources")}})


async def _stored(connection: AsyncConnection, keys: set[str]) -> list[Draft]:
    """The known papers that share a key with the batch, each with all its keys."""
    found: set[int] = set()
    for chunk in chunks(sorted(keys)):
        found.update((await connection.execute(select(paper_keys.c.seq).where(paper_keys.c.key.in_(chunk)))).scalars())
    drafts: dict[int, Draft] = {}
    for numbers in chunks(sorted(found)):
        rows = await connection.execute(select(papers).where(papers.c.seq.in_(numbers)))
        for row in rows.mappings():
            drafts[row["seq"]] = Draft({name: row[name] for name in row if name != "seq"}, seq=row["seq"])
        for key, seq in await connection.execute(select(paper_keys).where(paper_keys.c.seq.in_(numbers))):
            drafts[seq].keys.add(key)
    return list(drafts.values())


async def _insert(connection: AsyncConnection, batch: Batch) -> None:
    if not batch.new:
        return
    statement = insert(papers).returning(papers.c.seq, sort_by_parameter_order=True)
    numbers = (await connection.execute(statement, [draft.row for draft in batch.new])).scalars().all()
    for draft, seq in zip(batch.new, numbers, strict=True):
        draft.seq = seq
    rows = [{"key": key, "seq": draft.seq} for draft in batch.new for key in sorted(draft.keys)]
    await connection.execute(insert(paper_keys), rows)


async def _update(connection: AsyncConnection, stored: list[Draft], known: dict[int, set[str]], batch: Batch) -> None:
    gone = {seq for seq, _ in batch.absorbed}
    if gone:
        await connection.execute(delete(paper_keys).where(paper_keys.c.seq.in_(gone)))
        await connection.execute(delete(papers).where(papers.c.seq.in_(gone)))
    kept = [draft for draft in stored if draft.seq not in gone]
    keys = [{"key": key, "seq": draft.seq} for draft in kept for key in sorted(draft.keys - known[id(draft)])]
    if keys:
        await connection.execute(insert(paper_keys), keys)
    changed = [{"at_seq": draft.seq} | {name: draft.row[name] for name in _COLUMNS} for draft in kept if draft.changed]
    if changed:
        values: dict[str, Any] = {name: bindparam(name) for name in _COLUMNS}
        await connection.execute(update(papers).where(papers.c.seq == bindparam("at_seq")).values(values), changed)
