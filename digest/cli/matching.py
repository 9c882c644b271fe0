"""digest match: the matcher alone, on files."""

from __future__ import annotations

import gzip
import json
import lzma
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from digest.cli.digests import matched_as_json
from digest.cli.output import progress, write_out
from digest.errors import ConfigError, KeywordError, OutputError, Problem, UsageError

if TYPE_CHECKING:
    from digest.models import Paper, Profile

_LINE = 4_000_000
"""Characters in one line of a papers file."""


def match(
    papers: Annotated[str, typer.Argument(metavar="PAPERS.jsonl", help="One paper a line; .xz and .gz are read too.")],
    profiles: Annotated[Path, typer.Argument(help="TOML with [[profile]] tables, or JSONL.")],
    top: Annotated[int | None, typer.Option(min=1, help="At most so many papers per profile.")] = None,
    daily: Annotated[
        bool, typer.Option("--daily", help="Rank each listed day apart, knowing only the days up to it.")
    ] = False,
) -> None:
    """Match a file of papers against profiles; prints JSONL, best papers first."""
    from digest import match as matcher

    wanted = read_profiles(profiles)
    index = matcher.compile_profiles(wanted)
    everything = read_papers(papers)
    days: list[tuple[date | None, list[Paper]]] = [(None, everything)]
    if daily:
        by_day = sorted(everything, key=lambda paper: paper.listed_on)
        days = [(day, list(group)) for day, group in groupby(by_day, key=lambda paper: paper.listed_on)]
    known = None
    with progress("Matching") as advance:
        for done, (day, group) in enumerate(days, 1):
            known = matcher.statistics(group, known)
            rankings = index.match(group, known)
            for profile in wanted:
                _print(profile.name, day, rankings[profile.name].matches[: top or profile.max_papers])
            advance(done, len(days))


def _print(profile: str, day: date | None, matches: Sequence[Any]) -> None:
    rows = [{"id": one.paper.id, "score": one.score, "matched": matched_as_json(one)} for one in matches]
    told = None if day in {None, date.min} else day
    line = {"profile": profile, "day": told and told.isoformat(), "papers": rows}
    write_out(json.dumps(line, ensure_ascii=False) + "\n")


def read_profiles(path: Path) -> list[Profile]:
    """The profiles of a TOML or JSONL file; raises ConfigError with FILE:LINE for everything that is wrong."""
    if path.suffix in {".jsonl", ".json", ".ndjson"}:
        return _profiles_from_lines(path)
    from digest.pipeline.profiles import keyword_problems, to_profile
    from digest.settings import load

    if not path.exists():
        raise UsageError(f"{path} does not exist; name a TOML or JSONL file with profiles")
    settings = load(path, {})
    problems = keyword_problems(settings)
    if problems:
        raise ConfigError(*problems)
    if not settings.profiles:
        raise ConfigError(Problem("holds no [[profile]] table", str(path)))
    return [to_profile(profile) for profile in settings.profiles]


def _profiles_from_lines(path: Path) -> list[Profile]:
    from pydantic import ValidationError

    from digest.match import check_author, check_keyword
    from digest.pipeline.profiles import to_profile
    from digest.settings import ProfileSettings, explain

    profiles: dict[str, Profile] = {}
    problems: list[Problem] = []
    for line, record in _lines(str(path)):
        try:
            profile = to_profile(ProfileSettings.model_validate(record))
        except ValidationError as error:
            problems.extend(replace(one, file=str(path), line=line) for one in explain(error, ProfileSettings))
            continue
        texts = (*profile.keywords, *profile.exclude, *profile.require)
        for check, text in [*((check_keyword, text) for text in texts), *((check_author, a) for a in profile.authors)]:
            try:
                check(text)
            except KeywordError as error:
                problem = f"{text!r}, column {error.column}: {error.message}"
                problems.append(Problem(problem, str(path), line, hint=error.hint))
        if profiles.setdefault(profile.name, profile) is not profile:
            problems.append(Problem(f"a second profile is called {profile.name!r}", str(path), line))
    if problems:
        raise ConfigError(*problems)
    return list(profiles.values())


def read_papers(path: str) -> list[Paper]:
    """The papers of a JSONL file, plain or compressed; raises ConfigError with FILE:LINE."""
    papers: dict[str, Paper] = {}
    problems: list[Problem] = []
    for line, record in _lines(path):
        try:
            paper = _paper(record, len(papers) + 1)
            if papers.setdefault(paper.id, paper) is not paper:
                problems.append(Problem(f"a second paper has the id {paper.id!r}", path, line))
        except (KeyError, TypeError, ValueError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"is not a paper: {error}"
            problems.append(Problem(what, path, line))
    if problems:
        raise ConfigError(*problems[:20])
    return list(papers.values())


def _paper(record: dict[str, Any], number: int) -> Paper:
    from digest.models import Paper

    def texts(name: str) -> tuple[str, ...]:
        values = record.get(name) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise TypeError(f"{name} must be a list of texts")
        return tuple(values)

    title, abstract, upvotes = record["title"], record.get("abstract") or "", record.get("upvotes")
    if not all(isinstance(value, str) for value in (record["id"], title, abstract)):
        raise TypeError("id, title and abstract must be texts")
    if upvotes is not None and type(upvotes) is not int:
        raise TypeError("upvotes must be a whole number")
    listed = date.fromisoformat(record["listed"]) if record.get("listed") else date.min
    return Paper(
        seq=number,
        id=record["id"],
        title=title,
        abstract=abstract,
        authors=texts("authors"),
        categories=texts("categories"),
        sources=texts("sources"),
        listed_on=listed,
        first_seen_at=datetime(listed.year, listed.month, listed.day, tzinfo=UTC),
        url=str(record.get("url") or ""),
        upvotes=upvotes,
    )


def _lines(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a file with their line numbers; blank lines are passed over."""
    with _opened(path) as file:
        number = 0
        while raw := file.readline(_LINE):
            number += 1
            if not raw.strip():
                continue
            try:
                record = json.loads(raw)
            except (ValueError, RecursionError) as error:
                raise ConfigError(Problem(f"is not JSON: {error}", path, number)) from None
            if not isinstance(record, dict):
                raise ConfigError(Problem("is not a JSON object", path, number))
            yield number, record


class _Lines(Protocol):
    """What all the kinds of file have in common here."""

    def readline(self, size: int = -1, /) -> bytes: ...


@contextmanager
def _opened(path: str) -> Iterator[_Lines]:
    """A file, decompressed by its ending; `-` is standard input. What cannot be read is a sentence."""
    try:
        if path == "-":
            yield sys.stdin.buffer
        elif path.endswith(".xz"):
            with lzma.open(path) as packed:
                yield packed
        elif path.endswith(".gz"):
            with gzip.open(path) as zipped:
                yield zipped
        else:
            with Path(path).open("rb") as file:
                yield file
    except (OSError, EOFError, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        kind = UsageError if isinstance(error, FileNotFoundError | IsADirectoryError) else OutputError
        raise kind(f"cannot read {path}: {reason}") from None


COMMANDS = (match,)
