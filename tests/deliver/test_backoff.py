from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digest.deliver.backoff import next_attempt

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 240), (6, 720)])
def test_it_waits_longer_after_each_attempt(attempts: int, minutes: int) -> None:
    assert next_attempt(attempts, NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize("attempts", [7, 8, 1000])
def test_it_gives_up_after_the_seventh(attempts: int) -> None:
    assert next_attempt(attempts, NOW) is None


def test_the_last_try_is_less_than_a_day_after_the_first() -> None:
    moment = NOW
    for attempts in range(1, 7):
        following = next_attempt(attempts, moment)
        assert following is not None
        moment = following
    assert moment - NOW < timedelta(days=1)
