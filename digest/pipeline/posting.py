"""A real run: a row for each issue owed, then the outbox is drained, also of what earlier runs left in it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from digest.deliver import Dead, Parcel, Skip, drain, needs_smtputf8, wire_address
from digest.errors import StoreError, StoreUnavailable, UsageError
from digest.models import Delivery, Outcome, Settlement, same_address
from digest.pipeline import reporting
from digest.pipeline.audience import Reader
from digest.pipeline.composing import Composed, Composer, Silence
from digest.pipeline.confirming import confirmation
from digest.pipeline.covering import covers_note
from digest.pipeline.planning import Plan, plan
from digest.pipeline.runs import Progress, Request, Run, Sent, sent_as, write_files
from digest.pipeline.wiring import transport
from digest.settings import Settings
from digest.store import CONFIRM, Store

BRAKED = "[delivery] max_per_day is reached; the rest waits until 24 hours have passed"

_SETTLE_AGAIN = (1.0, 5.0, 20.0)
"""Seconds between tries to write down what became of a message, beside the database's own patience."""


async def post(
    settings: Settings,
    store: Store,
    request: Request,
    composer: Composer,
    readers: Sequence[Reader],
    on_progress: Progress,
) -> Run:
    """Plan and deliver; every row in reach is in the report, sent or not."""
    run = Run(at=request.now, dry_run=False)
    only = frozenset(reader.row_id or 0 for reader in readers) if request.forced else None
    await store.outbox.recover(datetime.now(UTC))
    work = _Post(settings, store, request, composer, readers, run, on_progress)
    try:
        first = await plan(settings, store, request, readers) if request.plans else Plan()
    except UsageError:
        await work.drain(only)  # what earlier runs left has nothing to do with today's number
        raise
    try:
        await work.drain(only)
        second = await plan(settings, store, request, first.held) if first.held and not run.stopped else Plan()
        if first.held and len(second.held) < len(first.held):
            await work.drain(only)  # whose earlier issue has just arrived is owed the next one
    except StoreUnavailable as error:
        run.stopped, run.stopped_by = str(error), "database"
        return run
    run.digests += first.reports + second.reports
    settled = {(same_address(one.subscriber), one.issue) for one in run.digests}
    for row in await store.deliveries.unsettled(only):
        if row.kind == CONFIRM:
            run.confirmations.append(_deferred(row, run.stopped))
        elif row.kind == "digest" and (same_address(row.email), row.issue) not in settled:
            run.digests.append(_deferred(row, run.stopped))
    return run


class _Post:
    """Draining the outbox: composing each row just before it leaves, and reporting what became of it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        request: Request,
        composer: Composer,
        readers: Sequence[Reader],
        run: Run,
        on_progress: Progress,
    ) -> None:
        self._settings = settings
        self._store = store
        self._request = request
        self._composer = composer
        self._readers = {reader.row_id: reader for reader in readers}
        self._run = run
        self._on_progress = on_progress
        self._composed: dict[int, Composed] = {}

    async def drain(self, only: Collection[int] | None) -> None:
        """Send what is queued: for everybody, or `only` for some subscribers."""
        settings, now = self._settings, self._request.now
        rows = None if only is None else deque(await self._store.deliveries.queued(now, only))
        count = await self._store.deliveries.queued_count(now) if rows is None else len(rows)
        if not count:
            return
        self._on_progress(0, count)
        newest = max((reader_id or 0 for reader_id in self._readers), default=0)
        newest = max(newest, await reporting.recipient_id(settings, self._store))
        outbox = _Rows(self._store, now, settings, rows, newest)
        drained = await drain(
            outbox,
            self._compose,
            partial(transport, settings),
            connections=settings.smtp.connections,
            per_domain=settings.smtp.per_domain,
            per_second=settings.smtp.per_second,
            on_uncertain=settings.delivery.on_uncertain,
            now=lambda: now,
            on_settled=partial(self._settled, count),
            stopping=self._request.stopping,
        )
        self._run.stopped = drained.halt.sentence if drained.halt else BRAKED if outbox.braked else ""
        self._run.stopped_by = drained.halt.kind if drained.halt else "brake" if outbox.braked else ""
        self._run.problems += drained.warnings
        await self._suppress(drained.dead)

    async def _compose(self, row: Delivery) -> Parcel | Skip:
        if row.kind == CONFIRM:
            return await confirmation(self._settings, self._store, row, self._request.now)
        if row.kind == reporting.KIND:
            return await reporting.report_parcel(self._settings, self._store, row, self._request.now)
        reader = self._readers.get(row.subscriber_id)
        if reader is None:  # came back while this run was under way: its keywords are not compiled
            raise StoreError(f"{row.email} was changed during this run; run the same command again")
        note = covers_note(row.covers_from, row.issue, row.covers_why)
        window = row.after_seq, row.upto_seq
        composed = await self._composer.compose(reader, row.issue, *window, self._request.now, note=note)
        considered = await self._composer.considered(row.after_seq, row.upto_seq)
        self._run.papers = max(self._run.papers, considered)
        if isinstance(composed, Silence):
            return Skip(composed.reason)
        self._composed[row.id] = composed
        return _parcel(composed)

    def _settled(self, count: int, row: Delivery, settlement: Settlement) -> None:
        if row.kind == CONFIRM:
            self._run.confirmations.append(self._outcome(row, settlement))
        elif row.kind == "digest":
            outcome = self._outcome(row, settlement)
            self._run.digests.append(replace(outcome, settled=True, uncertain=settlement.uncertain))
        self._on_progress(len(self._run.digests), max(count, len(self._run.digests)))

    def _outcome(self, row: Delivery, settlement: Settlement) -> Sent:
        outcomes: dict[str, Outcome] = {"sent": "sent", "skipped": "skipped", "failed": "failed"}
        outcome = outcomes.get(settlement.state, "deferred")
        reason = settlement.reason or None
        composed = self._composed.pop(row.id, None)
        if composed is None:
            return Sent(subscriber=row.email, issue=row.issue, outcome=outcome, reason=reason)
        if outcome != "sent":
            return sent_as(composed, outcome, reason)
        files = write_files(self._run, composed, self._request.out)
        return sent_as(composed, "sent", None, files)

    async def _suppress(self, dead: Sequence[Dead]) -> None:
        """Never write again to addresses that do not exist."""
        for one in dead:
            await self._store.suppressions.add(one.email, one.reason, "smtp", one.reply, self._request.now)


class _Rows:
    """The store's outbox as the delivery room wants it: this run's rows, within today's brake."""

    def __init__(
        self, store: Store, now: datetime, settings: Settings, rows: deque[int] | None, newest_subscriber: int
    ) -> None:
        self._outbox = store.outbox
        self._now = now
        self._lease = _lease(settings)
        self._per_day = settings.delivery.max_per_day
        self._rows = rows
        self._newest_subscriber = newest_subscriber
        self.braked = False

    async def lease(self, now: datetime, most: int) -> Sequence[Delivery]:
        """The next rows of this run, or of those it was asked for."""
        if self._rows is None:
            return await self._some(now, most, newest_subscriber=self._newest_subscriber)
        while self._rows:
            ids = [self._rows.popleft() for _ in range(min(most, len(self._rows)))]
            if found := await self._some(now, len(ids), only=ids):
                return found
        return ()

    async def _some(self, now: datetime, most: int, **which: Any) -> Sequence[Delivery]:
        until = datetime.now(UTC) + self._lease
        leased = await self._outbox.lease(now, until, most, per_day=self._per_day, **which)
        self.braked = leased.braked
        return leased.rows

    async def begin(self, delivery_id: int) -> bool:
        return await self._outbox.begin(delivery_id, datetime.now(UTC) + self._lease)

    async def park(self, delivery_id: int) -> None:
        await self._outbox.park(delivery_id)

    async def settle(self, delivery_id: int, settlement: Settlement) -> None:
        """Write it down, also when the database is locked for minutes: a message that left must not leave again."""
        for pause in _SETTLE_AGAIN:
            try:
                return await self._outbox.settle(delivery_id, settlement, self._now)
            except StoreUnavailable:
                await asyncio.sleep(pause)
        return await self._outbox.settle(delivery_id, settlement, self._now)

    async def release(self, delivery_id: int) -> None:
        await self._outbox.release(delivery_id)
        if self._rows is not None:
            self._rows.append(delivery_id)


def _lease(settings: Settings) -> timedelta:
    """Longer than one message can take: a dozen answers at their limit, and the body and the dot at theirs."""
    answer = settings.smtp.timeout
    return timedelta(seconds=12 * answer + 2 * max(600.0, answer) + 60)


def _parcel(composed: Composed) -> Parcel:
    message = composed.message
    return Parcel(
        envelope_sender=message.envelope_sender,
        recipient=wire_address(message.recipient),
        data=composed.data,
        smtputf8=needs_smtputf8(message),
        subject=message.subject,
        message_id=message.message_id,
        papers=tuple(one.paper.id for one in composed.digest.papers),
        html_bytes=composed.html_bytes,
    )


def _deferred(row: Delivery, stopped: str) -> Sent:
    if row.state == "sending":
        reason = "another process is sending it"
    elif stopped:
        reason = stopped
    else:
        when = f"next try at {row.next_attempt_at:%Y-%m-%d %H:%M} UTC" if row.next_attempt_at else "queued"
        reason = f"{when}: {row.reply}" if row.reply else when
    return Sent(subscriber=row.email, issue=row.issue, outcome="deferred", reason=reason, subject=row.subject or None)
