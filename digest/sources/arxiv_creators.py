"""arXiv's one `dc:creator` string → separate names. Pure."""

from __future__ import annotations

import re

from digest.sources.text import from_plain

_PARENTHESES = re.compile(r"\([^()]*\)")  # affiliations, "(909 additional authors not shown)"
_DEEPEST = 5
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_ET_AL = re.compile(r"(?:^|\s+|\band\s+)et\.?\s+al\.?$|^and \d+ others$", re.IGNORECASE)
_COLLABORATION = re.compile(r"(collaborations?)\s*:\s*", re.IGNORECASE)


def split_creators(creator: str) -> tuple[str, ...]:
    """The names in order, without affiliations and without "et al.".

    A comma inside parentheses belongs to an affiliation, "Jr." to the name before it, and a collaboration that stands
    before its members with a colon is an author of its own.
    """
    for _ in range(_DEEPEST):
        creator, found = _PARENTHESES.subn(" ", creator)
        if not found:
            break
    names: list[str] = []
    for piece in _COLLABORATION.sub(r"\1, ", creator).split(","):
        name = _ET_AL.sub("", from_plain(piece).strip(" ()")).strip()
        if names and name.rstrip(".").lower() in _SUFFIXES:
            names[-1] += f" {name}"
        elif name:
            names.append(name)
    return tuple(names)
