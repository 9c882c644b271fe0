"""Writing the rows of the outbox: an issue owed becomes a row, at most one per subscriber, kind and issue.

Here rows are planned by name, and those of other kinds than digests; what falls due by the clock is planned in due. What
may leave is leased and settled in outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from digest.store.database import Database, chunks
from digest.store.deliveries import OPEN
from digest.store.schema import deliveries, papers, subscribers

FOLDED = "folded into the issue of"
"""How the reason of a row begins whose papers a later issue covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One issue owed to one subscriber, about to become a row."""

    subscriber_id: int
    issue: date
    due_at: datetime
    by_name: bool = False
    """Asked for by hand: it says nothing of what is usual."""
    kind: str = "digest"
    """Only a digest folds earlier ones and covers papers; others ("confirm", "report") are mails of their own."""


async def plan(database: Database, owed: Sequence[Planned], now: datetime, *, again: bool = False) -> list[int]:
    """Write a row per issue owed, from the subscriber's cursor to the newest paper at this moment.

    A row that exists is left alone, but with `again` a skipped one is reopened. A queued digest of an earlier issue
    that certainly never left is folded into the new one; while one may still be arriving, no digest is planned for
    that subscriber. Returns the ids of those.
    """
    waiting: list[int] = []
    async with database.write() as connection:
        newest = await connection.scalar(select(func.max(papers.c.seq))) or 0
        for chunk in chunks(owed):
            digests = [one for one in chunk if one.kind == "digest"]
            busy = await _on_their_way(connection, {one.subscriber_id: one.issue for one in digests})
            waiting.extend(busy)
            cursors = await _cursors(connection, [one.subscriber_id for one in digests])
            ready = [one for one in digests if one.subscriber_id in cursors and one.subscriber_id not in busy]
            rows = [new_row(one, cursors[one.subscriber_id], newest, now) for one in ready]
            rows += [new_row(one, 0, 0, now) for one in chunk if one.kind != "digest"]
            if ready:
                await _fold(connection, ready, now)
                await _advance(connection, ready)
            if rows:
                await connection.execute(_reopening() if again else insert(deliveries).on_conflict_do_nothing(), rows)
    return waiting


async def withdraw(database: Database, subscriber_ids: Sequence[int], reason: str, now: datetime) -> None:
    """Settle queued digests of some subscribers as skipped; the cursor stays, so a later issue has their papers.

    A row whose mail may have arrived stays: only its repeat has the same Message-ID.
    """
    values = {"state": "skipped", "reason": reason, "settled_at": now, "next_attempt_at": None}
    async with database.write() as connection:
        for ids in chunks(subscriber_ids):
            certain = and_(deliveries.c.state == "queued", deliveries.c.uncertain.is_(False))
            queued = and_(OPEN, certain, deliveries.c.kind == "digest", deliveries.c.subscriber_id.in_(ids))
            await connection.execute(update(deliveries).where(queued).values(values))


async def _on_their_way(connection: AsyncConnection, issues: dict[int, date]) -> set[int]:
    """Whose earlier issue is being sent, or may have arrived and will be repeated."""
    arriving = or_(deliveries.c.state == "sending", deliveries.c.uncertain.is_(True))
    statement = select(deliveries.c.subscriber_id, deliveries.c.issue).where(
        OPEN, arriving, deliveries.c.kind == "digest", deliveries.c.subscriber_id.in_(issues)
    )
    return {row.subscriber_id for row in await connection.execute(statement) if row.issue != issues[row.subscriber_id]}


async def _cursors(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, int]:
    """Where the active ones among some subscribers stand, as of this transaction."""
    columns = select(subscribers.c.id, subscribers.c.cursor)
    rows = await connection.execute(columns.where(subscribers.c.id.in_(ids), subscribers.c.status == "active"))
    return {row.id: row.cursor for row in rows}


async def _advance(connection: AsyncConnection, ready: Sequence[Planned]) -> None:
    """Remember each subscriber's newest issue beside them, where planning in sets looks for it."""
    behind = and_(subscribers.c.id == bindparam("of"), subscribers.c.last_issue < bindparam("issue"))
    statement = update(subscribers).where(behind).values(last_issue=bindparam("issue"))
    await connection.execute(statement, [{"of": one.subscriber_id, "issue": one.issue} for one in ready])


async def _fold(connection: AsyncConnection, ready: Sequence[Planned], now: datetime) -> None:
    earlier = and_(
        OPEN,
        deliveries.c.kind == "digest",
        deliveries.c.subscriber_id == bindparam("of"),
        deliveries.c.state == "queued",
        deliveries.c.issue < bindparam("before"),
    )
    values: dict[str, Any] = {
        "state": "skipped",
        "reason": bindparam("why"),
        "settled_at": bindparam("at"),
        "next_attempt_at": None,
    }
    rows = [{"of": one.subscriber_id, "before": one.issue, "why": f"{FOLDED} {one.issue}", "at": now} for one in ready]
    await connection.execute(update(deliveries).where(earlier).values(values), rows)


NEW_ROW: Mapping[str, Any] = {
    "kind": "digest",
    "state": "queued",
    "reason": "",
    "attempts": 0,
    "uncertain": False,
    "reply": "",
    "next_attempt_at": None,
    "lease_owner": "",
    "subject": "",
    "message_id": "",
    "papers": [],
    "html_bytes": 0,
    "message_bytes": 0,
    "by_name": False,
    "covers_from": None,
    "covers_why": "",
}
"""What is the same in every new row."""


def new_row(one: Planned, after: int, upto: int, now: datetime) -> dict[str, Any]:
    """The row of one mail that is owed."""
    return {
        **NEW_ROW,
        "subscriber_id": one.subscriber_id,
        "kind": one.kind,
        "issue": one.issue,
        "due_at": one.due_at,
        "after_seq": after,
        "upto_seq": max(after, upto),
        "next_attempt_at": now,
        "by_name": one.by_name,
    }


def _reopening() -> Insert:
    """An insert that opens a row again which was settled without a mail."""
    statement = insert(deliveries)
    names = ("state", "reason", "due_at", "after_seq", "upto_seq", "attempts", "uncertain", "reply", "next_attempt_at")
    return statement.on_conflict_do_update(
        index_elements=["subscriber_id", "kind", "issue"],
        set_={name: statement.excluded[name] for name in names} | {"settled_at": None},
        where=deliveries.c.state == "skipped",
    )
