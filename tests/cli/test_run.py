"""digest run: real processes and signals, a played source over HTTP, a real mail server, a real service manager's socket."""

import asyncio
import json
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.feedserver import FeedServer
from tests.instance import Instance
from tests.running import running

READERS = [f"reader{number}@example.org" for number in range(12)]
DUE = '[schedule]\nsend_at = "00:00"\n'


@pytest.fixture
async def source(instance: Instance) -> AsyncIterator[FeedServer]:
    """Lists one paper at /feed.xml, and takes signs of life."""
    instance.feed("a.xml", ["Graph neural networks"])
    async with FeedServer() as server:
        server.page("/feed.xml", (instance.folder / "a.xml").read_bytes())
        server.page("/ping", b"OK")
        server.page("/ping/fail", b"OK")
        yield server


def write(instance, source, server, subscribers, more=""):
    instance.write(
        sources={"a": f"{source.url}/feed.xml"}, subscribers=subscribers, smtp_port=server.port, more=DUE + more
    )


async def command(instance, *arguments):
    """Another command beside the running process, which has a loop of its own."""
    return await asyncio.to_thread(instance.json, *arguments)


def recipients(server):
    return Counter(mail.recipient for mail in server.inbox)


async def test_it_fetches_and_sends_what_is_due_tells_its_manager_and_stops(instance, source, mail_server):
    server = mail_server()
    write(instance, source, server, ["ada@example.org"])
    async with running(instance) as process:
        await process.until(lambda: process.events("batch"))
        await process.until(lambda: process.notes().count("WATCHDOG=1") > 1)
        assert await process.stop() == 0
        assert recipients(server) == {"ada@example.org": 1}
        assert source.targets() == ["/feed.xml"]
        assert process.events("batch")[0] | {"sent": 1, "failed": 0} == process.events("batch")[0]
        assert process.events("fetch")[0] | {"source": "a", "new": 1} == process.events("fetch")[0]
        assert "STOPPING=1" in process.notes()
    _, status = await command(instance, "status")
    assert status["deliveries"] == {"sent": 1}


async def test_sigterm_in_a_batch_finishes_what_is_in_flight_and_repeats_and_loses_nothing(
    instance, source, mail_server
):
    server = mail_server()
    server.fail("dot", "slow")
    write(instance, source, server, READERS)
    async with running(instance) as process:
        await process.until(lambda: len(server.inbox) >= 2)
        assert await process.stop() == 0
        assert len(server.inbox) < len(READERS)
        assert process.events("batch")[0]["sent"] == len(server.inbox)
        assert "Traceback" not in "".join(process.lines)
    with sqlite3.connect(instance.folder / "digest.db") as database:
        states = Counter(state for (state,) in database.execute("SELECT state FROM deliveries"))
    assert states == {"sent": len(server.inbox), "queued": len(READERS) - len(server.inbox)}
    async with running(instance) as process:
        await process.until(lambda: len(server.inbox) == len(READERS))
        await process.stop()
    assert recipients(server) == Counter(READERS)


async def test_killed_and_started_again_it_leaves_nobody_out_and_repeats_only_the_uncertain(
    instance, source, mail_server
):
    server = mail_server()
    server.fail("dot", "slow")
    write(instance, source, server, READERS)
    async with running(instance) as process:
        await process.until(lambda: len(server.inbox) >= 2)
        process.signal(signal.SIGKILL)
        await process.end()
    async with running(instance) as process:
        await process.until(lambda: set(recipients(server)) == set(READERS))
        await process.until(lambda: process.events("batch"))
        await process.stop()
    assert len(server.inbox) <= len(READERS) + 1


async def test_a_second_one_says_that_there_is_one_already_and_a_timed_send_beside_it_is_harmless(
    instance, source, mail_server
):
    server = mail_server()
    server.fail("dot", "slow")
    write(instance, source, server, READERS)
    async with running(instance) as first:
        async with running(instance, ready=False) as second:
            assert await second.end() == 2
            assert f"already as process {first.process.pid}" in "".join(second.lines)
        status, _ = await command(instance, "send")
        assert status in {0, 1}  # some may still be on their way through the other process
        await first.until(lambda: len(server.inbox) == len(READERS))
        assert await first.stop() == 0
    assert recipients(server) == Counter(READERS)


async def test_an_edit_that_is_wrong_changes_nothing_and_is_told_and_a_good_one_counts_at_once(
    instance, source, mail_server
):
    server = mail_server()
    write(instance, source, server, ["ada@example.org"])
    async with running(instance) as process:
        await process.until(lambda: server.inbox)
        good = instance.config.read_text()
        instance.config.write_text(good.replace("timeout = 5", "timeuot = 5"))
        line = good[: good.index("timeout = 5")].count("\n") + 1
        await process.until(lambda: process.events("reload"))
        told = process.events("reload")[0]
        assert told["taken"] is False
        assert f'{instance.config}:{line}:1: unknown key "timeuot"' in told["message"]
        await process.until(lambda: process.events("alarm"))
        assert "RELOADING=1" in process.notes()
        assert any(note.startswith("STATUS=the configuration cannot be used") for note in process.notes())
        (instance.folder / "more.toml").write_text(
            '[[subscriber]]\nemail = "grace@example.org"\nprofiles = ["graphs"]\n'
        )
        instance.config.write_text('include = ["more.toml"]\n' + good)
        await process.until(lambda: recipients(server) == {"ada@example.org": 1, "grace@example.org": 1})
        assert process.events("reload")[-1]["changed"] == ["subscribers"]
        await process.until(lambda: any(alarm["over"] for alarm in process.events("alarm")))

        process.signal(signal.SIGHUP)
        await process.until(lambda: "changed: nothing" in process.events("reload")[-1]["message"])
        assert await process.stop() == 0


async def test_a_refused_login_is_an_alarm_until_it_works_again(instance, source, mail_server):
    server = mail_server(login=("digest", "right-password"))
    told = f'[delivery]\nheartbeat_url = "{source.url}/ping"\nalarms_to = "admin@example.org"\n'
    write(instance, source, server, ["ada@example.org"], more=told)
    wrong = instance.config.read_text().replace(
        'tls = "none"', 'tls = "none"\nusername = "digest"\npassword = "wrong-password"'
    )
    instance.config.write_text(wrong)
    async with running(instance) as process:
        await process.until(lambda: "/ping/fail" in source.targets())
        alarm = process.events("alarm")[0]
        assert (alarm["level"], alarm["kind"], alarm["over"]) == ("error", "sender", False)
        assert "check [smtp] username and password" in alarm["message"]
        assert not server.inbox
        _, status = await command(instance, "status")
        assert status["alarms"][0].startswith("sender, since ")

        instance.config.write_text(wrong.replace("wrong-password", "right-password"))
        await process.until(lambda: "/ping" in source.targets())
        await process.until(lambda: len(server.inbox) == 2)
        assert process.events("alarm")[-1] | {"kind": "sender", "over": True} == process.events("alarm")[-1]
        assert len(process.events("alarm")) == 2
        assert await process.stop() == 0
        said = "".join(process.lines)
    assert source.targets().count("/ping/fail") == 1
    by_recipient = {mail.recipient: mail.data.decode() for mail in server.inbox}
    assert set(by_recipient) == {"ada@example.org", "admin@example.org"}
    assert "an alarm is over" in by_recipient["admin@example.org"]
    assert (await command(instance, "status"))[1]["alarms"] == []
    for secret in ("ada@", "admin@", "-password", "/ping"):
        assert secret not in said


async def test_log_lines_name_no_reader_and_hold_no_token(instance, source, mail_server):
    server = mail_server()
    server.fail("rcpt", "550 5.1.1 <bob@example.org> no such user", only="bob@example.org")
    write(instance, source, server, ["ada@example.org", "bob@example.org"])
    async with running(instance, "--log-level", "debug") as process:
        await process.until(lambda: process.events("failed"))
        await process.until(lambda: process.events("batch"))
        assert await process.stop() == 0
        said = "".join(process.lines)
        assert "b…@example.org" in process.events("failed")[0]["message"]
        assert process.events("batch")[0] | {"sent": 1, "failed": 1} == process.events("batch")[0]
    assert "ada@" not in said
    assert "bob@" not in said
    mail = server.inbox[0].data.decode()
    token = mail.partition("List-Unsubscribe: <")[2].partition(">")[0].rpartition("/")[2]
    assert token
    assert token not in said
    assert all(json.loads(line) for line in said.splitlines())


@pytest.mark.parametrize(
    ("options", "more", "sentence"),
    [
        ((), "fetch = 'often'\n", "config.toml:15:1: fetch must have the five fields of cron"),
        (("--log-format", "xml"), "", "--log-format 'xml' is not known; write one of auto, json, pretty"),
    ],
)
def test_what_it_cannot_begin_with_is_a_sentence(instance, options, more, sentence):
    instance.write(more=DUE + more)
    status, _, err = instance.digest("run", "--no-web", *options)
    assert status == 2
    assert sentence in err
    assert not (instance.folder / "digest.db").exists()
