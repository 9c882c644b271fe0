"""From where terms stand to where they follow one another: a phrase, found in a row of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def spread(firsts: Numbers, afters: Numbers) -> tuple[Numbers, Numbers]:
    """All numbers of many ranges, side by side: which range, and the number."""
    sizes = afters - firsts
    ends = np.cumsum(sizes)
    which = np.repeat(np.arange(len(sizes)), sizes)
    return which, np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(firsts - ends + sizes, sizes)


def distinct(keys: Numbers) -> Numbers:
    """Every number once, in order; sorting is quicker here than what NumPy does to find them."""
    if not len(keys):
        return keys
    keys = np.sort(keys)
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))]


def runs(owners: Numbers, slots: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Each distinct pair of two columns in order, and how often it stands there."""
    if not len(owners):
        return owners, owners, owners
    first = np.flatnonzero(np.concatenate(([True], (owners[1:] != owners[:-1]) | (slots[1:] != slots[:-1]))))
    return owners[first], slots[first], np.diff(np.append(first, len(owners)))


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
            starts = starts[among(starts + at, places)]
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
    keys = distinct((starts << 10) + lengths)
    starts = keys >> 10
    return starts, starts + (keys & 1023)


def _step(reached: tuple[Numbers, Numbers] | None, units: Units) -> tuple[Numbers, Numbers]:
    """From the places reached (None: anywhere) over one more term."""
    if reached is None:
        return as_places(units)
    starts, at = reached
    one, two = among(at, units.single), among(at, units.double)
    return np.concatenate((starts[one], starts[two])), np.concatenate((at[one] + 1, at[two] + 2))


def among(values: Numbers, places: Numbers) -> NDArray[np.bool_]:
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
    _, starts, afters = kept_apart(np.zeros_like(starts), starts[order], afters[order])
    return starts, afters


def kept_apart(owners: Numbers, starts: Numbers, afters: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The same for the places of many owners, which stand in order."""
    overlaps = (owners[1:] == owners[:-1]) & (starts[1:] < afters[:-1])
    if not overlaps.any():
        return owners, starts, afters
    doubtful = np.flatnonzero(np.isin(owners, owners[1:][overlaps]))
    kept = np.ones(len(owners), np.bool_)
    owner, end = -1, 0
    for at, one, start, after in zip(
        doubtful, *(part[doubtful].tolist() for part in (owners, starts, afters)), strict=True
    ):
        kept[at] = one != owner or start >= end
        if kept[at]:
            owner, end = one, after
    return owners[kept], starts[kept], afters[kept]
