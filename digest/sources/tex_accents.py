"""TeX's accents → accented letters. Pure."""

from __future__ import annotations

import re

from digest.sources.tex_scripts import accented
from digest.sources.tex_tables import ACCENTS, SYMBOLS

_ACCENTED = re.compile(
    r"(?P<blank>[ ]?)(?P<open>\{\s*)?(?:\\(?P<dotless>[ij])(?![A-Za-z])|(?P<letter>[^\W\d_]))(?(open)\s*\}|)"
)
_LOWER_GROUP = re.compile(r"\{([a-z]{1,16})\}")


def split_name(source: str, at: int, name: str) -> tuple[str, int] | None:
    r"""The sign of a command that was torn: \b{eta} for \beta. arXiv's listings take the first letter for an accent."""
    group = _LOWER_GROUP.match(source, at)
    whole = name + group[1] if group else ""
    if whole in SYMBOLS and group:
        return SYMBOLS[whole][0], group.end()
    return None
