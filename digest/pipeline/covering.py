"""Which days one issue covers, and the sentence that says so. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from digest.cadence import last_due, spread_of
from digest.pipeline.audience import Owed, counts
from digest.pipeline.due import MISSED
from digest.store import NOT_SENT, LastIssue


def covers_note(since: date | None, issue: date, why: str) -> str:
    """A sentence for the reader; empty when an issue covers its own day alone."""
    return f"This issue covers {days(since, issue)}, because {why}." if since and since < issue else ""


def covers_since(due: Owed, last: LastIssue | None, spread_minutes: int) -> date | None:
    """From which day on an issue that is due would cover, as planning will have it; None for its own day alone."""
    reader, paused_until = due.reader, due.reader.subscriber.paused_until
    spread = spread_of(reader.key, spread_minutes)
    folded = last is not None and last.state == "queued" and not last.uncertain and last.issue < due.issue
    since = last.issue if folded and last else None
    moment = due.due_at
    for _ in range(MISSED):
        before = last_due(reader.subscriber.cadence, moment - timedelta(seconds=1), spread)
        if before is None or not counts(reader, before.issue, before.at):
            break
        if (last and before.issue <= last.issue) or (paused_until and before.issue < paused_until):
            break
        since = min(since or before.issue, before.issue)
        moment = before.at
    return since


def note_of(due: Owed, last: LastIssue | None, spread_minutes: int) -> str:
    """The sentence that an issue which is due now would bear."""
    return covers_note(covers_since(due, last, spread_minutes), due.issue, NOT_SENT) if due.due else ""


def days(first: date, last: date) -> str:
    """A span of days for people: "20 to 23 November", "30 October to 2 November"."""
    end = f"{last.day} {last:%B}"
    if first.year != last.year:
        return f"{first.day} {first:%B} {first.year} to {end} {last.year}"
    return f"{first.day} to {end}" if first.month == last.month else f"{first.day} {first:%B} to {end}"
