"""What a run of `digest send` is asked for and what it comes to; the work is in previewing, planning and posting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

from digest.deliver import Files, write
from digest.errors import OutputError
from digest.models import Match, Outcome
from digest.pipeline.audience import Owed
from digest.pipeline.composing import Composed


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `digest send` was asked for."""

    now: datetime
    dry_run: bool = False
    test: bool = False
    to: str = ""
    profile: str = ""
    out: Path | None = None
    yes: bool = False
    plans: bool = True
    """False: what is due was planned already, and only the outbox is drained."""
    stopping: asyncio.Event | None = None
    """Once it is set, what is in flight is finished and nothing else begins."""

    @property
    def forced(self) -> bool:
        """Asked for by name: today's issue, due or not."""
        return bool(self.to or self.profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One digest of a run, as it is reported."""

    subscriber: str
    issue: date
    outcome: Outcome
    reason: str | None = None
    subject: str | None = None
    html_bytes: int | None = None
    message_bytes: int | None = None
    papers: tuple[Match, ...] = ()
    files: Files | None = None
    waiting: bool = False
    """Deferred by our own patience with a late source: nothing has gone wrong."""
    settled: bool = False
    """This run has sent it, or tried to; the others are only reported."""
    uncertain: bool = False
    """The connection was lost at the worst moment: it may have arrived."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What one run came to."""

    at: datetime
    dry_run: bool
    papers: int = 0
    """Papers in the widest window considered."""
    digests: list[Sent] = field(default_factory=list)
    confirmations: list[Sent] = field(default_factory=list)
    """Mails that ask new subscribers to confirm; they are no digests, and due when they are asked for."""
    stopped: str = ""
    """Why the whole batch stopped, as one sentence; empty when it did not."""
    stopped_by: Literal["", "sender", "refusals", "busy", "composing", "brake", "database"] = ""
    """The same as a word; the first four are those of the delivery room."""
    problems: list[str] = field(default_factory=list)
    """What went wrong beside the mail itself, e.g. a file that could not be written."""

    @property
    def troubled(self) -> bool:
        """Whether something could not be delivered or written."""
        everything = (*self.digests, *self.confirmations)
        undelivered = any(one.outcome in {"failed", "deferred"} and not one.waiting for one in everything)
        return undelivered or bool(self.stopped or self.problems)

    def totals(self) -> dict[str, int]:
        """Outcome → number of digests, all five of them."""
        return {outcome: sum(one.outcome == outcome for one in self.digests) for outcome in get_args(Outcome)}


Progress = Callable[[int, int], None]
"""Called with (done, all)."""


def sent_as(composed: Composed, outcome: Outcome, reason: str | None, files: Files | None = None) -> Sent:
    """A composed digest with what became of it."""
    return Sent(
        subscriber=composed.digest.subscriber.email,
        issue=composed.digest.issue,
        outcome=outcome,
        reason=reason,
        subject=composed.message.subject,
        html_bytes=composed.html_bytes,
        message_bytes=len(composed.data),
        papers=composed.digest.papers,
        files=files,
    )


def skipped(due: Owed, reason: str) -> Sent:
    """An issue for which nothing leaves, and why."""
    return Sent(subscriber=due.reader.subscriber.email, issue=due.issue, outcome="skipped", reason=reason)


def write_files(run: Run, composed: Composed, out: Path | None) -> Files | None:
    """ADDRESS.eml, .html and .txt in the folder asked for; a file that cannot be written is a problem of the run.

    The mail may have left already: a full disk must not stop the others'.
    """
    if out is None:
        return None
    message = composed.message
    try:
        return write(out, message.recipient, eml=composed.data, html=str(message.html), text=str(message.text))
    except OutputError as error:
        run.problems.append(str(error))
        return None
