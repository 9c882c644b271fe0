from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from digest.cadence import DAY_NAMES
from digest.models import Subscriber
from digest.pipeline.audience import Reader, due_today, enrol, owed, preview
from digest.settings import ScheduleSettings, Settings, SubscriberSettings, cadence_of, load
from digest.store import LastIssue

BASE = """
[site]
secret_key = "0123456789012345678901234567890123456789"
[[profile]]
name = "graphs"
keywords = ["graph neural network"]
"""


def settings(folder: Path, *tables: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(BASE + "\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, {})


def subscriber(email: str, **fields: str) -> str:
    lines = [f'{name} = "{value}"' for name, value in {"email": email, **fields}.items()]
    return "[[subscriber]]\n" + "\n".join(lines) + "\n"


def reader(joined_at: datetime, origin: str = "config", **fields) -> Reader:
    table = SubscriberSettings(email="ada@example.org", **fields)
    subscriber = Subscriber(
        email="ada@example.org", cadence=cadence_of(table, ScheduleSettings()), paused_until=table.paused_until
    )
    return Reader(subscriber=subscriber, row_id=1, key="k", cursor=0, joined_at=joined_at, origin=origin)


async def test_a_dry_run_sees_the_readers_of_the_toml_files_and_writes_none(tmp_path, store, now):
    config = settings(tmp_path, subscriber("ada@example.org"))
    [one] = await preview(config, store, now)
    assert (one.subscriber.email, one.row_id, one.status) == ("ada@example.org", None, "active")
    assert await store.subscribers.all() == []


async def test_enrolling_twice_makes_one_row_and_the_same_key_as_the_preview(tmp_path, store, now):
    config = settings(tmp_path, subscriber("ada@example.org"))
    [before] = await preview(config, store, now)
    for _ in range(2):
        [one] = await enrol(config, store, now)
    assert one.row_id == 1
    assert one.key == before.key
    assert len(await store.subscribers.all()) == 1


async def test_who_is_taken_out_of_the_toml_files_gets_nothing_until_put_back(tmp_path, store, now):
    await enrol(settings(tmp_path, subscriber("ada@example.org")), store, now)
    [gone] = await enrol(settings(tmp_path), store, now)
    assert gone.status == "removed"
    [back] = await enrol(settings(tmp_path, subscriber("ADA@example.org")), store, now + timedelta(days=9))
    assert (back.status, back.joined_at) == ("active", now + timedelta(days=9))


async def test_an_unsubscribed_address_stays_so_even_if_a_toml_file_names_it(tmp_path, store, now):
    config = settings(tmp_path, subscriber("ada@example.org"))
    [one] = await enrol(config, store, now)
    await store.subscribers.set_status([one.row_id], "unsubscribed", now)
    [still] = await enrol(config, store, now)
    assert still.status == "unsubscribed"


async def test_a_profile_that_is_gone_does_not_stop_an_imported_reader(tmp_path, store, now):
    from digest.store import NewSubscriber

    fields = {"profiles": ["graphs", "gone"], "send_at": "06:15"}
    new = NewSubscriber(key="k", email="bob@example.org", origin="command", fields=fields, cursor=0)
    await store.subscribers.add([new], now)
    [one] = await enrol(settings(tmp_path), store, now)
    assert (one.subscriber.profiles, one.lost) == (("graphs",), ("gone",))
    assert f"{one.subscriber.cadence.at:%H:%M}" == "06:15"


async def test_a_toml_table_overrides_an_imported_row(tmp_path, store, now):
    from digest.store import NewSubscriber

    new = NewSubscriber(key="k", email="bob@example.org", origin="command", fields={"send_at": "06:15"}, cursor=0)
    await store.subscribers.add([new], now)
    [one] = await enrol(settings(tmp_path, subscriber("bob@example.org", send_at="09:00")), store, now)
    assert (f"{one.subscriber.cadence.at:%H:%M}", one.origin) == ("09:00", "command")
    [later] = await enrol(settings(tmp_path), store, now)
    assert (f"{later.subscriber.cadence.at:%H:%M}", later.status) == ("06:15", "active")


def test_a_reader_named_after_todays_moment_is_due_today(now):
    one = owed(reader(now), None, now)  # 07:30 UTC has passed
    assert (one.due, one.issue, one.due_at) == (True, date(2026, 11, 23), datetime(2026, 11, 23, 7, 30, tzinfo=UTC))


def test_an_imported_reader_waits_for_the_next_moment(now):
    one = owed(reader(now, origin="command"), None, now)
    assert (one.due, one.issue) == (False, date(2026, 11, 24))


def test_a_reader_named_before_todays_moment_is_due_then(now):
    early = now.replace(hour=6)
    assert owed(reader(early), None, early).reason == "not due before 2026-11-23 07:30 UTC"
    assert owed(reader(early), None, now).due


@pytest.mark.parametrize("state", ["sent", "skipped", "failed", "queued", "sending"])
def test_an_issue_that_has_a_row_is_not_owed_again(now, state):
    one = owed(reader(now - timedelta(days=5)), LastIssue(date(2026, 11, 23), state, uncertain=False), now)
    assert (one.due, one.issue) == (False, date(2026, 11, 24))


def test_changing_the_time_never_gives_two_issues_for_one_local_day(now):
    last = LastIssue(date(2026, 11, 23), "sent", uncertain=False)
    moved = reader(now - timedelta(days=5), send_at="22:00")
    assert not owed(moved, last, now.replace(hour=23)).due


def test_several_missed_days_owe_one_issue(now):
    last = LastIssue(date(2026, 11, 16), "sent", uncertain=False)
    one = owed(reader(now - timedelta(days=30)), last, now)
    assert (one.due, one.issue) == (True, date(2026, 11, 23))


def test_a_new_issue_waits_while_the_last_one_may_still_be_arriving(now):
    last = LastIssue(date(2026, 11, 22), "queued", uncertain=True)
    one = owed(reader(now - timedelta(days=30)), last, now)
    assert (one.due, one.reason) == (False, "the issue of 2026-11-22 is still on its way")


def test_a_pause_holds_every_issue_before_its_day(now):
    one = owed(reader(now - timedelta(days=30), paused_until=date(2026, 12, 24)), None, now)
    assert one.reason == "paused until 2026-12-24; not due before 2026-12-24 07:30 UTC"
    assert not one.due
    again = owed(reader(now - timedelta(days=30), paused_until=date(2026, 11, 23)), None, now)
    assert again.due


def test_a_weekly_reader_named_on_another_day_waits_for_theirs(now):
    one = owed(reader(now, cadence="weekly", weekday="fri"), None, now)
    assert (one.due, one.issue) == (False, date(2026, 11, 27))


@pytest.mark.parametrize("day", DAY_NAMES)
def test_days_alone_choose_their_cadence(now, day):
    one = owed(reader(now - timedelta(days=30), days=(day,)), None, now)
    assert DAY_NAMES[one.issue.weekday()] == day


def test_an_issue_asked_for_by_name_is_todays_in_the_readers_zone(now):
    one = due_today(reader(now, timezone="Pacific/Kiritimati"), now.replace(hour=12))
    assert one.issue == date(2026, 11, 24)
    assert one.due
