"""Alarms: told once when they are raised, once when they are over, by mail and by a sign of life."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from digest.pipeline import Run
from digest.pipeline.admin_mail import tell
from digest.pipeline.alarms import BRAKE, COMPOSING, DATABASE, SENDER, Change, apply, verdict
from digest.pipeline.heartbeat import beat
from digest.pipeline.runs import Sent
from digest.store import open_store
from tests.feedserver import FeedServer, Reply

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def run(stopped_by="", outcome=""):
    made = Run(at=NOW, dry_run=False, stopped="it stopped" if stopped_by else "", stopped_by=stopped_by)
    if outcome:
        made.digests = [Sent(subscriber="ada@example.org", issue=NOW.date(), outcome=outcome, settled=True)]
    return made


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (run("sender"), {SENDER: "it stopped"}),
        (run("refusals"), {SENDER: "it stopped"}),
        (run("composing", "sent"), {COMPOSING: "it stopped", SENDER: ""}),
        (run("sender", "sent"), {SENDER: "it stopped", COMPOSING: ""}),
        (run("brake"), {BRAKE: "it stopped"}),
        (run("database"), {DATABASE: "it stopped"}),
        (run("busy"), {}),
        (run(outcome="sent"), {BRAKE: "", DATABASE: "", SENDER: "", COMPOSING: ""}),
        (run(outcome="failed"), {BRAKE: "", DATABASE: "", SENDER: "", COMPOSING: ""}),
        (run(outcome="skipped"), {BRAKE: "", DATABASE: ""}),  # says nothing of the server
    ],
)
def test_a_batch_shows_what_is_wrong_and_what_works_again(made, found):
    assert verdict(made) == found


async def test_an_alarm_is_new_once_until_it_is_over_and_then_new_again(store):
    assert await apply(store, {SENDER: "no login"}, NOW) == [Change(SENDER, "no login")]
    assert await apply(store, {SENDER: "still no login"}, NOW + timedelta(hours=1)) == []
    (alarm,) = await store.alarms.standing()
    assert (alarm.message, alarm.times, alarm.raised_at) == ("still no login", 2, NOW)
    assert [change.over for change in await apply(store, {SENDER: "", BRAKE: ""}, NOW)] == [True]
    assert await apply(store, {SENDER: ""}, NOW) == []
    assert await store.alarms.standing() == []
    assert await apply(store, {SENDER: "no login"}, NOW) == [Change(SENDER, "no login")]
    await store.alarms.clear(SENDER, NOW)
    await store.alarms.forget(NOW + timedelta(days=1))
    assert await store.alarms.all() == []


@pytest.fixture
def told(instance, mail_server):
    server = mail_server()
    instance.write(smtp_port=server.port, more='[delivery]\nalarms_to = "admin@example.org"\n')
    return instance.settings(), server


async def test_the_admin_gets_one_mail_for_what_is_wrong_and_one_when_it_is_over(told, store):
    settings, server = told
    for kind in ("surge", "configuration"):
        await store.alarms.sound(kind, f"{kind}: Größe", NOW)
    for _ in range(3):
        assert await tell(settings, store, NOW) == ""
    (mail,) = server.inbox
    text = mail.data.decode("ascii")
    assert mail.recipient == "admin@example.org"
    assert "Subject: Papers Digest: alarm (configuration, surge)" in text
    assert "Auto-Submitted: auto-generated" in text
    await store.alarms.clear("surge", NOW)
    await tell(settings, store, NOW)
    await store.alarms.sound("surge", "again", NOW + timedelta(minutes=1))
    await tell(settings, store, NOW)
    subjects = [one.data.decode().partition("Subject: ")[2].partition("\r")[0] for one in server.inbox]
    assert subjects[1:] == ["Papers Digest: an alarm is over", "Papers Digest: alarm (surge)"]


async def test_what_cannot_be_told_is_told_later_and_while_the_server_refuses_us_nothing_is_tried(told, store):
    settings, server = told
    await store.alarms.sound("surge", "many", NOW)
    server.fail("rcpt", "450 later", times=1)
    assert "could not be told" in await tell(settings, store, NOW)
    assert await tell(settings, store, NOW) == ""
    assert len(server.inbox) == 1
    connections = server.connections
    await store.alarms.sound(SENDER, "no login", NOW)
    assert await tell(settings, store, NOW) == ""
    assert server.connections == connections


async def test_an_admin_who_is_named_later_hears_of_what_stands_and_not_of_what_was(told, store, instance):
    settings, server = told
    instance.write(smtp_port=server.port)
    for kind in ("surge", "brake"):
        await store.alarms.sound(kind, "wrong", NOW)
    await store.alarms.clear("brake", NOW)
    await tell(instance.settings(), store, NOW)
    await tell(settings, store, NOW)
    (mail,) = server.inbox
    assert "alarm (surge)" in mail.data.decode()
    assert "brake" not in mail.data.decode()


async def test_a_sign_of_life_asks_the_address_or_fail_below_it_and_a_failure_never_names_it(instance):
    async with FeedServer() as server:
        server.page("/secret?a=1", b"OK")
        server.page("/secret/fail?a=1", Reply(status=500))
        instance.write(more=f'[delivery]\nheartbeat_url = "{server.url}/secret?a=1"\n')
        settings = instance.settings()
        assert "secret" not in repr(settings.delivery)
        assert await beat(settings, NOW) == ""
        sentence = await beat(settings, NOW, failed=True)
        assert server.targets() == ["/secret?a=1", "/secret/fail?a=1"]
        assert "answered 500" in sentence
        assert "secret" not in sentence
    assert "secret" not in await beat(settings, NOW)


async def test_alarms_outlive_the_process(instance):
    instance.write()
    url = instance.settings().store.url
    async with open_store(url) as store:
        await store.alarms.sound(SENDER, "no login", NOW)
    async with open_store(url) as store:
        assert [one.kind for one in await store.alarms.standing()] == [SENDER]


async def test_digest_send_from_a_timer_raises_and_clears_alarms_too(instance, mail_server):
    server = mail_server()
    server.fail("mail", "550 5.7.1 not you", times=1)
    async with FeedServer() as service:
        service.page("/ping", b"OK")
        service.page("/ping/fail", b"OK")
        instance.write(
            sources={"a": instance.feed("a.xml", ["Graph neural networks"])},
            subscribers=["ada@example.org"],
            smtp_port=server.port,
            more=f'[delivery]\nheartbeat_url = "{service.url}/ping"\n',
        )
        assert (await asyncio.to_thread(instance.send))[0] == 1
        _, status = await asyncio.to_thread(instance.json, "status")
        assert status["alarms"][0].startswith("sender, since ")
        assert (await asyncio.to_thread(instance.send))[0] == 0
        assert (await asyncio.to_thread(instance.json, "status"))[1]["alarms"] == []
        await asyncio.to_thread(instance.send, "--dry-run")
        assert service.targets() == ["/ping/fail", "/ping"]
