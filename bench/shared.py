"""The data the benches measure on, read in place from the folder `shared` beside the project; nothing is copied.

DIGEST_SHARED names another folder. Its layout is described in shared/corpus/README.md and shared/quality/README.md.
"""

from __future__ import annotations

import importlib.util
import json
import lzma
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypedDict, cast

VARIABLE = "DIGEST_SHARED"


class Missing(Exception):
    """A bench cannot run here; the message is a sentence that says why and what to do."""


class Record(TypedDict):
    """One paper, as the corpus and `digest match` write it."""

    id: str
    listed: str
    title: str
    authors: list[str]
    categories: list[str]
    abstract: str


@dataclass(frozen=True, slots=True)
class Researcher:
    """A simulated reader: noisy keywords, the papers of the past, and the later ones a good digest shows."""

    name: str
    keywords: tuple[str, ...]
    past: tuple[str, ...]
    future: tuple[str, ...]
    first_day: str
    """The listing day of the last past paper; all future ones were listed after it."""


Measures = tuple[float, float, float]
"""recall@10, nDCG@20 and MRR."""


def corpus_path() -> Path:
    return _existing("corpus", "arxiv_2025.jsonl.xz")


@cache
def corpus() -> tuple[Record, ...]:
    """All papers, in the order of their listing days."""
    with lzma.open(corpus_path(), "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


@cache
def researchers() -> tuple[Researcher, ...]:
    with _existing("quality", "researchers_2025.jsonl").open(encoding="utf-8") as lines:
        return tuple(_researcher(json.loads(line)) for line in lines)


def _researcher(line: dict[str, Any]) -> Researcher:
    lists = {name: tuple(line[name]) for name in ("keywords", "past", "future")}
    return Researcher(name=line["name"], first_day=line["first_day"], **lists)


def measures(asked: Sequence[Researcher], rankings: Sequence[dict[str, Any]]) -> Measures:
    """What shared/quality/score.py says of rankings `{"profile", "day", "ranking"}` for these researchers."""
    people = [{"name": one.name, "future": one.future} for one in asked]
    day_of = {paper["id"]: paper["listed"] for paper in corpus()}
    return cast("Measures", tuple(_score()(people, rankings, day_of)))


@cache
def _score() -> Callable[..., list[float]]:
    path = _existing("quality", "score.py")
    spec = importlib.util.spec_from_file_location("shared_quality_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[..., list[float]]", module.score)


def _existing(*parts: str) -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared"
    path = Path(os.environ.get(VARIABLE) or beside, *parts)
    if not path.is_file():
        raise Missing(f"{path} is not here; name the folder that holds {'/'.join(parts)} with {VARIABLE}")
    return path
