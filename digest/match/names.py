"""Whether two printed names can be the same author: "Ada Lovelace", "A. Lovelace", "Lovelace, Ada", "Lovelace A".

The family names must be equal; given names must agree in order, an initial agreeing with every name it begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from digest.match.analysis import fold

MAX_NAME_WORDS = 20
_PARTS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_GENERATIONS = frozenset({"jr", "sr", "ii", "iii", "iv"})


@dataclass(frozen=True, slots=True)
class Name:
    """One reading of a printed name, folded; `given` holds names and initials in order."""

    family: str
    given: tuple[str, ...]


def readings(printed: str) -> tuple[Name, ...]:
    """The ways a printed name can be read: one, or two when it ends like "Lovelace AK"; none without a letter."""
    before, comma, after = fold(printed[:500]).partition(",")
    parts = _PARTS.findall(f"{after} {before}" if comma and _PARTS.search(before) else f"{before} {after}")
    if len(parts) > 2 and parts[-1].casefold() in _GENERATIONS:
        parts.pop()
    parts = parts[-MAX_NAME_WORDS:]
    if not parts:
        return ()
    plain = Name(_bare(parts[-1]), _given(parts[:-1]))
    if not comma and len(parts) > 1 and len(parts[-1]) < 4 and parts[-1].isupper() and len(parts[0]) > 1:
        return (plain, Name(_bare(parts[-2]), _given([*parts[:-2], parts[-1]])))
    return (plain,)


def agree(wanted: Name, printed: Name) -> bool:
    """Whether a printed name can be the wanted one; a wanted family name alone agrees with every given name."""
    if wanted.family != printed.family:
        return False
    if not wanted.given:
        return True
    if not printed.given:
        return False
    shorter, longer = sorted((wanted.given, printed.given), key=len)
    rest = iter(longer)
    in_order = all(any(_same(name, other) for other in rest) for name in shorter)
    return in_order or "".join(wanted.given) == "".join(printed.given)


def _same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


def _bare(part: str) -> str:
    return part.casefold().replace("'", "")


def _given(parts: list[str]) -> tuple[str, ...]:
    """Given names folded; "JP" beside other names is two initials."""
    names: list[str] = []
    for part in parts:
        initials = part.isupper() and part.isascii() and 1 < len(part) < 4
        names += part.casefold() if initials else [_bare(part)]
    return tuple(names)
