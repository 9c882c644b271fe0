"""One row of the outbox taken as a sender takes it: leased, then begun."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from digest.models import Delivery
from digest.store import Store

LEASE = timedelta(minutes=30)


async def claim(store: Store, now: datetime, **narrower: Any) -> Delivery | None:
    """The first row that is due, being sent; None when there is none."""
    for row in (await store.outbox.lease(now, now + LEASE, 1, **narrower)).rows:
        return row if await store.outbox.begin(row.id, now + LEASE) else None
    return None
