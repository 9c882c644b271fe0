"""Signing up: what is taken in, what is owed, and what nobody learns or can do."""

from __future__ import annotations

import sqlite3

import pytest

from digest.models import Delivery
from digest.pipeline.confirming import confirmation
from digest.settings import load
from digest.store import NewSubscriber, Planned
from digest.web.application import application
from tests.web.conftest import NOW, Visitor, path_of, row_of, text_of


def _rows(store, table: str = "deliveries") -> list[tuple]:
    connection = sqlite3.connect(store.path)
    try:
        return connection.execute(f"SELECT * FROM {table}").fetchall()
    finally:
        connection.close()


async def _owed(store, email: str) -> list[Delivery]:
    row = next(row for row in await store.subscribers.all() if row.email == email)
    return [one for one in await store.deliveries.of(row.id) if one.kind == "confirm"]


async def test_a_sign_up_owes_one_mail_and_begins_nothing(visitor, filled):
    answer = await visitor.sign_up(keywords="graph neural network\r\ntitle:tides^2", profiles="graphs")
    assert answer.status_code == 200
    assert "Look into your mailbox" in answer.text
    [row] = await filled.subscribers.all()
    assert (row.email, row.status, row.origin, dict(row.fields)) == ("ada@example.org", "unconfirmed", "web", {})
    [owed] = await _owed(filled, "ada@example.org")
    assert (owed.state, owed.issue, owed.after_seq, owed.upto_seq) == ("queued", NOW.date(), 0, 0)
    wish = await filled.signups.wish(row.id)
    assert wish.fields["keywords"] == ["graph neural network", "title:tides^2"]
    assert wish.fields["profiles"] == ["graphs"]
    assert wish.network == "203.0.113.0/24"


async def test_one_address_gets_one_confirmation_a_day(visitor, filled, clock):
    for _ in range(3):
        await visitor.sign_up()
        await visitor.sign_up("ADA@Example.org")
    assert len(await _owed(filled, "ada@example.org")) == 1
    clock.move(days=1)
    await visitor.sign_up()
    assert len(await _owed(filled, "ada@example.org")) == 2


async def test_the_answer_tells_nobody_who_reads_here(visitor, filled, reader):
    row_id, _ = await reader("known@example.org")
    unknown, known, again = [
        await visitor.sign_up(email) for email in ("new@example.org", "known@example.org", "new@example.org")
    ]
    assert unknown.text == known.text == again.text
    assert unknown.headers == known.headers
    assert (await row_of(filled, row_id)).status == "active"


async def test_a_reader_who_signs_up_again_keeps_what_they_have_and_is_told_so(visitor, filled, reader, settings):
    row_id, _ = await reader("known@example.org", keywords="tides")
    await visitor.sign_up("known@example.org", keywords="something else")
    assert (await row_of(filled, row_id)).held["keywords"] == ["tides"]
    [owed] = await _owed(filled, "known@example.org")
    parcel = await confirmation(settings, filled, owed, NOW)
    assert "subscribed" in parcel.subject
    assert b"/preferences/" in parcel.data
    assert b"/confirm/" not in parcel.data


async def test_a_suppressed_address_is_left_alone_and_nobody_learns_it(visitor, filled, reader):
    row_id, _ = await reader("angry@example.org")
    await filled.subscribers.set_status([row_id], "suppressed", NOW)
    before = _rows(filled)
    assert (await visitor.sign_up("angry@example.org")).text == (await visitor.sign_up("new@example.org")).text
    assert len(_rows(filled)) == len(before) + 1
    assert (await row_of(filled, row_id)).status == "suppressed"


async def test_the_mail_holds_nothing_that_was_typed_into_the_form(visitor, filled, settings):
    words = "visit-my-casino"
    await visitor.sign_up(keywords=words, exclude=words, name=words)
    [owed] = await _owed(filled, "ada@example.org")
    parcel = await confirmation(settings, filled, owed, NOW)
    assert words.encode() not in parcel.data
    head = parcel.data.partition(b"\r\n\r\n")[0]
    assert b"List-Unsubscribe" not in head
    assert b"Auto-Submitted: auto-generated" in head


async def test_looking_at_the_link_changes_nothing_and_the_button_confirms(visitor, filled, app):
    await visitor.sign_up(keywords="tides", cadence="weekly", weekday="fri", send_at="06:15", timezone="Asia/Tokyo")
    [row] = await filled.subscribers.all()
    path = path_of(app.state.site.links.confirm(row.key))
    for method in ("GET", "HEAD", "GET"):
        assert (await visitor.ask(method, path)).status_code == 200
    page = text_of((await visitor.get(path)).text)
    assert "tides" in page
    assert "06:15, Asia/Tokyo" in page
    assert (await row_of(filled, row.id)).status == "unconfirmed"
    assert (await visitor.post(path)).status_code == 200
    row = await row_of(filled, row.id)
    assert row.status == "active"
    expected = {
        "keywords": ["tides"],
        "cadence": "weekly",
        "weekday": "fri",
        "send_at": "06:15",
        "timezone": "Asia/Tokyo",
    }
    assert {name: row.held[name] for name in expected} == expected
    assert (await visitor.post(path)).status_code == 200  # twice is fine


async def test_an_old_link_does_not_bring_back_who_left(visitor, filled, reader):
    row_id, pages = await reader()
    await visitor.post(pages["unsubscribe"])
    answer = await visitor.post(pages["confirm"])
    assert answer.status_code == 404
    assert (await row_of(filled, row_id)).status == "unsubscribed"


async def test_who_left_can_sign_up_again_and_confirms_anew(visitor, filled, reader, clock):
    row_id, pages = await reader()
    await visitor.post(pages["unsubscribe"])
    clock.move(days=2)
    await visitor.sign_up(keywords="tides")
    assert (await row_of(filled, row_id)).status == "unsubscribed"
    await visitor.post(pages["confirm"])
    row = await row_of(filled, row_id)
    assert (row.status, row.held["keywords"]) == ("active", ["tides"])


async def test_an_address_that_never_confirms_is_forgotten(visitor, filled, settings, clock):
    from digest.pipeline.joining import expire

    await visitor.sign_up()
    clock.move(days=6)
    assert await expire(settings, filled, clock()) == 0
    clock.move(days=2)
    assert await expire(settings, filled, clock()) == 1
    assert await filled.subscribers.all() == []
    assert _rows(filled) == []


async def test_a_program_that_fills_in_everything_hears_thanks_and_is_ignored(visitor, filled):
    answer = await visitor.sign_up(website="https://spam.example")
    assert "Look into your mailbox" in answer.text
    assert await filled.subscribers.all() == []


@pytest.mark.parametrize("web", ["fill_seconds = 2.0"])
async def test_a_form_sent_faster_than_a_person_can_is_shown_again(configure, filled, clock, web):
    app = application(configure(web=web), filled, now=clock)
    visitor, stamp = Visitor(app), app.state.site.links.stamp
    second = int(clock().timestamp())
    refused = {
        "none": {},
        "forged": {"stamp": "1"},
        "foreign": {"stamp": app.state.site.links.confirm("AAAAAAAAAAAA").rpartition("/")[2]},
        "too quick": {"stamp": stamp(second - 1)},
        "too old": {"stamp": stamp(second - 90_000)},
    }
    for why, fields in refused.items():
        answer = await visitor.sign_up(**fields)
        assert "Subscribe" in answer.text, why
        assert 'name="stamp"' in answer.text, why
        assert "Look into your mailbox" not in answer.text, why
    assert await filled.subscribers.all() == []
    answer = await visitor.sign_up(stamp=stamp(second - 5))
    assert "Look into your mailbox" in answer.text


async def test_a_flood_of_sign_ups_from_one_network_stops_at_its_limit(configure, filled, clock):
    app = application(configure(web="fill_seconds = 0\nsignups_per_network = 5"), filled, now=clock)
    visitor = Visitor(app)
    answers = [await visitor.sign_up(f"victim{n}@example.org") for n in range(60)]
    assert [answer.status_code for answer in answers].count(200) == 5
    assert {answer.status_code for answer in answers} == {200, 429}
    assert answers[-1].headers["retry-after"]
    assert len(await filled.subscribers.all()) == 5
    other = Visitor(app, address="198.51.100.1")
    assert (await other.sign_up()).status_code == 200
    clock.move(hours=25)
    assert (await visitor.sign_up("later@example.org")).status_code == 200


async def test_all_networks_together_have_a_limit_that_survives_a_restart(configure, filled, clock):
    settings = configure(web="fill_seconds = 0\nsignups_per_hour = 3")
    for n in range(5):
        visitor = Visitor(application(settings, filled, now=clock), address=f"2001:db8:{n}::1")
        assert (await visitor.sign_up(f"a{n}@example.org")).status_code == (200 if n < 3 else 429)
    clock.move(minutes=61)
    assert (await visitor.sign_up("b@example.org")).status_code == 200


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "ada@example.org\r\nBcc: all@example.org",
        "ada@example.org\nX: y",
        "ada@example.org, bob@example.org",
        "<script>@example.org",
        "a" * 400 + "@example.org",
        "ada@example.org\x00",
        "ada@exa\u2028mple.org",
    ],
)
async def test_what_is_no_address_is_said_and_never_mailed(visitor, filled, email):
    answer = await visitor.sign_up(email)
    assert answer.status_code == 422 or "\x00" in email
    for row in await filled.subscribers.all():
        assert row.email == "ada@example.org"
        assert not set(row.email) & set("\r\n\x00")


@pytest.mark.parametrize(
    "fields",
    [
        {"keywords": "(graph"},
        {"keywords": "x" * 201},
        {"keywords": "\n".join(f"word{n}" for n in range(51))},
        {"exclude": '"'},
        {"profiles": "no such topic"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"send_at": "25:00"},
        {"cadence": "hourly"},
        {"cadence": "weekly", "weekday": "someday"},
        {"paused_until": "2026-02-30"},
        {"weights": "a\nb AND"},
    ],
)
async def test_a_mistake_is_said_beside_its_field_and_nothing_is_stored(visitor, filled, fields):
    answer = await visitor.sign_up(**fields)
    assert answer.status_code == 422
    assert "needs another look" in answer.text
    assert await filled.subscribers.all() == []


async def test_the_preview_shows_what_the_last_weeks_would_have_brought(visitor, filled):
    answer = await visitor.post("/subscribe/preview", data={"keywords": "graph neural network", "exclude": "protein"})
    text = text_of(answer.text)
    assert "0.3 papers a day" in text
    assert "In the last 3 listing days this would have brought 1 paper" in text
    assert "A graph neural network at sea" in text
    assert "graph neural network 2" in text
    nothing = await visitor.post("/subscribe/preview", data={"keywords": "zzzz"})
    assert "nothing matched" in nothing.text
    mistake = await visitor.post("/subscribe/preview", data={"keywords": "(graph"})
    assert "Line 1" in mistake.text
    assert await filled.subscribers.all() == []


async def test_the_preview_works_without_scripts_too(visitor, filled):
    answer = await visitor.sign_up("", keywords="tides", preview="1")
    assert answer.status_code == 200
    assert "Transformers for" in text_of(answer.text)
    assert ">tides</textarea>" in answer.text.replace("\n", "")
    assert await filled.subscribers.all() == []


async def test_previews_from_one_network_are_rationed(visitor, clock):
    texts = [(await visitor.post("/subscribe/preview", data={})).text for _ in range(31)]
    assert "moment of rest" in texts[-1]
    assert "moment of rest" not in texts[-2]
    clock.move(minutes=2)
    assert "moment of rest" not in (await visitor.post("/subscribe/preview", data={})).text


async def test_an_instance_can_be_closed_to_visitors(configure, filled, clock):
    visitor = Visitor(application(configure(web="signup = false"), filled, now=clock))
    assert "Subscribe" not in (await visitor.get("/")).text
    assert (await visitor.get("/subscribe")).status_code == 403
    assert (await visitor.sign_up()).status_code == 403
    assert await filled.subscribers.all() == []


async def test_a_key_that_was_changed_still_opens_old_links(configure, filled, clock, app, visitor):
    await visitor.sign_up()
    [row] = await filled.subscribers.all()
    path = path_of(app.state.site.links.confirm(row.key))
    new = 'secret_key = "abcdefghijabcdefghijabcdefghijabcdefghij"'
    old = 'old_secret_keys = ["0123456789012345678901234567890123456789"]'
    config = configure()
    text = config.path.read_text(encoding="utf-8").replace(
        'secret_key = "0123456789012345678901234567890123456789"', new
    )
    config.path.write_text(text, encoding="utf-8")
    without = Visitor(application(load(config.path, {}), filled, now=clock))
    assert (await without.post(path)).status_code == 404
    config.path.write_text(text.replace(new, f"{new}\n{old}"), encoding="utf-8")
    rotated = application(load(config.path, {}), filled, now=clock)
    assert (await Visitor(rotated).post(path)).status_code == 200
    assert rotated.state.site.links.confirm(row.key) != app.state.site.links.confirm(row.key)


async def test_a_mail_that_asks_is_not_folded_into_an_issue_and_not_held_by_a_pause(visitor, filled, reader, clock):
    row_id, _ = await reader("known@example.org")
    clock.move(days=1)
    await visitor.sign_up("known@example.org")
    clock.move(days=1)
    await filled.outbox.plan([Planned(subscriber_id=row_id, issue=clock().date(), due_at=clock())], clock())
    await filled.outbox.withdraw([row_id], "paused", clock())
    kinds = {(row.kind, row.state) for row in await filled.deliveries.of(row_id)}
    assert kinds == {("confirm", "queued"), ("digest", "skipped")}


async def test_addresses_inside_the_house_are_for_instances_inside_the_house(configure, filled, clock, visitor):
    outside = Visitor(application(configure(url="https://papers.example.org"), filled, now=clock))
    for email in ("root@localhost", "root@mail.localhost", "ada@printer.local"):
        assert (await outside.sign_up(email)).status_code == 422
    assert (await visitor.sign_up("root@localhost")).status_code == 200


async def test_who_gets_reports_about_the_instance_can_begin_to_read(visitor, filled, app):
    await filled.subscribers.add(
        [NewSubscriber(key="AAAAAAAAAAAA", email="ada@example.org", origin="report", fields={}, cursor=0)], NOW
    )
    await visitor.sign_up(keywords="tides")
    assert (await visitor.post(path_of(app.state.site.links.confirm("AAAAAAAAAAAA")))).status_code == 200
    [row] = await filled.subscribers.all()
    assert (row.origin, row.status, row.held["keywords"]) == ("web", "active", ["tides"])


async def test_what_was_chosen_before_does_not_stand_over_a_new_sign_up(visitor, filled, reader, clock):
    row_id, pages = await reader(keywords="tides")
    await visitor.post(pages["preferences"], data={"keywords": "waves", "timezone": "UTC"})
    await visitor.post(pages["unsubscribe"])
    clock.move(days=2)
    await visitor.sign_up(keywords="tides")
    await visitor.post(pages["confirm"])
    assert (await row_of(filled, row_id)).held["keywords"] == ["tides"]
