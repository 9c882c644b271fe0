"""Taking subscribers in by command: adding, changing, bringing back. Who asked to leave stays away unless told again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from digest.links import subscriber_key
from digest.models import SubscriberStatus, same_address
from digest.pipeline.audience import fields_of
from digest.settings import Settings, SubscriberSettings
from digest.store import NewSubscriber, Store, StoredSubscriber

LEFT: tuple[SubscriberStatus, ...] = ("unsubscribed", "suppressed")
"""Who is never mailed, whatever a file says."""


@dataclass(slots=True)
class TakenIn:
    """What became of the entries."""

    added: int = 0
    changed: int = 0
    left: int = 0
    """Left alone, because they unsubscribed."""
    suppressed: list[str] = field(default_factory=list)
    """Left alone, because mail to them is refused or was complained of; only `allow` lifts that."""
    configured: list[str] = field(default_factory=list)
    """Left alone, because a TOML file names them and would win."""


@dataclass(slots=True)
class _Steps:
    new: list[NewSubscriber] = field(default_factory=list)
    fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    back: list[int] = field(default_factory=list)
    adopted: list[int] = field(default_factory=list)
    away: dict[SubscriberStatus, list[int]] = field(default_factory=dict)


async def allow(settings: Settings, store: Store, email: str, now: datetime) -> bool:
    """Lift a suppression by a person's decision, and mail the subscriber again, if there is one; False without one.

    Who unsubscribed stays so.
    """
    if not await store.suppressions.lift(email, now):
        return False
    ids = [row.id for row in await store.subscribers.by_address([email]) if row.status == "removed"]
    start = await store.papers.newest_before(now - timedelta(days=settings.digest.first_days))
    await store.subscribers.reactivate(ids, start, now)
    return True


async def take_in(
    settings: Settings,
    store: Store,
    entries: Iterable[tuple[SubscriberSettings, SubscriberStatus]],
    now: datetime,
    *,
    again: bool = False,
    keep: bool = False,
) -> TakenIn:
    """Add or change subscribers; with `again` also those who left, with `keep` fields that are not named stay."""
    secret = settings.secret_key()
    entries = list(entries)
    addresses = [table.email for table, _ in entries]
    stored = {same_address(row.email): row for row in await store.subscribers.by_address(addresses)}
    never = await store.suppressions.covered(addresses)
    configured = {same_address(table.email) for table in settings.subscribers}
    start = await store.papers.newest_before(now - timedelta(days=settings.digest.first_days))
    result, steps = TakenIn(), _Steps()
    for table, status in entries:
        row = stored.get(same_address(table.email))
        if status == "active" and same_address(table.email) in never:
            result.suppressed.append(table.email)
        elif same_address(table.email) in configured and status not in LEFT:
            result.configured.append(table.email)
        elif row is None:
            key = subscriber_key(table.email, secret)
            new = NewSubscriber(
                key=key, email=table.email, origin="command", fields=fields_of(table), cursor=start, status=status
            )
            steps.new.append(new)
        else:
            _change(row, table, status, result, steps, again=again, keep=keep)
    # Who is to stay away is written first: whatever stops this, nobody is mailed who should not be.
    for email in [table.email for table, status in entries if status == "suppressed"]:
        await store.suppressions.add(email, "imported as suppressed", "import", "", now)
    for status, ids in steps.away.items():
        await store.subscribers.set_status(ids, status, now)
    result.added = await store.subscribers.add(steps.new, now)
    await store.subscribers.adopt(steps.adopted, "command", start, now)
    await store.subscribers.set_fields(steps.fields, now, origin="command")
    await store.subscribers.reactivate(steps.back, start, now)
    return result


def _change(
    row: StoredSubscriber,
    table: SubscriberSettings,
    status: SubscriberStatus,
    result: TakenIn,
    steps: _Steps,
    *,
    again: bool,
    keep: bool,
) -> None:
    if status != "active":
        if row.status not in LEFT:
            steps.away.setdefault(status, []).append(row.id)
        result.changed += 1
    elif row.status in LEFT and not again:
        result.left += 1
    else:
        steps.adopted += [row.id] if row.origin == "report" else []
        steps.fields[row.id] = {**(row.fields if keep else {}), **fields_of(table)}
        steps.back += [] if row.status == "active" else [row.id]
        result.changed += 1
