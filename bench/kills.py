"""A run to 2,000 readers, killed with SIGKILL a hundred times: who is without, and who got two.

python -m bench.kills [--quick] [--json]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.report import Bench, Goal, Result, Sheet, run, tell
from tests.kills import kill_and_restart
from tests.mailserver import MailServer

CONNECTIONS = 4
SEED = 20261123


def measure(quick: bool) -> Result:
    """Kill and count."""
    readers, kills = (300, 10) if quick else (2000, 100)
    tell(f"{kills} kills")
    with tempfile.TemporaryDirectory() as folder, MailServer() as server:
        report = kill_and_restart(
            Path(folder),
            server,
            readers=readers,
            kills=kills,
            connections=CONNECTIONS,
            seed=SEED,
            on_kill=lambda done: tell(f"{done} killed, {len(server.inbox)} messages") if done % 10 == 0 else None,
        )
    most = CONNECTIONS * report.kills
    figures = {
        "readers": readers,
        "kills": report.kills,
        "connections": CONNECTIONS,
        "without": len(report.without),
        "repeats": report.repeats,
        "marked_uncertain": report.doubtful,
        "repeats_not_marked": len(report.unmarked),
        "repeats_with_another_message_id": len(report.ids_differ),
        "states": report.states,
    }
    return Result(
        figures,
        [
            Sheet(
                f"{readers:,} readers, {report.kills} times kill -9, {CONNECTIONS} connections",
                ["", "readers"],
                [
                    ["without their mail", str(len(report.without))],
                    ["repeats", str(report.repeats)],
                    ["rows marked uncertain", str(report.doubtful)],
                    ["repeats of a row that is not marked", str(len(report.unmarked))],
                ],
                [
                    Goal("nobody without", not report.without and report.states == {"sent": readers}),
                    Goal(f"at most {most} repeats (connections × kills)", report.repeats <= most),
                    Goal(f"at most {most} rows uncertain", report.doubtful <= most),
                    Goal("each repeat marked, with the same Message-ID", not report.unmarked and not report.ids_differ),
                ],
            )
        ],
    )


BENCH = Bench("kills", "Runs killed at random moments: nobody without, and few repeats.", measure)

if __name__ == "__main__":
    sys.exit(run(BENCH))
