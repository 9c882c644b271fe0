"""When an issue is due: days of the week at a local time in a zone → moments in UTC. Pure; knows no store and no clock.

The local day names the issue. A time that a clock change skips is taken at the first moment after the gap, one that
comes twice at its first; a day that a zone skips altogether (Samoa, 30 December 2011) has no due moment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LAST_DAY = date.max - timedelta(days=2)
"""Beyond it no zone can be reckoned with."""

EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Cadence:
    """Which local days (0 = Monday), at what local time, in which IANA zone."""

    days: frozenset[int]
    at: time
    zone: str
    name: str = "daily"
    """The word it was asked for by: daily, weekdays, weekly or days."""


@dataclass(frozen=True, slots=True)
class Due:
    """One due moment: the local day that names the issue, and the instant in UTC."""

    issue: date
    at: datetime


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo:
    """A zone; the library itself remembers few."""
    return ZoneInfo(name)


def local_day(now: datetime, zone: str) -> date:
    """The calendar day in `zone` at the instant `now`."""
    return now.astimezone(_zone(zone)).date()


def due_on(cadence: Cadence, day: date, spread: timedelta = timedelta()) -> Due | None:
    """The due moment of one local day, or None when the cadence or the zone leaves that day out."""
    if day.weekday() not in cadence.days:
        return None
    zone = _zone(cadence.zone)
    wall = datetime.combine(day, cadence.at, tzinfo=zone)  # fold=0: the first of a doubled hour
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        instant = _end_of_gap(wall, zone)
    if instant.astimezone(zone).date() != day:
        return None
    return Due(day, instant + spread)


def last_due(cadence: Cadence, now: datetime, spread: timedelta = timedelta()) -> Due | None:
    """The newest due moment at or before `now`; None only for a cadence without days."""
    today = local_day(now, cadence.zone)
    for back in range(-1, 16):
        due = due_on(cadence, today - timedelta(days=back), spread)
        if due and due.at <= now:
            return due
    return None


def next_due(
    cadence: Cadence, now: datetime, spread: timedelta = timedelta(), from_day: date | None = None
) -> Due | None:
    """The first due moment after `now`, on or after the local day `from_day` (for a pause)."""
    start = local_day(now, cadence.zone) - timedelta(days=2)
    if from_day and from_day > start:
        start = from_day
    for ahead in range(min(16, (_LAST_DAY - start).days)):
        due = due_on(cadence, start + timedelta(days=ahead), spread)
        if due and due.at > now:
            return due
    return None


def share_of(key: str) -> int:
    """A stable number of 31 bits for one subscriber, of which `spread_of` makes a part of an hour."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") >> 1


def spread_of(key: str, minutes: int) -> timedelta:
    """A stable share of `minutes` for one subscriber, so that not everybody is due in the same second."""
    return timedelta(seconds=share_of(key) % (minutes * 60)) if minutes > 0 else timedelta()


def start_of(day: date, zone: str) -> datetime:
    """The first instant (UTC) of a local day; of a day that the zone skips, of the next one."""
    at = due_on(Cadence(EVERY_DAY, time(), zone), day)
    return at.at if at else start_of(day + timedelta(days=1), zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock change that skips `wall` happens, to the second."""
    moments = wall.replace(fold=0).astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    low, high = min(moments) - timedelta(seconds=1), max(moments)
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
