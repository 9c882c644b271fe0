"""What recurs. Each job asks the store what is due and does it; a round too many does nothing.

This is the seam to the pipeline: what a tick means is here, how it is done is there.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from structlog.typing import FilteringBoundLogger

from digest.models import SourceReport
from digest.pipeline import Request, Run, fetch, plan_due, send, sync
from digest.pipeline.alarms import SURGE, Change, apply, verdict
from digest.pipeline.fetch_times import sources_due
from digest.pipeline.metrics import Metrics
from digest.schedule.worker import Job, Result, Round
from digest.settings import Settings

FETCH_PATIENCE = 1800.0
"""Seconds; one arXiv source of thirty categories, each at the limit of the client, stays below."""

SEND_PATIENCE = 1800.0
"""Seconds without a settled row; longer than any answer of the server may take."""

FETCH_FIRST = 300.0
"""Seconds that sending waits for a fetch that began at the same tick, so that the issue has today's papers."""

_DAY = timedelta(days=1)
_FORGET = timedelta(days=90)


Waiting = Callable[[float], Awaitable[None]]


async def at_once(_seconds: float) -> None:
    """Nothing to wait for."""


class Jobs:
    """The jobs of one process; each comes to an end by itself when the process stops."""

    def __init__(self, metrics: Metrics, log: FilteringBoundLogger, announce: Callable[[Change], None]) -> None:
        self._metrics = metrics
        self._log = log
        self._synced: Settings | None = None
        self.fetched: Waiting = at_once
        self.planned: Waiting = at_once
        """Wait until no fetch, no planning is under way, but no longer than so many seconds after it began."""
        self._announce = announce

    def all(self) -> list[Job]:
        """In the order in which a tick wakes them."""
        return [
            Job("fetch", self.fetch, FETCH_PATIENCE),
            Job("plan", self.plan, FETCH_PATIENCE),
            Job("send", self.send, SEND_PATIENCE),
            Job("housekeeping", self.housekeeping, 600.0),
        ]

    async def fetch(self, round_: Round) -> Result:
        """Ask the sources whose moment has come since they were last asked."""
        checked = {row["name"]: row["checked_at"] for row in await round_.store.sources.reports()}
        names = sources_due(round_.settings, checked, round_.now)
        if not names:
            return Result()
        began = time.monotonic()

        def on_report(report: SourceReport) -> None:
            round_.alive()
            level = self._log.warning if report.state == "failing" else self._log.info
            level("fetch", message=f"{report.name} is {report.state}: {report.reason}", **_numbers(report))

        reports = await fetch(
            round_.settings, round_.store, round_.now, only=names, on_report=on_report, stopping=round_.stopping
        )
        self._metrics.fetched(reports)
        self._log.info(
            "fetched",
            message=f"sources asked: {len(reports)}; new papers: {sum(one.new for one in reports)}",
            sources=len(reports),
            new=sum(one.new for one in reports),
            seconds=round(time.monotonic() - began, 3),
        )
        return Result(worked=True)

    async def plan(self, round_: Round) -> Result:
        """A row for everything that is due, after the fetch that began at the same tick; the files first, if they are new."""
        await self.fetched(FETCH_FIRST)
        settings, store = round_.settings, round_.store
        if self._synced is not settings:
            await sync(settings, store, round_.now)
            self._synced = settings
        await store.outbox.recover(datetime.now(UTC))
        done = await plan_due(settings, store, round_.now)
        for change in await apply(store, {SURGE: done.brake}, round_.now):
            self._announce(change)
        if done.planned:
            self._log.info("planned", message=f"digests planned: {done.planned}", planned=done.planned)
        return Result(worked=bool(done.planned))

    async def send(self, round_: Round) -> Result:
        """Deliver what may leave."""
        await self.planned(FETCH_FIRST)
        now = max(round_.now, round_.clock())  # planned just now, while we waited
        if round_.stopping.is_set() or not await round_.store.deliveries.queued_count(now):
            return Result()
        began = time.monotonic()
        request = Request(now=now, plans=False, stopping=round_.stopping)
        run = await send(round_.settings, round_.store, request, lambda _done, _all: round_.alive())
        for change in await apply(round_.store, verdict(run), now):
            self._announce(change)
        self._metrics.sent(run)
        self._say(run, time.monotonic() - began)
        return Result(run.stopped, worked=True)

    async def housekeeping(self, round_: Round) -> Result:
        """Once a day: the database looks at its statistics, old alarms are forgotten."""
        last = (await round_.store.rounds.all()).get("housekeeping")
        if last and last.ok_at and timedelta() <= round_.now - last.ok_at < _DAY:
            return Result()
        await round_.store.upkeep.tidy()
        await round_.store.alarms.forget(round_.now - _FORGET)
        return Result(worked=True)

    def _say(self, run: Run, seconds: float) -> None:
        """The canonical line of a batch, and one for each digest that failed for good."""
        settled = [one for one in run.digests if one.settled]
        counts = {
            outcome: sum(one.outcome == outcome for one in settled) for outcome in ("sent", "skipped", "deferred")
        }
        counts |= {"failed": sum(one.outcome == "failed" for one in settled)}
        waiting = sum(not one.settled and one.outcome == "deferred" for one in run.digests)
        for one in settled:
            if one.outcome == "failed":
                self._log.warning(
                    "failed", message=f"the issue of {one.issue} for {one.subscriber} failed: {one.reason}"
                )
        words = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number) or "nothing settled"
        level = self._log.warning if run.stopped else self._log.info
        more = {"stopped": run.stopped} if run.stopped else {}
        level("batch", message=words, **counts, waiting=waiting, papers=run.papers, seconds=round(seconds, 3), **more)


def _numbers(report: SourceReport) -> dict[str, object]:
    return {
        "source": report.name,
        "state": report.state,
        "new": report.new,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
    }
