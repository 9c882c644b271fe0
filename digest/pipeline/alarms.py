"""When an operator must know: what a batch says of the mail server and of the brakes, and whom to tell.

An alarm is told once when it is raised and once when it is over, however often its cause is seen between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from digest.pipeline.runs import Run
from digest.store import Store

SENDER = "sender"
"""The mail server refuses us, or everybody the same way: nothing leaves."""

BRAKE = "brake"
"""`[delivery] max_per_day` is reached."""

COMPOSING = "composing"
"""A message could not be made, and the batch stopped."""

DATABASE = "database"
"""It was out of reach in the middle of a batch."""

SURGE = "surge"
"""Many more digests are due than usual, and nobody has said that it is right."""

CONFIGURATION = "configuration"
"""An edit cannot be used; what was read before still counts."""

_KINDS = {"sender": SENDER, "refusals": SENDER, "brake": BRAKE, "composing": COMPOSING, "database": DATABASE}


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that was raised or is over now."""

    kind: str
    message: str
    over: bool = False


def verdict(run: Run) -> Mapping[str, str]:
    """What a batch shows: kind → what is wrong, "" where it works again; kinds it says nothing about are left out.

    A server that is busy is none: its mail is tried again all the same.
    """
    kind = _KINDS.get(run.stopped_by, "")
    answered = any(one.outcome in {"sent", "failed"} and one.settled for one in run.digests)
    over = [SENDER, COMPOSING] if answered else []
    if not run.stopped:
        over += [BRAKE, DATABASE]
    return dict.fromkeys(over, "") | ({kind: run.stopped} if kind else {})


async def apply(store: Store, found: Mapping[str, str], now: datetime) -> list[Change]:
    """Raise and clear alarms by what was found; gives those that changed."""
    changes: list[Change] = []
    for kind, message in found.items():
        if message and await store.alarms.sound(kind, message, now):
            changes.append(Change(kind, message))
        elif not message and await store.alarms.clear(kind, now):
            changes.append(Change(kind, "is over", over=True))
    return changes
