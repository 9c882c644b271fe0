"""Planning in sets on a real database: who gets a row, when, for which days; and the rules of one reader, compared."""

import asyncio
import json
import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import text

from digest.models import Settlement, SourceReport
from digest.pipeline.audience import owed, preview, sync
from digest.pipeline.due import plan_due
from digest.settings import load
from digest.store import NewSubscriber, Planned, open_store
from tests.claims import claim

BASE = """
[site]
secret_key = "0123456789012345678901234567890123456789"
[[profile]]
name = "graphs"
keywords = ["graph neural network"]
[[source]]
name = "feed"
kind = "feed"
url = "https://feed.example.org/a.xml"
"""


def settings(folder, more: str = ""):
    path = folder / "config.toml"
    path.write_text(more + BASE, encoding="utf-8")
    path.chmod(0o600)
    return load(path, {})


def new(number: int, origin: str = "command", **fields) -> NewSubscriber:
    email = f"reader{number}@example.org"
    return NewSubscriber(key=f"key{number}", email=email, origin=origin, fields=fields, cursor=0)


async def joined(store, *subscribers: NewSubscriber, at: datetime) -> None:
    await store.subscribers.add(subscribers, at)


async def rows(store, number: int = 1) -> list[tuple[str, str, str]]:
    """Issue, state and reason of one subscriber's rows, oldest first."""
    return [(f"{row.issue}", row.state, row.reason) for row in reversed(await store.deliveries.of(number))]


async def send_all(store, now: datetime) -> None:
    while row := await claim(store, now):
        await store.outbox.settle(row.id, Settlement(state="sent", reason=""), now)


async def test_everybody_due_gets_a_row_once_however_often_it_is_looked(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, *(new(n) for n in range(5)), new(9, send_at="09:00"), at=now - timedelta(hours=22))
    assert (await plan_due(config, store, now)).planned == 5
    again = await plan_due(config, store, now)
    assert (again.planned, again.queued) == (0, 5)
    assert (await plan_due(config, store, now.replace(hour=9))).planned == 1


async def test_two_processes_at_once_write_the_rows_of_one(tmp_path, now):
    config, url = settings(tmp_path), f"sqlite:///{tmp_path / 'digest.db'}"
    async with open_store(url) as one, open_store(url) as other:
        await joined(one, *(new(n) for n in range(300)), at=now - timedelta(days=3))
        done = await asyncio.gather(plan_due(config, one, now), plan_due(config, other, now))
        assert sum(each.planned for each in done) == 300
        assert await one.deliveries.totals() == {"queued": 300, "skipped": 600}


async def test_more_than_one_transaction_holds_are_planned_in_several(tmp_path, store, now):
    from digest.pipeline.due import agenda_at

    await joined(store, *(new(n) for n in range(7)), new(7, timezone="Asia/Tokyo"), at=now - timedelta(hours=20))
    owings = (await agenda_at(settings(tmp_path), store, now)).owings
    assert await store.due.write(owings, now, at_a_time=3) == 8


async def test_days_without_a_run_are_folded_into_the_next_issue_which_says_so(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(1), at=now - timedelta(days=30))
    await plan_due(config, store, now - timedelta(days=4))
    await send_all(store, now)
    await plan_due(config, store, now)
    why = "nothing was sent on that day; folded into the issue of 2026-11-23"
    missed = [(f"2026-11-{day}", "skipped", why) for day in (20, 21, 22)]
    assert (await rows(store))[-4:] == [*missed, ("2026-11-23", "queued", "")]
    row = await claim(store, now)
    assert (row.covers_from, row.covers_why) == (date(2026, 11, 20), "no digest was sent on the days before")


async def test_an_issue_that_could_not_leave_is_folded_and_its_days_are_covered(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(1), at=now - timedelta(days=3))
    for back in (2, 1, 0):
        await plan_due(config, store, now - timedelta(days=back))
    assert [state for _, state, _ in await rows(store)] == ["skipped", "skipped", "queued"]
    row = await claim(store, now)
    assert row.covers_from == date(2026, 11, 21)


async def test_a_weekly_reader_misses_only_their_own_days(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(1, cadence="weekly", weekday="mon"), at=now - timedelta(days=15))
    await plan_due(config, store, now)
    assert [issue for issue, _, _ in await rows(store)] == ["2026-11-09", "2026-11-16", "2026-11-23"]
    await send_all(store, now)
    assert (await plan_due(config, store, now + timedelta(days=3))).planned == 0


async def test_days_before_joining_and_of_a_pause_are_nobodys(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(1), at=now - timedelta(days=2))
    await joined(store, new(2, paused_until="2026-11-23"), at=now - timedelta(days=9))
    await plan_due(config, store, now)
    assert [issue for issue, _, _ in await rows(store, 1)] == ["2026-11-22", "2026-11-23"]
    assert [issue for issue, _, _ in await rows(store, 2)] == ["2026-11-23"]


async def test_a_changed_time_never_makes_a_second_issue_of_the_day(tmp_path, store, now):
    await joined(store, new(1), at=now - timedelta(days=1))
    await plan_due(settings(tmp_path), store, now)
    later = settings(tmp_path, '[schedule]\nsend_at = "09:15"\n')
    assert (await plan_due(later, store, now.replace(hour=10))).planned == 0
    assert (await plan_due(later, store, now.replace(hour=9) + timedelta(days=1))).planned == 0
    assert (await plan_due(later, store, now.replace(hour=10) + timedelta(days=1))).planned == 1


async def test_nothing_is_planned_over_an_issue_that_may_be_arriving(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(1), at=now - timedelta(days=1))
    await plan_due(config, store, now)
    row = await claim(store, now)
    assert (await plan_due(config, store, now + timedelta(days=1))).planned == 0
    await store.outbox.settle(row.id, Settlement(state="queued", reason="", uncertain=True, next_attempt_at=now), now)
    assert (await plan_due(config, store, now + timedelta(days=1))).planned == 0
    await send_all(store, now)
    assert (await plan_due(config, store, now + timedelta(days=1))).planned == 1


async def waiting(store, now, state="waiting"):
    await store.sources.record(SourceReport(name="feed", state=state, reason="not there yet"), [], now)


async def test_a_late_source_is_waited_for_as_long_as_patience_and_no_longer(tmp_path, store, now):
    config = settings(tmp_path, "[schedule]\npatience = 60\n")
    await joined(store, new(1), at=now - timedelta(hours=20))
    await waiting(store, now)
    first = await plan_due(config, store, now)
    assert (first.planned, first.waiting, first.waits_for) == (0, 1, ("feed",))
    assert (await plan_due(config, store, now.replace(minute=29))).planned == 0
    assert (await plan_due(config, store, now.replace(minute=30))).planned == 1


async def test_a_source_that_comes_in_time_ends_the_waiting(tmp_path, store, now):
    config = settings(tmp_path, "[schedule]\npatience = 60\n")
    await joined(store, new(1), at=now - timedelta(hours=20))
    await waiting(store, now)
    await plan_due(config, store, now)
    await waiting(store, now, "fresh")
    assert (await plan_due(config, store, now)).planned == 1


async def test_who_was_not_served_before_waits_for_nothing(tmp_path, store, now):
    config = settings(tmp_path, "[schedule]\npatience = 1440\n")
    await joined(store, new(1), at=now - timedelta(days=5))
    await waiting(store, now)
    assert (await plan_due(config, store, now)).planned == 1


async def test_far_more_than_usual_is_held_until_a_person_says_so_and_then_for_the_whole_day(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(0), at=now - timedelta(days=2))
    await plan_due(config, store, now - timedelta(days=1))
    await send_all(store, now)
    await joined(store, *(new(n) for n in range(1, 20)), new(20, send_at="08:30"), at=now - timedelta(hours=1))
    held = await plan_due(config, store, now)
    assert (held.planned, held.held) == (0, 20)
    assert "20 digests are due, but at most 1 were" in held.brake
    assert (await plan_due(config, store, now, yes=True)).planned == 20
    assert (await plan_due(config, store, now.replace(minute=45))).planned == 1


async def test_a_mistake_does_not_pass_the_brake_in_small_parts(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(0), at=now - timedelta(days=2))
    await plan_due(config, store, now - timedelta(days=1))
    await send_all(store, now)
    await joined(store, *(new(n, send_at=f"{8 + n // 4:02}:00") for n in range(1, 20)), at=now - timedelta(hours=1))
    planned = [await plan_due(config, store, now.replace(hour=hour)) for hour in range(8, 13)]
    assert sum(each.planned for each in planned) <= 5
    assert planned[-1].brake


async def test_a_schedule_that_cannot_be_read_is_told_and_stops_nobody_else(tmp_path, store, now):
    await joined(store, new(1, timezone="Mars/Olympus"), new(2), at=now - timedelta(days=1))
    done = await plan_due(settings(tmp_path), store, now)
    assert done.planned == 1
    assert "Mars/Olympus" in done.problems[0]


async def test_who_has_no_profile_left_gets_no_row_until_there_is_one(tmp_path, store, now):
    await joined(store, new(1, profiles=["gone"]), new(2, profiles=["gone", "graphs"]), at=now - timedelta(days=1))
    await joined(store, new(3, profiles=["gone"], keywords=["sourdough"]), at=now - timedelta(days=1))
    assert (await plan_due(settings(tmp_path), store, now)).planned == 2
    assert await rows(store, 1) == []


@pytest.mark.parametrize("status", ["unsubscribed", "suppressed", "removed", "unconfirmed"])
async def test_only_the_active_are_planned_for(tmp_path, store, now, status):
    await joined(store, new(1), at=now - timedelta(days=1))
    await store.subscribers.set_status([1], status, now)
    assert (await plan_due(settings(tmp_path), store, now)).planned == 0


async def test_other_mails_through_the_outbox_neither_fold_digests_nor_count_as_one(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, new(1), at=now - timedelta(days=2))
    await plan_due(config, store, now - timedelta(days=1))
    await store.outbox.plan([Planned(subscriber_id=1, issue=now.date(), due_at=now, kind="confirm")], now)
    assert (await plan_due(config, store, now)).planned == 1
    assert {(row.kind, row.state) for row in await store.deliveries.of(1)} == {
        *{("digest", "queued"), ("digest", "skipped"), ("confirm", "queued")}
    }


async def test_each_zone_is_served_at_its_half_past_seven_where_clocks_change(tmp_path, store):
    zones = sorted(available_timezones())[::9]
    start = datetime(2026, 3, 28, 0, 10, tzinfo=UTC)
    await joined(store, *(new(n, timezone=zone) for n, zone in enumerate(zones)), at=start - timedelta(hours=30))
    config = settings(tmp_path)
    for half_hours in range(3 * 48):
        await plan_due(config, store, start + half_hours * timedelta(minutes=30))
    for number, zone in enumerate(zones, 1):
        served = {row.issue: row.due_at for row in await store.deliveries.of(number) if row.issue == date(2026, 3, 29)}
        for day in (date(2026, 3, 29),):
            assert f"{served[day].astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" == f"{day} 07:30", zone


def any_subscriber(chance: random.Random, number: int) -> NewSubscriber:
    """Somebody with a schedule of a few."""
    some = {
        "timezone": chance.choice(["UTC", "Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin"]),
        "send_at": chance.choice(["00:00", "02:30", "23:50"]),
        "cadence": chance.choice(["daily", "weekdays", "weekly", "days"]),
        "weekday": chance.choice(["mon", "sun"]),
        "days": chance.sample(["tue", "thu", "sat"], 2),
        "paused_until": chance.choice(["2026-10-25", "2026-10-30", "2026-11-20"]),
    }
    fields = {name: value for name, value in some.items() if chance.random() < 0.5}
    return new(number, chance.choice(["config", "command"]), **fields)


@pytest.mark.parametrize("seed", range(3))
async def test_sets_decide_as_the_rules_of_one_reader_do(tmp_path, store, seed):
    chance = random.Random(seed)
    config = settings(tmp_path, f"[schedule]\nspread = {[0, 45, 720][seed]}\n[delivery]\nsurge = 1e6\n")
    now = datetime(2026, 10, 20, tzinfo=UTC)
    number = 0
    for _ in range(15):
        now += timedelta(seconds=chance.choice([60, 5_000, 20_000, 90_000, -3600, 400_000]))
        await store.subscribers.add([any_subscriber(chance, number + n) for n in range(5)], now)
        number += 5
        last = await store.deliveries.last_issues()
        # The files name nobody here, which would remove those who came from one.
        readers = [one for one in await preview(config, store, now) if one.status in {"active", "removed"}]
        told = {
            (reader.row_id, due.issue, due.due_at.replace(microsecond=0))
            for reader in readers
            if (due := owed(reader, last.get(reader.row_id), now, config.schedule.spread)).due
        }
        done = await plan_due(config, store, now)
        queued = {
            (row.subscriber_id, row.issue, row.due_at)
            for row in await store.deliveries.unsettled()
            if row.state == "queued" and not row.attempts
        }
        assert queued == told
        assert done.planned == len(told)
        await send_all(store, now)


async def test_when_nothing_is_due_a_tick_reads_no_subscriber(tmp_path, store, now):
    config = settings(tmp_path)
    await joined(store, *(new(n) for n in range(3)), at=now - timedelta(days=1))
    await plan_due(config, store, now)
    async with store.subscribers._database.read() as connection:
        plan = (await connection.execute(text("EXPLAIN QUERY PLAN " + _schedules()))).all()
    told = " ".join(str(row[-1]) for row in plan)
    assert "SEARCH subscribers USING INDEX ix_subscribers_due" in told
    assert "SCAN subscribers" not in told


def _schedules() -> str:
    from digest.store.due import _SCHEDULES

    return str(_SCHEDULES)


async def test_taking_over_the_files_reads_only_those_they_name(tmp_path, store, now):
    await joined(store, new(1, name="From a list"), at=now)
    config = settings(tmp_path, '[[subscriber]]\nemail = "ada@example.org"\nsend_at = "06:15"\n')
    await sync(config, store, now)
    assert await store.due.schedules() == {"{}": date.min, json.dumps({"send_at": "06:15"}): date.min}
