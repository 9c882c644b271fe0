"""The one place where the benches touch the product's sending: its pool of connections, and its outbox.

Whoever changes the interface of digest.deliver or of the outbox changes this file and nothing else in bench/.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from digest.deliver import Parcel, SmtpConnection, drain
from digest.models import Delivery, Settlement
from digest.settings.sections import SmtpSettings
from digest.store import NewSubscriber, Planned, Store, open_store

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SENDER = "b+1.2.abc@news.example.org"


@dataclass(slots=True)
class _Rows:
    """An outbox that costs nothing."""

    left: int
    sent: int = 0

    async def lease(self, now: datetime, most: int) -> Sequence[Delivery]:
        first, self.left = self.left, max(0, self.left - most)
        return [_row(number) for number in range(first, self.left, -1)]

    async def begin(self, delivery_id: int) -> bool:
        return True

    async def park(self, delivery_id: int) -> None: ...

    async def settle(self, delivery_id: int, settlement: Settlement) -> None:
        self.sent += settlement.state == "sent"

    async def release(self, delivery_id: int) -> None: ...


async def send(port: int, bodies: Sequence[bytes], count: int, connections: int) -> int:
    """Send so many prebuilt messages through the pool; returns how many the server took."""
    rows = _Rows(count)
    settings = SmtpSettings(host="127.0.0.1", port=port, tls="none")
    parcels = [_parcel(body) for body in bodies]

    async def compose(row: Delivery) -> Parcel:
        return parcels[row.id % len(parcels)]

    await drain(
        rows,
        compose,
        lambda: SmtpConnection(settings, None),
        connections=connections,
        per_second=1e9,
        on_uncertain="resend",
        now=lambda: NOW,
        on_settled=lambda _row, _settlement: None,
    )
    return rows.sent


async def settle(folder: Path, count: int, connections: int) -> float:
    """Lease, begin and settle so many rows of a real store, as the pool does; returns seconds of CPU."""
    async with open_store(f"sqlite:///{folder / 'bench.db'}") as store:
        await _fill(store, count)
        started = time.process_time()
        hand: list[Delivery] = []

        async def work() -> None:
            while True:
                if not hand:
                    hand.extend((await store.outbox.lease(NOW, NOW + timedelta(hours=1), 4 * connections)).rows)
                if not hand:
                    return
                row = hand.pop()
                if await store.outbox.begin(row.id, NOW + timedelta(hours=1)):
                    await store.outbox.settle(row.id, _SENT, NOW)

        await asyncio.gather(*(work() for _ in range(connections)))
        seconds = time.process_time() - started
        settled = await store.deliveries.totals()
    assert settled == {"sent": count}
    return seconds


async def _fill(store: Store, count: int) -> None:
    emails = [f"r{number}@d{number % 50}.example.org" for number in range(count)]
    new = [NewSubscriber(key=email, email=email, origin="config", fields={}, cursor=0) for email in emails]
    await store.subscribers.add(new, NOW)
    rows = await store.subscribers.all()
    await store.outbox.plan([Planned(subscriber_id=row.id, issue=date(2026, 11, 23), due_at=NOW) for row in rows], NOW)


_SENT = Settlement(
    state="sent",
    reason="",
    reply="250 2.0.0 Ok: queued as 4F1C02A0B1",
    subject="Graph neural networks for proteins and 9 more",
    message_id="<2026-11-23.0123456789abcdef@news.example.org>",
    papers=tuple(f"arxiv:2511.{number:05d}" for number in range(10)),
    html_bytes=30_000,
    message_bytes=40_000,
)


def _row(number: int) -> Delivery:
    return Delivery(
        id=number,
        subscriber_id=number,
        email=f"r{number}@d{number % 50}.example.org",
        kind="digest",
        issue=date(2026, 11, 23),
        state="queued",
        reason="",
        due_at=NOW,
        after_seq=0,
        upto_seq=9,
    )


def _parcel(body: bytes) -> Parcel:
    return Parcel(
        envelope_sender=SENDER,
        recipient="reader@example.org",
        data=body,
        subject="Graph neural networks for proteins and 9 more",
        message_id="<2026-11-23.0123456789abcdef@news.example.org>",
        papers=("arxiv:2511.00001",),
        html_bytes=30_000,
    )
