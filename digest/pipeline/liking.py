"""What a profile's `like` names, as papers: stored ones by id, and those of a bibliography."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from digest.errors import DigestError, Problem
from digest.models import Liked, Paper
from digest.settings import Settings

_ENDINGS = (".bib", ".ris", ".json", ".csv")
_ARXIV = re.compile(
    r"(?:arxiv:|(?:doi:)?10\.48550/arxiv\.)?(?:(\d{4}\.\d{4,5})|([a-z-]+)(?:\.[a-z-]+)?/(\d{7}))(?:v\d+)?",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:doi:)?(10\.\d{4,9}[^\s/]*/\S+)", re.IGNORECASE)
_HASH = re.compile(r"hash:[0-9a-f]+")


class Library:
    """Known papers by id, and bibliographies, each read once."""

    def __init__(self, papers: Mapping[str, Paper], folder: Path) -> None:
        self._papers = papers
        self._folder = folder
        self._files: dict[str, tuple[tuple[Liked, ...], str]] = {}

    def liked(self, names: Sequence[str]) -> tuple[tuple[Liked, ...], list[str]]:
        """The papers behind some names, each once, and a sentence for every name that leads nowhere."""
        found: list[Liked] = []
        missing: list[str] = []
        for name in dict.fromkeys(names):
            if is_file(name):
                liked, problem = self._from_file(name)
                found += liked
                missing += [problem] if problem else []
            else:
                paper = self._papers.get(name) or self._papers.get(name.removeprefix("arxiv:"))
                if paper is None:
                    missing.append(
                        f'like names "{name}", which is no stored paper and no .bib, .ris, .json or .csv file'
                    )
                else:
                    found.append(Liked(paper.title, paper.abstract))
        return tuple(dict.fromkeys(found)), missing

    def _from_file(self, name: str) -> tuple[tuple[Liked, ...], str]:
        if name not in self._files:
            from digest.sources import read_bibliography  # feeds and HTTP are not needed for anything else here

            try:
                bibliography = read_bibliography(self._folder / name)
                liked = tuple(Liked(one.title, one.abstract) for one in bibliography.references)
                self._files[name] = (liked, "")
            except DigestError as error:
                self._files[name] = ((), f"like: {error}")
        return self._files[name]


def is_file(name: str) -> bool:
    """Whether an entry of `like` means a bibliography and not a paper."""
    return name.lower().endswith(_ENDINGS)


def paper_key(name: str) -> str:
    """What the store calls the paper that an entry of `like` means, as "arxiv:2401.01234"; "" when it is no id."""
    name = name.strip()
    if found := _ARXIV.fullmatch(name):
        return f"arxiv:{found[1] or f'{found[2].lower()}/{found[3]}'}"
    if found := _DOI.fullmatch(name):
        return f"doi:{found[1].lower()}"
    return name if _HASH.fullmatch(name) else ""


def wanted_keys(settings: Settings) -> list[str]:
    """What the store calls the papers that the configured profiles like."""
    names = (name for table in settings.profiles for name in table.like if not is_file(name))
    return sorted({key for name in names if (key := paper_key(name))})


def read_likes(settings: Settings, stored: Mapping[str, Paper]) -> tuple[list[tuple[Liked, ...]], list[Problem]]:
    """What each configured profile likes, and a Problem for every entry that can never be read.

    A paper that is not among the `stored` ones is none: it may come later, and it may have been forgotten.
    """
    library = Library(stored, Path())
    everything: list[tuple[Liked, ...]] = []
    problems: list[Problem] = []
    for number, table in enumerate(settings.profiles):
        found: list[Liked] = []
        for position, name in enumerate(table.like):
            key = "" if is_file(name) else paper_key(name)
            if key and key not in stored:
                continue
            asked = str(settings.folder("profile", number) / name) if is_file(name) else key or name
            liked, missing = library.liked([asked])
            found += liked
            place = settings.place(("profile", number, "like", position))
            problems += [Problem(message, *place) for message in missing]
        everything.append(tuple(dict.fromkeys(found)))
    return everything, problems
