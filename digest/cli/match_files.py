"""The files of `digest match`: papers and profiles, a line each; every mistake with its place."""

from __future__ import annotations

import gzip
import json
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from digest.errors import ConfigError, KeywordError, OutputError, Problem, UsageError

if TYPE_CHECKING:
    from digest.models import Paper, Profile
    from digest.pipeline.liking import Library

_LINE = 4_000_000
"""Characters in one line of a papers file."""
_MOST_PROBLEMS = 20
_MOST_UPVOTES = 1_000_000_000


def read_profiles(path: Path, known: Mapping[str, Paper]) -> list[Profile]:
    """The profiles of a TOML or JSONL file; raises ConfigError with FILE:LINE for everything that is wrong.

    `known` are the papers, by id, that a profile's `like` may name.
    """
    if path.suffix in {".jsonl", ".json", ".ndjson"}:
        return _profiles_from_lines(path, known)
    from digest.pipeline.liking import Library
    from digest.pipeline.profiles import keyword_problems, to_profile
    from digest.settings import load

    if not path.exists():
        raise UsageError(f"{path} does not exist; name a TOML or JSONL file with profiles")
    settings = load(path, {})
    problems = keyword_problems(settings)
    profiles = []
    for number, table in enumerate(settings.profiles):
        liked, missing = Library(known, settings.folder("profile", number)).liked(table.like)
        problems += [Problem(message, *settings.place(("profile", number, "like"))) for message in missing]
        profiles.append(to_profile(table, liked))
    if problems:
        raise ConfigError(*problems)
    if not settings.profiles:
        raise ConfigError(Problem("holds no [[profile]] table", str(path)))
    return profiles


def _profiles_from_lines(path: Path, known: Mapping[str, Paper]) -> list[Profile]:
    right = _Right(known, path)
    names: dict[str, int] = {}
    profiles: list[Profile] = []
    problems: list[Problem] = []
    for line, record in _lines(str(path)):
        profile = right.plain(record)
        if profile is None:
            profile, wrong = right.checked(record)
            problems += [replace(one, file=str(path), line=line) for one in wrong]
        if profile is not None:
            if names.setdefault(profile.name, line) != line:
                problems.append(Problem(f"a second profile is called {profile.name!r}", str(path), line))
            profiles.append(profile)
    if problems:
        raise ConfigError(*problems)
    return profiles


class _Keywords(dict[str, str]):
    """Keywords that can be read, each checked once and kept once, however many profiles write it."""

    def __init__(self, check: Callable[[str], None]) -> None:
        super().__init__()
        self._check = check

    def __missing__(self, text: str) -> str:
        self._check(text)
        return self.setdefault(text, text)


class _Right:
    """What profiles may hold."""

    def __init__(self, known: Mapping[str, Paper], path: Path) -> None:
        from digest.match import check_author, check_keyword
        from digest.models import Profile

        self._keywords = _Keywords(check_keyword)
        self._authors = _Keywords(check_author)
        self._profile = Profile
        self._known = known
        self._path = path
        self._library: Library | None = None

    def plain(self, record: dict[str, Any]) -> Profile | None:
        """The profile of a record that holds a name and keywords without anything to complain of, as most do; else nothing."""
        name, keywords = record.get("name"), record.get("keywords")
        if len(record) != 2 or type(name) is not str or type(keywords) is not list:
            return None
        if not (0 < len(name) <= 100 and name.isascii() and name.isprintable() and set(map(type, keywords)) == {str}):
            return None
        try:
            return self._profile(name=name, keywords=tuple(map(self._keywords.__getitem__, keywords)))
        except KeywordError:
            return None

    def checked(self, record: dict[str, Any]) -> tuple[Profile | None, list[Problem]]:
        """The profile of any record, and what is wrong with it."""
        # Slow to load, and needed for few files.
        from pydantic import ValidationError

        from digest.pipeline.liking import Library
        from digest.pipeline.profiles import to_profile
        from digest.settings import ProfileSettings, explain

        try:
            table = ProfileSettings.model_validate(self.shared(record))
        except ValidationError as error:
            return None, list(explain(error, ProfileSettings))
        self._library = self._library or Library(self._known, self._path.parent)
        liked, missing = self._library.liked(table.like)
        profile = to_profile(table, liked)
        return profile, [*(Problem(message) for message in missing), *self.problems(profile)]

    def problems(self, profile: Profile) -> list[Problem]:
        """What cannot be read."""
        found: list[Problem] = []
        for texts in (profile.keywords, profile.exclude, profile.require):
            found += self._checked(texts, self._keywords)
        return found + self._checked(profile.authors, self._authors)

    def shared(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record with one copy of each keyword for all, so that a million profiles fit into memory."""
        keywords = record.get("keywords")
        if isinstance(keywords, list):
            record["keywords"] = [
                self._keywords.get(text, text) if isinstance(text, str) else text for text in keywords
            ]
        return record

    @staticmethod
    def _checked(texts: tuple[str, ...], right: _Keywords) -> list[Problem]:
        problems = []
        for text in texts:
            try:
                assert right[text]
            except KeywordError as error:
                problem = f"{text!r}, column {error.column}: {error.message}"
                problems.append(Problem(problem, hint=error.hint))
        return problems


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
        raise ConfigError(*problems[:_MOST_PROBLEMS])
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
    if upvotes is not None and (type(upvotes) is not int or abs(upvotes) > _MOST_UPVOTES):
        raise TypeError("upvotes must be a whole number below a billion")
    record["id"].encode()  # a lone surrogate could not be printed; UnicodeEncodeError is a ValueError
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
                # The encoding is guessed only where there is something to guess.
                record = json.loads(raw.decode("utf-8", "surrogatepass") if raw.startswith(b'{"') else raw)
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
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        kind = UsageError if isinstance(error, FileNotFoundError | IsADirectoryError) else OutputError
        raise kind(f"cannot read {path}: {reason}") from None
