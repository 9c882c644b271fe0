"""Text as sources send it → clean Unicode on one line. Pure.

`from_plain` is for plain text with TeX in it (arXiv, Hugging Face): `<` is a character. `from_html` is for fragments of
HTML, XHTML and JATS. What comes out is text: whoever puts it into HTML must escape it.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from digest.sources.markup import without_tags
from digest.sources.tex import unicode_of

# Controls that are no whitespace, lone surrogates, zero-width spaces, soft hyphens, bidirectional overrides and isolates,
# invisible operators, byte order marks, tags, noncharacters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
    + "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_JOINED_SCRIPTS = (
    "\u0590-\u0dff\u0e00-\u109f\u1780-\u18af\u1c00-\u1cff\ua800-\uabff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
)
_LOOSE_JOINER = re.compile(rf"(?<![{_JOINED_SCRIPTS}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED_SCRIPTS}])")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_FOREIGN_RUN = re.compile(r"[^\x00-\u02ff]{32,}")
_DOUBLED_LINK = re.compile(r"(https?://[^\s{}]{1,500}+)\{\1\}")  # left of \href{…}{…} on Hugging Face
_LONGEST_TEX = 100_000  # characters; longer texts are articles and no abstracts, and their TeX stays
_MARKS = 16  # combining marks on one letter; more of them are mischief and make normalising slow
_CODE = re.compile(
    r"\b(?:https?://)?(?:www\.)?((?:github\.com|bitbucket\.org|codeberg\.org|gitlab(?:\.[a-z0-9-]+){1,4})/[\w.-]+/[\w.-]*\w)",
    re.IGNORECASE,
)


def from_plain(raw: str) -> str:
    """Plain text with TeX in it as one line of clean Unicode (NFC); never raises, in linear time."""
    text = clean(raw)
    if "&" in text:
        text = clean(_ENTITY.sub(lambda match: unescape(match[0]), text))
    if "}" in text and "http" in text:
        text = _DOUBLED_LINK.sub(r"\1", text)
    return clean(unicode_of(text)) if len(text) <= _LONGEST_TEX else text


def from_html(raw: str) -> str:
    """A fragment of HTML, XHTML or JATS as one line of clean Unicode; `<` that opens no element is kept."""
    return from_plain(without_tags(raw))


def code_link(abstract: str) -> str:
    """The first repository on a code host that a clean text names, as an https address; "" without one."""
    match = _CODE.search(abstract)
    return f"https://{match[1].removesuffix('.git')}" if match else ""


def shortened(text: str, length: int) -> str:
    """At most `length` characters, cut between words and marked with an ellipsis."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:.–—-") + "…"


def clean(text: str) -> str:
    """One line, NFC, single spaces, no invisible or control characters."""
    if not text.isascii():
        text = _LOOSE_JOINER.sub("", _UNWANTED.sub("", text))
        text = unicodedata.normalize("NFC", _FOREIGN_RUN.sub(_few_marks, text))
    text = " ".join(text.split())
    return text if text.isprintable() or not text.isascii() else _UNWANTED.sub("", text).strip()


def _few_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in match[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS:
            kept.append(character)
    return "".join(kept)
