"""The names in a feed's author elements → people, in order, as printed: "Ada Lovelace". Pure.

Feeds put one name in each element, or all of them in one: "A. B. Cee, D. Eff and G. Aitch", "Kaur, M., Shukla, A.",
"Kaur, Maninder; Shukla, Anita", "editor@example.org (Ada Lovelace)". What cannot be split safely stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from digest.sources.text import from_html

_MAIL = re.compile(r"<?[^\s<>()@,;]{1,64}@[^\s<>()@,;]{1,255}>?")
_MAIL_AND_NAME = re.compile(r"\s*[^\s<>()@,;]{1,64}@[^\s<>()@,;]{1,255}\s+\(([^()]{1,200})\)\s*")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?[\s-]*){1,4}", re.UNICODE)
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d|msc|dr|prof)\.?", re.IGNORECASE)
_ET_AL = re.compile(r"(?:\band\s+)?\bet\.?\s*al\b\.?|\band \d+ others\b", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*,\s*(?:and\s+|&\s*)?|\s+(?:and|&)\s+|\s+/\s+", re.IGNORECASE)
_BY = re.compile(r"(?:posted |written )?by:?\s+", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s[^<>]*>([^<>]*)</a>", re.IGNORECASE)
_MOST = 5000  # people; the largest collaborations have about that many
_LONGEST_NAME = 200  # characters; longer strings are not names


def people(elements: Iterable[str]) -> tuple[str, ...]:
    """The people that a list of author elements names, each once."""
    texts = [text for element in elements if (text := _cleaned(element))]
    single = len(texts) == 1
    names = [name for text in texts for name in _names(text, single=single)]
    kept = (name for name in names if len(name) <= _LONGEST_NAME and any(map(str.isalpha, name)))
    return tuple(dict.fromkeys(kept))[:_MOST]


def _cleaned(element: str) -> str:
    """One element as text: the names of old arXiv's anchors, or what is left without addresses and affiliations."""
    anchors = _ANCHOR.findall(element)
    if anchors:
        return "; ".join(from_html(anchor) for anchor in anchors)
    named = _MAIL_AND_NAME.fullmatch(element)
    text = named[1] if named else from_html(_MAIL.sub(" ", element))
    for _ in range(5):
        text, found = _PARENTHESES.subn(" ", text)
        if not found:
            break
    text = _ET_AL.sub("", _BY.sub("", text.strip(), count=1) if _BY.match(text.strip()) else text)
    return " ".join(text.replace("()", " ").split()).strip(" ,;:()<>/")


def _names(text: str, *, single: bool) -> list[str]:
    """The names in one element; `single` when no other element stands beside it."""
    if ";" in text:
        return [_in_order(part.strip()) for part in text.split(";") if part.strip()]
    pieces = [piece for piece in text.split(", ") if piece.strip()]
    if _are_pairs(pieces):
        return [f"{given} {family}" for family, given in zip(pieces[::2], pieces[1::2], strict=True)]
    if len(pieces) == 2 and (not single or " " not in pieces[0]):
        return [_in_order(text)]
    names: list[str] = []
    for piece in _BETWEEN.split(text):
        if names and _SUFFIX.fullmatch(piece):
            names[-1] += f" {piece}"
        elif piece:
            names.append(piece)
    return names


def _are_pairs(pieces: list[str]) -> bool:
    """Whether families and initials alternate: "Kaur, M., Shukla, A.", but not "A B, C D"."""
    families, given = pieces[::2], pieces[1::2]
    if len(families) != len(given) or not all(map(_INITIALS.fullmatch, given)):
        return False
    return bool(pieces) and ("." in "".join(given) or not any(map(_INITIALS.fullmatch, families)))


def _in_order(name: str) -> str:
    """From "Lovelace, Ada" to "Ada Lovelace"; a suffix stays behind."""
    family, comma, given = (part.strip() for part in name.partition(","))
    if not comma or not given or "," in given:
        return name.replace(",", "")
    return f"{family} {given}" if _SUFFIX.fullmatch(given) else f"{given} {family}"
