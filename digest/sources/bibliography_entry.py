"""One entry of a bibliography, whatever format it stood in → a reference: clean, within bounds, with its identifiers.

Pure. Formats differ in their fields and in their markup; each hands over an `Entry` and the function that cleans its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from digest.sources.bounds import ABSTRACT, AUTHORS, CATEGORIES, CATEGORY, DOI, NAME, TITLE
from digest.sources.identity import arxiv_id, doi
from digest.sources.text import clean, from_html, from_plain, shortened
from digest.sources.urls import web_url

T = TypeVar("T")

MOST = 200_000
"""Entries in one file: the largest collections have about half as many."""
_KEYWORDS = 100  # of one reference
_KEYWORD = 100  # characters
_YEAR = re.compile(r"(?<!\d)(1[5-9]|20|21)\d\d(?!\d)")
_CATEGORY = re.compile(r"(?:[a-z]+(?:-[a-z]+)?\.[A-Za-z]{2}|[a-z]+\.[a-z]+-[a-z]+|[a-z]{2,5}-[a-z]{2,3})")
_BRACKETED = re.compile(r"arxiv:\S{1,40} \[([A-Za-z.-]{5,20})\]", re.IGNORECASE)  # as Zotero notes it
_NUMBERED = re.compile(r" \d{4}$")  # DBLP tells people of one name apart: "Wei Wang 0001"
_GENERATION = re.compile(r"[js]r\.?|i{1,3}|iv", re.IGNORECASE)
_NOBODY = frozenset({"", "others", "et al", "et al.", "anonymous", "unknown"})


class NoBibliography(Exception):
    """A text is not what its format promises; the sentence goes on after the name of the file."""

    def __init__(self, message: str, hint: str = "Export it as BibTeX, RIS, CSL JSON or Zotero CSV.") -> None:
        super().__init__(message)
        self.hint = hint


def counted(entries: Iterable[T]) -> list[T]:
    """The entries of a file; raises NoBibliography when there are too many, before the memory is full."""
    kept = list(islice(entries, MOST + 1))
    if len(kept) > MOST:
        raise NoBibliography(f"holds more than {MOST:,} entries", "Split it, or export less.")
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One work that a bibliography names. Texts are clean Unicode on one line, never TeX or markup."""

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    """Each as "Ada Lovelace"."""
    keywords: tuple[str, ...] = ()
    """Those that the entry gives: its author's, a publisher's, or the tags of whoever collected it."""
    categories: tuple[str, ...] = ()
    """Of arXiv, where the entry tells: "cs.LG"."""
    arxiv_id: str = ""
    """Without version or prefix, as in `Listing`."""
    doi: str = ""
    """Lower case, without resolver, as in `Listing`."""
    url: str = ""
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an entry says, as it was written."""

    clean: Callable[[str], str]
    """How the markup of its format becomes text."""
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    category: str = ""
    marks: tuple[str, ...] = ()
    """Where an arXiv id may stand, the surest first."""
    doi: str = ""
    url: str = ""
    year: str = ""


def reference(entry: Entry) -> Reference | None:
    """The reference of an entry; None when it has no title."""
    title = shortened(entry.clean(entry.title[: 4 * TITLE]), TITLE)
    if not any(map(str.isalnum, title)):
        return None
    marks = [mark for mark in (*entry.marks, entry.url, entry.doi) if mark]
    found = next((found for mark in marks if (found := arxiv_id(mark))), None)
    identifier = doi(entry.doi) or doi(entry.url)
    year = _YEAR.search(entry.year[:200])
    return Reference(
        title=title,
        abstract=shortened(entry.clean(entry.abstract[: 4 * ABSTRACT]), ABSTRACT),
        authors=tuple(_people(entry)),
        keywords=tuple(dict.fromkeys(_keywords(entry))),
        categories=tuple(dict.fromkeys(_categories(entry)))[:CATEGORIES],
        arxiv_id=found[0] if found else "",
        doi=identifier if len(identifier) <= DOI and identifier == clean(identifier) else "",
        url=web_url(entry.url),
        year=int(year[0]) if year else None,
    )


def plain(raw: str) -> str:
    """Text with or without markup; a `<` is markup only where some element closes."""
    return from_html(raw) if "</" in raw else from_plain(raw)


def given_name_first(name: str) -> str:
    """From "Lovelace, Ada" to "Ada Lovelace"; "Jr." may stand between, as in BibTeX, or at the end, as in RIS."""
    family, *rest = (part.strip() for part in name.split(","))
    given = rest.pop(0 if len(rest) > 1 and _GENERATION.fullmatch(rest[-1]) else -1) if rest else ""
    return " ".join(part for part in (given, family, *rest) if part)


def _people(entry: Entry) -> Iterable[str]:
    for name in entry.authors[:AUTHORS]:
        person = _NUMBERED.sub("", entry.clean(name[: 4 * NAME]))
        if person.casefold() not in _NOBODY and len(person) <= NAME:
            yield person


def _keywords(entry: Entry) -> Iterable[str]:
    """Without the stars by which a catalogue marks the main subject."""
    for keyword in entry.keywords[:_KEYWORDS]:
        text = entry.clean(keyword[: 4 * _KEYWORD]).strip(" *.")
        if text and len(text) <= _KEYWORD:
            yield text


def _categories(entry: Entry) -> Iterable[str]:
    noted = [match[1] for mark in entry.marks if (match := _BRACKETED.search(mark[:2000]))]
    for category in (*entry.category.split(), *noted):
        if len(category) <= CATEGORY and _CATEGORY.fullmatch(category):
            yield category
