"""The store remembers: papers with growing numbers, how common their words are, what the sources said, subscribers with
cursors, the outbox, alarms.

`open_store` is the door. It makes and migrates the tables on first use. No other room imports SQLAlchemy, and nothing
here knows what a keyword, a feed or an SMTP server is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from digest.store.alarms import Alarm, Alarms
from digest.store.database import BUSY_SECONDS, open_database
from digest.store.days import Around, Days
from digest.store.deliveries import Deliveries, LastIssue
from digest.store.due import NOT_SENT, DueMoment, DuePlan, Owing, Waiting
from digest.store.fields import effective, still_chosen
from digest.store.issues import IssueCount, Issues
from digest.store.merging import Arrival
from digest.store.outbox import Outbox
from digest.store.overview import Overview, Queue, Reason
from digest.store.papers import Papers
from digest.store.planned import Planned
from digest.store.profiles import Profiles, SentProfile
from digest.store.rounds import LastRound, Rounds
from digest.store.search import Found, Hit, Order, Search
from digest.store.signups import CONFIRM, NOBODY, Signup, Signups, Wish
from digest.store.sources import Sources
from digest.store.subscribers import NewSubscriber, StoredSubscriber, Subscribers
from digest.store.suppressions import Suppression, Suppressions
from digest.store.terms import Terms
from digest.store.upkeep import Upkeep

__all__ = [
    "CONFIRM",
    "NOBODY",
    "NOT_SENT",
    "Alarm",
    "Around",
    "Arrival",
    "DueMoment",
    "Found",
    "Hit",
    "IssueCount",
    "LastIssue",
    "LastRound",
    "NewSubscriber",
    "Order",
    "Owing",
    "Planned",
    "Queue",
    "Reason",
    "SentProfile",
    "Signup",
    "Store",
    "StoredSubscriber",
    "Suppression",
    "Waiting",
    "Wish",
    "effective",
    "open_store",
    "still_chosen",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One database, by what it remembers."""

    path: str
    papers: Papers
    days: Days
    search: Search
    terms: Terms
    sources: Sources
    subscribers: Subscribers
    suppressions: Suppressions
    due: DuePlan
    issues: Issues
    overview: Overview
    signups: Signups
    deliveries: Deliveries
    outbox: Outbox
    profiles: Profiles
    alarms: Alarms
    rounds: Rounds
    upkeep: Upkeep


@asynccontextmanager
async def open_store(url: str, *, upgrade: bool = False, busy_seconds: float = BUSY_SECONDS) -> AsyncIterator[Store]:
    """Open the store at `url`, e.g. "sqlite:///digest.db"; raises StoreError with what to do."""
    async with open_database(url, upgrade=upgrade, busy_seconds=busy_seconds) as database:
        yield Store(
            path=database.path,
            papers=Papers(database),
            days=Days(database),
            search=Search(database),
            terms=Terms(database),
            sources=Sources(database),
            subscribers=Subscribers(database),
            suppressions=Suppressions(database),
            due=DuePlan(database),
            issues=Issues(database),
            overview=Overview(database),
            signups=Signups(database),
            deliveries=Deliveries(database),
            outbox=Outbox(database),
            profiles=Profiles(database),
            alarms=Alarms(database),
            rounds=Rounds(database),
            upkeep=Upkeep(database),
        )
