"""Votes: "more like this" and "less like this" change the weights of the keywords for which a paper was listed.

A reader's own keywords carry the weight themselves (`graph neural network^1.2`); for the keywords of a profile, which
others read too, the reader's `weights` say it. Both stand on the preferences page: nothing is hidden. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from digest.errors import KeywordError
from digest.match import check_keyword
from digest.models import Match, Profile

Vote = Literal["more", "less"]

STEP = 1.2
"""What one vote is worth: more multiplies, less divides."""
_LEAST, _MOST = 0.1, 10.0
_WEIGHT = re.compile(r"\^(\d+(?:\.\d+)?)\s*$")
_OPERATORS = re.compile(r"\b(?:AND|OR|NOT)\b|(?:^|\s)[+\-]\S|[()]")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a vote changed: the fields, and each keyword before and after."""

    fields: Mapping[str, Any]
    changes: tuple[tuple[str, str], ...]


def split_weight(keyword: str) -> tuple[str, float]:
    """A keyword without its weight, and the weight."""
    found = _WEIGHT.search(keyword)
    if found is None:
        return keyword.strip(), 1.0
    bare = keyword[: found.start()].strip()
    # In `graph AND protein^2` the weight is the last word's; in `(graph AND protein)^2` everything's.
    if _OPERATORS.search(bare) and not (bare.startswith("(") and bare.endswith(")")):
        return keyword.strip(), 1.0
    return bare, float(found[1])


def with_weight(bare: str, weight: float) -> str:
    """A keyword that counts so much."""
    weight = round(min(max(weight, _LEAST), _MOST), 2)
    if _OPERATORS.search(bare) and not (bare.startswith("(") and bare.endswith(")") and _is_one_bracket(bare)):
        bare = f"({bare})"
    return bare if weight == 1.0 else f"{bare}^{weight:g}"


def vote(
    how: Vote,
    matches: Iterable[Match],
    own: str,
    keywords: Sequence[str],
    weights: Sequence[str],
    profiles: Sequence[Profile],
) -> Weighed:
    """The weights after a vote on a paper; `own` is the name of the reader's own keywords among the matches."""
    factor = STEP if how == "more" else 1 / STEP
    mine, theirs = list(keywords), dict(map(split_weight, weights))
    configured = {split_weight(text)[0]: split_weight(text)[1] for one in profiles for text in one.keywords}
    changes: list[tuple[str, str]] = []
    for match in matches:
        for text in dict.fromkeys(one.keyword for one in match.matched if one.field not in {"related", "like"}):
            bare, weight = split_weight(text)
            if match.profile == own and text in mine:
                before, after = text, _checked(bare, weight * factor, text)
                mine[mine.index(text)] = after
            elif match.profile != own and bare in configured:
                weight = theirs.get(bare, configured[bare])
                before = with_weight(bare, weight)
                after = _checked(bare, weight * factor, before)
                theirs[bare] = split_weight(after)[1]
            else:
                continue
            if after != before:
                changes.append((before, after))
    kept = [f"{bare}^{weight:g}" for bare, weight in theirs.items() if weight != configured.get(bare)]
    return Weighed({"keywords": mine, "weights": kept}, tuple(dict.fromkeys(changes)))


def weighed(profile: Profile, weights: Sequence[str]) -> Profile:
    """A profile with a reader's weights in place of its own; the same profile where none of its keywords is meant."""
    theirs = dict(map(split_weight, weights))
    keywords = tuple(
        with_weight(bare, theirs[bare]) if (bare := split_weight(text)[0]) in theirs else text
        for text in profile.keywords
    )
    return profile if keywords == profile.keywords else replace(profile, keywords=keywords)


def _checked(bare: str, weight: float, before: str) -> str:
    """The keyword with its new weight, or as it was where the language has no place for one."""
    text = with_weight(bare, weight)
    try:
        check_keyword(text)
    except KeywordError:
        return before
    return text


def _is_one_bracket(text: str) -> bool:
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and at < len(text) - 1:
            return False
    return True
