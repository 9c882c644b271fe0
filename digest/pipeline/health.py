"""How an instance is, for pages and programs that ask: each check with a status and the reason. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from digest.errors import StoreError
from digest.settings import Settings
from digest.store import Store

Status = Literal["ok", "warning", "wrong"]

_FETCH_AGE = timedelta(hours=26)
"""Longer ago than any daily timer."""

_QUEUE_AGE = timedelta(hours=1)
_ROUND_AGE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `value` is its number or moment, where it has one."""

    name: str
    status: Status
    reason: str
    value: object = None

    def as_json(self) -> dict[str, Any]:
        value = self.value.isoformat(timespec="seconds") if isinstance(self.value, datetime) else self.value
        return {"name": self.name, "status": self.status, "reason": self.reason, "value": value}


@dataclass(frozen=True, slots=True)
class Health:
    """All checks at one moment."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether requests can be served: warnings are for people."""
        return all(check.status != "wrong" for check in self.checks)

    @property
    def status(self) -> Status:
        """The worst of all checks."""
        found = {check.status for check in self.checks}
        return "wrong" if "wrong" in found else "warning" if "warning" in found else "ok"

    def as_json(self) -> dict[str, Any]:
        return {"ready": self.ready, "status": self.status, "checks": [check.as_json() for check in self.checks]}


async def health(settings: Settings, store: Store, now: datetime) -> Health:
    """The database, its tables, the last fetch and send, the outbox, the jobs of `digest run`, and standing alarms."""
    try:
        found, needed = await store.upkeep.revision()
        if found != needed:
            reason = f"the database is at schema {found or 'none'}, this program needs {needed}: digest db upgrade"
            return Health((Check("database", "ok", "can be read"), Check("migrations", "wrong", reason, found)))
        checks = [
            Check("database", "ok", "can be read"),
            Check("migrations", "ok", f"schema {found}", found),
            await _fetched(settings, store, now),
            await _sent(store),
            await _queue(store, now),
            *await _jobs(store, now),
            *[
                Check(f"alarm {one.kind}", "warning", one.message, one.raised_at)
                for one in await store.alarms.standing()
            ],
        ]
    except StoreError as error:
        return Health((Check("database", "wrong", str(error)),))
    return Health(tuple(checks))


async def _fetched(settings: Settings, store: Store, now: datetime) -> Check:
    """The source that was asked longest ago, and the states that are not well."""
    names = {source.name for source in settings.sources}
    rows = [row for row in await store.sources.reports() if row["name"] in names]
    if len(rows) < len(names):
        missing = ", ".join(sorted(names - {row["name"] for row in rows}))
        return Check("fetch", "warning", f"never asked: {missing}")
    oldest = min((row["checked_at"] for row in rows), default=None)
    bad = [f"{row['name']} is {row['state']}: {row['reason']}" for row in rows if row["state"] in {"failing", "stale"}]
    if bad:
        return Check("fetch", "warning", "; ".join(bad), oldest)
    if oldest is not None and now - oldest > _FETCH_AGE:
        return Check("fetch", "warning", f"not all sources were asked since {_said(oldest)}", oldest)
    return Check("fetch", "ok", f"all sources were asked since {_said(oldest)}" if oldest else "no source", oldest)


async def _sent(store: Store) -> Check:
    at = await store.deliveries.last_sent_at()
    return Check("send", "ok", f"the last digest left at {_said(at)}" if at else "no digest has left yet", at)


async def _queue(store: Store, now: datetime) -> Check:
    queue = await store.overview.queue(now)
    size = queue.queued + queue.sending
    if queue.oldest_due_at is None:
        return Check("queue", "ok", "empty", size)
    late = now - queue.oldest_due_at > _QUEUE_AGE
    reason = f"{size} waiting, the oldest due since {_said(queue.oldest_due_at)}"
    return Check("queue", "warning" if late else "ok", reason, size)


async def _jobs(store: Store, now: datetime) -> list[Check]:
    """The jobs of `digest run`; none where it never ran."""
    checks = []
    for job, last in (await store.rounds.all()).items():
        if last.failures:
            reason = f"{last.failures} times in a row: {last.reason}"
            checks.append(Check(f"job {job}", "warning", reason, last.at))
        elif job == "send" and now - last.at > _ROUND_AGE:
            checks.append(Check(f"job {job}", "warning", f"digest run looked last at {_said(last.at)}", last.at))
        else:
            checks.append(Check(f"job {job}", "ok", "the last round went well", last.at))
    return checks


def _said(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
