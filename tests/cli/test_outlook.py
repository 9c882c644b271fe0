"""plan, status, why, resend, allow: what a person is told, on real files, a real database and a real SMTP server."""

import sqlite3

import pytest

TITLES = ["Graph neural networks for proteins", "A graph neural network at sea", "On sourdough"]


@pytest.fixture
def ready(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port)
    return instance, server


def on(day: int, hour: int = 8) -> str:
    return f"2026-11-{day}T{hour:02}:00:00+00:00"


def change(instance, statement: str) -> None:
    connection = sqlite3.connect(instance.folder / "digest.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_after_days_without_a_run_one_mail_covers_all_and_says_so(ready):
    instance, server = ready
    instance.send(at=on(19))
    instance.feed("a.xml", [*TITLES, "Graph neural networks again"])
    _, dry = instance.send("--dry-run", at=on(23))
    status, document = instance.send("--no-fetch", at=on(23))
    assert (status, document["totals"]["sent"]) == (0, 1)
    note = "This issue covers 20 to 23 November, because no digest was sent on the days before."
    assert note in server.inbox[1].data.decode().replace("=\r\n", "").replace("=3D", "=")
    assert dry["digests"][0]["message_bytes"] == document["digests"][0]["message_bytes"]
    _, why = instance.json("why", "ada@example.org", "2026-11-21")
    [missed] = why["deliveries"]
    assert (missed["outcome"], missed["reason"]) == (
        "skipped",
        "nothing was sent on that day; folded into the issue of 2026-11-23",
    )


@pytest.mark.parametrize(
    ("fields", "day", "told"),
    [
        (("--cadence", "weekdays"), "2026-11-22", "no issue is due on Sunday, 2026-11-22: their cadence is weekdays"),
        (("--timezone", "Pacific/Apia"), "2011-12-30", "Pacific/Apia skipped that day"),
        ((), "2001-01-01", "they joined (or came back) on 20"),
        ((), "2199-01-01", "it is due on Tue 2199-01-01 07:30 UTC"),
    ],
)
def test_why_tells_why_a_day_has_no_issue(ready, fields, day, told):
    instance, _ = ready
    instance.digest("subscribers", "add", "eve@example.org", "--profile", "graphs", *fields)
    _, document = instance.json("why", "eve@example.org", day)
    assert document["deliveries"] == []
    assert told in document["reason"]
    _, out, _ = instance.digest("why", "eve@example.org", day)
    assert told in " ".join(out.split())


def test_plan_shows_who_gets_what_next_and_writes_nothing(ready):
    instance, _ = ready
    instance.json("fetch")
    instance.digest("subscribers", "add", "eve@example.org", "--profile", "graphs", "--timezone", "Asia/Tokyo")
    _, document = instance.json("plan", "--at", on(23, 6))
    rows = {row["subscriber"]: row for row in document["subscribers"]}
    ada = rows["ada@example.org"]
    assert (ada["issue"], ada["local"], ada["papers"]) == ("2026-11-23", "Mon 2026-11-23 07:30 UTC", 2)
    assert ada["kb"] > 1
    assert rows["eve@example.org"]["local"].endswith("07:30 Asia/Tokyo")
    status, out, _ = instance.digest("plan", "--to", "ada@example.org", "--at", on(23, 6))
    assert (status, "not due before 2026-11-23 07:30 UTC" in out) == (0, True)
    assert instance.digest("plan", "--to", "nobody@example.org")[0] == 2
    _, status = instance.json("status")
    assert status["subscribers"] == 2
    assert status["deliveries"] == {}


def test_plan_reads_as_many_subscribers_as_it_shows(ready):
    instance, _ = ready
    lines = "".join(f"reader{number}@example.org\n" for number in range(30))
    (instance.folder / "many.csv").write_text("email\n" + lines)
    instance.digest("subscribers", "import", str(instance.folder / "many.csv"))
    _, document = instance.json("plan", "--limit", "3")
    assert len(document["subscribers"]) == 3
    assert document["schedules"][0]["subscribers"] == 30
    status, out, _ = instance.digest("plan", "--limit", "3")
    assert (status, "The first 3 of 30 subscribers" in out) == (0, True)


def test_status_tells_what_needs_a_person(ready):
    instance, server = ready
    server.fail("rcpt", "550 5.7.1 not like this", only="ada@example.org", times=1)
    now = _now()
    instance.send(at=now)
    change(instance, "UPDATE sources SET state = 'failing', reason = 'HTTP 503'")
    _, document = instance.json("status")
    assert document["deliveries"] == {"failed": 1}
    assert "source a is failing: HTTP 503" in document["alarms"]
    assert any("digest resend --failed" in alarm for alarm in document["alarms"])
    assert document["last_fetch_at"]
    _, out, _ = instance.digest("status")
    assert "! source a is failing" in out


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(microsecond=0, hour=8).isoformat()


def test_a_failed_mail_is_tried_again_when_a_person_says_so(ready):
    instance, server = ready
    server.fail("rcpt", "550 5.7.1 not like this", only="ada@example.org", times=1)
    assert instance.send(at=on(23))[0] == 1
    status, document = instance.json("resend")
    assert (status, document) == (0, {"queued": 0, "failed": 0, "left": 1})
    status, document = instance.json("resend", "--failed", "--to", "ada@example.org")
    assert (status, document) == (0, {"queued": 0, "failed": 1, "left": 0})
    change(instance, "UPDATE deliveries SET next_attempt_at = '2026-11-23 08:00:00.000000' WHERE state = 'queued'")
    assert instance.send(at=on(23, 9))[1]["totals"]["sent"] == 1


def test_a_failed_mail_whose_papers_came_later_stays_as_it_is(ready):
    instance, server = ready
    server.fail("rcpt", "550 5.7.1 not like this", only="ada@example.org", times=1)
    instance.send(at=on(23))
    assert instance.send(at=on(24))[1]["totals"]["sent"] == 1
    assert instance.json("resend", "--failed")[1] == {"queued": 0, "failed": 0, "left": 1}


def test_a_mail_that_waits_for_another_try_can_leave_at_once(ready):
    instance, server = ready
    server.fail("rcpt", "451 4.7.1 later", only="ada@example.org", times=1)
    instance.send(at="2999-01-01T08:00:00+00:00")
    assert instance.json("resend")[1]["queued"] == 1
    assert instance.digest("resend", "--to", "nobody@example.org")[0] == 2


def suppressed(instance, email: str) -> None:
    import asyncio
    from datetime import UTC, datetime

    from digest.store import open_store

    async def work() -> None:
        async with open_store(instance.settings().store.url) as store:
            await store.suppressions.add(email, "550 5.1.1 no such user", "smtp", "", datetime.now(UTC))

    asyncio.run(work())


@pytest.mark.parametrize("before", [True, False])
def test_a_suppressed_address_is_mailed_by_no_path_until_a_person_allows_it(ready, before):
    instance, server = ready
    if before:
        instance.send(at=on(20))
        server.inbox.clear()
    suppressed(instance, "ADA@example.org")
    instance.send(at=on(23))
    instance.send("--to", "ada@example.org", at=on(24))
    instance.send("--profile", "graphs", at=on(24))
    instance.send("--test", "--to", "ada@example.org")
    assert server.inbox == []
    instance.digest("subscribers", "remove", "ada@example.org")
    instance.write(sources={"a": instance.feed("a.xml", TITLES)}, smtp_port=server.port)  # the file forgets her
    instance.send(at=on(24))
    status, _, err = instance.digest("subscribers", "add", "ada@example.org", "--profile", "graphs", "--again")
    assert (status, "digest subscribers allow ada@example.org" in err, "no such user" in err) == (2, True, True)
    (instance.folder / "list.csv").write_text("email\nada@example.org\n")
    _, imported = instance.json("subscribers", "import", "--again", str(instance.folder / "list.csv"))
    assert imported["suppressed"] == ["ada@example.org"]
    instance.write(
        sources={"a": instance.feed("a.xml", TITLES)}, subscribers=["ada@example.org"], smtp_port=server.port
    )
    instance.send(at=on(25))
    assert server.inbox == []


def test_who_is_allowed_again_is_mailed_again(ready):
    instance, server = ready
    suppressed(instance, "ada@example.org")
    instance.send(at=on(23))
    _, listed = instance.json("subscribers", "list")
    assert listed["subscribers"][0]["status"] == "suppressed"
    _, why = instance.json("why", "ada@example.org")
    assert "550 5.1.1 no such user (smtp)" in why["next"]
    assert instance.digest("subscribers", "allow", "ada@example.org")[0] == 0
    assert instance.digest("subscribers", "allow", "ada@example.org")[0] == 2
    instance.send("--to", "ada@example.org", at=on(24))
    assert len(server.inbox) == 1


def test_check_lists_what_subscribers_changed_over_the_files(ready):
    instance, _ = ready
    instance.digest("subscribers", "pause", "ada@example.org", "--until", "2027-01-05")
    _, document = instance.json("check")
    [override] = document["overrides"]
    assert override.startswith("ada@example.org chose paused_until = '2027-01-05'; ")
    text = instance.config.read_text().replace(
        'email = "ada@example.org"', 'email = "ada@example.org"\npaused_until = 2026-12-01'
    )
    instance.config.write_text(text)
    assert instance.json("check")[1]["overrides"] == [], "the file changed since"
