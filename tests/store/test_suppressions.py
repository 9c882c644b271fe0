"""Who is suppressed is mailed by no path, and stays so whatever becomes of the account."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from digest.store import NewSubscriber, Planned, Store
from digest.store.suppressions import suppress
from tests.claims import claim

ADA = "Ada@Example.org"


async def add(store: Store, now, email="ada@example.org", status="active") -> int:
    new = NewSubscriber(key=email, email=email, origin="command", fields={}, cursor=0, status=status)
    await store.subscribers.add([new], now)
    [row] = await store.subscribers.by_address([email])
    return row.id


async def status(store: Store) -> str:
    [row] = await store.subscribers.by_address([ADA])
    return row.status


async def test_a_suppressed_subscriber_is_never_leased(store, now):
    row_id = await add(store, now)
    await store.outbox.plan([Planned(subscriber_id=row_id, issue=now.date(), due_at=now)], now)
    await store.suppressions.add(ADA, "550 5.1.1 no such user", "smtp", "550 5.1.1 no such user", now)
    assert await claim(store, now) is None
    [row] = await store.deliveries.of(row_id)
    assert (row.state, row.reason) == ("skipped", "the subscriber is suppressed")
    await store.outbox.plan([Planned(subscriber_id=row_id, issue=now.date(), due_at=now)], now, again=True)
    assert await claim(store, now) is None


async def test_the_first_reason_is_kept_and_the_last_time_moves(store, now):
    await store.suppressions.add(ADA, "complaint", "bounce", "evidence", now)
    await store.suppressions.add("ada@example.org", "refused", "smtp", "", now + timedelta(days=1))
    found = await store.suppressions.covers("ADA@example.org")
    assert (found.reason, found.source, found.evidence) == ("complaint", "bounce", "evidence")
    assert (found.first_seen_at, found.last_seen_at) == (now, now + timedelta(days=1))
    assert await store.suppressions.covers("bob@example.org") is None


async def test_a_new_account_of_a_suppressed_address_is_suppressed(store, now):
    await store.suppressions.add(ADA, "complaint", "bounce", "", now)
    await add(store, now)
    assert await status(store) == "suppressed"


@pytest.mark.parametrize("before", ["removed", "unsubscribed", "unconfirmed"])
async def test_nobody_suppressed_is_brought_back(store, now, before):
    row_id = await add(store, now, status=before)
    await store.suppressions.add(ADA, "complaint", "bounce", "", now)
    await store.subscribers.reactivate([row_id], 0, now)
    assert await status(store) == "suppressed"


async def test_who_unsubscribed_stays_unsubscribed_when_a_suppression_is_lifted(store, now):
    await add(store, now, status="unsubscribed")
    await store.suppressions.add(ADA, "complaint", "bounce", "", now)
    assert await store.suppressions.lift(ADA, now)
    assert await status(store) == "unsubscribed"


async def test_lifting_is_told_apart_from_nothing_to_lift(store, now):
    row_id = await add(store, now)
    assert not await store.suppressions.lift(ADA, now)
    await store.suppressions.add(ADA, "complaint", "bounce", "", now)
    assert await store.suppressions.lift(ADA, now)
    await store.subscribers.reactivate([row_id], 0, now)
    assert await status(store) == "active"


async def test_it_is_part_of_the_transaction_it_is_written_in(store, now):
    await add(store, now)

    async def stopped_half_way() -> None:
        async with store.subscribers._database.write() as connection:
            await suppress(connection, ADA, "refused", "smtp", "550", now)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await stopped_half_way()
    assert await store.suppressions.covers(ADA) is None
    assert await status(store) == "active"


async def test_the_list_holds_no_address(store, now):
    await store.suppressions.add(ADA, "complaint", "bounce", "x" * 9000, now)
    async with store.subscribers._database.read() as connection:
        [row] = (await connection.execute(text("SELECT * FROM suppressions"))).all()
    assert "example" not in str(row)
    assert len(row.evidence) == 2000
