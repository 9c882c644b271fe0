"""The admin's daily mail, on request: what was due and sent on the day before, what was not and why, how the sources are.

It goes through the outbox like every mail, as a row of the kind "report" for a recipient of its own. Its day is that of
`[schedule] timezone`, and it is due when that day is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape

from digest.cadence import local_day, start_of
from digest.deliver import Parcel, needs_smtputf8, to_bytes, wire_address
from digest.links import message_id, subscriber_key
from digest.models import Delivery, Message
from digest.pipeline.wiring import links, signer
from digest.settings import Settings
from digest.store import NewSubscriber, Planned, Reason, Store

KIND = "report"
_REASONS = 30
"""The most frequent reasons that are told."""
_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One day of an instance."""

    day: date
    due: int
    settled: Mapping[str, int]
    reasons: Sequence[Reason]
    queued: int
    subscribers: Mapping[str, int]
    sources: Sequence[tuple[str, str, str]]


async def plan_report(settings: Settings, store: Store, now: datetime) -> int:
    """A row for yesterday's report, if one is asked for and there is none yet; returns how many."""
    address = settings.delivery.report_to
    if address is None:
        return 0
    zone = settings.schedule.timezone
    day = local_day(now, zone) - timedelta(days=1)
    known = await store.subscribers.by_address([address])
    if not known:
        new = NewSubscriber(
            key=subscriber_key(address, settings.secret_key()), email=address, origin=KIND, fields={}, cursor=0
        )
        await store.subscribers.add([new], now)
        return 0
    [row] = known
    if row.status == "removed":  # no subscriber any more, and asked for all the same
        await store.subscribers.adopt([row.id], KIND, row.cursor, now)
        return 0
    if row.origin == KIND and local_day(row.joined_at, zone) > day:
        return 0
    if any(one.kind == KIND for one in await store.deliveries.of(row.id, day)):
        return 0
    due_at = start_of(day + timedelta(days=1), zone)
    await store.outbox.plan([Planned(subscriber_id=row.id, issue=day, due_at=due_at, kind=KIND)], now)
    return 1


async def recipient_id(settings: Settings, store: Store) -> int:
    """The row of who gets the reports; 0 without one."""
    address = settings.delivery.report_to
    found = await store.subscribers.by_address([address]) if address else []
    return found[0].id if found else 0


async def read_report(settings: Settings, store: Store, day: date, now: datetime) -> Report:
    """Count what became of a local day."""
    zone = settings.schedule.timezone
    start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    names = {source.name for source in settings.sources}
    counted = await store.issues.of([day])
    return Report(
        day=day,
        due=counted[day].planned if day in counted else 0,
        settled=await store.overview.settled(start, end, kind="digest"),
        reasons=await store.overview.reasons(start, end, _REASONS),
        queued=(await store.overview.queue(now)).queued,
        subscribers=await store.subscribers.counts(),
        sources=[(r["name"], r["state"], r["reason"]) for r in await store.sources.reports() if r["name"] in names],
    )


def report_text(report: Report) -> str:
    """The report as plain text. Pure."""
    settled = {state: report.settled.get(state, 0) for state in ("sent", "skipped", "failed")}
    lines = [f"{report.day:%A}, {report.day}", "", f"due      {report.due:,}"]
    lines += [f"{state:<8} {number:,}" for state, number in settled.items()]
    lines += [f"{'queued':<8} {report.queued:,} (now)", ""]
    for title, state in (("Failed", "failed"), ("Skipped", "skipped"), ("To be tried again", "queued")):
        told = [one for one in report.reasons if one.state == state]
        if told:
            lines += [
                f"{title}:",
                *(f"  {one.number:,} × {' '.join(one.reason.split())[:_CHARACTERS]}" for one in told),
                "",
            ]
    lines += ["Sources:", *(f"  {name}: {state} ({reason})" for name, state, reason in report.sources), ""]
    lines += ["Subscribers: " + (", ".join(f"{n:,} {status}" for status, n in report.subscribers.items()) or "none")]
    return "\n".join(lines) + "\n"


async def report_parcel(settings: Settings, store: Store, row: Delivery, now: datetime) -> Parcel:
    """The mail of a row of this kind."""
    text = report_text(await read_report(settings, store, row.issue, now))
    address = settings.smtp.sender.rpartition("<")[2].rstrip(">")
    secret = settings.secret_key()
    key = subscriber_key(row.email, secret)
    identity = message_id(f"{KIND} {key}", row.issue, address.rpartition("@")[2], secret)
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><body><pre>{escape(text)}</pre></body></html>'
    message = Message(
        sender=settings.smtp.sender,
        envelope_sender=settings.smtp.bounce_address or address,
        recipient=row.email,
        recipient_name="",
        subject=f"Report of {row.issue}: {settings.site.name}",
        text=text,
        html=html,
        message_id=identity,
        sent_at=now,
        links=links(settings).for_issue(key, row.issue),
        list_id=f"{settings.site.name} <report.digest.{identity.rpartition('@')[2].rstrip('>')}>",
        feedback_id=f"{row.issue}:report:digest:paperdigest",
    )
    return Parcel(
        envelope_sender=message.envelope_sender,
        recipient=wire_address(message.recipient),
        data=to_bytes(message, signer(settings)),
        smtputf8=needs_smtputf8(message),
        subject=message.subject,
        message_id=message.message_id,
        html_bytes=len(html.encode()),
    )
