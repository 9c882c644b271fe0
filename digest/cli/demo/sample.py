"""The sample day that ships with the package: invented papers, described once and without any wire format.

How the papers look on the wire is the business of shapes. Days and months are relative, so that the demo is always today.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any, Literal

Action = Literal["new", "cross", "replace"]


@dataclass(frozen=True, slots=True)
class Author:
    """One author as printed, TeX accents included; the affiliation may hold commas."""

    name: str
    affiliation: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """arXiv announces the paper today: what happened to it, and the version that stands now."""

    action: Action
    version: int


@dataclass(frozen=True, slots=True)
class DailyEntry:
    """The paper is on today's Hugging Face list; arXiv published it `days` ago. Empty addresses are absent."""

    upvotes: int
    comments: int
    days: int
    github: str = ""
    stars: int = 0
    project: str = ""


@dataclass(frozen=True, slots=True)
class Preprint:
    """The paper is in the feed of the invented preprint server, posted `day` days ago."""

    number: str
    day: int
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePaper:
    """One invented paper: what it says, and where it appears today."""

    id: str
    """A word for people and tests; it is in no wire format."""
    title: str
    abstract: str
    """Raw: TeX, `<`, `&` and, in some, hard line breaks."""
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    """Primary first."""
    number: str = ""
    """The digits of the arXiv id after the month; empty when arXiv does not have the paper."""
    months_ago: int = 0
    arxiv: Announcement | None = None
    huggingface: DailyEntry | None = None
    preprint: Preprint | None = None

    def arxiv_id(self, on: date) -> str:
        """The id without version, "2611.90001", seen from the day `on`; empty when arXiv does not have the paper."""
        if not self.number:
            return ""
        months = on.year * 12 + on.month - 1 - self.months_ago
        return f"{months // 12 % 100:02}{months % 12 + 1:02}.{self.number}"

    def doi(self, on: date) -> str:
        """The DOI of the preprint, under a prefix that is never given out; empty when it is not one."""
        if not self.preprint:
            return ""
        return f"10.99999/{on - timedelta(days=self.preprint.day):%Y.%m.%d}.{self.preprint.number}"


@dataclass(frozen=True, slots=True)
class SampleDay:
    """All papers of the day, in the order of the file."""

    papers: tuple[SamplePaper, ...]

    def paper(self, paper_id: str) -> SamplePaper:
        """The paper with that id; KeyError when there is none."""
        for paper in self.papers:
            if paper.id == paper_id:
                return paper
        raise KeyError(paper_id)


def sample_day() -> SampleDay:
    """The day that ships with the package."""
    text = resources.files(__package__).joinpath("sample_day.toml").read_text(encoding="utf-8")
    return SampleDay(tuple(_paper(row) for row in tomllib.loads(text)["paper"]))


def _paper(row: Mapping[str, Any]) -> SamplePaper:
    fields = {key: value for key, value in row.items() if key != "wrapped"}
    abstract = row["abstract"].strip()
    return SamplePaper(
        **fields
        | {
            "abstract": abstract if row.get("wrapped") else " ".join(abstract.split()),
            "authors": tuple(map(_author, row["authors"])),
            "categories": tuple(row["categories"]),
            "arxiv": Announcement(**row["arxiv"]) if "arxiv" in row else None,
            "huggingface": DailyEntry(**row["huggingface"]) if "huggingface" in row else None,
            "preprint": Preprint(**row["preprint"]) if "preprint" in row else None,
        }
    )


def _author(text: str) -> Author:
    name, _, affiliation = text.partition(" (")
    return Author(name, affiliation.removesuffix(")"))
