"""BibTeX → entries. bibtexparser finds where blocks and fields begin and end; what their values mean is read here. Pure.

Cross-references are not followed, and nothing is sorted, checked or written.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from digest.sources.bibliography_entry import Entry, NoBibliography, counted, given_name_first, plain
from digest.sources.text import clean

if TYPE_CHECKING:
    from bibtexparser.model import Block

_LONGEST = 200_000  # characters of one value; with @string a short file can ask for very long ones
_OPENING = re.compile(r"@\w*[ \t]*[{(]")
_NO_ENTRY = re.compile(r"@(?:comment|preamble|string)\b", re.IGNORECASE)
_PIECE = re.compile(r'\s*(?:#\s*)*(?P<mark>[{"]|[^\s#{"]+)')
_DELIMITER = re.compile(r'\\.|[{}"]', re.DOTALL)
_SEPARATOR = re.compile("[;,\n]")
_ESCAPED = re.compile(r"\\([_%#&~$])|\\url(?=\{)|[{}]")
_KEPT_BRACES = {"\\{": "\ue000", "\\}": "\ue001"}  # private characters, so that they outlive TeX's own braces
_MARKS = ("url", "doi", "note", "journal", "journaltitle", "howpublished", "number", "annote")


def read_bibtex(text: str) -> list[Entry | None]:
    """The entries of a BibTeX file in order; None for each that is broken. Raises NoBibliography when there are too many."""
    counted(_OPENING.finditer(text))  # the parser keeps a kilobyte or more of each
    blocks = _blocks(text)
    strings = {name: _value(value, {}) for name, value in _strings(blocks)}
    return [_entry(fields, strings) if fields is not None else None for fields in _fields(blocks)]


def _blocks(text: str) -> list[Block]:
    from bibtexparser.splitter import Splitter

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what is broken is counted, and told once
    try:
        blocks = Splitter(text).split().blocks
    except Exception as error:  # noqa: BLE001 - whatever a file makes of the parser, it is the file that cannot be read
        raise NoBibliography(f"is BibTeX that cannot be read ({type(error).__name__})") from None
    # For the parser a key that comes twice is an error, though it has read what stands under it.
    return [getattr(block, "ignore_error_block", None) or block for block in blocks]


def _strings(blocks: Iterable[Block]) -> Iterator[tuple[str, str]]:
    from bibtexparser.model import String

    for block in blocks:
        if isinstance(block, String):
            yield block.key.lower(), block.value


def _fields(blocks: Iterable[Block]) -> Iterator[dict[str, str] | None]:
    """The fields of each entry, names in lower case, of two with one name the first; None for an entry that is broken."""
    from bibtexparser.model import Entry as Record
    from bibtexparser.model import ParsingFailedBlock

    for block in blocks:
        if isinstance(block, Record):
            fields: dict[str, str] = {}
            for field in block.fields:
                fields.setdefault(field.key.lower(), field.value)
            yield fields
        elif isinstance(block, ParsingFailedBlock) and not _NO_ENTRY.match(block.raw or ""):
            yield None


def _entry(fields: Mapping[str, str], strings: Mapping[str, str]) -> Entry:
    def value(*names: str) -> str:
        return next((_value(fields[name], strings) for name in names if name in fields), "")

    archive, number = value("archiveprefix", "eprinttype"), _address(value("eprint", "arxivid", "arxiv"))
    category = value("primaryclass", "eprintclass")
    eprint = number if archive.strip().lower() in {"", "arxiv"} else ""
    old = f"{category.partition('.')[0]}/{eprint}" if category and eprint.isdigit() else ""
    volume = value("volume")  # DBLP: journal = {CoRR}, volume = {abs/2401.01234}
    marks = (old, eprint, f"arXiv:{volume[4:]}" if volume.startswith("abs/") else "")
    return Entry(
        clean=from_bibtex,
        title=_titled(value("title"), value("subtitle")),
        abstract=value("abstract"),
        authors=tuple(_authors(value("author"))),
        keywords=tuple(_SEPARATOR.split(value("keywords", "keyword", "author_keywords"))),
        category=category,
        marks=(*marks, *(_address(value(name)) for name in _MARKS if name in fields)),
        doi=_address(value("doi")),
        url=_address(value("url", "ee", "link")),
        year=value("year", "date"),
    )


def _titled(title: str, subtitle: str) -> str:
    return f"{title}: {subtitle}" if title and subtitle else title


def _authors(value: str) -> Iterator[str]:
    """The names between "and"; one that stands in braces as a whole is an organisation's."""
    from bibtexparser.middlewares.names import split_multiple_persons_names

    for name in split_multiple_persons_names(value):
        yield name if name.startswith("{") and name.endswith("}") else given_name_first(name)


def _value(written: str, strings: Mapping[str, str]) -> str:
    r"""What a value stands for: `{…}`, `"…"`, a number or a name of @string, and several of them joined with `#`."""
    pieces: list[str] = []
    at = length = 0
    while length < _LONGEST and (piece := _PIECE.match(written, at)) is not None:
        mark, at = piece["mark"], piece.end()
        if mark in {"{", '"'}:
            end = _end(written, at, mark)
            pieces.append(written[at:end])
            at = end + 1
        else:
            pieces.append(strings.get(mark.lower(), mark))
        length += len(pieces[-1])
    return "".join(pieces)


def _end(written: str, start: int, opener: str) -> int:
    """Where the brace or quotation mark that was opened before `start` is closed; the end where it never is."""
    depth = 0
    for found in _DELIMITER.finditer(written, start):
        sign = found[0]
        if depth == 0 and sign == ("}" if opener == "{" else '"'):
            return found.start()
        depth += {"{": 1, "}": -1}.get(sign, 0)
    return len(written)


def from_bibtex(raw: str) -> str:
    """A value of BibTeX as one line of Unicode: braces that protect capitals or hold words together are gone."""
    if "{" not in raw and "}" not in raw:
        return plain(raw)
    for escaped, kept in _KEPT_BRACES.items():
        raw = raw.replace(escaped, kept)
    text = plain(raw).replace("{", "").replace("}", "")
    return clean(text).replace("\ue000", "{").replace("\ue001", "}")


def _address(value: str) -> str:
    r"""An identifier or address without what TeX needs around it: `\_`, `\url{…}`, braces."""
    return _ESCAPED.sub(lambda found: found[1] or "", value).strip()
