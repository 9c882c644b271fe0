"""A bibliography file → references: BibTeX, RIS, CSL JSON, and the JSON and CSV of Zotero.

The ending of its name says what a file is, and where that says nothing, its beginning. A broken entry is left out and
counted; a file without a single reference is an error. It downloads nothing and follows no cross-reference.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest.errors import ConfigError, OutputError, Problem, UsageError
from digest.sources.bibliography_entry import Entry, NoBibliography, Reference, reference
from digest.sources.bibtex import read_bibtex
from digest.sources.ris import read_ris
from digest.sources.zotero import read_csv, read_json

LARGEST = 50_000_000
"""Bytes of a file: about 30,000 entries with abstracts."""
_READERS: dict[str, Callable[[str], list[Entry | None]]] = {
    ".bib": read_bibtex,
    ".bibtex": read_bibtex,
    ".biblatex": read_bibtex,
    ".ris": read_ris,
    ".json": read_json,
    ".csv": read_csv,
}
_SIGNS = (  # of a file whose ending says nothing, looked for in this order
    (re.compile(r"\A\s*[\[{]"), read_json),
    (re.compile(r"^[ \t]*TY  -", re.MULTILINE), read_ris),
    (re.compile(r"^[ \t]*@[A-Za-z]+[ \t]*[{(]", re.MULTILINE), read_bibtex),
    (re.compile(r"\A(?=[^\n]*,)[^\n]*\bTitle\b", re.IGNORECASE), read_csv),
)
_BEGINNING = 20_000  # characters in which they are looked for
_XML = re.compile(r"\s*<(?:\?xml|!DOCTYPE|[A-Za-z])")
_NO_UTF8 = re.compile("[\udc80-\udcff]")
# A byte that is no UTF-8, as Python decodes it → the character that Windows and Latin-1 mean by it.
_SINGLE_BYTES = {0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)}


@dataclass(frozen=True, slots=True)
class Bibliography:
    """What a file holds: each work once, in the order of the file."""

    references: tuple[Reference, ...]
    skipped: int = 0
    """Entries that are broken or have no title."""
    notes: tuple[str, ...] = ()
    """Sentences about what had to be guessed."""


def read_bibliography(path: Path, advance: Callable[[int, int], None] = lambda _done, _all: None) -> Bibliography:
    """The references in a file; `advance` is told (done, all) entries.

    Raises UsageError when there is no such file, OutputError when it cannot be read, ConfigError when it is no
    bibliography or holds no reference.
    """
    try:
        text, notes = _decoded(_bytes(path))
        entries = _reader(path, text)(text)
        references = list(_references(entries, advance))
    except NoBibliography as error:
        raise ConfigError(Problem(str(error), str(path), hint=error.hint)) from None
    return Bibliography(tuple(_each_once(references)), len(entries) - len(references), notes)


def _references(entries: Sequence[Entry | None], advance: Callable[[int, int], None]) -> Iterator[Reference]:
    found = False
    for done, entry in enumerate(entries, 1):
        if entry and (one := reference(entry)):
            found = True
            yield one
        if not done % 100:
            advance(done, len(entries))
    if not found:
        raise NoBibliography("holds no reference with a title")


def _bytes(path: Path) -> bytes:
    """The content of a regular file within the limit; never waits for a pipe or a device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"cannot read {path}: it is not a regular file")
            content = file.read(LARGEST + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > LARGEST:
        raise NoBibliography(f"is larger than {LARGEST // 1_000_000} MB", "Split it, or export less.")
    return content


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and a note when its encoding was guessed. Half a character at the end is dropped."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), ()
    text = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not _NO_UTF8.search(text):
        return text, ()
    return text.translate(_SINGLE_BYTES), ("Not all of it is UTF-8; the rest was read as Windows-1252 (Latin-1).",)


def _reader(path: Path, text: str) -> Callable[[str], list[Entry | None]]:
    beginning = text[:_BEGINNING]
    if not text.strip():
        raise NoBibliography("is empty")
    if "\0" in beginning:
        raise NoBibliography("is no text file")
    if _XML.match(beginning):
        raise NoBibliography("is XML, such as Zotero RDF or EndNote, which is not read")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        reader = next((reader for sign, reader in _SIGNS if sign.search(beginning)), None)
    if reader is None:
        raise NoBibliography("is no bibliography")
    return reader


def _each_once(references: Iterable[Reference]) -> Iterable[Reference]:
    """Works of the same title and first author are one; the entry with the longer abstract says more."""
    works: dict[tuple[str, str], Reference] = {}
    for one in references:
        title = "".join(filter(str.isalnum, one.title.casefold()))
        family = one.authors[0].casefold().split()[-1] if one.authors else ""
        known = works.setdefault((title, family), one)
        if len(one.abstract) > len(known.abstract):
            works[title, family] = one
    return works.values()
