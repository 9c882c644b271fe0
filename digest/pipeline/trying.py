"""A configured profile, tried on the papers in the store and compared with the version that readers got last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from digest.errors import ConfigError, Problem, UsageError
from digest.models import Paper
from digest.pipeline.history import history
from digest.pipeline.liking import read_likes, wanted_keys
from digest.pipeline.profiles import keyword_problems, to_profile
from digest.pipeline.replaying import Days, Replay, Version, replay
from digest.pipeline.runs import Progress
from digest.pipeline.sending import unknown
from digest.pipeline.versions import last_sent
from digest.settings import Settings
from digest.store import Store

_A_DAY = 512
"""Papers of one day, for a first guess of how many make up some days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A replay with the moment of the version it is compared with; `note` says why there is none."""

    replay: Replay
    compared_with: datetime | None
    changed: bool
    note: str = ""


async def try_profile(
    settings: Settings, store: Store, name: str, days: int, on_progress: Progress = lambda _done, _all: None
) -> Trial:
    """Replay a profile over the last listing days of the store; what it was before is replayed beside it."""
    names = [table.name for table in settings.profiles]
    if name not in names:
        raise UsageError(unknown("profile", name, names) + " (digest profile list shows all)")
    number = names.index(name)
    now, problems = await _version(settings, store, number)
    if problems := [*keyword_problems(settings), *problems]:
        raise ConfigError(*problems)
    sent = await last_sent(store, name)
    before, compared_with = None, None
    if not isinstance(sent, str):
        table, compared_with = sent
        tables = (*settings.profiles[:number], table, *settings.profiles[number + 1 :])
        before, _ = await _version(replace(settings, profiles=tables), store, number)
    changed = before is not None and before != now
    listed = await recent_days(store, days)
    first = min((paper.seq for paper in _papers(listed)), default=1)
    known = await history(store, first - 1, texts=True)
    done = replay(listed, known, now, before if changed else None, on_progress)
    return Trial(replay=done, compared_with=compared_with, changed=changed, note=sent if isinstance(sent, str) else "")


async def _version(settings: Settings, store: Store, number: int) -> tuple[Version, list[Problem]]:
    """A profile with what it likes, and what of that cannot be read."""
    likes, problems = read_likes(settings, await store.papers.by_ids(wanted_keys(settings)))
    return Version.of(to_profile(settings.profiles[number], likes[number]), settings.digest), problems


async def recent_days(store: Store, days: int) -> list[tuple[date, list[Paper]]]:
    """The last days on which papers were listed, each with all its papers, in their order."""
    limit = _A_DAY * days
    while True:
        papers = await store.papers.latest(limit)  # those listed last come first
        found = sorted({paper.listed_on for paper in papers})
        if len(found) > days or len(papers) < limit:
            break
        limit *= 4
    by_day: dict[date, list[Paper]] = {day: [] for day in found[-days:]}
    for paper in sorted(papers, key=lambda paper: paper.seq):
        if paper.listed_on in by_day:
            by_day[paper.listed_on].append(paper)
    return list(by_day.items())


def _papers(days: Days) -> Iterator[Paper]:
    return (paper for _, papers in days for paper in papers)
