"""A job's rounds: woken, bounded, never the end of the process."""

import asyncio
from datetime import UTC, datetime

import pytest
import structlog

from digest.errors import StoreUnavailable
from digest.schedule.worker import Job, Result, Round, Worker
from tests.running import until

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Bench:
    """A worker with a job made of functions, one for each round; the last one repeats."""

    def __init__(self, *works, patience=60.0):
        self.works = list(works)
        self.began = 0
        self.ended = []
        self.stopping = False
        job = Job("job", self.work, patience)
        self.worker = Worker(
            job, lambda: Round(None, None, NOW, asyncio.Event(), lambda: NOW), self.keep, structlog.get_logger()
        )
        self.task = asyncio.create_task(self.worker.run(lambda: self.stopping))

    async def work(self, round_):
        self.began += 1
        return await self.works[min(self.began, len(self.works)) - 1](round_)

    async def keep(self, ended):
        self.ended.append(ended)

    async def round(self, **options):
        """Wake it, and wait for the end of the round."""
        number = len(self.ended)
        self.worker.wake(**options)
        await until(lambda: len(self.ended) > number)
        return self.ended[-1]


async def well(_round):
    return Result(worked=True)


async def crash(_round):
    raise ZeroDivisionError("by mistake")


async def trouble(_round):
    return Result("the server refuses us", worked=True)


async def locked(_round):
    raise StoreUnavailable("the database is locked")


@pytest.fixture
async def bench():
    made = []

    def make(*works, **options):
        made.append(Bench(*works, **options))
        return made[-1]

    yield make
    for one in made:
        one.task.cancel()
        await asyncio.wait({one.task})


async def test_a_crash_is_told_with_its_reason_and_the_next_tick_tries_again(bench, capsys):
    one = bench(crash, well)
    first = await one.round()
    assert (first.end, first.result.trouble, first.failures) == ("crashed", "ZeroDivisionError: by mistake", 1)
    assert (await one.round()).end == "well"
    assert "ZeroDivisionError" in capsys.readouterr().out


@pytest.mark.parametrize(("work", "end"), [(locked, "crashed"), (trouble, "trouble"), (crash, "crashed")])
async def test_after_two_rounds_that_went_wrong_ticks_are_let_pass_until_something_changes(bench, work, end):
    one = bench(work)
    for failures in (1, 2):
        assert (await one.round()).failures == failures
    for _ in range(3):
        one.worker.wake()
        await asyncio.sleep(0)
    assert one.began == 2
    again = await one.round(afresh=True)
    assert (again.end, again.failures) == (end, 1)


async def test_ticks_during_a_round_make_one_more_round_and_never_two_at_once(bench):
    gate, running = asyncio.Event(), []

    async def slow(_round):
        running.append(len(running) + 1)
        await gate.wait()
        return Result()

    one = bench(slow)
    for _ in range(5):
        one.worker.wake()
        await asyncio.sleep(0)
    assert one.began == 1
    gate.set()
    await until(lambda: one.began == 2 and len(one.ended) == 2)
    for _ in range(5):
        await asyncio.sleep(0)
    assert one.began == 2


async def test_a_round_without_a_sign_of_life_is_stopped_and_the_next_one_goes_on(bench, monkeypatch):
    monkeypatch.setattr("digest.schedule.worker._LOOK", 0.01)
    tidied = []

    async def hang(_round):
        try:
            await asyncio.Event().wait()
        finally:
            tidied.append(True)

    one = bench(hang, well, patience=0.05)
    ended = await one.round()
    assert ended.end == "crashed"
    assert "nothing happened for 0 seconds; it was stopped" in ended.result.trouble
    assert tidied
    assert (await one.round()).end == "well"


async def test_a_round_that_gives_signs_of_life_may_take_longer(bench, monkeypatch):
    monkeypatch.setattr("digest.schedule.worker._LOOK", 0.01)

    async def long(round_):
        for _ in range(20):
            await asyncio.sleep(0.02)
            round_.alive()
        return Result()

    assert (await bench(long, patience=0.3).round()).end == "well"


async def test_a_round_that_cannot_be_stopped_makes_the_worker_stuck_until_it_ends(bench, monkeypatch):
    monkeypatch.setattr("digest.schedule.worker._LOOK", 0.01)
    monkeypatch.setattr("digest.schedule.worker._LAST_WORDS", 0.02)
    gate = asyncio.Event()

    async def stubborn(_round):
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        return Result()

    one = bench(stubborn, well, patience=0.01)
    one.worker.wake()
    await until(lambda: one.worker.stuck)
    gate.set()
    await until(lambda: one.ended)
    assert not one.worker.stuck
    assert (await one.round()).end == "well"


async def test_a_round_whose_end_cannot_be_written_down_does_not_end_the_worker(bench):
    one = bench(well)

    async def full(ended):
        one.ended.append(ended)
        raise OSError(28, "No space left on device")

    one.worker._ended = full
    await one.round()
    await one.round()
    assert one.began == 2


async def test_waiting_for_it_to_be_idle_has_an_end(bench):
    gate = asyncio.Event()

    async def slow(_round):
        await gate.wait()
        return Result()

    one = bench(slow)
    await one.worker.idle(60)
    one.worker.wake()
    await one.worker.idle(0.01)
    assert not one.ended
    gate.set()
    await one.worker.idle(60)
    assert len(one.ended) == 1
