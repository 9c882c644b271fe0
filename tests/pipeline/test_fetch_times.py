"""Which sources are due: by cron text, by when they were last asked, whatever the clock did."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.pipeline.fetch_times import next_fetch, sources_due
from digest.settings import ScheduleSettings

NOW = datetime(2026, 11, 23, 8, 20, tzinfo=UTC)


@pytest.fixture
def settings(instance):
    instance.write(sources={"a": instance.feed("a.xml", [])})
    return instance.settings()


@pytest.mark.parametrize(
    ("minutes_ago", "due"),
    [
        (1, False),
        (2.9, False),
        (3, False),  # asked exactly at the moment of 8:17
        (3.1, True),
        (33, True),
        (60 * 24 * 400, True),
        (-0.5, False),  # two clocks that differ a little
        (-60, True),  # the clock was set back
        (-60 * 24 * 365, True),
    ],
)
def test_a_source_is_due_once_after_each_moment(settings, minutes_ago, due):
    checked = {"a": NOW - timedelta(minutes=minutes_ago)}
    assert sources_due(settings, checked, NOW) == (["a"] if due else [])


def test_a_source_that_was_never_asked_is_due(settings):
    assert sources_due(settings, {"gone": NOW}, NOW) == ["a"]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("17,47 * * * *", "UTC", "2026-11-23T08:47"),
        ("0 7 * * mon", "Europe/Berlin", "2026-11-30T06:00"),
        ("0 7 * * 0", "UTC", "2026-11-29T07:00"),  # 0 is Sunday, as in cron
        ("0 7 * * 7", "UTC", "2026-11-29T07:00"),
        ("0 7 25 * mon", "UTC", "2026-11-25T07:00"),  # either day, as in cron
        ("*/20 9-10 * * 1-5", "UTC", "2026-11-23T09:00"),
        ("0 0 29 2 *", "UTC", "2028-02-29T00:00"),
    ],
)
def test_moments_are_those_of_cron_in_the_zone_of_the_schedule(text, zone, expected):
    found = next_fetch(ScheduleSettings(fetch=text, timezone=zone), NOW)
    assert found == datetime.fromisoformat(f"{expected}+00:00")


def test_every_day_of_a_clock_change_has_its_moments():
    schedule = ScheduleSettings(fetch="30 2 * * *", timezone="Europe/Berlin")
    moment, moments = datetime(2026, 3, 27, tzinfo=UTC), []
    while moment < datetime(2026, 4, 1, tzinfo=UTC):
        moment = next_fetch(schedule, moment)
        moments.append(moment)
    assert len({one.date() for one in moments}) == len(moments) == 6
