"""Characters raised, lowered and accented, where Unicode has them. Pure."""

from __future__ import annotations

import unicodedata

from digest.sources.tex_tables import SUBSCRIPTS, SUPERSCRIPTS


def script(sign: str, inner: str) -> str:
    """`inner` raised ("^") or lowered ("_"): in Unicode where every character has a form, else `_x` or `_(xy)`."""
    inner = inner.strip()
    if sign == "^" and inner in {"∘", "◦", "o"}:  # degrees
        return "°" if inner != "o" else "ᵒ"
    table = SUPERSCRIPTS if sign == "^" else SUBSCRIPTS
    compact = inner.replace(" ", "")
    if compact and all(ord(character) in table for character in compact):
        return compact.translate(table)
    if len(inner) <= 1 or (inner[0] == "(" and inner.find(")") == len(inner) - 1):
        return sign + inner if inner else ""
    return f"{sign}({inner})"


def accented(letters: str, mark: str) -> str:
    """The accent over a single letter; over several there is none in Unicode, and they stay as they are."""
    composed = unicodedata.normalize("NFC", letters + mark)
    single = len(unicodedata.normalize("NFC", letters)) == 1 and letters.isalnum()
    return composed if single else letters
