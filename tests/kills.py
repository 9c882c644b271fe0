"""A run of `digest send` that is killed again and again, and what every reader got in the end.

    with MailServer() as server:
        report = kill_and_restart(folder, server, readers=300, kills=5, connections=3, seed=1)
        assert not report.without

The processes are real and end by SIGKILL; the moments are drawn from the seed: most of them while messages are leaving,
some while the process is still preparing.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from functools import partial
from pathlib import Path

from tests.mailserver import MailServer

AT = "2026-11-23T08:00:00+00:00"
_FEED = """<rss version="2.0"><channel><title>Papers</title><link>https://papers.example.org</link>
<item><title>Graph neural networks for proteins</title><link>https://papers.example.org/1</link>
<description>We study the matter.</description></item></channel></rss>"""
_LONGEST_RUN = 120.0
"""Seconds after which a process that has not ended is given up."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the readers have and what the rows say."""

    kills: int
    without: tuple[str, ...]
    """Readers who got nothing."""
    repeats: int
    """Messages beyond the first of each reader."""
    doubtful: int
    """Rows marked uncertain."""
    unmarked: tuple[str, ...]
    """Readers who got more than one although their row is not marked."""
    ids_differ: tuple[str, ...]
    """Readers whose repeats are not recognisable by their Message-ID."""
    states: dict[str, int]


def configure(folder: Path, port: int, readers: int, connections: int, more: str = "") -> None:
    """A config.toml with one feed, one profile and so many readers of a few domains."""
    feed = folder / "feed.xml"
    feed.write_text(_FEED, encoding="utf-8")
    parts = [
        '[site]\nsecret_key = "0123456789012345678901234567890123456789"',
        f'[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nrate = "100000/s"\nconnections = {connections}\ntimeout = 20',
        'sender = "Papers Digest <digest@example.org>"',
        more,
        f'[[source]]\nname = "a"\nkind = "feed"\nurl = "{feed.as_uri()}"',
        '[[profile]]\nname = "graphs"\nkeywords = ["graph neural network"]',
        *(f'[[subscriber]]\nemail = "{address(n)}"\nprofiles = ["graphs"]' for n in range(readers)),
    ]
    config = folder / "config.toml"
    config.write_text("\n".join(parts) + "\n", encoding="utf-8")
    config.chmod(0o600)


def address(number: int) -> str:
    return f"reader{number}@d{number % 7}.example.org"


def start(folder: Path, at: str = AT) -> subprocess.Popen[bytes]:
    """`digest send` as a process of its own."""
    command = [sys.executable, "-c", "from digest.cli import main; main()"]
    command += ["--config", str(folder / "config.toml"), "send", "--json", "--at", at]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_and_restart(
    folder: Path,
    server: MailServer,
    *,
    readers: int,
    kills: int,
    connections: int,
    seed: int,
    on_kill: Callable[[int], None] = lambda _done: None,
) -> Report:
    """Kill so many runs at random moments, let a last one finish, and count."""
    chance = random.Random(seed)
    configure(folder, server.port, readers, connections)
    done = 0
    for number in range(kills):
        process = start(folder)
        if number and chance.random() < 0.1:
            time.sleep(chance.uniform(0.0, 1.0))
        else:
            wanted = len(server.inbox) + chance.randint(1, max(1, 2 * readers // (kills + 1) - 1))
            _wait(partial(_got, server, wanted, process))
            time.sleep(chance.uniform(0.0, 0.004))
        done += process.poll() is None
        process.kill()
        process.wait()
        on_kill(number + 1)
    last = start(folder)
    _wait(lambda: last.poll() is not None)
    return _report(folder, server, readers, done)


def _got(server: MailServer, wanted: int, process: subprocess.Popen[bytes]) -> bool:
    return len(server.inbox) >= wanted or process.poll() is not None


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _LONGEST_RUN
    while not condition() and time.monotonic() < until:
        time.sleep(0.0005)


def _report(folder: Path, server: MailServer, readers: int, kills: int) -> Report:
    got = Counter(mail.recipient for mail in server.inbox)
    ids: dict[str, set[str]] = {}
    for mail in server.inbox:
        if got[mail.recipient] > 1:
            ids.setdefault(mail.recipient, set()).add(message_from_bytes(mail.data)["Message-ID"])
    connection = sqlite3.connect(folder / "digest.db")
    try:
        rows = connection.execute(
            "SELECT email, state, uncertain FROM deliveries JOIN subscribers ON subscribers.id = subscriber_id"
        ).fetchall()
    finally:
        connection.close()
    marked = {email for email, _, uncertain in rows if uncertain}
    return Report(
        kills=kills,
        without=tuple(address(n) for n in range(readers) if not got[address(n)]),
        repeats=sum(got.values()) - len(got),
        doubtful=len(marked),
        unmarked=tuple(email for email, times in got.items() if times > 1 and email not in marked),
        ids_differ=tuple(email for email, found in ids.items() if len(found) > 1),
        states=dict(Counter(state for _, state, _ in rows)),
    )
