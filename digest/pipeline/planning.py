"""Who gets a row now: what is due, what waits, and the brakes before anything is written to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from digest.errors import UsageError
from digest.pipeline.audience import Owed, Reader, due_today, owed, paused, unserved
from digest.pipeline.runs import Request, Sent, skipped
from digest.settings import Settings
from digest.store import LastIssue, Planned, Store

_HISTORY = 14
"""Issues that say what is usual."""


@dataclass(slots=True)
class Plan:
    """What planning came to: reports of what does not go out, and who waits for an earlier issue."""

    reports: list[Sent] = field(default_factory=list)
    held: list[Reader] = field(default_factory=list)


async def plan(settings: Settings, store: Store, request: Request, readers: Sequence[Reader]) -> Plan:
    """Write a row for every issue owed; raises UsageError instead when there are suspiciously many."""
    result = Plan()
    last = await store.deliveries.last_issues()
    await _withdraw_paused(store, request, readers)
    due: list[Owed] = []
    for reader in readers:
        before = last.get(reader.row_id or 0)
        one = owed_by(settings, request, reader, before)
        reason = why_not(one, before, forced=request.forced)
        if reason and (request.forced or (one.due and reader.status == "active")):
            result.reports.append(skipped(one, reason))
        elif one.due and not reason:
            due.append(one)
        elif one.held:
            result.held.append(reader)
    if not request.forced:
        due = await _patient(settings, store, request, due, last, result)
        await _check_surge(settings, store, request, due)
    rows = [
        Planned(subscriber_id=one.reader.row_id or 0, issue=one.issue, due_at=one.due_at, by_name=request.forced)
        for one in due
    ]
    waiting = set(await store.outbox.plan(rows, request.now, again=request.forced))
    result.held += [one.reader for one in due if one.reader.row_id in waiting]
    return result


def owed_by(settings: Settings, request: Request, reader: Reader, before: LastIssue | None) -> Owed:
    """The issue this request is about for one reader: today's by name, else the one the cadence says."""
    if request.forced:
        return due_today(reader, request.now)
    return owed(reader, before, request.now, settings.schedule.spread)


def why_not(due: Owed, before: LastIssue | None, *, forced: bool) -> str:
    """Why an issue does not go out whatever it holds; empty when nothing stands against it."""
    reader = due.reader
    if reader.status != "active":
        return f"the subscriber is {reader.status}"
    if reader.lost and not reader.subscriber.profiles and not reader.subscriber.keywords:
        return f"no profile is called {' or '.join(reader.lost)} any more"
    if forced and before and before.state == "failed" and before.issue == due.issue:
        return f"the issue failed already; digest why {reader.subscriber.email} tells how"
    if forced and before and before.state == "sent" and before.issue >= due.issue:
        return "already sent" if before.issue == due.issue else f"the issue of {before.issue} was sent already"
    return ""


async def _withdraw_paused(store: Store, request: Request, readers: Sequence[Reader]) -> None:
    """A pause also holds what waits for another try; after it one issue has all the papers."""
    ids = [reader.row_id for reader in readers if reader.row_id is not None and paused(reader, request.now)]
    if ids and not request.forced:
        await store.outbox.withdraw(ids, "paused", request.now)


async def _patient(
    settings: Settings,
    store: Store,
    request: Request,
    due: list[Owed],
    last: dict[int, LastIssue],
    result: Plan,
) -> list[Owed]:
    """While a source is late, issues wait up to `[schedule] patience` minutes for it, but never past the next one."""
    patience = timedelta(minutes=settings.schedule.patience)
    names = {source.name for source in settings.sources}
    reports = await store.sources.reports() if patience else []
    late = [row["name"] for row in reports if row["state"] == "waiting" and row["name"] in names]
    ready: list[Owed] = []
    for one in due:
        until = one.due_at + patience
        before = last.get(one.reader.row_id or 0)
        if late and request.now < until and not unserved(one.reader, before, one, settings.schedule.spread):
            reason = f"waits until {until:%H:%M} UTC for {', '.join(late)}"
            email = one.reader.subscriber.email
            result.reports.append(
                Sent(subscriber=email, issue=one.issue, outcome="deferred", reason=reason, waiting=True)
            )
        else:
            ready.append(one)
    return ready


async def _check_surge(settings: Settings, store: Store, request: Request, due: Sequence[Owed]) -> None:
    """Refuse a run far larger than the largest of late: most likely a mistake in a file."""
    if request.yes or not due:
        return
    history = await store.deliveries.planned_by_issue(min(one.issue for one in due), _HISTORY)
    usual = max(history, default=0)
    if usual and len(due) > usual * settings.delivery.surge:
        raise UsageError(
            f"{len(due)} digests are due, but at most {usual} were for any of the last {len(history)} issues; none of "
            "them was sent. If that is right, run the same command with --yes, or raise [delivery] surge"
        )
