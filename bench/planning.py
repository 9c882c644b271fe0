"""How long planning takes and how much memory it holds: in sets, and one reader at a time.

Run as a program, `python -m bench.planning [--quick] [--json]`, it is the bench; with `--one WAY NUMBER FOLDER` it is the
process that is measured. Filling the database does not count.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.report import Bench, Goal, Result, Sheet, run
from digest.store import NewSubscriber

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CONFIG = """
[site]
secret_key = "0123456789012345678901234567890123456789"
"""
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo")
TIMES = ("06:00", "07:30", "08:15", "18:00")
AT_A_TIME = 20_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: what it planned, and what that took."""

    way: str
    subscribers: int
    planned: int
    cpu_seconds: float
    idle_seconds: float
    """CPU of one more look, when nothing is due."""
    peak_bytes: int
    filled_bytes: int
    """The peak before planning."""

    @property
    def per_million(self) -> float:
        return self.cpu_seconds / self.planned * 1e6


def measure(quick: bool) -> Result:
    sizes = (1_000, 10_000) if quick else (10_000, 100_000, 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_measured("one by one", sizes[0], Path(folder))]
        rows += [_measured("in sets", size, Path(folder)) for size in sizes]
    one_by_one, sets = rows[0], rows[1:]
    faster = one_by_one.per_million / sets[0].per_million
    growth = (sets[-1].peak_bytes - sets[-1].filled_bytes) / 1e6
    steady = sets[-1].per_million / sets[0].per_million
    goals = (
        Goal(f"in sets at least 3 times faster than one by one ({faster:.1f})", faster >= 3),
        Goal(f"a subscriber costs at most twice as much at the largest size ({steady:.2f})", steady <= 2),
        Goal(f"planning adds less than 64 MB at the largest size ({growth:.0f} MB)", growth < 64),
    )
    table = [
        [
            one.way,
            f"{one.subscribers:,}",
            f"{one.cpu_seconds:.2f}",
            f"{one.per_million:.1f}",
            f"{1000 * one.idle_seconds:.1f}",
            f"{one.peak_bytes / 1e6:.0f}",
        ]
        for one in rows
    ]
    columns = ("planning", "subscribers", "CPU s", "s per million", "idle look, ms", "peak MB")
    figures = {"planning": [{**_as_json(one), "seconds_per_million": one.per_million} for one in rows]}
    return Result(figures, [Sheet("A row for everybody who is due", columns, table, goals)])


def _as_json(one: Measured) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


def _measured(way: str, number: int, folder: Path) -> Measured:
    command = [sys.executable, "-m", "bench.planning", "--one", way, str(number), str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, check=True)
    return Measured(**json.loads(done.stdout))


def _subscriber(number: int) -> NewSubscriber:
    fields = {"timezone": ZONES[number % len(ZONES)], "send_at": TIMES[number // 7 % len(TIMES)]}
    return NewSubscriber(
        key=f"key{number}", email=f"reader{number}@example.org", origin="command", fields=fields, cursor=0
    )


def _copy(path: str, first: int, copy: int) -> None:
    """As many subscribers once more, with names of their own: quicker than one by one."""
    with closing(sqlite3.connect(path)) as connection, connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(subscribers)") if row[1] != "id"]
        own = {"key": f"key || ':{copy}'", "email": f"'{copy}.' || email", "email_folded": f"'{copy}.' || email_folded"}
        own["share"] = f"(share * 7919 + {copy}) % 2147483647"
        values = ", ".join(own.get(name, name) for name in names)
        connection.execute(
            f"INSERT INTO subscribers ({', '.join(names)}) SELECT {values} FROM subscribers WHERE id <= {first}"  # noqa: S608 - names of our own columns
        )


async def _one(way: str, number: int, folder: Path) -> Measured:
    """Fill a database, plan, look once more."""
    from digest.pipeline.audience import owed, preview
    from digest.pipeline.due import plan_due
    from digest.settings import load
    from digest.store import Planned, open_store

    config = folder / "config.toml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    settings = load(config, {})
    async with open_store(f"sqlite:///{folder / f'{way}-{number}.db'}") as store:
        first = min(number, AT_A_TIME)
        await store.subscribers.add([_subscriber(n) for n in range(first)], NOW - timedelta(hours=24))
        for copy in range(1, number // first):
            _copy(store.path, first, copy)
        filled, before = _peak(), time.process_time()
        if way == "in sets":
            planned = (await plan_due(settings, store, NOW)).planned
        else:
            last = await store.deliveries.last_issues()
            dues = [
                one
                for reader in await preview(settings, store, NOW)
                if (one := owed(reader, last.get(reader.row_id or 0), NOW)).due
            ]
            rows = [Planned(subscriber_id=one.reader.row_id or 0, issue=one.issue, due_at=one.due_at) for one in dues]
            await store.outbox.plan(rows, NOW)
            planned = len(rows)
        took, before = time.process_time() - before, time.process_time()
        again = await plan_due(settings, store, NOW)
        assert again.planned == 0 or way != "in sets"
        idle = time.process_time() - before
    return Measured(way, number, planned, took, idle, _peak(), filled)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


BENCH = Bench("planning", "planning what is due, in sets", measure)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        found = asyncio.run(_one(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
        sys.stdout.write(json.dumps(_as_json(found)))
    else:
        sys.exit(run(BENCH))
