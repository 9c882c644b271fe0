"""What becomes of a row, given how its sending ended: pure, the clock is an argument.

It decides; `drain` orders, and the store writes down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from digest.deliver.backoff import next_attempt
from digest.deliver.refusals import dead_address
from digest.errors import Deferred, Refused, Uncertain
from digest.models import Delivery, Settlement

OnUncertain = Literal["resend", "hold"]

HELD = "held: may have arrived"
_STOPPED = "stopped after the message had left and before the server's answer: it may have arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message as it goes to the server."""

    envelope_sender: str
    recipient: str
    data: bytes
    """CRLF line ends, not dot-stuffed."""
    subject: str
    message_id: str
    papers: tuple[str, ...] = ()
    html_bytes: int = 0
    smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """There is nothing to send, and why."""

    reason: str


def held() -> Settlement:
    """For a row whose earlier sender died with the message on its way, where nobody may be mailed twice."""
    return Settlement(state="failed", reason=HELD, uncertain=True)


def skipped(delivery: Delivery, skip: Skip) -> Settlement:
    """Nothing was sent; that an earlier try may have arrived stays known."""
    return Settlement(state="skipped", reason=skip.reason, uncertain=delivery.uncertain)


def put_off(delivery: Delivery, why: str, at: datetime) -> Settlement:
    """The row waits without having been tried."""
    return Settlement(
        state="queued", reason=why, reply=why, next_attempt_at=at, uncertain=delivery.uncertain, counted=False
    )


def sent(delivery: Delivery, message: Parcel, reply: str) -> Settlement:
    """The server took the message."""
    return replace(_about(delivery, message), state="sent", reply=reply)


def not_sent(
    delivery: Delivery, message: Parcel, error: BaseException, on_uncertain: OnUncertain, now: datetime
) -> Settlement:
    """The sending ended with `error`; whatever is not Deferred or Refused means that the message may have arrived."""
    about = _about(delivery, message)
    match error:
        case Refused(reply=reply):
            return replace(about, state="failed", reason=reply, reply=reply, suppress=dead_address(reply))
        case Deferred(reply=reply):
            return _again(delivery, replace(about, reply=reply), now)
        case _:
            reply = error.reply if isinstance(error, Uncertain) else _STOPPED
            doubtful = replace(about, reply=reply, uncertain=True)
            if on_uncertain == "hold":
                return replace(doubtful, state="failed", reason=HELD)
            return _again(delivery, doubtful, now)


def _about(delivery: Delivery, message: Parcel) -> Settlement:
    return Settlement(
        state="queued",
        reason="",
        uncertain=delivery.uncertain,
        subject=message.subject,
        message_id=message.message_id,
        papers=message.papers,
        html_bytes=message.html_bytes,
        message_bytes=len(message.data),
    )


def _again(delivery: Delivery, outcome: Settlement, now: datetime) -> Settlement:
    """Queued for a later try, or failed when there were enough."""
    attempts = delivery.attempts + 1
    at = next_attempt(attempts, now)
    if at is None:
        return replace(outcome, state="failed", reason=f"gave up after {attempts} attempts: {outcome.reply}")
    return replace(outcome, reason=outcome.reply, next_attempt_at=at)
