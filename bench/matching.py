"""Speed: 1,000 papers against many profiles of 8 keywords, by the matcher alone and by the whole command.

Against tantivy, tantivy with its own explanations, and a loop of compiled regular expressions; all figures are CPU,
so that other work on the machine counts little, and medians of rounds in which both sides take turns. Run it as
`python -m bench.matching [--quick] [--json]`.
"""

from __future__ import annotations

import sys
from typing import Any

from bench import alone, growth, population, whole
from bench.report import Bench, Goal, Result, Sheet, run, tell, times
from bench.sizes import FULL, PAPERS, QUICK, papers

TANTIVY, EXPLAINED, EXPRESSIONS = 25, 20, 10_000
"""How many times faster than each ours should be, per profile."""
GROWTH = 1.15
"""How much faster than the profiles time may grow."""
MEMORY = 1.5e9
"""Bytes that the matcher may take at most."""


def measure(quick: bool) -> Result:
    sizes = QUICK if quick else FULL
    tell("making the vocabulary")
    keywords, day = population.vocabulary(), papers()
    bare = alone.measure(day, keywords, sizes)
    command = whole.measure(day, keywords, sizes)
    steps = growth.measure(day, keywords, sizes)
    figures = {"papers": PAPERS, "alone": _alone_figures(bare), "command": _command_figures(command)}
    sheets = [_alone_sheet(bare), _command_sheet(command), _growth_sheet(steps)]
    return Result(figures | {"growth": _growth_figures(steps)}, sheets)


def _alone_sheet(found: alone.Alone) -> Sheet:
    ours = found.middle(lambda one: one.ours)
    profiles = min(one.profiles for one in found.rounds)
    tantivy = found.middle(lambda one: one.tantivy / one.ours)
    expressions = found.middle(lambda one: one.expressions / one.ours)
    lines = (
        ("tantivy, query parsed", found.middle(lambda one: one.parsed)),
        ("tantivy, query built", found.middle(lambda one: one.built)),
        ("tantivy, search alone", found.middle(lambda one: one.search)),
        ("regular expressions", found.middle(lambda one: one.expressions)),
        ("digest, matcher alone", ours),
    )
    listed = found.rounds[0].listed
    return Sheet(
        f"Matcher alone: {PAPERS:,} papers, {profiles:,} profiles",
        ("", "µs of CPU per profile", "digest is faster"),
        [[label, f"{figure:,.1f}", times(figure / ours)] for label, figure in lines],
        [
            Goal(f"≥ {TANTIVY} × faster than tantivy, the faster way: {times(tantivy)}", tantivy >= TANTIVY),
            Goal(f"≥ {EXPRESSIONS:,} × faster than expressions: {times(expressions)}", expressions >= EXPRESSIONS),
        ],
        [f"papers in a profile's list: tantivy {listed[0]:.2f}, digest {listed[1]:.2f}"],
    )


def _alone_figures(found: alone.Alone) -> dict[str, Any]:
    return {
        "profiles": min(one.profiles for one in found.rounds),
        "microseconds_per_profile": {
            "tantivy_parsed": found.middle(lambda one: one.parsed),
            "tantivy_built": found.middle(lambda one: one.built),
            "tantivy_search_alone": found.middle(lambda one: one.search),
            "expressions": found.middle(lambda one: one.expressions),
            "digest": found.middle(lambda one: one.ours),
        },
        "times_faster_than_tantivy": found.middle(lambda one: one.tantivy / one.ours),
        "times_faster_than_expressions": found.middle(lambda one: one.expressions / one.ours),
    }


def _command_sheet(found: whole.Whole) -> Sheet:
    rows = [["tantivy, search and explain()", f"{found.microseconds_explained:,.1f}", "-", "-", "-", "-", "-"]]
    for one in found.commands:
        label = f"digest match, {one.profiles:,} profiles"
        if one.failure:
            rows.append([label, f"failed: {one.failure}"])
            continue
        sizes = (f"{one.peak_bytes / 1e6:,.0f} MB", f"{one.output_bytes / 1e6:,.0f} MB")
        seconds = (f"{one.cpu_seconds:,.1f} s", f"{one.wall_seconds:,.1f} s")
        rows.append([label, f"{one.microseconds:,.1f}", times(one.ratio), *seconds, *sizes])
    last = found.commands[-1]
    words = f"{last.profiles:,} profiles: ≥ {EXPLAINED} × faster than tantivy with explain()"
    goal = Goal(words, None if last.failure else last.ratio >= EXPLAINED)
    columns = ("", "µs of CPU per profile", "digest is faster", "CPU", "wall", "peak memory", "output")
    return Sheet("Whole command, explanations and files included", columns, rows, [goal])


def _command_figures(found: whole.Whole) -> dict[str, Any]:
    return {
        "tantivy_explained_microseconds_per_profile": found.microseconds_explained,
        "runs": [
            {"profiles": one.profiles, "failed": one.failure}
            if one.failure
            else {
                "profiles": one.profiles,
                "microseconds_per_profile": one.microseconds,
                "times_faster_than_tantivy_explained": one.ratio,
                "cpu_seconds": one.cpu_seconds,
                "wall_seconds": one.wall_seconds,
                "peak_bytes": one.peak_bytes,
                "output_bytes": one.output_bytes,
            }
            for one in found.commands
        ],
    }


def _growth_sheet(steps: list[growth.Step]) -> Sheet:
    rows = []
    for step in steps:
        if step.failure:
            rows.append([f"{step.profiles:,} profiles", f"failed: {step.failure}"])
            continue
        ratio = _growth(steps[0], step)
        memory = f"{step.peak_bytes / 1e6:,.0f} MB"
        rows.append([f"{step.profiles:,} profiles", f"{step.cpu_seconds:,.2f} s", times(ratio), memory])
    measured = not any(step.failure for step in steps)
    ratio = _growth(steps[0], steps[-1])
    small = max(step.peak_bytes for step in steps) < MEMORY
    goals = [
        Goal(f"time grows ≤ {GROWTH} × faster than the profiles", (ratio or 0) <= GROWTH if measured else None),
        Goal(f"peak memory < {MEMORY / 1e9:.1f} GB", small if measured else None),
    ]
    return Sheet("Growth of the matcher alone", ("", "CPU", "time per profile, against the first", "peak"), rows, goals)


def _growth(first: growth.Step, step: growth.Step) -> float | None:
    """How much faster than the profiles time grew."""
    if first.failure or step.failure:
        return None
    return (step.cpu_seconds / step.profiles) / (first.cpu_seconds / first.profiles)


def _growth_figures(steps: list[growth.Step]) -> list[dict[str, Any]]:
    return [
        {"profiles": step.profiles, "failed": step.failure}
        if step.failure
        else {
            "profiles": step.profiles,
            "cpu_seconds": step.cpu_seconds,
            "times_the_first_per_profile": _growth(steps[0], step),
            "peak_bytes": step.peak_bytes,
        }
        for step in steps
    ]


BENCH = Bench("matching", "Speed of matching against tantivy and regular expressions.", measure)

if __name__ == "__main__":
    sys.exit(run(BENCH))
