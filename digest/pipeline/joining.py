"""What readers do themselves: sign up, confirm, change what they get, leave, be forgotten. Every mail goes by the outbox.

Only orders; what a sign-up owes is written by the store in one go. Who left comes back only by a link in their own mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from digest.links import subscriber_key
from digest.models import same_address
from digest.pipeline.audience import fields_of
from digest.settings import Settings, SubscriberSettings
from digest.store import NewSubscriber, Signup, Store, StoredSubscriber

_CHOICES = (
    "profiles",
    "keywords",
    "exclude",
    "weights",
    "timezone",
    "send_at",
    "cadence",
    "days",
    "weekday",
    "paused_until",
)


async def sign_up(settings: Settings, store: Store, table: SubscriberSettings, network: str, now: datetime) -> None:
    """Owe a confirmation mail to an address; what is wished for is done when it confirms. Tells nothing of who reads."""
    key = subscriber_key(table.email, settings.secret_key())
    new = NewSubscriber(key=key, email=table.email, origin="web", fields={}, cursor=0, status="unconfirmed")
    await store.subscribers.add([new], now)
    await store.signups.ask(Signup(email=table.email, fields=fields_of(table), network=network), now)


async def confirm(settings: Settings, store: Store, reader: StoredSubscriber, now: datetime) -> bool:
    """Do what was asked for and not confirmed yet; False when there is nothing."""
    wish = await store.signups.wish(reader.id)
    if wish is None or wish.confirmed_at is not None or reads(reader) or reader.status == "suppressed":
        return False
    start = await _start(settings, store, now)
    await _set(settings, store, reader, wish.fields, now)
    if reader.origin == "report":
        await store.subscribers.adopt([reader.id], "web", start, now)
    await store.subscribers.reactivate([reader.id], start, now)
    await store.signups.confirmed(reader.id, now)
    return True


def reads(reader: StoredSubscriber) -> bool:
    """Whether somebody gets digests by now, and not only reports about the instance."""
    return reader.status == "active" and reader.origin != "report"


async def change(store: Store, reader: StoredSubscriber, choices: Mapping[str, Any], now: datetime) -> None:
    """Change some fields; None takes one back to what is configured."""
    await store.subscribers.change(reader.id, {name: choices[name] for name in choices if name in _CHOICES}, now)


async def leave(store: Store, reader: StoredSubscriber, now: datetime) -> None:
    """No mail any more, also none that is queued. Twice is fine."""
    if reader.status not in {"unsubscribed", "suppressed"}:
        await store.subscribers.set_status([reader.id], "unsubscribed", now)


async def come_back(settings: Settings, store: Store, reader: StoredSubscriber, now: datetime) -> bool:
    """Take back who left, by their own word; False for an address that must not be written to."""
    if reader.status == "suppressed":
        return False
    if reader.status != "active":
        await store.subscribers.reactivate([reader.id], await _start(settings, store, now), now)
    return True


async def forget(settings: Settings, store: Store, reader: StoredSubscriber, now: datetime) -> None:
    """Delete a person; where a file names them, what stays is a key that keeps the file from taking them in again."""
    if any(same_address(table.email) == same_address(reader.email) for table in settings.subscribers):
        await store.signups.blacken(reader.id, now)
    else:
        await store.signups.forget(reader.id)


async def everything(store: Store, reader: StoredSubscriber) -> dict[str, Any]:
    """All that is stored about a person, as JSON."""
    wish = await store.signups.wish(reader.id)
    rows = await store.deliveries.of(reader.id, limit=10_000)
    return {
        "email": reader.email,
        "status": reader.status,
        "came_by": reader.origin,
        "joined_at": reader.joined_at.isoformat(),
        "settings": reader.held,
        "signup": wish
        and {
            "asked_at": wish.asked_at.isoformat(),
            "confirmed_at": wish.confirmed_at and wish.confirmed_at.isoformat(),
            "network": wish.network,
            "asked_for": dict(wish.fields),
        },
        "mails": [
            {
                "kind": row.kind,
                "issue": row.issue.isoformat(),
                "state": row.state,
                "reason": row.reason,
                "server_said": row.reply,
                "subject": row.subject,
                "papers": list(row.papers),
                "settled_at": row.settled_at and row.settled_at.isoformat(),
            }
            for row in rows
        ],
    }


async def expire(settings: Settings, store: Store, now: datetime) -> int:
    """Forget the addresses that never confirmed. Returns how many."""
    return await store.signups.expire(now - timedelta(days=settings.web.confirm_days))


def paused_for(days: int, today: date) -> str:
    """The first day after a pause, as it is stored."""
    return (today + timedelta(days=days)).isoformat()


async def _start(settings: Settings, store: Store, now: datetime) -> int:
    return await store.papers.newest_before(now - timedelta(days=settings.digest.first_days))


async def _set(
    settings: Settings, store: Store, reader: StoredSubscriber, fields: Mapping[str, Any], now: datetime
) -> None:
    """The wishes as the reader's own fields, or over those of a file that names them."""
    if any(same_address(table.email) == same_address(reader.email) for table in settings.subscribers):
        await store.subscribers.change(reader.id, fields, now)
    else:
        await store.subscribers.set_fields({reader.id: fields}, now, origin="web")
        # What was chosen before this wish does not stand over it.
        await store.subscribers.change(reader.id, {name: fields.get(name) for name in _CHOICES}, now)
