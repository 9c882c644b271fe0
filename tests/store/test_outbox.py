import asyncio
from datetime import date, timedelta

import pytest

from digest.models import Listing, Settlement
from digest.store import Arrival, NewSubscriber, Planned, Store
from digest.store.outbox import _machine, _started
from tests.claims import LEASE, claim

ISSUE = date(2026, 11, 23)


async def subscribe(store: Store, now, *emails: str) -> dict[str, int]:
    new = [NewSubscriber(key=email, email=email, origin="config", fields={}, cursor=5) for email in emails]
    await store.subscribers.add(new, now)
    return {row.email: row.id for row in await store.subscribers.all()}


def planned(row_id: int, now, issue: date = ISSUE) -> Planned:
    return Planned(subscriber_id=row_id, issue=issue, due_at=now)


@pytest.fixture(autouse=True)
async def papers(store, now):
    """Nine papers; the subscribers' cursors stand after the fifth."""
    await add_papers(store, now, 9)


async def add_papers(store: Store, now, upto: int) -> None:
    listings = [Listing(source="s", title=f"Paper {n}", url="https://x.org") for n in range(1, upto + 1)]
    arrivals = [Arrival(one, f"hash:{one.title}", (f"hash:{one.title}",)) for one in listings]
    await store.papers.add(arrivals, now, lambda _one, _other: True)


async def cursor(store: Store) -> int:
    [row] = await store.subscribers.all()
    return row.cursor


async def test_planning_twice_makes_one_row(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    for _ in range(2):
        await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    assert await store.deliveries.queued_count(now) == 1


async def test_a_claimed_row_is_not_claimed_again(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    first = await claim(store, now)
    assert first is not None
    assert (first.email, first.after_seq, first.upto_seq) == ("ada@example.org", 5, 9)
    assert await claim(store, now) is None


@pytest.mark.parametrize(("state", "moved"), [("sent", 9), ("skipped", 9), ("failed", 5), ("queued", 5)])
async def test_only_sent_and_skipped_move_the_cursor(store, now, state, moved):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    row = await claim(store, now)
    assert row is not None
    await store.outbox.settle(row.id, Settlement(state=state, reason="why", next_attempt_at=now), now)
    assert await cursor(store) == moved
    [kept] = await store.deliveries.of(ids["ada@example.org"])
    assert (kept.state, kept.reason) == (state, "why")


async def test_a_deferred_row_waits_for_its_next_attempt(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    row = await claim(store, now)
    later = now + timedelta(minutes=5)
    settlement = Settlement(state="queued", reason="", reply="451 later", next_attempt_at=later)
    await store.outbox.settle(row.id, settlement, now)
    assert await claim(store, now) is None
    again = await claim(store, later)
    assert again is not None
    assert (again.attempts, again.reply) == (1, "451 later")


async def test_a_released_row_is_as_it_was(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    row = await claim(store, now)
    await store.outbox.release(row.id)
    again = await claim(store, now)
    assert again is not None
    assert (again.id, again.attempts, again.uncertain) == (row.id, 0, False)


async def test_a_dead_senders_row_comes_back_uncertain_at_once(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    store.outbox.owner = f"{_machine()}/{process.pid}"
    await claim(store, now)
    store.outbox.owner = "me"
    assert await store.outbox.recover(now) == 1
    row = await claim(store, now)
    assert row is not None
    assert row.uncertain


async def test_a_living_or_distant_sender_keeps_its_lease_until_it_ends(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    store.outbox.owner = "another-host/1"
    await claim(store, now)
    store.outbox.owner = "me"
    assert await store.outbox.recover(now) == 0
    assert await store.outbox.recover(now + timedelta(hours=1)) == 1


async def test_who_lost_its_lease_can_settle_only_what_has_left(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    row = await claim(store, now)
    store.outbox.owner = "another"
    await store.outbox.settle(row.id, Settlement(state="skipped", reason=""), now)
    assert (await store.deliveries.totals()) == {"sending": 1}
    assert await cursor(store) == 5
    await store.outbox.settle(row.id, Settlement(state="sent", reason=""), now)
    assert (await store.deliveries.totals()) == {"sent": 1}
    assert await cursor(store) == 9


async def test_nothing_new_is_planned_while_the_last_issue_may_still_arrive(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    row_id = ids["ada@example.org"]
    await store.outbox.plan([planned(row_id, now)], now)
    row = await claim(store, now)
    tomorrow = planned(row_id, now, date(2026, 11, 24))
    assert await store.outbox.plan([tomorrow], now) == [row_id]
    uncertain = Settlement(state="queued", reason="", uncertain=True, next_attempt_at=now)
    await store.outbox.settle(row.id, uncertain, now)
    assert await store.outbox.plan([tomorrow], now) == [row_id]
    row = await claim(store, now)
    await store.outbox.settle(row.id, Settlement(state="sent", reason=""), now)
    assert await store.outbox.plan([tomorrow], now) == []
    new, _ = await store.deliveries.of(row_id)
    assert (new.after_seq, new.upto_seq) == (9, 9)


async def test_the_window_begins_at_the_cursor_of_the_moment_of_planning(store, now):
    """Another run may have sent between this run's look at the subscribers and its planning."""
    ids = await subscribe(store, now, "ada@example.org")
    row_id = ids["ada@example.org"]
    await store.outbox.plan([planned(row_id, now)], now)
    row = await claim(store, now)
    await store.outbox.settle(row.id, Settlement(state="sent", reason=""), now)
    await add_papers(store, now, 12)
    await store.outbox.plan([planned(row_id, now, date(2026, 11, 24))], now)
    new, _ = await store.deliveries.of(row_id)
    assert (new.after_seq, new.upto_seq) == (9, 12)


async def test_who_waited_longest_comes_first_also_under_a_brake(store, now):
    ids = await subscribe(store, now, "ada@example.org", "bob@example.org")
    for day in range(23, 27):
        await store.outbox.plan([planned(row_id, now, date(2026, 11, day)) for row_id in ids.values()], now)
        row = await claim(store, now)
        await store.outbox.settle(row.id, Settlement(state="sent", reason=""), now)
        await add_papers(store, now, day)
    served = {row.email: row.cursor for row in await store.subscribers.all()}
    assert min(served.values()) > 9


async def test_a_row_is_claimed_through_the_index_whatever_has_been_settled(store, now):
    from sqlalchemy import text

    statement = (
        "EXPLAIN QUERY PLAN SELECT deliveries.id FROM deliveries WHERE deliveries.state IN ('queued', 'sending')"
        " AND deliveries.state = 'queued' AND deliveries.next_attempt_at <= '2026-11-23'"
        " ORDER BY deliveries.after_seq, deliveries.id LIMIT 1"
    )
    async with store.deliveries._database.read() as connection:
        plan = [row[3] for row in await connection.execute(text(statement))]
    assert len(plan) == 1
    assert "ix_deliveries_open" in plan[0]


async def test_withdrawn_rows_keep_the_cursor(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    await store.outbox.withdraw(list(ids.values()), "paused", now)
    [row] = await store.deliveries.of(ids["ada@example.org"])
    assert (row.state, row.reason) == ("skipped", "paused")
    assert await cursor(store) == 5


async def test_unsubscribing_during_another_change_is_not_overwritten(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    row_id = ids["ada@example.org"]
    await store.subscribers.set_status([row_id], "unsubscribed", now)
    await store.subscribers.set_status([row_id], "removed", now, only="active")
    await store.subscribers.reactivate([row_id], 0, now, only="removed")
    [row] = await store.subscribers.all()
    assert row.status == "unsubscribed"


async def test_an_older_issue_that_never_left_is_folded_into_the_new_one(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.outbox.plan([planned(ids["ada@example.org"], now)], now)
    tomorrow = now + timedelta(days=1)
    await add_papers(store, tomorrow, 12)
    await store.outbox.plan([planned(ids["ada@example.org"], tomorrow, date(2026, 11, 24))], tomorrow)
    new, old = await store.deliveries.of(ids["ada@example.org"])
    assert (old.state, old.reason) == ("skipped", "folded into the issue of 2026-11-24")
    assert (new.state, new.after_seq, new.upto_seq) == ("queued", 5, 12)
    assert await cursor(store) == 5


async def test_who_unsubscribes_after_planning_gets_nothing(store, now):
    ids = await subscribe(store, now, "ada@example.org", "bob@example.org")
    await store.outbox.plan([planned(row_id, now) for row_id in ids.values()], now)
    await store.subscribers.set_status([ids["ada@example.org"]], "unsubscribed", now)
    row = await claim(store, now)
    assert row is not None
    assert row.email == "bob@example.org"
    [settled] = await store.deliveries.of(ids["ada@example.org"])
    assert (settled.state, settled.reason) == ("skipped", "the subscriber is unsubscribed")


async def test_only_the_chosen_subscribers_are_claimed(store, now):
    ids = await subscribe(store, now, "ada@example.org", "bob@example.org")
    await store.outbox.plan([planned(row_id, now) for row_id in ids.values()], now)
    [row_id] = await store.deliveries.queued(now, [ids["bob@example.org"]])
    row = await claim(store, now, only=[row_id])
    assert row is not None
    assert row.email == "bob@example.org"
    assert await claim(store, now, only=[row_id]) is None


async def test_who_came_after_the_run_began_is_left_to_the_next_run(store, now):
    ids = await subscribe(store, now, "ada@example.org", "bob@example.org")
    await store.outbox.plan([planned(row_id, now) for row_id in ids.values()], now)
    row = await claim(store, now, newest_subscriber=ids["ada@example.org"])
    assert row is not None
    assert row.email == "ada@example.org"
    assert await claim(store, now, newest_subscriber=ids["ada@example.org"]) is None


async def test_a_settled_row_is_reopened_only_when_asked_for_by_name(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    row_id = ids["ada@example.org"]
    await store.outbox.plan([planned(row_id, now)], now)
    row = await claim(store, now)
    await store.outbox.settle(row.id, Settlement(state="skipped", reason="no new papers"), now)
    await add_papers(store, now, 11)
    await store.outbox.plan([planned(row_id, now)], now)
    assert await claim(store, now) is None
    await store.outbox.plan([planned(row_id, now)], now, again=True)
    again = await claim(store, now)
    assert again is not None
    assert again.upto_seq == 11
    await store.outbox.settle(again.id, Settlement(state="sent", reason=""), now)
    await store.outbox.plan([planned(row_id, now)], now, again=True)
    assert await claim(store, now) is None, "a sent issue is never reopened"


async def queue(store: Store, now, count: int) -> list[int]:
    """So many rows of so many subscribers."""
    ids = await subscribe(store, now, *(f"r{n}@example.org" for n in range(count)))
    await store.outbox.plan([planned(row_id, now) for row_id in ids.values()], now)
    return list(ids.values())


async def test_rows_are_leased_together_and_nobody_else_gets_them(store, now):
    await queue(store, now, 5)
    first = (await store.outbox.lease(now, now + LEASE, 3)).rows
    second = (await store.outbox.lease(now, now + LEASE, 3)).rows
    assert (len(first), len(second)) == (3, 2)
    assert len({row.id for row in first + second}) == 5
    assert (await store.outbox.lease(now, now + LEASE, 3)).rows == ()


async def test_after_a_crash_only_what_had_begun_is_uncertain(store, now):
    await queue(store, now, 6)
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    store.outbox.owner = f"{_machine()}/{process.pid}-1"
    rows = (await store.outbox.lease(now, now + LEASE, 5)).rows
    assert all([await store.outbox.begin(row.id, now + LEASE) for row in rows[:2]])
    store.outbox.owner = "me"
    assert await store.outbox.recover(now) == 2
    again = (await store.outbox.lease(now, now + LEASE, 9)).rows
    assert {row.id for row in again if row.uncertain} == {row.id for row in rows[:2]}
    assert len(again) == 6


async def test_a_parked_row_is_certain_and_still_nobody_elses(store, now):
    await queue(store, now, 1)
    row = await claim(store, now)
    await store.outbox.park(row.id)
    assert await store.deliveries.totals() == {"queued": 1}
    assert await claim(store, now) is None
    await store.outbox.settle(row.id, Settlement(state="failed", reason="550 5.1.1 no"), now)
    [kept] = await store.deliveries.of(row.subscriber_id)
    assert (kept.state, kept.attempts) == ("failed", 1)


async def test_a_row_that_was_put_off_untried_counts_no_attempt(store, now):
    await queue(store, now, 1)
    [row] = (await store.outbox.lease(now, now + LEASE, 1)).rows
    later = now + timedelta(minutes=5)
    await store.outbox.settle(row.id, Settlement(state="queued", reason="", next_attempt_at=later, counted=False), now)
    again = await claim(store, later)
    assert again is not None
    assert again.attempts == 0


async def test_who_unsubscribes_after_the_lease_still_gets_nothing(store, now):
    [row_id] = await queue(store, now, 1)
    [row] = (await store.outbox.lease(now, now + LEASE, 1)).rows
    await store.subscribers.set_status([row_id], "unsubscribed", now)
    assert not await store.outbox.begin(row.id, now + LEASE)
    assert await claim(store, now) is None
    [settled] = await store.deliveries.of(row_id)
    assert (settled.state, settled.reason) == ("skipped", "the subscriber is unsubscribed")


async def test_a_leased_issue_that_a_later_one_covers_never_leaves(store, now):
    [row_id] = await queue(store, now, 1)
    [row] = (await store.outbox.lease(now, now + LEASE, 1)).rows
    await store.outbox.plan([planned(row_id, now, date(2026, 11, 24))], now)
    assert not await store.outbox.begin(row.id, now + LEASE)
    new = await claim(store, now)
    assert new is not None
    assert new.issue == date(2026, 11, 24)
    await store.outbox.settle(row.id, Settlement(state="skipped", reason="no new papers"), now)
    assert await cursor(store) == 5, "the folded row is not ours to settle"


async def test_the_daily_brake_counts_what_others_have_sent_and_what_they_hold(store, now):
    await queue(store, now, 9)
    for _ in range(2):
        row = await claim(store, now)
        await store.outbox.settle(row.id, Settlement(state="sent", reason="", message_id="<1@x>"), now)
    store.outbox.owner = "another"
    await store.outbox.lease(now, now + LEASE, 2)
    store.outbox.owner = "me"
    leased = await store.outbox.lease(now, now + LEASE, 9, per_day=5)
    assert (len(leased.rows), leased.braked) == (1, False)
    assert await store.outbox.lease(now, now + LEASE, 9, per_day=5) == type(leased)((), braked=True)
    tomorrow = now + timedelta(days=1, minutes=1)
    assert len((await store.outbox.lease(tomorrow, now + LEASE, 9, per_day=5)).rows) == 2


async def test_changes_of_many_rows_at_once_are_one_transaction_or_a_few(store, now, monkeypatch):
    await queue(store, now, 40)
    rows = (await store.outbox.lease(now, now + LEASE, 40)).rows
    groups = []
    write = store.outbox._write

    async def counted(changes):
        groups.append(len(changes))
        return await write(changes)

    monkeypatch.setattr(store.outbox._commit, "_write", counted)
    assert all(await asyncio.gather(*(store.outbox.begin(row.id, now + LEASE) for row in rows)))
    sent = Settlement(state="sent", reason="", message_id="<1@x>")
    await asyncio.gather(*(store.outbox.settle(row.id, sent, now) for row in rows))
    assert sum(groups) == 80
    assert len(groups) <= 8
    assert await store.deliveries.totals() == {"sent": 40}
    assert {row.cursor for row in await store.subscribers.all()} == {9}


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_clock_that_jumps_takes_no_row_from_a_living_sender(store, now, jump):
    await queue(store, now, 2)
    process = await asyncio.create_subprocess_exec("sleep", "60")
    store.outbox.owner = f"{_machine()}/{process.pid}-{_started(process.pid)}"
    row = await claim(store, now)
    await store.outbox.lease(now, now + LEASE, 1)
    assert await store.outbox.recover(now + jump) == 0, "nor from itself"
    store.outbox.owner = "me"
    assert await store.outbox.recover(now + jump) == 0
    assert await claim(store, now) is None
    process.kill()
    await process.wait()
    assert await store.outbox.recover(now + jump) == 1
    again = await claim(store, now)
    assert again is not None
    assert (again.id, again.uncertain) == (row.id, True)


async def test_a_process_with_the_number_of_a_dead_sender_is_not_that_sender(store, now):
    import os

    await queue(store, now, 1)
    store.outbox.owner = f"{_machine()}/{os.getppid()}-1"
    await claim(store, now)
    store.outbox.owner = "me"
    assert await store.outbox.recover(now) == 1
