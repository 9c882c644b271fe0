"""What a profile's `like` names, as papers: stored ones by id, and those of a bibliography."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from digest.errors import DigestError
from digest.models import Liked, Paper

_ENDINGS = (".bib", ".ris", ".json", ".csv")


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
                    missing.append(f'like names "{name}", which is no stored paper and no .bib, .ris, .json or .csv file')
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
