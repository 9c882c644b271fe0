"""When arXiv announces: which days have a list, and on which list a submission appears. Pure.

A list carries the day on whose midnight (US Eastern) the feed shows it: submissions up to Monday 14:00 are announced on
Monday 20:00 and are the list of Tuesday. Source: info.arxiv.org/help/availability.html and rss.html.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
CUT_OFF = time(14, 0)
DAY = timedelta(days=1)
HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        "2025-01-01",
        "2025-01-20",
        "2025-06-19",
        "2025-07-06",
        "2025-09-01",
        "2025-11-27",
        "2026-01-01",
        "2026-01-19",
        "2026-06-19",
        "2026-07-03",
        "2026-09-07",
        "2026-11-26",
        "2026-12-25",
        "2026-12-29",
        "2026-12-31",
    )
)
"""Days without a mailing, as published for 2025 and 2026. The list that is missing is that of the next weekday: Thursday
26 November has no mailing in the evening, so Friday 27 November has no list; a Friday holiday puts off the mailing of
Sunday, so Monday has none. What was due then is on the list after it."""
EVERY_YEAR = frozenset({(1, 1), (12, 25)})  # for the years whose days are not published yet


def today(now: datetime) -> date:
    """The day at arXiv."""
    return now.astimezone(EASTERN).date()


def appears_at(day: date) -> datetime:
    """The moment (UTC) from which the list of `day` should be up."""
    return datetime.combine(day, time(), tzinfo=EASTERN).astimezone(UTC)


def is_announcement_day(day: date) -> bool:
    """Whether the feed has a list on `day`."""
    if day.weekday() > 4:
        return False
    eves = [day - DAY] if day.weekday() else [day - DAY, day - 2 * DAY, day - 3 * DAY]
    return not any(eve in HOLIDAYS or (eve.month, eve.day) in EVERY_YEAR for eve in eves)


def announcement_days(after: date, before: date) -> tuple[date, ...]:
    """The days strictly between the two that have a list, oldest first."""
    span = range(1, (before - after).days)
    return tuple(day for day in (after + timedelta(days=number) for number in span) if is_announcement_day(day))


def expected(now: datetime) -> date:
    """The newest list that should be up at `now`."""
    day = today(now)
    while not is_announcement_day(day):
        day -= DAY
    return day


def following(day: date) -> date:
    """The next day after `day` that has a list."""
    day += DAY
    while not is_announcement_day(day):
        day += DAY
    return day


def quiet_reason(now: datetime) -> str | None:
    """Why no list is due today, as a fragment of a sentence; None on a day that has one."""
    day = today(now)
    if is_announcement_day(day):
        return None
    due = following(day)
    why = "arXiv lists nothing at weekends" if day.weekday() > 4 else "arXiv holiday"
    return f"{why}; the next list is due on {due:%A} {due.day} {due:%B}"


def window(day: date) -> tuple[datetime, datetime]:
    """From when until when (UTC, half open) the submissions came that the list of `day` announces."""
    previous = day - DAY
    while not is_announcement_day(previous):
        previous -= DAY
    return _cut_off(previous), _cut_off(day)


def announced_for(submitted_at: datetime) -> date:
    """The list on which a paper submitted then appears, if no moderator holds it."""
    day = following(today(submitted_at) - DAY)
    while submitted_at >= _cut_off(day):
        day = following(day)
    return day


def _cut_off(day: date) -> datetime:
    """14:00 Eastern on the weekday before the list."""
    eve = day - DAY
    while eve.weekday() > 4:
        eve -= DAY
    return datetime.combine(eve, CUT_OFF, tzinfo=EASTERN).astimezone(UTC)
