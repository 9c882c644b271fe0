"""digest plan, status, why, resend: what comes next, how things are, what became of an issue, and trying again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import count, print_json, print_table, say
from digest.cli.running import AsJson, day_of, moment, opened, run, settings_of
from digest.cli.wellbeing import show_wellbeing, wellbeing
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.models import Delivery
    from digest.pipeline.explaining import Explained
    from digest.pipeline.surveying import Survey
    from digest.pipeline.upcoming import Coming, ScheduleAhead
    from digest.settings import Settings

_SCHEDULES = 20
"""Rows of a table of schedules."""


def plan(
    context: typer.Context,
    to: Annotated[str | None, typer.Option(help="Only this subscriber.")] = None,
    limit: Annotated[
        int, typer.Option(help="At most so many subscribers, the first due first; 0 for all.", min=0)
    ] = 20,
    at: Annotated[str | None, typer.Option(help="As if it were this time (ISO 8601 with offset).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who gets what next, when in their zone, how many papers, how many kB; nothing is written."""
    settings = settings_of(context)
    if to == "":
        raise UsageError("--to needs a value; without it everybody is meant")
    now = moment(at)
    schedules, subscribers = run(_plan(settings, now, limit, to or ""))
    if to and not subscribers:
        raise UsageError(f"no subscriber is called {to}; see: digest subscribers list")
    if as_json:
        listed = [_coming_as_json(one) for one in subscribers]
        ahead = [_schedule_as_json(one) for one in schedules]
        print_json({"at": now.isoformat(timespec="seconds"), "subscribers": listed, "schedules": ahead})
        return
    if not subscribers:
        say("Nobody reads yet; write a [[subscriber]] table, or run: digest subscribers add ADDRESS")
        return
    rows = [
        [one.subscriber, one.issue, one.local, one.papers or "", _kilobytes(one), "due now" if one.due else one.reason]
        for one in subscribers
    ]
    print_table(("subscriber", "issue", "when", "papers", "kB", ""), rows)
    if to:
        return
    total = sum(one.subscribers for one in schedules)
    if total > len(subscribers):
        say(f"\nThe first {len(subscribers)} of {count(total, 'subscriber')}; all: --limit 0. By schedule:")
        print_table(("when", "subscribers", "next (UTC)"), [_schedule_row(one) for one in schedules[:_SCHEDULES]])


async def _plan(settings: Settings, now: datetime, limit: int, to: str) -> tuple[list[ScheduleAhead], list[Coming]]:
    from digest.pipeline.upcoming import coming, schedules_ahead

    async with opened(settings) as store:
        found = await coming(settings, store, now, limit=limit, to=to)
        return await schedules_ahead(settings, store, now), found


def _kilobytes(one: Coming) -> str:
    return f"{one.message_bytes / 1000:.0f}" if one.message_bytes else ""


def _coming_as_json(one: Coming) -> dict[str, Any]:
    moments = {"issue": one.issue.isoformat(), "due_at": one.due_at.isoformat(timespec="seconds")}
    return {**asdict(one), **moments, "kb": round(one.message_bytes / 1000, 1), "reason": one.reason or None}


def _schedule_as_json(one: ScheduleAhead) -> dict[str, Any]:
    next_at = one.next_at.isoformat(timespec="seconds") if one.next_at else None
    return {"schedule": _schedule_name(one), "subscribers": one.subscribers, "next_at": next_at}


def _schedule_name(one: ScheduleAhead) -> str:
    from digest.cadence import DAY_NAMES

    if one.cadence is None:
        return f"cannot be read: {one.stored}"
    days = ", ".join(DAY_NAMES[day] for day in sorted(one.cadence.days))
    name = one.cadence.name if one.cadence.name in {"daily", "weekdays"} else f"{one.cadence.name}: {days}"
    return f"{name} at {one.cadence.at:%H:%M} {one.cadence.zone}"


def _schedule_row(one: ScheduleAhead) -> list[object]:
    return [_schedule_name(one), f"{one.subscribers:,}", f"{one.next_at:%Y-%m-%d %H:%M}" if one.next_at else "never"]


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how the sources are, what the outbox holds, what is due next, and what needs a person."""
    settings = settings_of(context)
    now = moment(None)
    path, found, jobs = run(_survey(settings, now))
    document = _status_as_json(path, found) | jobs
    if as_json:
        print_json(document)
        return
    if document["sources"]:
        columns = ("name", "state", "checked_at", "new", "reason")
        print_table(columns, [[source[column] for column in columns] for source in document["sources"]])
    else:
        say("No source has been asked yet; run: digest fetch")
    queue = found.queue
    settled = ", ".join(f"{number:,} {state}" for state, number in found.settled.items()) or "nothing"
    readers = ", ".join(f"{number:,} {state}" for state, number in found.subscribers.items()) or "none"
    waiting = f"{queue.queued:,} queued ({queue.due:,} to send now), {queue.sending:,} being sent"
    say(f"\nPapers: {found.papers:,}   Subscribers: {readers}")
    say(f"Outbox: {waiting}   Last 24 hours: {settled}")
    say(f"Due now: {found.due_now:,}   Next due: {document['next_due'] or 'nobody'}")
    say(f"Last fetch: {document['last_fetch_at'] or 'never'}   Last digest sent: {document['last_sent_at'] or 'never'}")
    show_wellbeing(document)
    for alarm in found.alarms:
        say(f"! {alarm}", style="red")


async def _survey(settings: Settings, now: datetime) -> tuple[str, Survey, dict[str, Any]]:
    from digest.pipeline.surveying import survey

    async with opened(settings) as store:
        return store.path, await survey(settings, store, now), await wellbeing(settings, store, now)


def _status_as_json(path: str, found: Survey) -> dict[str, Any]:
    queue = found.queue
    still = {"queued": queue.queued, "sending": queue.sending}
    return {
        "database": path,
        "papers": found.papers,
        "sources": [{**row, "checked_at": row["checked_at"].isoformat(timespec="seconds")} for row in found.sources],
        "subscribers": found.subscribers.get("active", 0),
        "subscribers_by_status": dict(found.subscribers),
        "due_now": found.due_now,
        "next_due": found.next_due_at.isoformat(timespec="minutes") if found.next_due_at else None,
        "deliveries": {state: number for state, number in (still | dict(found.settled)).items() if number},
        "queue": {name: _text(value) for name, value in asdict(queue).items()},
        "last_fetch_at": _text(found.last_fetch_at),
        "last_sent_at": _text(found.last_sent_at),
        "alarms": list(found.alarms),
    }


def _text(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def why(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The subscriber's address.")],
    issue: Annotated[str, typer.Argument(help="The issue's day (YYYY-MM-DD); all recent ones without it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what became of a subscriber's issues, and why."""
    from digest.pipeline.explaining import explain

    settings = settings_of(context)
    day = day_of(issue, "the issue") if issue else None

    async def work() -> Explained | None:
        async with opened(settings) as store:
            return await explain(settings, store, email, day, moment(None))

    told = run(work())
    if told is None:
        raise UsageError(f"no subscriber is called {email}; see: digest subscribers list")
    if as_json:
        print_json(
            {
                "subscriber": told.reader.subscriber.email,
                "status": told.reader.status,
                "next": told.next,
                "reason": told.nothing or None,
                "deliveries": [_delivery_as_json(row) for row in told.deliveries],
            }
        )
        return
    say(f"{told.reader.subscriber.email} ({told.reader.status}): {told.next}")
    rows = [
        [
            row.issue,
            row.state,
            row.attempts,
            len(row.papers) or "",
            row.reason or row.reply,
            _text(row.settled_at) or "",
        ]
        for row in told.deliveries
    ]
    if rows:
        print_table(("issue", "outcome", "attempts", "papers", "reason", "settled"), rows)
    else:
        say(f"There is no issue of {issue}: {told.nothing}." if issue else "No issue was due yet.")


def _delivery_as_json(row: Delivery) -> dict[str, Any]:
    return {
        "issue": row.issue.isoformat(),
        "kind": row.kind,
        "outcome": row.state,
        "reason": row.reason,
        "subject": row.subject,
        "attempts": row.attempts,
        "uncertain": row.uncertain,
        "reply": row.reply,
        "due_at": row.due_at.isoformat(),
        "next_attempt_at": row.next_attempt_at and row.next_attempt_at.isoformat(),
        "settled_at": _text(row.settled_at),
        "message_id": row.message_id,
        "papers": list(row.papers),
        "covers_from": row.covers_from and row.covers_from.isoformat(),
    }


def resend(
    context: typer.Context,
    to: Annotated[str | None, typer.Option(help="Only to this subscriber.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Also what was given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let mails that wait for another try leave with the next run, and with --failed those that were given up, too."""
    settings = settings_of(context)
    if to == "":
        raise UsageError("--to needs a value; without it everybody is meant")

    async def work() -> tuple[dict[str, int], int]:
        async with opened(settings) as store:
            if to and not await store.subscribers.by_address([to]):
                raise UsageError(f"no subscriber is called {to}; see: digest subscribers list")
            moved = await store.overview.try_again(moment(None), failed=failed, address=to or "")
            return moved, await store.overview.failed(to or "")

    moved, left = run(work())
    if as_json:
        print_json({**moved, "left": left})
        return
    total = sum(moved.values())
    if total:
        say(f"{count(total, 'mail')} will be tried again by the next run; to do it now: digest send --no-fetch")
    else:
        say("Nothing waits for another try.")
    if left:
        hint = "a later issue has their papers, or the subscriber left" if failed else "add --failed to try them again"
        say(f"{count(left, 'failed mail')} left as they are: {hint}.")


COMMANDS = (plan, status, why, resend)
