"""Sending prebuilt messages through the pool, and what settling a row costs beside it.

python -m bench.sending [--quick] [--json]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import posting, senders
from bench.report import Bench, Goal, Result, Sheet, each, run, times

CONNECTIONS = 10
BYTES = 40_000
_BODIES = 50


@dataclass(frozen=True, slots=True)
class Round:
    """Microseconds of CPU per message or row; None where the tool is missing."""

    ours: float
    aiosmtplib: float
    nodemailer: float | None
    smtp_source: float
    settling: float


def measure(quick: bool) -> Result:
    """Let all send in turns."""
    count, rounds = (1000, 1) if quick else (5000, 3)
    bodies = [_body(number) for number in range(_BODIES)]
    with tempfile.TemporaryDirectory() as name, senders.sink(CONNECTIONS) as port:
        folder = Path(name)
        node = senders.nodemailer_folder(folder)
        found = [_round(folder / str(n), node, port, bodies, count) for n in each(range(rounds), "sending, rounds")]
    return _result(found, count)


def _round(folder: Path, node: Path | None, port: int, bodies: list[bytes], count: int) -> Round:
    folder.mkdir()
    started = time.process_time()
    sent = asyncio.run(posting.send(port, bodies, count, CONNECTIONS))
    ours = time.process_time() - started
    if sent != count:
        raise RuntimeError(f"the server took {sent} of {count}")
    plain = asyncio.run(senders.aiosmtplib_sendmail(port, bodies, count, CONNECTIONS))
    theirs = senders.nodemailer_pool(node, port, bodies[0], count, CONNECTIONS) if node else None
    source = senders.smtp_source(port, BYTES, count, CONNECTIONS)
    settling = asyncio.run(posting.settle(folder, count, CONNECTIONS))
    each_one = 1e6 / count
    return Round(
        ours * each_one,
        plain * each_one,
        theirs * each_one if theirs is not None else None,
        source * each_one,
        settling * each_one,
    )


def _result(rounds: list[Round], count: int) -> Result:
    plain = median(one.aiosmtplib / one.ours for one in rounds)
    source = median(one.smtp_source / one.ours for one in rounds)
    against_node = [one.nodemailer / one.ours for one in rounds if one.nodemailer is not None]
    node = median(against_node) if against_node else None
    share = median(one.settling / one.ours for one in rounds)
    figures = {
        "messages": count,
        "bytes": BYTES,
        "connections": CONNECTIONS,
        "microseconds_per_message": median(one.ours for one in rounds),
        "microseconds_per_row_settled": median(one.settling for one in rounds),
        "times_aiosmtplib": plain,
        "times_nodemailer": node,
        "times_smtp_source": source,
        "settling_share_of_sending": share,
    }
    rows = [
        ["the pool", f"{figures['microseconds_per_message']:.0f}", "1"],
        ["aiosmtplib.sendmail", f"{median(one.aiosmtplib for one in rounds):.0f}", times(plain)],
        ["nodemailer's pool", *(["-", "-"] if node is None else [_middle(rounds), times(node)])],
        ["smtp-source (C)", f"{median(one.smtp_source for one in rounds):.0f}", times(source)],
        ["leasing, beginning and settling a row", f"{figures['microseconds_per_row_settled']:.0f}", times(share)],
    ]
    return Result(
        figures,
        [
            Sheet(
                f"{count:,} messages of 40 kB into smtp-sink, {CONNECTIONS} connections",
                ["", "µs of CPU each", "against the pool"],
                rows,
                [
                    Goal("at least 2 × plain aiosmtplib", plain >= 2),
                    Goal("at least 1.5 × nodemailer's pool", node >= 1.5 if node is not None else None),
                    Goal("settling a row under a tenth of sending a prebuilt message", share < 0.1),
                ],
                [] if node is not None else ["nodemailer: needs node, npm and the network (apt-get install npm)"],
            )
        ],
    )


def _middle(rounds: list[Round]) -> str:
    return f"{median(one.nodemailer for one in rounds if one.nodemailer is not None):.0f}"


def _body(number: int) -> bytes:
    """Lines as quoted-printable has them; a few begin with a dot."""
    lines = [b"Message-ID: <%d@news.example.org>" % number, b"Subject: Graph neural networks and 9 more", b""]
    length = 0
    while length < BYTES:
        lines.append((b"." if len(lines) % 97 == 0 else b"") + b"%05d " % len(lines) + b"x" * 68)
        length += len(lines[-1]) + 2
    return b"\r\n".join(lines) + b"\r\n"


BENCH = Bench("sending", "Prebuilt messages through the pool, against other senders.", measure)

if __name__ == "__main__":
    sys.exit(run(BENCH))
