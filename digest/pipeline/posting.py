"""A real run: a row for each issue owed, then the outbox is drained, also of what earlier runs left in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from digest.deliver import Parcel, Skip, drain, needs_smtputf8, wire_address
from digest.errors import OutputError, UsageError
from digest.models import Delivery, Outcome, Settlement
from digest.pipeline.audience import Owed, Reader, due_today, owed
from digest.pipeline.composing import Composed, Composer, Silence
from digest.pipeline.previewing import why_not
from digest.pipeline.runs import Progress, Request, Run, Sent, sent_as, skipped, write_files
from digest.pipeline.wiring import smtp
from digest.settings import Settings
from digest.store import LastIssue, Planned, Store

_HISTORY = 14
"""Issues that say what is usual."""


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
    await store.deliveries.recover(datetime.now(UTC))
    due = await _due(settings, store, request, readers, run)
    await _check_surge(settings, store, request, due)
    await _plan(store, request, due)
    only = frozenset(reader.row_id or 0 for reader in readers) if request.forced else None
    queue = await store.deliveries.queued(request.now, only)
    on_progress(0, len(queue))
    if queue:
        await _Post(settings, store, request, composer, readers, run, on_progress).drain(only, len(queue))
    settled = {(one.subscriber, one.issue) for one in run.digests}
    for row in await store.deliveries.unsettled(only):
        if (row.email, row.issue) not in settled:
            run.digests.append(_deferred(row, run.stopped))
    return run


async def _due(settings: Settings, store: Store, request: Request, readers: Sequence[Reader], run: Run) -> list[Owed]:
    """The issues to plan now; what does not go out although it was asked for is reported with its reason."""
    last: Mapping[int, LastIssue] = await store.deliveries.last_issues()
    due: list[Owed] = []
    for reader in readers:
        before = last.get(reader.row_id or 0)
        if request.forced:
            one = due_today(reader, request.now)
        else:
            one = owed(reader, before, request.now, settings.schedule.spread)
        reason = why_not(one, before, forced=request.forced)
        if reason and request.forced:
            run.digests.append(skipped(one, reason))
        elif one.due and not reason:
            due.append(one)
    return due if request.forced else await _patient(settings, store, request, due, run)


async def _patient(settings: Settings, store: Store, request: Request, due: list[Owed], run: Run) -> list[Owed]:
    """While a source is late, issues wait up to `[schedule] patience` minutes for it."""
    patience = timedelta(minutes=settings.schedule.patience)
    names = {source.name for source in settings.sources}
    reports = await store.sources.reports() if patience else []
    late = [row["name"] for row in reports if row["state"] == "waiting" and row["name"] in names]
    ready: list[Owed] = []
    for one in due:
        until = one.due_at + patience
        if late and request.now < until:
            reason = f"waits until {until:%H:%M} UTC for {', '.join(late)}"
            email = one.reader.subscriber.email
            run.digests.append(Sent(subscriber=email, issue=one.issue, outcome="deferred", reason=reason, waiting=True))
        else:
            ready.append(one)
    return ready


async def _check_surge(settings: Settings, store: Store, request: Request, due: Sequence[Owed]) -> None:
    """Refuse a run far larger than usual: most likely a mistake in a file."""
    if request.yes or request.forced or not due:
        return
    history = await store.deliveries.sent_by_issue(min(one.issue for one in due), _HISTORY)
    usual = median(history) if history else 0
    if usual and len(due) > usual * settings.delivery.surge:
        raise UsageError(
            f"{len(due)} digests are due, but usually it is {usual:g}; nothing was sent. If that is right, "
            "run the same command with --yes, or raise [delivery] surge"
        )


async def _plan(store: Store, request: Request, due: Sequence[Owed]) -> None:
    newest = await store.papers.newest()
    rows = [
        Planned(
            subscriber_id=one.reader.row_id or 0,
            issue=one.issue,
            due_at=one.due_at,
            after_seq=one.reader.cursor,
            upto_seq=newest,
        )
        for one in due
    ]
    await store.deliveries.plan(rows, request.now, again=request.forced)


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

    async def drain(self, only: Collection[int] | None, count: int) -> None:
        settings = self._settings
        outbox = _Outbox(self._store, self._request.now, _lease(settings), only, await self._budget())
        stopped = await drain(
            outbox,
            self._compose,
            partial(smtp, settings),
            connections=settings.smtp.connections,
            per_second=settings.smtp.per_second,
            on_uncertain=settings.delivery.on_uncertain,
            now=lambda: self._request.now,
            on_settled=partial(self._settled, count),
        )
        self._run.stopped = stopped or outbox.braked

    async def _compose(self, row: Delivery) -> Parcel | Skip:
        reader = self._readers.get(row.subscriber_id)
        if reader is None:
            return Skip("the subscriber is gone")
        composed = await self._composer.compose(reader, row.issue, row.after_seq, row.upto_seq, self._request.now)
        considered = await self._composer.considered(row.after_seq, row.upto_seq)
        self._run.papers = max(self._run.papers, considered)
        if isinstance(composed, Silence):
            return Skip(composed.reason)
        self._composed[row.id] = composed
        return _parcel(composed)

    def _settled(self, count: int, row: Delivery, settlement: Settlement) -> None:
        self._run.digests.append(self._outcome(row, settlement))
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
        try:
            files = write_files(composed, self._request.out)
        except OutputError as error:  # the mail has left: a full disk must not stop the others'
            self._run.problems.append(str(error))
            files = None
        return sent_as(composed, "sent", None, files)

    async def _budget(self) -> int | None:
        """How many more messages `[delivery] max_per_day` allows; None without a limit."""
        limit = self._settings.delivery.max_per_day
        if limit is None:
            return None
        now = self._request.now
        return max(0, limit - await self._store.deliveries.sent_between(now - timedelta(days=1), now))


class _Outbox:
    """The store's outbox as the delivery room wants it, within today's brake."""

    def __init__(
        self, store: Store, now: datetime, lease: timedelta, only: Collection[int] | None, budget: int | None
    ) -> None:
        self._deliveries = store.deliveries
        self._now = now
        self._lease = lease
        self._only = only
        self._budget = budget
        self.braked = ""

    async def claim(self, now: datetime) -> Delivery | None:
        if self._budget is not None:
            if self._budget <= 0:
                self.braked = "[delivery] max_per_day is reached; the rest waits until 24 hours have passed"
                return None
            self._budget -= 1
        return await self._deliveries.claim(now, datetime.now(UTC) + self._lease, self._only)

    async def settle(self, delivery_id: int, settlement: Settlement) -> None:
        self._give_back(used=settlement.state == "sent")
        await self._deliveries.settle(delivery_id, settlement, self._now)

    async def release(self, delivery_id: int) -> None:
        self._give_back(used=False)
        await self._deliveries.release(delivery_id)

    def _give_back(self, *, used: bool) -> None:
        if self._budget is not None and not used:
            self._budget += 1


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
        html_bytes=len(message.html.encode()),
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
