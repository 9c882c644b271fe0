"""Words within a distance of each other, in any order."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

Place = tuple[int, int]
"""Words of a text: (first, one past the last)."""


def windows(
    found: Mapping[int, Sequence[Place]], phrases: Sequence[int], distance: int
) -> tuple[int, tuple[Place, ...]]:
    """How many separate times all `phrases` stand together, and where their words are then.

    Together: from the last word of the first phrase to the first word of the last phrase it is at most `distance`
    words. A phrase asked for twice must stand there twice. Linear in the number of places.
    """
    wanted = Counter(phrases)
    places = sorted((place, phrase) for phrase in wanted for place in found.get(phrase, ()))
    waiting: deque[tuple[Place, int]] = deque()
    have: Counter[int] = Counter()
    missing = len(phrases)
    count = 0
    kept: list[Place] = []
    for place, phrase in places:
        waiting.append((place, phrase))
        have[phrase] += 1
        missing -= have[phrase] <= wanted[phrase]
        while waiting and (place[0] - (waiting[0][0][1] - 1) > distance or have[waiting[0][1]] > wanted[waiting[0][1]]):
            _, dropped = waiting.popleft()
            missing += have[dropped] <= wanted[dropped]
            have[dropped] -= 1
        if not missing:
            count += 1
            kept += sorted({other for other, _ in waiting})
            waiting.clear()
            have.clear()
            missing = len(phrases)
    return count, tuple(kept)
