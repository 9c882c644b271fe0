"""The process with a clock of its own: what is due is asked of the store, by a wall clock that may do anything."""

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from digest.pipeline import fetching
from digest.schedule import Options, Process
from tests.running import until


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@asynccontextmanager
async def running(instance, clock, **options):
    process = Process(instance.settings(), Options(tick_seconds=0.05, environ={}, clock=clock, **options))
    task = asyncio.create_task(process.run())
    try:
        yield process
    finally:
        process._ending.set()
        await asyncio.wait_for(task, 60)


@pytest.fixture
def daily(instance, mail_server):
    server = mail_server()
    instance.write(
        sources={"a": instance.feed("a.xml", ["Graph neural networks"])},
        subscribers=["ada@example.org"],
        smtp_port=server.port,
        more='[schedule]\nsend_at = "07:30"\n',
    )
    return instance, server


async def rounds(process, job, number):
    """Until a job had so many more rounds."""
    counter = process._metrics._rounds.labels(job, "well")._value
    start = counter.get()
    await until(lambda: counter.get() >= start + number)


async def test_a_machine_that_slept_over_the_moment_and_clocks_that_jump_send_each_issue_once(daily):
    instance, server = daily
    clock = Clock(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    async with running(instance, clock) as process:
        await rounds(process, "send", 3)
        assert not server.inbox
        clock.now += timedelta(hours=5)  # asleep from 6:00 to 11:00
        await until(lambda: len(server.inbox) == 1)
        for jump in (-1, -4, 2, 3):
            clock.now += timedelta(hours=jump)
            await rounds(process, "send", 3)
        assert len(server.inbox) == 1


async def test_a_source_that_hangs_does_not_hold_mail_back_for_long(daily, monkeypatch):
    instance, server = daily
    monkeypatch.setattr("digest.schedule.jobs.FETCH_FIRST", 0.1)
    await asyncio.to_thread(instance.json, "fetch")
    never = asyncio.Event()

    async def hang(*_args, **_options):
        await never.wait()

    monkeypatch.setattr(fetching, "read_source", hang)
    async with running(instance, Clock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as process:
        await until(lambda: server.inbox)
        assert process._metrics._rounds.labels("fetch", "well")._value.get() == 0


async def test_a_database_that_is_out_of_reach_is_survived(daily, monkeypatch):
    from digest.errors import StoreUnavailable
    from digest.store.sources import Sources

    instance, server = daily
    reports, broken = Sources.reports, [True]

    async def sometimes(self):
        if broken:
            raise StoreUnavailable("the database digest.db is locked by another process")
        return await reports(self)

    monkeypatch.setattr(Sources, "reports", sometimes)
    async with running(instance, Clock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as process:
        crashed = process._metrics._rounds.labels("fetch", "crashed")._value
        await until(lambda: crashed.get() >= 1)
        broken.clear()
        process._edits.ask()
        await until(lambda: server.inbox)


class Pages:
    """A server that answers every connection with the name of the site, and falls over when told to."""

    def __init__(self):
        self.port = 0
        self.fall = asyncio.Event()

    def listen(self, settings):
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        return listening

    async def serve(self, settings, store, metrics, listening):
        async def answer(_reader, writer):
            writer.write(settings.site.name.encode())
            writer.close()

        server = await asyncio.start_server(answer, sock=listening)
        try:
            await self.fall.wait()
        finally:
            server.close()
        self.fall.clear()
        raise ZeroDivisionError("by mistake")

    async def answer(self):
        """What a visitor is told; a server that ends may leave one standing."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(1):
                return (await reader.read()).decode()
        except (ConnectionError, TimeoutError):  # a server that ends drops whom it has accepted and not answered
            return ""
        finally:
            writer.close()

    async def say(self, word):
        """Until the server that counts answers."""
        async with asyncio.timeout(60):
            while await self.answer() != word:
                pass


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # visitors of the server that was ended
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_pages_are_served_with_the_settings_that_count_and_begun_again_when_they_fall_over(daily, monkeypatch):
    instance, _server = daily
    monkeypatch.setattr("digest.schedule.process._AGAIN_SECONDS", 0.01)
    pages = Pages()
    async with running(instance, Clock(datetime(2026, 11, 23, 6, 0, tzinfo=UTC)), pages=pages) as process:
        await until(lambda: pages.port)
        await pages.say("Papers Digest")
        instance.config.write_text(instance.config.read_text().replace("[site]", '[site]\nname = "News"'))
        process._edits.ask()
        await pages.say("News")
        pages.fall.set()
        await until(lambda: not pages.fall.is_set())
        await pages.say("News")
    with pytest.raises(OSError, match="Connect call failed"):
        await pages.answer()
