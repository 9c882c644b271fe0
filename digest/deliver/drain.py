"""Sends what is due through a few connections, and settles every row by what the server said.

One task per connection; a row is leased, composed, begun, sent and settled before the next. The promises: a row is begun
just before its message leaves and settled only after the server's answer, and both are written down before anything else
happens on that connection; a row whose message has not left is given back untouched when the run stops early; a row
whose message may have left says so. It knows neither the store nor SMTP (see the seams); what an answer means for a row
is decided in `settlement`, what many together mean in `watch`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from digest.deliver import settlement
from digest.deliver.hand import Hand
from digest.deliver.pace import Pace
from digest.deliver.settlement import OnUncertain, Parcel, Skip
from digest.deliver.watch import Dead, Watch
from digest.errors import Deferred, DeliveryError, DigestError, Refused, SenderRefused
from digest.models import Delivery, Settlement

__all__ = ["Connection", "Drained", "Halt", "Outbox", "Parcel", "Settlement", "Skip", "drain"]

MOST_TROUBLES_IN_A_ROW = 20
"""After so many rows put off one after another the server is busy or broken: the rest waits for the next round."""
# Mailbox busy, local error, mailbox full (RFC 5321 section 4.2.3): many of these must not starve who stands behind.
_ONE_MAILBOX = frozenset({"450", "451", "452"})
# Seconds that Ctrl-C waits for an answer to the final dot, and for the store to take a settlement.
_GRACE = 3.0
_ASK_AGAIN = 0.05
# Seconds a lease may be held idle for the rate; a longer wait happens with empty hands.
_LONGEST_IDLE_LEASE = 10.0


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a batch stopped before its end, as one sentence and as a word for machines.

    sender: the server does not take us (absent, login, sender). refusals: it refuses everybody the same way. busy: it
    put off too many in a row. composing: a message could not be made.
    """

    kind: Literal["sender", "refusals", "busy", "composing"]
    sentence: str


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain came to, beside the rows."""

    halt: Halt | None = None
    warnings: tuple[str, ...] = ()
    """Sentences about domains that were left alone or not believed."""
    dead: tuple[Dead, ...] = ()
    """Addresses never to be mailed again."""


class Outbox(Protocol):
    """The rows, leased several at a time; the store implements it."""

    async def lease(self, now: datetime, most: int) -> Sequence[Delivery]:
        """Lease up to `most` due rows; `uncertain` is set on one whose earlier sender died while sending it."""

    async def begin(self, delivery_id: int) -> bool:
        """Write down that a row's message is about to leave; False, and the lease is off, when it must not any more."""

    async def park(self, delivery_id: int) -> None:
        """Leased as before it began: its message has certainly not arrived."""

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
    per_domain: int | None = None,
    stopping: asyncio.Event | None = None,
) -> Drained:
    """Send every due row; at most `per_domain` connections are busy with one recipient domain.

    Once `stopping` is set no other row is begun, and what is in flight is finished.
    A cancellation is passed on after every leased row has been given back or settled.
    """

    async def lease(most: int) -> Sequence[Delivery]:
        return await outbox.lease(now(), most)

    hand = Hand(lease, connections=connections, per_second=per_second, per_domain=per_domain)
    batch = _Batch(outbox, compose, hand, Pace(1 / per_second), on_uncertain, now, on_settled)
    ways = [connect() for _ in range(connections)]
    tasks = [asyncio.create_task(batch.work(way)) for way in ways]
    obeying = asyncio.create_task(_halt_when(stopping, batch)) if stopping else None
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        batch.halt()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await _surely(batch.give_back())
        raise
    finally:
        if obeying:
            obeying.cancel()
    errors = [error for task in tasks if (error := task.exception())]
    if errors:
        with suppress(DigestError):  # the first error says it better
            await batch.give_back()
        raise errors[0]
    return await batch.finish()


async def _halt_when(stopping: asyncio.Event, batch: _Batch) -> None:
    await stopping.wait()
    batch.halt()


@dataclass(slots=True)
class _Batch:
    """What the tasks of one drain share."""

    outbox: Outbox
    compose: Callable[[Delivery], Awaitable[Parcel | Skip]]
    hand: Hand
    pace: Pace
    on_uncertain: OnUncertain
    now: Callable[[], datetime]
    on_settled: Callable[[Delivery, Settlement], None]
    stop: Halt | None = None
    _watch: Watch = field(default_factory=Watch)
    _parked: list[tuple[Delivery, Settlement]] = field(default_factory=list)
    _troubles_in_a_row: int = 0
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, connection: Connection) -> None:
        """Row after row through one connection, until none is due or the batch stops."""
        try:
            async with connection:
                while not self._stopped.is_set() and (row := await self.hand.take()) is not None:
                    try:
                        await self._one(row, connection)
                    finally:
                        self.hand.done(row)
        except BaseException:
            self.halt()
            raise

    def halt(self, why: Halt | None = None) -> None:
        """Let no task begin another row."""
        self.stop = self.stop or why
        self._stopped.set()
        self.hand.stop()

    async def give_back(self) -> None:
        """Whatever is still leased, untouched."""
        rows = [*self.hand.drop(), *(row for row, _ in self._parked)]
        self._parked.clear()
        await asyncio.gather(*(self.outbox.release(row.id) for row in rows))

    async def finish(self) -> Drained:
        """Everything has been tried, or the batch has stopped: decide what was left open."""
        if self._parked and self.stop is None and self._watch.ends() == "stop":
            self.halt(_all_refused(self._parked))
        if self._parked and self.stop is None:
            await self._believe()
        await self.give_back()
        dead = self._watch.dead_addresses()
        return Drained(self.stop, tuple(self._watch.warnings), tuple(dead))

    async def _one(self, row: Delivery, connection: Connection) -> None:
        if self._stopped.is_set():
            await _surely(self.outbox.release(row.id))
        elif row.uncertain and self.on_uncertain == "hold":
            await _surely(self._settle(row, settlement.held()))
        elif pause := self._watch.paused(row.email, _clock()):
            seconds, why = pause
            later = self.now() + timedelta(seconds=seconds)
            await _surely(self._settle(row, settlement.put_off(row, why, later)))
        else:
            await self._deliver(row, connection)

    async def _deliver(self, delivery: Delivery, connection: Connection) -> None:
        moment = self.pace.take(_clock())
        if moment - _clock() > _LONGEST_IDLE_LEASE:
            self.pace.give_back()
            rows = [delivery, *self.hand.drop()]
            await _surely(_all(self.outbox.release(row.id) for row in rows))
            await self._stopped_before(moment)
            return
        try:
            composed = await self.compose(delivery)
            stopped = isinstance(composed, Parcel) and await self._stopped_before(moment)
        except DigestError as error:
            self.halt(Halt("composing", str(error)))
            await _surely(self.outbox.release(delivery.id))
            return
        except BaseException:
            await _surely(self.outbox.release(delivery.id))
            raise
        if isinstance(composed, Skip):
            self.pace.give_back()
            await _surely(self._settle(delivery, settlement.skipped(delivery, composed)))
        elif stopped:
            await _surely(self.outbox.release(delivery.id))
        elif await self._begun(delivery):
            await self._send(delivery, composed, connection)

    async def _begun(self, delivery: Delivery) -> bool:
        try:
            begun = await self.outbox.begin(delivery.id)
        except BaseException:
            # What is written last counts: if it had begun after all, this takes it back.
            await _surely(self.outbox.release(delivery.id))
            raise
        if not begun:
            self.pace.give_back()
        return begun

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
            await self._took(delivery, settlement.sent(delivery, message, sending.result()))
        elif isinstance(error, SenderRefused):
            self.halt(Halt("sender", str(error)))
            await self.outbox.release(delivery.id)
        elif isinstance(error, DeliveryError) or connection.phase == "dot":
            self._count(delivery, error)
            outcome = settlement.not_sent(delivery, message, error, self.on_uncertain, self.now())
            await (self._refused if isinstance(error, Refused) else self._settle)(delivery, outcome)
        else:
            await self.outbox.release(delivery.id)
        if isinstance(error, Exception) and not isinstance(error, DeliveryError):
            raise error

    async def _took(self, delivery: Delivery, outcome: Settlement) -> None:
        self._troubles_in_a_row = 0
        self.pace.recover()
        self._watch.took(delivery.email)
        await _all(
            [self._settle(delivery, outcome), self._believe()] if self._parked else [self._settle(delivery, outcome)]
        )

    async def _refused(self, delivery: Delivery, outcome: Settlement) -> None:
        """A final answer about a reader, or about us if everybody gets it."""
        meaning = self._watch.refused(delivery.email, outcome.reply, _clock())
        if meaning == "settle":
            await self._settle(delivery, outcome)
            return
        self._parked.append((delivery, outcome))
        await self.outbox.park(delivery.id)
        if meaning == "stop":
            self.halt(_all_refused(self._parked))

    async def _believe(self) -> None:
        """Somebody was accepted, or there were too few to suspect more: the refusals are about their readers."""
        parked, self._parked = self._parked, []
        await _all(self._settle(row, outcome) for row, outcome in parked)

    def _count(self, delivery: Delivery, error: BaseException) -> None:
        """A refusal, or "not now" for one mailbox, is about one reader; anything else, often enough, about the server."""
        if isinstance(error, Deferred) and self._watch.put_off(delivery.email, error.reply, _clock()) == "slower":
            self.pace.halve()
        about_one = isinstance(error, Refused) or (isinstance(error, Deferred) and error.reply[:3] in _ONE_MAILBOX)
        self._troubles_in_a_row = 0 if about_one else self._troubles_in_a_row + 1
        if self._troubles_in_a_row >= MOST_TROUBLES_IN_A_ROW:
            reply = error.reply if isinstance(error, DeliveryError) else str(error)
            self.halt(
                Halt("busy", f"the mail server put off {MOST_TROUBLES_IN_A_ROW} in a row; the rest waits ({reply})")
            )

    async def _settle(self, delivery: Delivery, outcome: Settlement) -> None:
        await self.outbox.settle(delivery.id, outcome)
        if outcome.suppress:
            self._watch.dead(delivery, outcome.suppress, outcome.reply)
        self.on_settled(delivery, outcome)

    async def _stopped_before(self, moment: float) -> bool:
        """Wait for a moment of the loop's clock; True at once when the batch stops before it."""
        seconds = moment - _clock()
        if seconds > 0 and not self._stopped.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopped.wait()
        return self._stopped.is_set()


def _all_refused(parked: Sequence[tuple[Delivery, Settlement]]) -> Halt:
    reply = parked[-1][1].reply
    return Halt(
        "refusals",
        f"the mail server refused the first {len(parked)} readers and accepted nobody ({reply}): that is about us, not about"
        " them; check that it relays for you ([smtp] host, username) and accepts the sender's domain; nobody was given up",
    )


def _clock() -> float:
    return asyncio.get_running_loop().time()


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)


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
