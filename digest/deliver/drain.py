"""Sends what is due through a few connections, and settles every row by what the server said.

One task per connection; a row is leased, composed, sent and settled before the next. The promises: a row is settled
only after the server's answer; a row whose message has not left is given back untouched when the run stops early;
a row whose message may have left says so. It knows neither the store nor SMTP (see the seams), and what an answer
means for a row is decided in `settlement`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

from digest.deliver import settlement
from digest.deliver.pace import Pace
from digest.deliver.settlement import OnUncertain, Parcel, Skip
from digest.errors import Deferred, DeliveryError, DigestError, Refused, SenderRefused
from digest.models import Delivery, Settlement

__all__ = ["Connection", "Outbox", "Parcel", "Settlement", "Skip", "drain"]

MOST_TROUBLES_IN_A_ROW = 20
"""After so many rows put off one after another the server is busy or broken: the rest waits for the next round."""
# Mailbox busy, local error, mailbox full (RFC 5321 section 4.2.3): many of these must not starve who stands behind.
_ONE_MAILBOX = frozenset({"450", "451", "452"})
# Seconds that Ctrl-C waits for an answer to the final dot, and for the store to take a settlement.
_GRACE = 3.0
_ASK_AGAIN = 0.05
# Seconds a lease may be held idle for the rate; a longer wait happens with empty hands.
_LONGEST_IDLE_LEASE = 10.0


class Outbox(Protocol):
    """The rows, leased one by one; the store implements it."""

    async def claim(self, now: datetime) -> Delivery | None:
        """Lease one due row; `uncertain` is set on a row taken over from a sender that died while sending."""

    async def settle(self, delivery_id: int, settlement: Settlement) -> None:
        """Write down what became of a leased row, and count the attempt."""

    async def release(self, delivery_id: int) -> None:
        """Put a leased row back as it was; not an attempt."""


class Connection(Protocol):
    """A way out for messages; after a cancelled `send`, `phase` "dot" means that the message may have arrived."""

    @property
    def phase(self) -> str: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    async def send(self, envelope_sender: str, recipient: str, data: bytes, smtputf8: bool = False) -> str: ...

    async def check(self) -> None:
        """Connect, log in and leave."""


async def drain(
    outbox: Outbox,
    compose: Callable[[Delivery], Awaitable[Parcel | Skip]],
    connect: Callable[[], Connection],
    *,
    connections: int,
    per_second: float,
    on_uncertain: OnUncertain,
    now: Callable[[], datetime],
    on_settled: Callable[[Delivery, Settlement], None],
) -> str | None:
    """Send every due row; returns the sentence that stopped the batch, or None.

    A cancellation is passed on after every leased row has been given back or settled.
    """
    batch = _Batch(outbox, compose, Pace(1 / per_second), on_uncertain, now, on_settled)
    ways = [connect() for _ in range(connections)]
    tasks = [asyncio.create_task(batch.work(way)) for way in ways]
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        batch.halt()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
    errors = [error for task in tasks if (error := task.exception())]
    if errors:
        raise errors[0]
    return batch.sentence


@dataclass(slots=True)
class _Batch:
    """What the tasks of one drain share."""

    outbox: Outbox
    compose: Callable[[Delivery], Awaitable[Parcel | Skip]]
    pace: Pace
    on_uncertain: OnUncertain
    now: Callable[[], datetime]
    on_settled: Callable[[Delivery, Settlement], None]
    sentence: str | None = None
    _troubles_in_a_row: int = 0
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, connection: Connection) -> None:
        """Row after row through one connection, until none is due or the batch stops."""
        try:
            async with connection:
                while not self._stopped.is_set():
                    delivery = await self._claim()
                    if delivery is None:
                        return
                    if delivery.uncertain and self.on_uncertain == "hold":
                        await _surely(self._settle(delivery, settlement.held()))
                    else:
                        await self._deliver(delivery, connection)
        except BaseException:
            self.halt()
            raise

    def halt(self) -> None:
        """Let no task begin another row."""
        self._stopped.set()

    async def _claim(self) -> Delivery | None:
        claiming = asyncio.ensure_future(self.outbox.claim(self.now()))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The lease may exist already: without this it would hold the row until it runs out.
            await asyncio.wait({claiming}, timeout=_GRACE)
            if claiming.done() and not claiming.cancelled() and not claiming.exception() and (row := claiming.result()):
                await _surely(self.outbox.release(row.id))
            raise

    async def _deliver(self, delivery: Delivery, connection: Connection) -> None:
        moment = self.pace.take(_clock())
        if moment - _clock() > _LONGEST_IDLE_LEASE:
            self.pace.give_back()
            await _surely(self.outbox.release(delivery.id))
            await self._stopped_before(moment)
            return
        try:
            composed = await self.compose(delivery)
            stopped = isinstance(composed, Parcel) and await self._stopped_before(moment)
        except DigestError as error:
            await _surely(self._stop(delivery, str(error)))
            return
        except BaseException:
            await _surely(self.outbox.release(delivery.id))
            raise
        if isinstance(composed, Skip):
            self.pace.give_back()
            await _surely(self._settle(delivery, settlement.skipped(delivery, composed)))
        elif stopped:
            await _surely(self.outbox.release(delivery.id))
        else:
            await self._send(delivery, composed, connection)

    async def _send(self, delivery: Delivery, message: Parcel, connection: Connection) -> None:
        sending = asyncio.ensure_future(
            connection.send(message.envelope_sender, message.recipient, message.data, message.smtputf8)
        )
        try:
            await _ended(sending, connection)
        finally:
            await _surely(self._record(delivery, message, sending, connection))

    async def _record(
        self, delivery: Delivery, message: Parcel, sending: asyncio.Task[str], connection: Connection
    ) -> None:
        """Settle or give back the row by how the sending ended; an error that is a bug stays loud."""
        finished = sending.done() and not sending.cancelled()
        error = sending.exception() if finished else asyncio.CancelledError()
        if error is None:
            self._troubles_in_a_row = 0
            await self._settle(delivery, settlement.sent(delivery, message, sending.result()))
        elif isinstance(error, SenderRefused):
            await self._stop(delivery, str(error))
        elif isinstance(error, DeliveryError) or connection.phase == "dot":
            self._count(error)
            outcome = settlement.not_sent(delivery, message, error, self.on_uncertain, self.now())
            await self._settle(delivery, outcome)
        else:
            await self.outbox.release(delivery.id)
        if isinstance(error, Exception) and not isinstance(error, DeliveryError):
            raise error

    def _count(self, error: BaseException) -> None:
        """A refusal, or "not now" for one mailbox, is about one reader; anything else, often enough, about the server."""
        about_one = isinstance(error, Refused) or (isinstance(error, Deferred) and error.reply[:3] in _ONE_MAILBOX)
        self._troubles_in_a_row = 0 if about_one else self._troubles_in_a_row + 1
        if self._troubles_in_a_row >= MOST_TROUBLES_IN_A_ROW:
            self.halt()

    async def _settle(self, delivery: Delivery, outcome: Settlement) -> None:
        await self.outbox.settle(delivery.id, outcome)
        self.on_settled(delivery, outcome)

    async def _stop(self, delivery: Delivery, sentence: str) -> None:
        """It is about us: halt, and give the row back untouched."""
        self.sentence = self.sentence or sentence
        self.halt()
        await self.outbox.release(delivery.id)

    async def _stopped_before(self, moment: float) -> bool:
        """Wait for a moment of the loop's clock; True at once when the batch stops before it."""
        seconds = moment - _clock()
        if seconds > 0 and not self._stopped.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopped.wait()
        return self._stopped.is_set()


def _clock() -> float:
    return asyncio.get_running_loop().time()


async def _ended(sending: asyncio.Task[str], connection: Connection) -> None:
    """Wait for the end of the sending; a cancellation waits a moment for the answer to a dot that is already out."""
    try:
        await asyncio.wait({sending})
    except asyncio.CancelledError:
        patience = _clock() + _GRACE
        try:
            # Before Python 3.12 asyncio.wait_for, which the SMTP client uses, can swallow a cancellation: ask again.
            while not sending.done():
                if connection.phase != "dot" or _clock() > patience:
                    sending.cancel()
                await asyncio.wait({sending}, timeout=_ASK_AGAIN)
        finally:
            sending.cancel()
        raise


async def _surely(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end even if this task is cancelled meanwhile, but then not for long."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_GRACE)
        raise
