"""From configured profiles and readers' own keywords to one compiled index, with a place for every mistake."""

from __future__ import annotations

from collections.abc import Sequence

from digest import match
from digest.errors import ConfigError, KeywordError, Problem
from digest.match import check_author, check_keyword
from digest.models import Liked, Profile
from digest.pipeline.audience import Reader
from digest.settings import ProfileSettings, Settings


def compile_index(settings: Settings, readers: Sequence[Reader]) -> match.Index:
    """All profiles and the readers' own keywords, compiled; every keyword that cannot be read is one Problem."""
    problems = [*keyword_problems(settings)]
    profiles = [to_profile(table) for table in settings.profiles]
    for reader in readers:
        if reader.status != "active":
            continue
        problems += _stored_problems(reader) if reader.origin != "config" else []
        if reader.subscriber.keywords:
            profiles.append(Profile(name=reader.key, keywords=reader.subscriber.keywords))
        if reader.subscriber.exclude:
            profiles.append(Profile(name=dropping(reader), keywords=reader.subscriber.exclude, min_score=0.0))
    if problems:
        raise ConfigError(*problems)
    return match.compile_profiles(profiles)


def to_profile(table: ProfileSettings, liked: tuple[Liked, ...] = ()) -> Profile:
    """A configured profile in the matcher's words; `liked` are the papers that its `like` names."""
    return Profile(
        name=table.name,
        keywords=table.keywords,
        exclude=table.exclude,
        require=table.require,
        authors=table.authors,
        categories=table.categories,
        sources=table.sources,
        like=liked,
        related=table.related,
        min_score=table.min_score,
        max_papers=table.max_papers,
    )


def keyword_problems(settings: Settings) -> list[Problem]:
    """Each keyword and author of the TOML files that cannot be read, with file, line and column."""
    checks = {"keywords": check_keyword, "exclude": check_keyword, "require": check_keyword, "authors": check_author}
    problems: list[Problem] = []
    for table, entries in (("profile", settings.profiles), ("subscriber", settings.subscribers)):
        for number, entry in enumerate(entries):
            for name, check in checks.items():
                for position, text in enumerate(getattr(entry, name, ())):
                    try:
                        check(text)
                    except KeywordError as error:
                        problems.append(settings.keyword_problem((table, number, name, position), error))
    return problems


def _stored_problems(reader: Reader) -> list[Problem]:
    problems = []
    for keyword in (*reader.subscriber.keywords, *reader.subscriber.exclude):
        try:
            check_keyword(keyword)
        except KeywordError as error:
            problems.append(
                Problem(f"subscriber {reader.subscriber.email}, keyword {keyword!r}: {error.message}", hint=error.hint)
            )
    return problems


def dropping(reader: Reader) -> str:
    """The name under which a reader's `exclude` stands in the index, so that a paper is read once for everybody's."""
    return f"{reader.key} exclude"


def profile_names(reader: Reader) -> list[str]:
    """Under which names a reader's profiles stand in the index, the own keywords last."""
    own = [reader.key] if reader.subscriber.keywords else []
    return [*reader.subscriber.profiles, *own]
