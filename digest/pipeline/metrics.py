"""Numbers for Prometheus: counters of what this process did, gauges of what the store holds when it is asked.

One registry per process, made by whoever starts it; nothing is registered at import.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.process_collector import ProcessCollector

import digest
from digest.errors import StoreError
from digest.models import SourceReport
from digest.pipeline.outcomes import reason_class
from digest.pipeline.runs import Run
from digest.settings import Settings
from digest.store import Store

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)
_STATES = ("fresh", "waiting", "quiet", "stale", "failing")


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("digest_build", "The program.", registry=registry).info({"version": digest.__version__})
        self._deliveries = Counter(
            "digest_deliveries",
            "Digests by what became of them in a round, and why.",
            ("outcome", "reason"),
            registry=registry,
        )
        self._fetches = Counter(
            "digest_fetches", "Readings of a source by the state it was in.", ("source", "state"), registry=registry
        )
        self._papers = Counter("digest_papers", "Papers that a source listed.", ("source", "change"), registry=registry)
        self._rounds = Counter("digest_rounds", "Rounds of a job by how they ended.", ("job", "end"), registry=registry)
        self._seconds = Histogram(
            "digest_round_seconds", "How long rounds took.", ("job",), buckets=_SECONDS, registry=registry
        )
        self._reloads = Counter("digest_reloads", "Readings of the configuration.", ("result",), registry=registry)
        self._up = Gauge("digest_store_up", "Whether the database could be read just now.", registry=registry)
        self._queue = Gauge("digest_queue_size", "Digests that are planned and not settled.", registry=registry)
        self._age = Gauge("digest_queue_age_seconds", "How long the oldest of them is overdue.", registry=registry)
        self._stored = Gauge(
            "digest_stored_deliveries", "Rows of the outbox by state, over all time.", ("state",), registry=registry
        )
        self._known = Gauge("digest_stored_papers", "Papers in the store.", registry=registry)
        self._state = Gauge(
            "digest_source_state", "1 for the state a source is in.", ("source", "state"), registry=registry
        )
        self._checked = Gauge(
            "digest_source_checked_timestamp_seconds", "When a source was last asked.", ("source",), registry=registry
        )
        self._last_sent = Gauge(
            "digest_last_sent_timestamp_seconds", "When a digest last left; 0 for never.", registry=registry
        )
        self._alarms = Gauge("digest_alarm", "1 while an alarm stands.", ("kind",), registry=registry)

    def sent(self, run: Run) -> None:
        """Count what became of each digest of a round; one that only goes on waiting is not counted again."""
        for one in (one for one in run.digests if one.settled):
            self._deliveries.labels(one.outcome, reason_class(one)).inc()

    def fetched(self, reports: Sequence[SourceReport]) -> None:
        for report in reports:
            self._fetches.labels(report.name, report.state).inc()
            for change in ("new", "updated", "unchanged", "skipped"):
                self._papers.labels(report.name, change).inc(getattr(report, change))

    def round(self, job: str, end: str, seconds: float) -> None:
        """A round that ended "well", in "trouble", or "crashed"."""
        self._rounds.labels(job, end).inc()
        self._seconds.labels(job).observe(seconds)

    def reloaded(self, *, accepted: bool) -> None:
        self._reloads.labels("accepted" if accepted else "refused").inc()

    async def text(self, settings: Settings, store: Store, now: datetime) -> bytes:
        """Everything in the text format of Prometheus; see CONTENT_TYPE. A store that is out of reach shows as such."""
        try:
            await self._look(settings, store, now)
            self._up.set(1)
        except StoreError:
            self._up.set(0)
        return generate_latest(self.registry)

    async def _look(self, settings: Settings, store: Store, now: datetime) -> None:
        queue = await store.overview.queue(now)
        self._queue.set(queue.queued + queue.sending)
        overdue = (now - queue.oldest_due_at).total_seconds() if queue.oldest_due_at else 0
        self._age.set(max(0.0, overdue))
        self._known.set(await store.papers.count())
        last = await store.deliveries.last_sent_at()
        self._last_sent.set(last.timestamp() if last else 0)
        totals = dict(await store.deliveries.totals())
        for state in ("queued", "sending", "sent", "skipped", "failed"):
            self._stored.labels(state).set(totals.get(state, 0))
        self._state.clear()
        self._checked.clear()
        names = {source.name for source in settings.sources}
        for row in await store.sources.reports():
            if row["name"] in names:
                self._checked.labels(row["name"]).set(row["checked_at"].timestamp())
                for state in _STATES:
                    self._state.labels(row["name"], state).set(row["state"] == state)
        self._alarms.clear()
        for alarm in await store.alarms.all():
            self._alarms.labels(alarm.kind).set(alarm.cleared_at is None)
