"""Configured profiles and readers' own keywords in the matcher's words, with a place for every mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from digest.errors import ConfigError, KeywordError, Problem
from digest.match import check_author, check_keyword
from digest.models import Liked, Profile
from digest.pipeline.audience import Reader
from digest.pipeline.liking import read_likes, wanted_keys
from digest.pipeline.weighing import weighed
from digest.settings import ProfileSettings, Settings
from digest.store import Store


async def read_profiles(settings: Settings, store: Store, readers: Sequence[Reader]) -> list[Profile]:
    """All profiles and the readers' own keywords, with what they like; everything that cannot be read is one Problem."""
    likes, unreadable = read_likes(settings, await store.papers.by_ids(wanted_keys(settings)))
    problems = [*keyword_problems(settings), *unreadable]
    profiles = [to_profile(table, liked) for table, liked in zip(settings.profiles, likes, strict=True)]
    for reader in readers:
        if reader.status != "active":
            continue
        problems += _stored_problems(reader) if reader.origin != "config" else []
        profiles += _own_versions(reader, profiles[: len(settings.profiles)])
        if reader.subscriber.keywords:
            profiles.append(Profile(name=reader.key, keywords=reader.subscriber.keywords))
        if reader.subscriber.exclude:
            keywords = reader.subscriber.exclude
            profiles.append(Profile(name=dropping(reader), keywords=keywords, related="off", min_score=0.0))
    if problems:
        raise ConfigError(*problems)
    return profiles


def needs_texts(profiles: Sequence[Profile]) -> bool:
    """Whether stored papers themselves are asked for anything, and not only how common words are in them."""
    return any(profile.like or (profile.keywords and profile.related != "off") for profile in profiles)


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
    names = ("keywords", "exclude", "require", "weights")
    checks = dict.fromkeys(names, check_keyword) | {"authors": check_author}
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
    for keyword in (*reader.subscriber.keywords, *reader.subscriber.exclude, *reader.subscriber.weights):
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
    return [*(_version_name(reader, name) for name in reader.subscriber.profiles), *own]


def shown_name(reader: Reader, name: str) -> str:
    """What a reader calls the profile that stands in the index under a name; "" for their own keywords."""
    return "" if name == reader.key else name.removeprefix(f"{reader.key}^")


def _version_name(reader: Reader, profile: str) -> str:
    """A reader who weighs keywords has versions of the profiles of their own."""
    return f"{reader.key}^{profile}" if reader.subscriber.weights else profile


def _own_versions(reader: Reader, profiles: Sequence[Profile]) -> Iterator[Profile]:
    """A reader's profiles with the weights of their own."""
    if reader.subscriber.weights:
        for profile in profiles:
            if profile.name in reader.subscriber.profiles:
                version = weighed(profile, reader.subscriber.weights)
                yield replace(version, name=_version_name(reader, profile.name))
