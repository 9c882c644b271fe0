"""The leased rows that no connection has begun yet: leased several at a time, given out one by one.

It keeps the number of connections that are busy with one recipient domain within its limit: who has to wait lets others
pass. It knows nothing of SMTP; which rows are due is the store's affair.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from digest.deliver.watch import domain_of
from digest.models import Delivery

_GRACE = 3.0
"""Seconds to wait for a lease that a cancellation overtook."""
_PER_CONNECTION = 4
_WAITING = 4
"""So many times the usual number may be leased while those before them wait for their domain."""
_SECONDS_AHEAD = 5.0
"""A slow rate leases less: nobody else can have a row that waits here."""


class Hand:
    """Leased rows, shared by the connections of one batch."""

    def __init__(
        self,
        lease: Callable[[int], Awaitable[Sequence[Delivery]]],
        *,
        connections: int,
        per_second: float,
        per_domain: int | None,
    ) -> None:
        self._lease = lease
        self._size = max(1, min(_PER_CONNECTION * connections, int(per_second * _SECONDS_AHEAD)))
        self._per_domain = per_domain or connections
        self._rows: list[Delivery] = []
        self._busy: Counter[str] = Counter()
        self._leasing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopped = False

    async def take(self) -> Delivery | None:
        """A row whose domain may have one more connection; None when nothing is due. Call `done` for it afterwards."""
        while not self._stopped:
            if row := self._next():
                return row
            self._changed.clear()
            async with self._leasing:
                if row := self._next():
                    return row
                full = len(self._rows) >= _WAITING * self._size
                found = not self._stopped and not full and await self._more()
            if not found:
                if not self._rows:
                    return None
                await self._changed.wait()
        return None

    def done(self, row: Delivery) -> None:
        """The connection that took a row is free again."""
        domain = domain_of(row.email)
        self._busy[domain] -= 1
        if not self._busy[domain]:
            del self._busy[domain]
        self._changed.set()

    def stop(self) -> None:
        """Give out nothing more."""
        self._stopped = True
        self._changed.set()

    def drop(self) -> list[Delivery]:
        """What nobody has begun, for the caller to give back."""
        rows, self._rows = self._rows, []
        return rows

    def _next(self) -> Delivery | None:
        for number, row in enumerate(self._rows):
            domain = domain_of(row.email)
            if self._busy[domain] < self._per_domain:
                self._busy[domain] += 1
                return self._rows.pop(number)
        return None

    async def _more(self) -> bool:
        leasing = asyncio.ensure_future(self._lease(self._size))
        try:
            rows = await asyncio.shield(leasing)
        except asyncio.CancelledError:
            # The leases may exist already: without this they would hold the rows until they run out.
            await asyncio.wait({leasing}, timeout=_GRACE)
            if leasing.done() and not leasing.cancelled() and not leasing.exception():
                self._rows += leasing.result()
            raise
        self._rows += rows
        return bool(rows)
