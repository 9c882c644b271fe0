"""store → match: an issue that was sent, looked at again: its papers, why each was listed, and votes on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from digest.models import Delivery, Match, Paper, Profile
from digest.pipeline import joining
from digest.pipeline.catching import Recent
from digest.pipeline.profiles import to_profile
from digest.pipeline.weighing import Vote, Weighed, vote, weighed
from digest.settings import Settings
from digest.store import Store, StoredSubscriber

OWN = ""
"""The name of a reader's own keywords among their profiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue and its papers, in the order of the mail; those that the store no longer has are missing."""

    delivery: Delivery
    papers: tuple[Paper, ...]


async def sent_issue(store: Store, reader: StoredSubscriber, day: date) -> Issue | None:
    """The digest of a day that was sent, or may have been; None when none was."""
    rows = await store.deliveries.of(reader.id, day)
    row = next((row for row in rows if row.kind == "digest" and row.message_id and row.papers), None)
    if row is None:
        return None
    found = await store.papers.by_ids(row.papers)
    return Issue(delivery=row, papers=tuple(found[name] for name in row.papers if name in found))


def profiles_of(settings: Settings, reader: StoredSubscriber) -> list[Profile]:
    """What a reader reads by, with their own weights."""
    held = reader.held
    wanted = [table for table in settings.profiles if table.name in held.get("profiles", ())]
    weights = held.get("weights", ())
    profiles = [weighed(replace(to_profile(table), related="off"), weights) for table in wanted]
    if held.get("keywords"):
        profiles.append(Profile(name=OWN, keywords=tuple(held["keywords"]), related="off"))
    return profiles


async def reasons(
    settings: Settings, recent: Recent, reader: StoredSubscriber, papers: Sequence[Paper]
) -> Mapping[str, Sequence[Match]]:
    """Why papers match what the reader reads by now: paper id → matches, the best first."""
    profiles = profiles_of(settings, reader)
    if not profiles or not papers:
        return {}
    found = await recent.explain(papers, profiles)
    return {name: sorted(matches.values(), key=lambda one: -one.score) for name, matches in found.items()}


async def cast_vote(
    settings: Settings, store: Store, recent: Recent, reader: StoredSubscriber, paper: Paper, how: Vote, now: datetime
) -> Weighed:
    """Change the weights for which a paper was listed, and say which."""
    matches = (await reasons(settings, recent, reader, [paper])).get(paper.id, ())
    held = reader.held
    configured = [to_profile(table) for table in settings.profiles if table.name in held.get("profiles", ())]
    done = vote(how, matches, OWN, held.get("keywords", ()), held.get("weights", ()), configured)
    if done.changes:
        await joining.change(store, reader, done.fields, now)
    return done
