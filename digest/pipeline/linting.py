"""Keywords that can be read and are probably not meant so: twice the same, dropped at once, dead, or too wide.

`keyword_warnings` needs only the settings, `history_warnings` also papers, which `stored_papers` gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from digest import match
from digest.errors import KeywordError, Problem
from digest.match.query import Leaf, Query, Words, parse, parse_author
from digest.models import CorpusStatistics, Paper, Profile, same_address
from digest.pipeline.audience import fields_of
from digest.pipeline.replaying import WIDE
from digest.settings import Settings
from digest.settings.sections import ProfileSettings, SubscriberSettings
from digest.store import open_store, still_chosen

ENOUGH = 200
"""With fewer stored papers nothing is said of what keywords find."""
_DAYS = 30
_PAPERS = 5000
"""The newest so many are enough to tell, and quick to read."""

_Path = tuple[str | int, ...]
_Entry = ProfileSettings | SubscriberSettings


def keyword_warnings(settings: Settings) -> list[Problem]:
    """What the TOML files alone show, in their order; keywords that cannot be read are left to others."""
    found: list[Problem] = []
    lists: dict[str, Sequence[_Entry]] = {"profile": settings.profiles, "subscriber": settings.subscribers}
    for table, entries in lists.items():
        for number, entry in enumerate(entries):
            found += _doubled(settings, (table, number), entry)
            found += _contradicted(settings, (table, number), entry)
    return in_order([*found, *_same_profiles(settings)])


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By file, line and column."""
    return sorted(problems, key=lambda one: (one.file, one.line, one.column))


def _asked(entry: _Entry, *names: str) -> Iterator[tuple[_Path, str, Query]]:
    """What some lists of a table ask for: where (list and position), as written, and read."""
    for name in names:
        for position, text in enumerate(getattr(entry, name, ())):
            try:
                yield (name, position), text, (parse_author if name == "authors" else parse)(text)
            except KeywordError:
                continue


def _sense(node: object) -> object:
    """What two keywords have in common that find the same papers: weights and partial credit do not matter."""
    if isinstance(node, Leaf):
        asks = node.asks.phrase if isinstance(node.asks, Words) else node.asks
        return asks, node.fields
    if isinstance(node, tuple):
        return frozenset(map(_sense, node))
    if is_dataclass(node):  # an operator: its parts in any order
        return type(node).__name__, *(_sense(getattr(node, field.name)) for field in fields(node))
    return node


def _doubled(settings: Settings, path: _Path, entry: _Entry) -> Iterator[Problem]:
    for names in (("keywords", "authors"), ("exclude",), ("require",)):
        seen: dict[object, str] = {}
        for place, text, query in _asked(entry, *names):
            sense = _sense(query.asks)
            if sense in seen:
                more = "its points count twice" if "keywords" in names and text != seen[sense] else "it does nothing"
                message = f'"{text}" finds the same papers as "{seen[sense]}" in the same list'
                yield _problem(settings, (*path, *place), message, f"Take one of them out: {more}.")
            seen.setdefault(sense, text)


def _contradicted(settings: Settings, path: _Path, entry: _Entry) -> Iterator[Problem]:
    dropped = {_sense(query.asks): text for _, text, query in _asked(entry, "exclude")}
    for place, text, query in _asked(entry, "keywords", "authors", "require"):
        if _sense(query.asks) in dropped:
            message = f'"{text}" lists nothing: exclude drops every paper it finds'
            hint = f'Take "{dropped[_sense(query.asks)]}" out of exclude, or this keyword out.'
            yield _problem(settings, (*path, *place), message, hint)


def _same_profiles(settings: Settings) -> Iterator[Problem]:
    """Profiles that differ at most in how much they show."""
    seen: dict[object, str] = {}
    for number, table in enumerate(settings.profiles):
        keywords = frozenset(_sense(query.asks) for _, _, query in _asked(table, "keywords", "authors"))
        rules = tuple(
            frozenset(getattr(table, name)) for name in ("exclude", "require", "categories", "sources", "like")
        )
        if keywords and (keywords, rules) in seen:
            message = f'profile "{table.name}" has the same keywords and filters as "{seen[keywords, rules]}"'
            hint = "Who reads both gets nothing more; one profile can have many subscribers."
            yield _problem(settings, ("profile", number, "keywords"), message, hint)
        seen.setdefault((keywords, rules), table.name)


def history_warnings(settings: Settings, papers: Sequence[Paper]) -> list[Problem]:
    """Keywords of profiles that found none of these papers, or very many; nothing of a few papers."""
    asked = [
        ((("profile", number, *place)), text, query)
        for number, table in enumerate(settings.profiles)
        for place, text, query in _asked(table, "keywords")
    ]
    if len(papers) < ENOUGH or not asked:
        return []
    probes = [Profile(name=text, keywords=(text,), related="off") for text in dict.fromkeys(one[1] for one in asked)]
    day = match.Day(papers, CorpusStatistics())
    hits = {one.profile: len(one) for one in match.compile_profiles(probes).rankings(day, spans=False)}
    days = len({paper.listed_on for paper in papers})
    spell = f"the {len(papers):,} papers of the last {days} listing days" if days > 1 else f"{len(papers):,} papers"
    found: list[Problem] = []
    for path, text, _ in asked:
        if not hits[text]:
            hint = "See what would find more: digest profile test NAME."
            found.append(_problem(settings, path, f'"{text}" is in none of {spell}', hint))
        elif hits[text] > WIDE * len(papers):
            message = f'"{text}" is in {hits[text] / len(papers):.0%} of {spell}'
            found.append(_problem(settings, path, message, "Name something narrower: it tells papers hardly apart."))
    return in_order(found)


def _problem(settings: Settings, path: _Path, message: str, hint: str) -> Problem:
    return Problem(message, *settings.place(path), hint=hint)


def has_store(settings: Settings) -> bool:
    """Whether there is a store already, which opening it would make else."""
    file = Path(settings.store.url.partition(":///")[2])
    return file.is_file() and file.stat().st_size > 0


async def stored_papers(settings: Settings) -> list[Paper]:
    """The papers of the last listing days in the store, which must be there; StoreError when it cannot be used."""
    async with open_store(settings.store.url) as store:
        return newest_days(await store.papers.latest(_PAPERS))


async def override_notes(settings: Settings) -> list[str]:
    """What subscribers changed themselves over a TOML file, one sentence for each field; StoreError."""
    named = {same_address(table.email): number for number, table in enumerate(settings.subscribers)}
    async with open_store(settings.store.url) as store:
        rows = await store.subscribers.choosing()
    notes: list[str] = []
    for row in rows:
        number = named.get(same_address(row.email))
        if number is None:
            continue
        place = settings.place(("subscriber", number))
        configured = fields_of(settings.subscribers[number])
        for name, value in still_chosen(row.chosen, row.configured, configured).items():
            said = f"{configured[name]!r}" if name in configured else "nothing"
            notes.append(f"{row.email} chose {name} = {value!r}; {place.file}:{place.line} has {said}")
    return notes


def newest_days(papers: Sequence[Paper]) -> list[Paper]:
    """Those of the last 30 days on which papers were listed."""
    days = set(sorted({paper.listed_on for paper in papers})[-_DAYS:])
    return [paper for paper in papers if paper.listed_on in days]
