"""All benches one after the other: python -m bench [--quick] [--json]."""

from __future__ import annotations

import sys

from bench import composing, kills, matching, pages, quality, sending
from bench.report import Bench, run

BENCHES: tuple[Bench, ...] = (quality.BENCH, matching.BENCH, composing.BENCH, sending.BENCH, kills.BENCH, pages.BENCH)

if __name__ == "__main__":
    sys.exit(run(*BENCHES))
