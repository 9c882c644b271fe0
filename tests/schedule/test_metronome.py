"""Ticks come by a clock that nobody sets."""

import asyncio

import pytest

from digest.schedule.metronome import Metronome
from tests.running import until


@pytest.fixture
async def ticking():
    tasks = []

    def start(metronome):
        tasks.append(asyncio.create_task(metronome.run()))

    yield start
    for task in tasks:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


async def test_it_ticks_at_once_and_then_again_and_again(ticking):
    ticks = []
    ticking(Metronome(lambda: ticks.append(True), 0.05))
    await until(lambda: len(ticks) >= 4)


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 90 * 86400.0])
async def test_a_clock_that_jumps_makes_a_tick_at_once_and_none_is_lost(ticking, jump):
    ticks, clock = [], [1000.0, 0.0]
    metronome = Metronome(
        lambda: ticks.append(True),
        3600,
        wall=lambda: clock[0],
        monotonic=lambda: clock[1],
        look_seconds=0.01,
    )
    ticking(metronome)
    await until(lambda: len(ticks) == 1)
    await asyncio.sleep(0.03)
    clock[0] += jump
    await until(lambda: len(ticks) == 2)
    clock[0] += 1
    clock[1] += 1
    await asyncio.sleep(0.03)
    assert len(ticks) == 2
    assert metronome.last_tick == 0.0
