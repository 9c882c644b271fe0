"""Keywords as numbers: each distinct one of many profiles once, read when it is met first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import get_args

import numpy as np

from digest.errors import KeywordError
from digest.match.plain import is_plain
from digest.match.query import Query, parse, parse_author
from digest.match.rows import Key
from digest.match.walking import Numbers, distinct
from digest.models import Profile, Related


class KeywordNumbers:
    """The number of each distinct keyword; an error names the profile that holds it."""

    def __init__(self, keys: dict[Key, int]) -> None:
        self._keys = keys
        self.of = {mode: _Known(parse, mode, keys) for mode in get_args(Related)}
        self._authors = {mode: _Known(parse_author, mode, keys) for mode in get_args(Related)}

    def heard(self, profiles: Sequence[Profile]) -> tuple[Numbers, Numbers]:
        """What all profiles listen to, each keyword once: the places of the profiles, in order, and the numbers beside."""
        found: list[tuple[Numbers, Numbers]] = []
        try:
            modes = [profile.related for profile in profiles]
            for mode in dict.fromkeys(modes):
                at = np.flatnonzero(np.array([one == mode for one in modes]))
                of_mode = [profiles[one] for one in at.tolist()]
                found.append(_numbered(at, [profile.keywords for profile in of_mode], self.of[mode]))
                found.append(_numbered(at, [profile.authors for profile in of_mode], self._authors[mode]))
        except KeywordError:
            for profile in profiles:
                self.require(profile, profile.keywords, self.of[profile.related])
                self.require(profile, profile.authors, self._authors[profile.related])
            raise
        width = max(1, len(self._keys))
        pairs = np.concatenate([np.empty(0, np.int64), *(owners * width + numbers for owners, numbers in found)])
        return np.divmod(distinct(pairs), width)

    def require(self, profile: Profile, texts: Sequence[str], known: _Known) -> tuple[int, ...]:
        """The numbers of some keywords of one profile."""
        try:
            return tuple(known[text] for text in dict.fromkeys(texts))
        except KeywordError as error:
            raise KeywordError(f"profile {profile.name!r}: {error.message}", error.column, error.hint) from None


def _numbered(at: Numbers, texts: Sequence[tuple[str, ...]], known: _Known) -> tuple[Numbers, Numbers]:
    """Numbers of the texts of many, and beside them whose they are."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    numbers = map(known.__getitem__, chain.from_iterable(texts))
    return np.repeat(at, sizes), np.fromiter(numbers, np.int64, int(sizes.sum()))


class _Known(dict[str, int]):
    """Keyword as written → number; read when it is met first."""

    def __init__(self, read: Callable[[str], Query], mode: Related, keys: dict[Key, int]) -> None:
        super().__init__()
        self._read = read
        self._mode = mode
        self._keys = keys

    def __missing__(self, text: str) -> int:
        written = text if self._read is parse and is_plain(text) else self._read(text).text
        self[text] = number = self._keys.setdefault((written, self._mode), len(self._keys))
        return number
