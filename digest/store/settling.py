"""Changes to leased rows, many in one transaction: begun, parked, settled, given back.

Settling moves the subscriber's cursor in the same transaction. What becomes of a row is decided in deliver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, update

from digest.models import Settlement
from digest.store.deliveries import OPEN
from digest.store.many import Many
from digest.store.schema import deliveries, subscribers
from digest.store.signups import CONFIRM


@dataclass(frozen=True, slots=True)
class Begin:
    """The row's message is about to leave."""

    row: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Park:
    """The row is leased and certainly not under way any more."""

    row: int


@dataclass(frozen=True, slots=True)
class Release:
    """The row is nobody's."""

    row: int


@dataclass(frozen=True, slots=True)
class Settle:
    """What became of the row."""

    row: int
    settlement: Settlement
    now: datetime


Change = Begin | Park | Release | Settle

_FREE = {"lease_owner": "", "lease_until": None}
_row = deliveries.c.id == bindparam("row")
_theirs = select(subscribers.c.status).where(subscribers.c.id == deliveries.c.subscriber_id).scalar_subquery()
_mine = deliveries.c.lease_owner == bindparam("owner")

_may_be_mailed = or_(_theirs == "active", and_(deliveries.c.kind == CONFIRM, _theirs != "suppressed"))
"""The same as `may_be_mailed`, for the database."""

_begin = Many(
    update(deliveries)
    .where(_row, _mine, deliveries.c.state == "queued", _may_be_mailed)
    .values(state="sending", lease_until=bindparam("until"))
)
_park = Many(update(deliveries).where(_row, _mine, deliveries.c.state == "sending").values(state="queued"))
_free = Many(update(deliveries).where(_row, _mine).values(_FREE))
_ABOUT = ("reply", "settled_at", "subject", "message_id", "papers", "html_bytes", "message_bytes")
_sent = Many(
    update(deliveries)
    .where(_row, deliveries.c.state != "sent")
    .values(
        {
            "state": "sent",
            "reason": "",
            "next_attempt_at": None,
            "attempts": deliveries.c.attempts + 1,
            **_FREE,
            **{name: bindparam(f"new_{name}") for name in _ABOUT},
        }
    )
)
_moved = select(deliveries.c.upto_seq).where(_row).scalar_subquery()
_cursor = Many(
    update(subscribers)
    .where(subscribers.c.id == select(deliveries.c.subscriber_id).where(_row).scalar_subquery())
    .where(subscribers.c.cursor < _moved)
    .values(cursor=_moved)
)


def write(changes: Sequence[Change], owner: str, connection: Connection) -> list[bool]:
    """Write down some changes to rows that `owner` holds; tells of each whether it applied."""
    refused: set[int] = set()
    begun = [change for change in changes if isinstance(change, Begin)]
    if begun:
        refused.update(_not_begun(begun, owner, connection))
    parked = [{"row": change.row, "owner": owner} for change in changes if isinstance(change, Park)]
    if parked:
        _park(connection, parked)
    settled = [change for change in changes if isinstance(change, Settle)]
    plain = [change for change in settled if _is_plain(change.settlement)]
    if plain:
        # Whatever its lease says, a message that was sent has left; what is `sent` already stays as it was.
        _sent(connection, [_about(change) for change in plain])
        _cursor(connection, [{"row": change.row} for change in plain])
    for change in settled:
        if not _is_plain(change.settlement) and not _settle(change, owner, connection):
            refused.add(change.row)
    released = [{"row": change.row, "owner": owner} for change in changes if isinstance(change, Release)]
    if released:
        _park(connection, released)
        _free(connection, released)
    return [change.row not in refused for change in changes]


def _not_begun(begun: Sequence[Begin], owner: str, connection: Connection) -> set[int]:
    """Begin some rows; returns those that must not leave any more."""
    rows = [{"row": change.row, "owner": owner, "until": change.lease_until} for change in begun]
    if _begin(connection, rows) == len(begun):
        return set()
    held = and_(deliveries.c.state == "sending", deliveries.c.lease_owner == owner)
    ids = {change.row for change in begun}
    refused = ids - set(connection.execute(select(deliveries.c.id).where(held, deliveries.c.id.in_(ids))).scalars())
    _free(connection, [{"row": row, "owner": owner} for row in refused])
    return refused


def _is_plain(settlement: Settlement) -> bool:
    """The usual end, which is written for many rows at once."""
    return settlement.state == "sent" and bool(settlement.message_id) and not settlement.uncertain


def _about(change: Settle) -> dict[str, Any]:
    settlement = change.settlement
    return {
        "row": change.row,
        "new_reply": settlement.reply,
        "new_settled_at": change.now,
        "new_subject": settlement.subject,
        "new_message_id": settlement.message_id,
        "new_papers": settlement.papers,
        "new_html_bytes": settlement.html_bytes,
        "new_message_bytes": settlement.message_bytes,
    }


def _settle(change: Settle, owner: str, connection: Connection) -> bool:
    settlement = change.settlement
    final = settlement.state not in {"queued", "sending"}
    values: dict[str, Any] = {
        "state": settlement.state,
        "reason": settlement.reason,
        "reply": settlement.reply,
        "next_attempt_at": settlement.next_attempt_at,
        "settled_at": change.now if final else None,
        **_FREE,
        "attempts": deliveries.c.attempts + (settlement.counted and settlement.state != "skipped"),
        **({"uncertain": True} if settlement.uncertain else {}),
    }
    if settlement.message_id:
        names = ("subject", "message_id", "html_bytes", "message_bytes")
        values |= {name: getattr(settlement, name) for name in names} | {"papers": list(settlement.papers)}
    allowed = _held_by(owner, change.row)
    if settlement.state == "sent":
        allowed = and_(deliveries.c.id == change.row, deliveries.c.state != "sent")
    if not connection.execute(update(deliveries).where(allowed).values(values)).rowcount:
        return False
    if settlement.state in {"sent", "skipped"}:
        _cursor(connection, [{"row": change.row}])
    return True


def _held_by(owner: str, row: int) -> ColumnElement[bool]:
    return and_(OPEN, deliveries.c.id == row, deliveries.c.lease_owner == owner)
