import asyncio
import socket
from datetime import date, timedelta

import pytest

from digest.models import Settlement
from digest.store import NewSubscriber, Planned, Store

ISSUE = date(2026, 11, 23)
LEASE = timedelta(minutes=30)


async def subscribe(store: Store, now, *emails: str) -> dict[str, int]:
    new = [NewSubscriber(key=email, email=email, origin="config", fields={}, cursor=5) for email in emails]
    await store.subscribers.add(new, now)
    return {row.email: row.id for row in await store.subscribers.all()}


def planned(row_id: int, now, issue: date = ISSUE, upto: int = 9) -> Planned:
    return Planned(subscriber_id=row_id, issue=issue, due_at=now, after_seq=5, upto_seq=upto)


async def cursor(store: Store) -> int:
    [row] = await store.subscribers.all()
    return row.cursor


async def test_planning_twice_makes_one_row(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    for _ in range(2):
        await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    assert len(await store.deliveries.queued(now)) == 1


async def test_a_claimed_row_is_not_claimed_again(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    first = await store.deliveries.claim(now, now + LEASE)
    assert first is not None
    assert (first.email, first.after_seq, first.upto_seq) == ("ada@example.org", 5, 9)
    assert await store.deliveries.claim(now, now + LEASE) is None


@pytest.mark.parametrize(("state", "moved"), [("sent", 9), ("skipped", 9), ("failed", 5), ("queued", 5)])
async def test_only_sent_and_skipped_move_the_cursor(store, now, state, moved):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    row = await store.deliveries.claim(now, now + LEASE)
    assert row is not None
    await store.deliveries.settle(row.id, Settlement(state=state, reason="why", next_attempt_at=now), now)
    assert await cursor(store) == moved
    [kept] = await store.deliveries.of(ids["ada@example.org"])
    assert (kept.state, kept.reason) == (state, "why")


async def test_a_deferred_row_waits_for_its_next_attempt(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    row = await store.deliveries.claim(now, now + LEASE)
    later = now + timedelta(minutes=5)
    settlement = Settlement(state="queued", reason="", reply="451 later", next_attempt_at=later)
    await store.deliveries.settle(row.id, settlement, now)
    assert await store.deliveries.claim(now, now + LEASE) is None
    again = await store.deliveries.claim(later, now + LEASE)
    assert again is not None
    assert (again.attempts, again.reply) == (1, "451 later")


async def test_a_released_row_is_as_it_was(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    row = await store.deliveries.claim(now, now + LEASE)
    await store.deliveries.release(row.id)
    again = await store.deliveries.claim(now, now + LEASE)
    assert again is not None
    assert (again.id, again.attempts, again.uncertain) == (row.id, 0, False)


async def test_a_dead_senders_row_comes_back_uncertain_at_once(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    store.deliveries.owner = f"{socket.gethostname()}/{process.pid}"
    await store.deliveries.claim(now, now + LEASE)
    store.deliveries.owner = "me"
    assert await store.deliveries.recover(now) == 1
    row = await store.deliveries.claim(now, now + LEASE)
    assert row is not None
    assert row.uncertain


async def test_a_living_or_distant_sender_keeps_its_lease_until_it_ends(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    store.deliveries.owner = "another-host/1"
    await store.deliveries.claim(now, now + LEASE)
    store.deliveries.owner = "me"
    assert await store.deliveries.recover(now) == 0
    assert await store.deliveries.recover(now + timedelta(hours=1)) == 1


async def test_who_lost_its_lease_cannot_settle(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    row = await store.deliveries.claim(now, now + LEASE)
    store.deliveries.owner = "another"
    await store.deliveries.settle(row.id, Settlement(state="sent", reason=""), now)
    assert await cursor(store) == 5
    assert (await store.deliveries.totals()) == {"sending": 1}


async def test_an_older_issue_that_never_left_is_folded_into_the_new_one(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    await store.deliveries.plan([planned(ids["ada@example.org"], now)], now)
    tomorrow = now + timedelta(days=1)
    await store.deliveries.plan([planned(ids["ada@example.org"], tomorrow, date(2026, 11, 24), 12)], tomorrow)
    new, old = await store.deliveries.of(ids["ada@example.org"])
    assert (old.state, old.reason) == ("skipped", "folded into the issue of 2026-11-24")
    assert (new.state, new.after_seq, new.upto_seq) == ("queued", 5, 12)
    assert await cursor(store) == 5


async def test_who_unsubscribes_after_planning_gets_nothing(store, now):
    ids = await subscribe(store, now, "ada@example.org", "bob@example.org")
    await store.deliveries.plan([planned(row_id, now) for row_id in ids.values()], now)
    await store.subscribers.set_status([ids["ada@example.org"]], "unsubscribed", now)
    row = await store.deliveries.claim(now, now + LEASE)
    assert row is not None
    assert row.email == "bob@example.org"
    [settled] = await store.deliveries.of(ids["ada@example.org"])
    assert (settled.state, settled.reason) == ("skipped", "the subscriber is unsubscribed")


async def test_only_the_chosen_subscribers_are_claimed(store, now):
    ids = await subscribe(store, now, "ada@example.org", "bob@example.org")
    await store.deliveries.plan([planned(row_id, now) for row_id in ids.values()], now)
    row = await store.deliveries.claim(now, now + LEASE, [ids["bob@example.org"]])
    assert row is not None
    assert row.email == "bob@example.org"
    assert await store.deliveries.claim(now, now + LEASE, [ids["bob@example.org"]]) is None


async def test_a_settled_row_is_reopened_only_when_asked_for_by_name(store, now):
    ids = await subscribe(store, now, "ada@example.org")
    row_id = ids["ada@example.org"]
    await store.deliveries.plan([planned(row_id, now)], now)
    row = await store.deliveries.claim(now, now + LEASE)
    await store.deliveries.settle(row.id, Settlement(state="skipped", reason="no new papers"), now)
    await store.deliveries.plan([planned(row_id, now, upto=11)], now)
    assert await store.deliveries.claim(now, now + LEASE) is None
    await store.deliveries.plan([planned(row_id, now, upto=11)], now, again=True)
    again = await store.deliveries.claim(now, now + LEASE)
    assert again is not None
    assert again.upto_seq == 11
    await store.deliveries.settle(again.id, Settlement(state="sent", reason=""), now)
    await store.deliveries.plan([planned(row_id, now, upto=13)], now, again=True)
    assert await store.deliveries.claim(now, now + LEASE) is None, "a sent issue is never reopened"
