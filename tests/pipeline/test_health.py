"""How an instance is, as data: for pages, for Prometheus, and for a database that is not there."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import StoreUnavailable
from digest.pipeline import Run
from digest.pipeline.health import health
from digest.pipeline.metrics import Metrics
from digest.pipeline.outcomes import reason_class
from digest.pipeline.runs import Sent
from digest.store import open_store

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def checks(found):
    return {check["name"]: check for check in found.as_json()["checks"]}


@pytest.fixture
def sent(instance, mail_server):
    """One digest sent, one that waits for another try."""
    server = mail_server()
    server.fail("rcpt", "450 4.2.1 busy", only="bob@example.org")
    instance.write(
        sources={"a": instance.feed("a.xml", ["Graph neural networks"])},
        subscribers=["ada@example.org", "bob@example.org"],
        smtp_port=server.port,
    )
    instance.send()
    return instance


async def test_an_instance_at_work_is_ready_and_says_how_it_is(sent):
    settings = sent.settings()
    async with open_store(settings.store.url) as store:
        found = await health(settings, store, NOW + timedelta(minutes=5))
    assert found.ready
    assert found.as_json()["ready"] is True
    by_name = checks(found)
    assert by_name["database"]["status"] == "ok"
    assert by_name["migrations"]["value"]
    assert by_name["queue"]["value"] == 1
    assert by_name["send"]["value"]
    assert all(check["reason"] for check in by_name.values())


async def test_alarms_and_jobs_that_fail_are_warnings_and_old_tables_are_wrong(sent, monkeypatch):
    settings = sent.settings()
    async with open_store(settings.store.url) as store:
        await store.alarms.sound("sender", "cannot log in", NOW)
        await store.rounds.record("fetch", NOW, "the disk is full")
        await store.rounds.record("fetch", NOW, "the disk is full")
        found = await health(settings, store, NOW + timedelta(hours=3))
        assert (found.ready, found.status) == (True, "warning")
        assert checks(found)["alarm sender"]["reason"] == "cannot log in"
        assert checks(found)["job fetch"]["reason"] == "2 times in a row: the disk is full"
        assert checks(found)["queue"]["status"] == "warning"
        await store.alarms.clear("sender", NOW)
        await store.rounds.record("fetch", NOW)
        assert {name for name in checks(await health(settings, store, NOW)) if name.startswith("alarm")} == set()

        monkeypatch.setattr("digest.store.upkeep.REVISION", "9999")
        found = await health(settings, store, NOW)
        assert not found.ready
        assert "digest db upgrade" in checks(found)["migrations"]["reason"]


async def test_a_database_out_of_reach_is_wrong_and_shows_in_the_numbers(sent, monkeypatch):
    settings = sent.settings()

    async def gone(*_args):
        raise StoreUnavailable("the database cannot be opened")

    async with open_store(settings.store.url) as store:
        monkeypatch.setattr("digest.store.upkeep.Upkeep.revision", gone)
        monkeypatch.setattr("digest.store.overview.Overview.queue", gone)
        found = await health(settings, store, NOW)
        assert found.as_json() == {
            "ready": False,
            "status": "wrong",
            "checks": [
                {"name": "database", "status": "wrong", "reason": "the database cannot be opened", "value": None}
            ],
        }
        assert b"digest_store_up 0.0" in await Metrics().text(settings, store, NOW)


async def test_numbers_tell_what_was_done_and_what_waits(sent):
    settings = sent.settings()
    metrics = Metrics()
    run = Run(at=NOW, dry_run=False)
    run.digests = [
        _one("sent"),
        _one("deferred", "450 4.2.1 busy"),
        _one("deferred", "queued", settled=False),
        _one("skipped", "no new papers (arXiv holiday)"),
    ]
    metrics.sent(run)
    metrics.round("send", "well", 0.2)
    async with open_store(settings.store.url) as store:
        await store.alarms.sound("brake", "enough", NOW)
        text = (await metrics.text(settings, store, NOW + timedelta(minutes=10))).decode()
    for line in (
        'digest_deliveries_total{outcome="sent",reason=""} 1.0',
        'digest_deliveries_total{outcome="deferred",reason="smtp_4.2.1"} 1.0',
        'digest_deliveries_total{outcome="skipped",reason="no_papers"} 1.0',
        'digest_source_state{source="a",state="fresh"} 1.0',
        'digest_alarm{kind="brake"} 1.0',
        'digest_rounds_total{end="well",job="send"} 1.0',
        "digest_queue_size 1.0",
        "digest_store_up 1.0",
    ):
        assert line in text.splitlines()
    assert "@" not in text


def _one(outcome, reason=None, *, settled=True, uncertain=False):
    return Sent(
        subscriber="ada@example.org",
        issue=NOW.date(),
        outcome=outcome,
        reason=reason,
        settled=settled,
        uncertain=uncertain,
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("127.0.0.1:25 answered RCPT with 550 5.1.1 <ada@example.org> no such user", "smtp_5.1.1"),
        ("127.0.0.1:2550 answered the final dot with 451 try later", "smtp_4xx"),
        ("412 papers, best score 1.2 below 2.0", "below_score"),
        ("412 papers, none with your keywords", "no_match"),
        ("paused", "paused"),
        ("something that nobody has thought of", "other"),
        (None, ""),
    ],
)
def test_reasons_are_a_small_set_of_words(reason, expected):
    assert reason_class(_one("failed", reason)) == expected


def test_an_uncertain_one_is_counted_as_such_whatever_the_words():
    assert reason_class(_one("deferred", "closed the connection", uncertain=True)) == "uncertain"
