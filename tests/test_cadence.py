from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.cadence import EVERY_DAY, WEEKDAYS, Cadence, due_on, last_due, local_day, next_due, spread_of

ZONES = sorted(available_timezones())


def daily(at: str, zone: str) -> Cadence:
    return Cadence(EVERY_DAY, time.fromisoformat(at), zone)


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        ("UTC", "07:30", date(2026, 11, 23), "2026-11-23T07:30"),
        ("Europe/Berlin", "07:30", date(2026, 7, 1), "2026-07-01T05:30"),
        ("Asia/Kathmandu", "07:30", date(2026, 7, 1), "2026-07-01T01:45"),
    ],
)
def test_a_local_time_becomes_a_moment_in_utc(zone, at, day, expected):
    due = due_on(daily(at, zone), day)
    assert due is not None
    assert due.at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_skipped_hour_is_taken_at_the_first_moment_after_the_gap():
    due = due_on(daily("02:30", "Europe/Berlin"), date(2026, 3, 29))
    assert due is not None
    assert due.at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00 in Berlin


def test_a_skipped_half_hour_too():
    due = due_on(daily("02:15", "Australia/Lord_Howe"), date(2026, 10, 4))
    assert due is not None
    assert due.at.astimezone(ZoneInfo("Australia/Lord_Howe")).time() == time(2, 30)


def test_midnight_that_does_not_exist_is_still_that_day():
    due = due_on(daily("00:00", "America/Sao_Paulo"), date(2018, 11, 4))
    assert due is not None
    assert due.at == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)


def test_a_doubled_hour_is_taken_at_its_first():
    due = due_on(daily("02:30", "Europe/Berlin"), date(2026, 10, 25))
    assert due is not None
    assert due.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_that_a_zone_skips_has_no_due_moment():
    assert due_on(daily("07:30", "Pacific/Apia"), date(2011, 12, 30)) is None
    due = last_due(daily("07:30", "Pacific/Apia"), datetime(2011, 12, 30, 12, 0, tzinfo=UTC))
    assert due is not None
    assert due.issue == date(2011, 12, 29)


def test_weekdays_leave_the_weekend_out():
    friday = last_due(Cadence(WEEKDAYS, time(7), "UTC"), datetime(2026, 11, 22, 12, tzinfo=UTC))
    monday = next_due(Cadence(WEEKDAYS, time(7), "UTC"), datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert friday is not None
    assert monday is not None
    assert (friday.issue, monday.issue) == (date(2026, 11, 20), date(2026, 11, 23))


def test_a_pause_moves_the_next_moment():
    due = next_due(daily("07:00", "UTC"), datetime(2026, 11, 23, 8, tzinfo=UTC), from_day=date(2026, 12, 24))
    assert due is not None
    assert due.issue == date(2026, 12, 24)


def test_a_pause_to_the_end_of_the_calendar_has_no_next_moment():
    weekly = Cadence(frozenset({0}), time(7), "Asia/Tokyo")
    assert next_due(weekly, datetime(2026, 11, 23, tzinfo=UTC), from_day=date.max) is None


def test_a_cadence_without_days_is_never_due():
    never = Cadence(frozenset(), time(7), "UTC")
    assert last_due(never, datetime(2026, 11, 23, tzinfo=UTC)) is None
    assert next_due(never, datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_the_spread_is_stable_and_within_its_minutes():
    shares = {key: spread_of(key, 30) for key in ("a", "b", "c", "d")}
    assert shares == {key: spread_of(key, 30) for key in shares}
    assert all(timedelta() <= share < timedelta(minutes=30) for share in shares.values())
    assert len(set(shares.values())) > 1
    assert spread_of("a", 0) == timedelta()


@given(
    zone=st.sampled_from(ZONES),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    moment=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2037, 1, 1)).map(
        lambda d: d.replace(tzinfo=UTC)
    ),
)
def test_the_last_and_the_next_moment_stand_on_both_sides_of_now(zone, at, moment):
    cadence = Cadence(EVERY_DAY, at, zone)
    before, after = last_due(cadence, moment), next_due(cadence, moment)
    assert before is not None
    assert after is not None
    assert before.at <= moment < after.at
    assert before.issue < after.issue
    assert local_day(before.at, zone) == before.issue
    assert after.at - before.at <= timedelta(hours=50)
