"""From where terms stand to where they follow one another: a phrase, found in a row of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """Where a term stands: as one word, or as two that are written apart here."""

    single: Numbers
    double: Numbers

    def __len__(self) -> int:
        return len(self.single) + len(self.double)


def as_places(units: Units) -> tuple[Numbers, Numbers]:
    starts = np.concatenate((units.single, units.double))
    afters = np.concatenate((units.single + 1, units.double + 2))
    return starts, afters


def in_a_row(terms: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Where single words follow one another, from the rarest."""
    rarest = min(range(len(terms)), key=lambda at: len(terms[at]))
    starts = terms[rarest] - rarest
    for at, places in enumerate(terms):
        if at != rarest and len(starts):
            starts = starts[_among(starts + at, places)]
    return starts, starts + len(terms)


def along(units: Sequence[Units], joins: Sequence[Units]) -> tuple[Numbers, Numbers]:
    """Where terms follow one another, each one word or two, or two of them one word."""
    first = as_places(units[0])
    reached = [None, first]
    for at in range(1, len(units)):
        steps = [_step(reached[at], units[at])]
        if joins[at - 1]:
            steps.append(_step(reached[at - 1], joins[at - 1]))
        reached.append(_distinct(steps))
    last = reached[-1]
    assert last is not None
    return last


def _distinct(steps: Sequence[tuple[Numbers, Numbers]]) -> tuple[Numbers, Numbers]:
    """Each pair of start and place once, however many ways lead to it: else they would multiply at every term."""
    starts = np.concatenate([step[0] for step in steps])
    lengths = np.concatenate([step[1] for step in steps]) - starts
    keys = np.unique((starts << 10) + lengths)
    starts = keys >> 10
    return starts, starts + (keys & 1023)


def _step(reached: tuple[Numbers, Numbers] | None, units: Units) -> tuple[Numbers, Numbers]:
    """From the places reached (None: anywhere) over one more term."""
    if reached is None:
        return as_places(units)
    starts, at = reached
    one, two = _among(at, units.single), _among(at, units.double)
    return np.concatenate((starts[one], starts[two])), np.concatenate((at[one] + 1, at[two] + 2))


def _among(values: Numbers, places: Numbers) -> NDArray[np.bool_]:
    """Which values stand in the sorted places."""
    if not len(places):
        return np.zeros(len(values), np.bool_)
    at = np.searchsorted(places, values)
    at[at == len(places)] = 0
    found: NDArray[np.bool_] = places[at] == values
    return found


def apart(starts: Numbers, afters: Numbers) -> tuple[Numbers, Numbers]:
    """The places in order, without those that overlap an earlier one."""
    if len(starts) < 2:
        return starts, afters
    order = np.lexsort((afters, starts))
    starts, afters = starts[order], afters[order]
    if (afters[:-1] <= starts[1:]).all():
        return starts, afters
    kept, end = [], -1
    for at, (start, after) in enumerate(zip(starts.tolist(), afters.tolist(), strict=True)):
        if start >= end:
            kept.append(at)
            end = after
    return starts[kept], afters[kept]
