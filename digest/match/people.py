"""Who wrote many of some references, one person under the several ways a name is printed. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isqrt

from digest.errors import KeywordError
from digest.match.names import readings
from digest.match.query import parse_author

LEAST = 3
"""Works by which an author stands out; of a large bibliography half the square root of its size."""
MOST = 8
_Key = tuple[str, str]
"""Family name and first given name, or its initial."""


@dataclass(slots=True)
class _Person:
    works: set[int] = field(default_factory=set)
    printed: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        return min(self.printed, key=lambda name: (-self.printed[name], -len(name), name))


def frequent_authors(works: Sequence[Iterable[str]]) -> list[tuple[str, int]]:
    """The authors of the most works and the number of these, most first; `works` are lists of names."""
    people = _joined(_people(works))
    least = max(LEAST, isqrt(len(works)) // 2)
    found = [(one.name, len(one.works)) for one in people.values() if len(one.works) >= least]
    return [pair for pair in sorted(found, key=lambda pair: (-pair[1], pair[0])) if _readable(pair[0])][:MOST]


def _people(works: Sequence[Iterable[str]]) -> dict[_Key, _Person]:
    people: defaultdict[_Key, _Person] = defaultdict(_Person)
    for number, names in enumerate(works):
        for printed in names:
            for reading in readings(printed)[-1:]:
                if reading.given:
                    person = people[reading.family, reading.given[0]]
                    person.works.add(number)
                    person.printed[printed] += 1
    return people


def _joined(people: dict[_Key, _Person]) -> dict[_Key, _Person]:
    """Who is printed with an initial is the one person of that family whose name begins with it, if there is one."""
    full: defaultdict[_Key, list[_Key]] = defaultdict(list)
    for family, given in people:
        if len(given) > 1:
            full[family, given[0]].append((family, given))
    for key in [key for key in people if len(key[1]) == 1 and len(full.get(key, ())) == 1]:
        short, person = people.pop(key), people[full[key][0]]
        person.works |= short.works
    return people


def _readable(name: str) -> bool:
    try:
        parse_author(name)
    except KeywordError:
        return False
    return True
