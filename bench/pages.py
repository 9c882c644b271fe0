"""The pages against bare Starlette that sends as many bytes: requests per second of one core, patience, memory.

python -m bench.pages [--quick] [--json]. Seconds are CPU seconds of the server, so that a busy machine does not count.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from urllib.parse import quote

from bench.report import Bench, Goal, Result, Sheet, run, tell, times
from bench.shared import Record, corpus
from digest.models import Listing, SourceReport
from digest.pipeline.history import catch_up
from digest.sources import may_merge, paper_id, paper_keys
from digest.store import Arrival, open_store

DAY = 400
"""Papers of the newest day."""
CONNECTIONS = 8
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    papers: int
    requests: int
    searches: int
    rounds: int
    memory: int


FULL = Sizes(papers=75_000, requests=3_000, searches=300, rounds=5, memory=100_000)
QUICK = Sizes(papers=10_000, requests=500, searches=60, rounds=2, memory=5_000)


@dataclass(frozen=True, slots=True)
class Load:
    """What some requests came to."""

    per_second: float
    """Requests per CPU second of the server."""
    p95: float
    """Milliseconds, with several connections at a time."""
    bytes: float


class Server:
    """One server process."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._process = process

    def cpu(self) -> float:
        """Seconds of all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> float:
        """Resident megabytes."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


@contextmanager
def serving(what: str, argument: object) -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.pages_server", what, str(argument)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(process, int(process.stdout.readline()))
        finally:
            process.send_signal(signal.SIGTERM)


def load(server: Server, paths: Sequence[str]) -> Load:
    """Ask for the paths over a few connections that stay open."""
    before, (seconds, received) = server.cpu(), asyncio.run(_asked(server.port, paths))
    used = max(server.cpu() - before, 1 / _TICK)
    return Load(len(paths) / used, 1000 * quantiles(seconds, n=20)[-1], received / len(paths))


async def _asked(port: int, paths: Sequence[str]) -> tuple[list[float], int]:
    waiting, chosen = iter(paths), random.Random(3)
    seconds: list[float] = []
    received = 0

    async def client() -> None:
        nonlocal received
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        for path in waiting:
            started = perf_counter()
            visitor = f"10.{chosen.randrange(256)}.{chosen.randrange(256)}.7"  # from one network searches are rationed
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {visitor}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), (path, head[:100])
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            seconds.append(perf_counter() - started)
            received += length
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return seconds, received


def queries(records: Sequence[Record], number: int) -> list[str]:
    """Two words next to each other in a title: what people look for, common and rare; the same in each run."""
    chosen = random.Random(7)
    found: list[str] = []
    while len(found) < number:
        words = chosen.choice(records)["title"].split()
        at = chosen.randrange(max(1, len(words) - 1))
        pair = " ".join(word.strip(".,:;?!()") for word in words[at : at + 2])
        if len(pair) > 6 and pair not in found:
            found.append(pair)
    return found


async def fill(database: Path, records: Sequence[Record], number: int) -> None:
    """A store with so many papers; the newest day has 400, and every fifth paper has upvotes."""
    newest = date(2026, 1, 5)
    async with open_store(f"sqlite:///{database}") as store:
        for start in range(0, number, 5000):
            arrivals = []
            for at in range(start, min(start + 5000, number)):
                copy, place = divmod(at, len(records))
                record, arxiv_id = records[place], f"{1001 + at // 10_000}.{at % 10_000:05}"
                one = Listing(
                    source="arxiv",
                    title=f"{record['title']} {copy}" if copy else record["title"],  # another title, another paper
                    url=f"https://arxiv.org/abs/{arxiv_id}",
                    abstract=record["abstract"],
                    authors=tuple(record["authors"]) or ("Nobody",),
                    categories=tuple(record["categories"]),
                    listed_on=newest if at >= number - DAY else date.fromisoformat(record["listed"]),
                    arxiv_id=arxiv_id,
                    upvotes=at % 97 if at % 5 == 0 else None,
                )
                arrivals.append(Arrival(one, paper_id(one), paper_keys(one)))
            await store.papers.add(arrivals, datetime.now(UTC), may_merge)
        await store.sources.record(SourceReport(name="arxiv", state="fresh", reason=""), [], datetime.now(UTC))
        await catch_up(store)


def measure(quick: bool) -> Result:
    """Both servers take turns, round by round; ratios are of the same round."""
    sizes = QUICK if quick else FULL
    records = corpus()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "digest.db"
        tell(f"filling a store with {sizes.papers:,} papers")
        asyncio.run(fill(database, records, sizes.papers))
        with serving("pages", database) as ours:
            day = _against_bare(ours, [["/"] * sizes.requests] * sizes.rounds, sizes.requests)
            asked = queries(records, sizes.searches * sizes.rounds)
            fresh = [
                [f"/?q={quote(text)}" for text in asked[at * sizes.searches : (at + 1) * sizes.searches]]
                for at in range(sizes.rounds)
            ]
            new = _against_bare(ours, fresh, sizes.requests)
            popular = _zipf([path for paths in fresh for path in paths][: sizes.searches], sizes.requests, sizes.rounds)
            known = _against_bare(ours, popular, sizes.requests)
            memory = _memory(ours, sizes.memory, fresh[0])
    return Result(_figures(day, new, known, memory), _sheets(sizes, day, new, known, memory))


@dataclass(frozen=True, slots=True)
class Compared:
    """Ours in each round, and the ratio to bare Starlette in the same round."""

    loads: Sequence[Load]
    ratios: Sequence[float]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def per_second(self) -> float:
        return median(one.per_second for one in self.loads)

    @property
    def p95(self) -> float:
        return median(one.p95 for one in self.loads)

    @property
    def bytes(self) -> float:
        return median(one.bytes for one in self.loads)


def _against_bare(ours: Server, rounds: Sequence[Sequence[str]], requests: int) -> Compared:
    load(ours, rounds[0][:20])  # warm
    loads, ratios = [], []
    for paths in rounds:
        mine = load(ours, paths)
        with serving("bare", int(mine.bytes)) as other:
            load(other, ["/"] * 20)
            theirs = load(other, ["/"] * requests)
        loads.append(mine)
        ratios.append(mine.per_second / theirs.per_second)
    return Compared(loads, ratios)


def _zipf(paths: Sequence[str], requests: int, rounds: int) -> list[list[str]]:
    """Searches as visitors make them: a few often, most seldom."""
    chosen = random.Random(11)
    weights = [1 / rank for rank in range(1, len(paths) + 1)]
    return [chosen.choices(paths, weights, k=requests) for _ in range(rounds)]


def _memory(ours: Server, requests: int, searches: Sequence[str]) -> list[float]:
    """Resident megabytes after each fifth of the requests: the front page, and every tenth a search."""
    found = []
    for _ in range(5):
        load(ours, [searches[at // 10 % len(searches)] if at % 10 == 0 else "/" for at in range(requests // 5)])
        found.append(ours.memory())
    return found


def _figures(day: Compared, new: Compared, known: Compared, memory: Sequence[float]) -> dict[str, object]:
    def told(one: Compared) -> dict[str, float]:
        return {"ratio": one.ratio, "per_cpu_second": one.per_second, "p95_ms": one.p95, "bytes": one.bytes}

    return {"day": told(day), "search_new": told(new), "search_repeated": told(known), "memory_mb": list(memory)}


def _sheets(sizes: Sizes, day: Compared, new: Compared, known: Compared, memory: Sequence[float]) -> list[Sheet]:
    rows = [
        (name, f"{one.per_second:,.0f}", times(one.ratio), f"{one.p95:.1f}", f"{one.bytes / 1000:.0f}")
        for name, one in (
            ("front page", day),
            ("searches, each new", new),
            ("searches, as visitors repeat them", known),
        )
    ]
    flat = memory[-1] <= memory[0] * 1.1
    return [
        Sheet(
            f"Pages over {sizes.papers:,} papers, {CONNECTIONS} connections",
            ("what", "per CPU second", "of bare Starlette", "p95 ms", "kB"),
            rows,
            (
                Goal("the kept front page at least 0.5 of bare Starlette", day.ratio >= 0.5),
                Goal("new searches at least 0.1 of bare Starlette", new.ratio >= 0.1),
                Goal("repeated searches at least 0.1 of bare Starlette", known.ratio >= 0.1),
                Goal(f"memory flat over {sizes.memory:,} requests", flat),
            ),
            (f"memory after each fifth: {', '.join(f'{one:.0f} MB' for one in memory)}",),
        )
    ]


BENCH = Bench("pages", "The web pages.", measure)

if __name__ == "__main__":
    sys.exit(run(BENCH))
