"""When to try a recipient again: a pure table, because a retry policy that is data can be read and tested.

It does not decide whether to try again at all (see verdict) and it never looks at a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# Quick at first for a hiccup, past the five minutes that greylisting asks for, then rarer; 17 hours in all,
# because tomorrow's issue is on its way (RFC 5321 section 4.5.4.1 leaves the length to the sender).
DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """The moment of the next try after `attempts` (from 1) have failed; None when it is time to give up."""
    if attempts > len(DELAYS):
        return None
    return now + DELAYS[max(attempts, 1) - 1]
