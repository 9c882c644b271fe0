"""Who gets a row in one run of `digest send`: what falls due (see due), or today's issue for those asked for by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.errors import UsageError
from digest.pipeline.audience import Owed, Reader, due_today, owed
from digest.pipeline.due import agenda_at, plan_due, waiting
from digest.pipeline.runs import Request, Sent, skipped
from digest.settings import Settings
from digest.store import LastIssue, Owing, Planned, Store, Waiting


@dataclass(slots=True)
class Plan:
    """What planning came to: reports of what does not go out, and who waits for an earlier issue."""

    reports: list[Sent] = field(default_factory=list)
    held: list[Reader] = field(default_factory=list)


async def plan(settings: Settings, store: Store, request: Request, readers: Sequence[Reader]) -> Plan:
    """Write a row for every issue owed; raises UsageError instead when there are suspiciously many."""
    if request.forced:
        return await _by_name(store, request, readers)
    agenda = await agenda_at(settings, store, request.now)
    result = Plan([_waits(settings, *one, agenda.late) for one in await waiting(store, agenda)])
    arriving = await store.due.arriving()
    result.held = [reader for reader in readers if reader.row_id in arriving]
    result.reports += await _without_profile(settings, store, request.now, readers)
    done = await plan_due(settings, store, request.now, yes=request.yes)
    if done.brake:
        raise UsageError(done.brake)
    return result


async def _by_name(store: Store, request: Request, readers: Sequence[Reader]) -> Plan:
    result = Plan()
    last = await store.deliveries.last_issues()
    due: list[Owed] = []
    for reader in readers:
        one = due_today(reader, request.now)
        reason = why_not(one, last.get(reader.row_id or 0), forced=True)
        if reason:
            result.reports.append(skipped(one, reason))
        else:
            due.append(one)
    rows = [
        Planned(subscriber_id=one.reader.row_id or 0, issue=one.issue, due_at=one.due_at, by_name=True) for one in due
    ]
    busy = set(await store.outbox.plan(rows, request.now, again=True))
    result.held = [one.reader for one in due if one.reader.row_id in busy]
    return result


def _waits(settings: Settings, owing: Owing, one: Waiting, late: Sequence[str]) -> Sent:
    until = owing.moment.at + timedelta(seconds=one.share, minutes=settings.schedule.patience)
    reason = f"waits until {until:%H:%M} UTC for {', '.join(late)}"
    return Sent(subscriber=one.email, issue=owing.moment.issue, outcome="deferred", reason=reason, waiting=True)


async def _without_profile(settings: Settings, store: Store, now: datetime, readers: Sequence[Reader]) -> list[Sent]:
    """Who is due, but has nothing to read any more: no row is written, so that nothing is lost until that is mended."""
    lost = [reader for reader in readers if reader.status == "active" and _nothing_to_read(reader)]
    last = await store.deliveries.last_issues() if lost else {}
    dues = [owed(reader, last.get(reader.row_id or 0), now, settings.schedule.spread) for reader in lost]
    return [skipped(due, why_not(due, None, forced=False)) for due in dues if due.due]


def owed_by(settings: Settings, request: Request, reader: Reader, before: LastIssue | None) -> Owed:
    """The issue this request is about for one reader: today's by name, else the one the cadence says."""
    if request.forced:
        return due_today(reader, request.now)
    return owed(reader, before, request.now, settings.schedule.spread)


def _nothing_to_read(reader: Reader) -> bool:
    return bool(reader.lost) and not reader.subscriber.profiles and not reader.subscriber.keywords


def why_not(due: Owed, before: LastIssue | None, *, forced: bool) -> str:
    """Why an issue does not go out whatever it holds; empty when nothing stands against it."""
    reader = due.reader
    if reader.status != "active":
        return f"the subscriber is {reader.status}"
    if _nothing_to_read(reader):
        return f"no profile is called {' or '.join(reader.lost)} any more"
    if forced and before and before.state == "failed" and before.issue == due.issue:
        return f"the issue failed already; digest why {reader.subscriber.email} tells how"
    if forced and before and before.state == "sent" and before.issue >= due.issue:
        return "already sent" if before.issue == due.issue else f"the issue of {before.issue} was sent already"
    return ""
