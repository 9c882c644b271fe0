"""A year of the clock, to the minute, in every zone there is: one issue per due local day, at its time, never two."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from digest.cadence import EVERY_DAY, WEEKDAYS, Cadence, due_on
from digest.pipeline.due import owing_at

MINUTE = timedelta(minutes=1)
YEAR = 2028  # it has a 29 February
ZONES = sorted(available_timezones())
CADENCES = {
    "daily": EVERY_DAY,
    "weekdays": WEEKDAYS,
    "weekly": frozenset({6}),  # Sunday: clocks change on it
    "days": frozenset({1, 5, 6}),
}


def changes(zone: str, start: datetime, end: datetime) -> list[tuple[datetime, timedelta]]:
    """The offsets that hold in a span: since when, and what; found by looking, to the minute."""
    info, step = ZoneInfo(zone), timedelta(hours=6)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(info).utcoffset() or timedelta()

    found = [(start, offset(start))]
    moment = start
    while moment < end:
        if offset(moment + step) != offset(moment):
            since = next(m for m in (moment + n * MINUTE for n in range(1, 361)) if offset(m) != offset(moment))
            found.append((since, offset(since)))
        moment += step
    return found


def expected(spans: list[tuple[datetime, timedelta]], end: datetime, at: time) -> dict[date, datetime]:
    """Local day → the first minute on it that is not before its time, told from the offsets alone."""
    days: dict[date, datetime] = {}
    for (since, offset), (until, _) in pairwise([*spans, (end, timedelta())]):
        first, last = (since + offset).replace(tzinfo=None), (until + offset - MINUTE).replace(tzinfo=None)
        for number in range((last.date() - first.date()).days + 1):
            day = first.date() + timedelta(days=number)
            wall = max(first, datetime.combine(day, at))
            if wall <= last and wall.date() == day:
                days.setdefault(day, wall.replace(tzinfo=UTC) - offset)
    return days


def span(year: int) -> tuple[datetime, datetime]:
    return datetime(year - 1, 12, 29, tzinfo=UTC), datetime(year + 1, 1, 4, tzinfo=UTC)


@cache
def offsets(zone: str, year: int = YEAR) -> tuple[tuple[datetime, timedelta], ...]:
    return tuple(changes(zone, *span(year)))


def days_of(year: int) -> list[date]:
    return [
        date(year, 1, 1) + timedelta(days=n) for n in range(366) if (date(year, 1, 1) + timedelta(days=n)).year == year
    ]


@pytest.mark.parametrize("at", [time(2, 30)], ids=str)
def test_each_zone_has_each_day_of_a_year_at_its_minute(at):
    for zone in ZONES:
        told = expected(list(offsets(zone)), span(YEAR)[1], at)
        cadence = Cadence(EVERY_DAY, at, zone)
        for day in days_of(YEAR):
            due = due_on(cadence, day)
            assert (due and due.at) == told.get(day), f"{zone} {day}"


class Subscriber:
    """One who is served by ticks: a tick plans what `owing_at` says, unless a row for that day or a later one exists."""

    def __init__(self, cadence: Cadence, since: date) -> None:
        self.cadence = cadence
        self.last = since
        self.issues: list[tuple[date, datetime]] = []

    def tick(self, now: datetime) -> None:
        for owing in owing_at("", self.cadence, now, last=self.last):
            assert owing.moment.issue > self.last
            self.last = owing.moment.issue
            self.issues.append((self.last, now))


SAMPLE = [
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Africa/Cairo"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll"),
]


@pytest.mark.parametrize("zone", SAMPLE)
def test_ticks_through_a_year_serve_each_due_day_of_each_cadence_once_at_its_minute(zone):
    told = expected(list(offsets(zone)), span(YEAR)[1], time(2, 30))
    for days in CADENCES.values():
        due = {day: moment for day, moment in told.items() if day.year == YEAR and day.weekday() in days}
        one = Subscriber(Cadence(days, time(2, 30), zone), date(YEAR - 1, 12, 31))
        for moment in due.values():
            one.tick(moment - MINUTE)  # not a minute early
            one.tick(moment)
            one.tick(moment)  # and a second scheduler
        assert dict(one.issues) == due
        assert len(one.issues) == len(due)


@pytest.mark.parametrize(
    ("zone", "year", "skipped"),
    [("Pacific/Apia", 2011, date(2011, 12, 30)), ("Pacific/Kwajalein", 1993, date(1993, 8, 21))],
)
def test_a_day_that_a_zone_skipped_is_left_out_and_the_days_beside_it_are_not(zone, year, skipped):
    told = expected(list(offsets(zone, year)), span(year)[1], time(7, 30))
    assert skipped not in told
    one = Subscriber(Cadence(EVERY_DAY, time(7, 30), zone), date(year - 1, 12, 31))
    moment = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    while moment < datetime(year + 1, 1, 1, tzinfo=UTC):
        one.tick(moment)
        moment += timedelta(hours=2)
    served = [day for day, _ in one.issues if day.year == year]
    assert served == [day for day in days_of(year) if day != skipped]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"])
def test_a_clock_that_jumps_ticks_that_come_late_or_twice_and_changed_times_never_make_two_issues_of_a_day(zone):
    one = Subscriber(Cadence(EVERY_DAY, time(2, 30), zone), date(YEAR - 1, 12, 31))
    times = [time(2, 30), time(23, 45), time(0, 0), time(12, 0)]
    now = datetime(YEAR, 1, 1, 12, tzinfo=UTC)
    number = 0
    while now < datetime(YEAR, 12, 31, tzinfo=UTC):
        jumps = (timedelta(), timedelta(hours=1), timedelta(hours=-1))
        one.tick(now + jumps[number % 3])
        one.tick(now)
        number += 1
        now += timedelta(minutes=37 if number % 40 else 60 * 30)  # and now and then it sleeps for more than a day
        if number % 11 == 0:
            one.cadence = Cadence(EVERY_DAY, times[number // 11 % 4], zone)
    issues = [day for day, _ in one.issues]
    assert issues == sorted(set(issues))
    assert len(issues) > 300


def test_a_machine_that_slept_over_the_time_owes_the_newest_day_alone():
    cadence = Cadence(EVERY_DAY, time(7, 30), "Europe/Berlin")
    [owing] = owing_at("", cadence, datetime(2026, 11, 23, 22, 0, tzinfo=UTC))
    assert owing.moment.issue == date(2026, 11, 23)
    assert [moment.issue for moment in owing.missed[:2]] == [date(2026, 11, 22), date(2026, 11, 21)]


def test_while_the_moment_is_spread_it_divides_subscribers_between_today_and_yesterday():
    cadence = Cadence(EVERY_DAY, time(7, 30), "UTC")
    today, yesterday = owing_at("", cadence, datetime(2026, 11, 23, 7, 40, tzinfo=UTC), 30)
    assert (today.moment.issue, today.upto, today.above) == (date(2026, 11, 23), 600, None)
    assert (yesterday.moment.issue, yesterday.upto, yesterday.above) == (date(2026, 11, 22), None, 600)
    [all_of_them] = owing_at("", cadence, datetime(2026, 11, 23, 8, 0, tzinfo=UTC), 30)
    assert (all_of_them.upto, all_of_them.above) == (None, None)
