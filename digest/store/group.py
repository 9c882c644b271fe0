"""Group commit: changes that arrive while a transaction is running, or within a moment of each other, share the next one.

Whoever hands in a change waits until it is committed. A failure is everybody's in the group: each hears of it and may
hand its change in again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Change = TypeVar("Change")
Answer = TypeVar("Answer")

_COMPANY_SECONDS = 0.002
"""How long a change waits for others, where there were others the last time; one connection never waits."""


class GroupCommit(Generic[Change, Answer]):
    """Writes changes down in groups, in the order of their arrival."""

    def __init__(self, write: Callable[[Sequence[Change]], Awaitable[Sequence[Answer]]]) -> None:
        self._write = write
        self._waiting: list[tuple[Change, asyncio.Future[Answer]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._company = 0

    async def __call__(self, change: Change) -> Answer:
        """Returns when the change is committed; it is written even if the caller is cancelled meanwhile."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, answer))
        if self._writer is None:
            self._writer = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                if self._company > 1 and len(self._waiting) < self._company:
                    await asyncio.sleep(_COMPANY_SECONDS)
                group, self._waiting = self._waiting, []
                self._company = len(group)
                await self._commit(group)
        finally:
            self._writer = None

    async def _commit(self, group: Sequence[tuple[Change, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._write([change for change, _ in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            return
        except BaseException:
            for _, answer in group:
                answer.cancel()
            raise
        for (_, answer), value in zip(group, answers, strict=True):
            if not answer.done():
                answer.set_result(value)
