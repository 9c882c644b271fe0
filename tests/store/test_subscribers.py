"""What a subscriber chose stands over what was configured, field by field, until that field changes there."""

from datetime import date

import pytest

from digest.store import NewSubscriber


@pytest.fixture
async def ada(store, now) -> int:
    fields = {"send_at": "07:00", "profiles": ["graphs"], "timezone": "Europe/Berlin"}
    new = NewSubscriber(key="a", email="ada@example.org", origin="config", fields=fields, cursor=0)
    await store.subscribers.add([new], now)
    return 1


async def row(store):
    [one] = await store.subscribers.all()
    return one


async def test_a_choice_stands_over_the_file_and_moves_the_schedule(store, now, ada):
    await store.subscribers.change(ada, {"send_at": "19:00"}, now)
    assert (await row(store)).held == {"send_at": "19:00", "profiles": ["graphs"], "timezone": "Europe/Berlin"}
    assert list(await store.due.schedules()) == ['{"send_at": "19:00", "timezone": "Europe/Berlin"}']


async def test_a_choice_ends_when_its_field_changes_in_the_file_and_no_other_does(store, now, ada):
    await store.subscribers.change(ada, {"send_at": "19:00", "profiles": []}, now)
    await store.subscribers.set_fields({ada: {**(await row(store)).fields, "send_at": "08:00"}}, now)
    assert (await row(store)).held == {"send_at": "08:00", "profiles": [], "timezone": "Europe/Berlin"}


async def test_choosing_what_is_configured_is_no_choice(store, now, ada):
    await store.subscribers.change(ada, {"send_at": "19:00", "cadence": "weekly"}, now)
    await store.subscribers.change(ada, {"send_at": "07:00", "cadence": None}, now)
    assert (await row(store)).chosen == {}
    assert await store.subscribers.choosing() == []


async def test_nothing_can_be_chosen_over_something(store, now, ada):
    await store.subscribers.set_fields({ada: {"paused_until": "2027-01-05"}}, now)
    await store.subscribers.change(ada, {"paused_until": None}, now)
    assert (await row(store)).held == {}
    assert await store.due.paused_schedules(date(2026, 1, 1)) == []


async def test_a_file_that_names_an_imported_row_stands_over_it_as_long_as_it_does(store, now, ada):
    await store.subscribers.set_fields({ada: {"send_at": "06:00"}}, now, origin="command")
    await store.subscribers.change(ada, {"cadence": "weekly"}, now)
    await store.subscribers.set_overlay({ada: {"timezone": "Asia/Tokyo"}}, now)
    assert (await row(store)).held == {"timezone": "Asia/Tokyo", "cadence": "weekly"}
    await store.subscribers.set_overlay({ada: None}, now)
    assert (await row(store)).held == {"send_at": "06:00", "cadence": "weekly"}


async def test_a_row_that_is_gone_is_no_error(store, now):
    await store.subscribers.change(99, {"send_at": "19:00"}, now)
    assert await store.subscribers.all() == []
