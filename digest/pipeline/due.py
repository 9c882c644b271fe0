"""What is due now becomes rows of the outbox: few schedules are reckoned with here, their subscribers are moved in sets.

`plan_due` is what a scheduler calls at every tick. When nothing is due it costs a few indexed queries. It trusts what
the store says of subscribers: call `audience.sync` when the TOML files changed. It sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from pydantic import ValidationError

from digest.cadence import Cadence, Due, last_due, local_day, start_of
from digest.pipeline.reporting import plan_report
from digest.settings import ScheduleSettings, Settings, SubscriberSettings, cadence_of
from digest.store import DueMoment, Owing, Store, Waiting

MISSED = 31
"""So many due moments without an issue get a row of their own afterwards; what is older the first of them stands for."""
HISTORY = 14
"""Issues that say what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePlanned:
    """What one look at the clock came to."""

    planned: int = 0
    """Rows of digests written by this call."""
    queued: int = 0
    """Rows of the outbox that may be sent now, of every kind and whoever planned them."""
    waiting: int = 0
    """Subscribers who are due and wait for a source that is late."""
    waits_for: tuple[str, ...] = ()
    """Those sources."""
    held: int = 0
    """Digests that are due and were not planned, because they are far more than usual."""
    brake: str = ""
    """Why, and what to do, as one sentence; empty when nothing is held."""
    problems: tuple[str, ...] = ()
    """Schedules that cannot be read, one sentence each: who has one gets nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Whose schedules owe an issue at one moment."""

    owings: tuple[Owing, ...] = ()
    late: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """Sets of profiles of which none exists any more."""
    problems: tuple[str, ...] = ()


async def plan_due(settings: Settings, store: Store, now: datetime, *, yes: bool = False) -> DuePlanned:
    """Write a row for every digest due now, unless a brake holds them; `yes` says that however many are meant.

    The admin's daily report, where one is asked for, gets its row here, too.
    """
    await _withdraw_paused(settings, store, now)
    agenda = await agenda_at(settings, store, now)
    brake, held = await _brake(settings, store, agenda, yes=yes)
    planned = 0 if brake else await store.due.write(agenda.owings, now, agenda.gone)
    await plan_report(settings, store, now)
    patient = [owing for owing in agenda.owings if owing.patient_above is not None]
    return DuePlanned(
        planned=planned,
        queued=await store.deliveries.queued_count(now),
        waiting=sum([await store.due.count_waiting(owing, agenda.gone) for owing in patient]),
        waits_for=agenda.late if patient else (),
        held=held,
        brake=brake,
        problems=agenda.problems,
    )


async def held_at(settings: Settings, store: Store, now: datetime) -> str:
    """Why a tick at this moment would hold all that is due; empty when it would not. Writes nothing."""
    brake, _ = await _brake(settings, store, await agenda_at(settings, store, now), yes=False)
    return brake


async def agenda_at(settings: Settings, store: Store, now: datetime) -> Agenda:
    """What is due, schedule by schedule; reads no subscriber."""
    cadences, newest, problems = await _schedules(settings, store)
    patience = timedelta(minutes=settings.schedule.patience)
    late = await late_sources(settings, store) if patience else ()
    owings = [
        owing
        for schedule, cadence in cadences.items()
        for owing in owing_at(
            schedule, cadence, now, settings.schedule.spread, patience if late else None, newest[schedule]
        )
    ]
    gone = await _gone(settings, store) if owings else ()
    return Agenda(owings=tuple(owings), late=late, gone=gone, problems=tuple(problems))


def owing_at(
    schedule: str,
    cadence: Cadence,
    now: datetime,
    spread_minutes: int = 0,
    patience: timedelta | None = None,
    last: date = date.min,
) -> Iterator[Owing]:
    """Who of one schedule may be owed what: the newest due moment, and while it is spread also the one before. Pure.

    `last` is the oldest of its subscribers' newest issues: what is not newer has been served.
    """
    newest = last_due(cadence, now)
    if newest is None or newest.issue <= last:
        return
    spread = timedelta(minutes=max(0, spread_minutes))
    elapsed = now - newest.at
    if elapsed >= spread:
        yield _owing(schedule, cadence, newest, now, spread, patience, last)
        return
    seconds = int(elapsed.total_seconds())
    yield _owing(schedule, cadence, newest, now, spread, patience, last, upto=seconds)
    before = _before(cadence, newest)
    if before and before.issue > last:
        yield _owing(schedule, cadence, before, now, spread, patience, last, above=seconds)


def _owing(
    schedule: str,
    cadence: Cadence,
    due: Due,
    now: datetime,
    spread: timedelta,
    patience: timedelta | None,
    last: date,
    *,
    upto: int | None = None,
    above: int | None = None,
) -> Owing:
    earlier = [_moment(cadence, one) for one in _earlier(cadence, due, last)]
    ready = None if patience is None else (now - due.at - patience) // timedelta(seconds=1)
    return Owing(
        schedule=schedule,
        moment=_moment(cadence, due),
        missed=tuple(earlier),
        spread=int(spread.total_seconds()),
        upto=upto,
        above=above,
        patient_above=ready if ready is not None and ready < spread.total_seconds() else None,
    )


def _earlier(cadence: Cadence, due: Due, last: date) -> Iterator[Due]:
    for _ in range(MISSED):
        before = _before(cadence, due)
        if before is None or before.issue <= last:
            return
        yield before
        due = before


def _before(cadence: Cadence, due: Due) -> Due | None:
    return last_due(cadence, due.at - timedelta(seconds=1))


def _moment(cadence: Cadence, due: Due) -> DueMoment:
    return DueMoment(issue=due.issue, at=due.at, next_day=start_of(due.issue + timedelta(days=1), cadence.zone))


async def _schedules(settings: Settings, store: Store) -> tuple[dict[str, Cadence], Mapping[str, date], list[str]]:
    """Schedule → cadence, and → the oldest newest issue of its subscribers; what cannot be read is a sentence."""
    newest = await store.due.schedules()
    cadences: dict[str, Cadence] = {}
    problems: list[str] = []
    for schedule in newest:
        cadence = cadence_from(schedule, settings.schedule)
        if cadence is None:
            problems.append(
                f"the schedule {schedule} cannot be read, so nobody who has it gets mail; change it where they are "
                "configured (digest subscribers list)"
            )
        else:
            cadences[schedule] = cadence
    return cadences, newest, problems


@lru_cache(maxsize=10_000)
def cadence_from(schedule: str, defaults: ScheduleSettings) -> Cadence | None:
    """A schedule as it is stored (JSON of what a subscriber says) over the defaults; None when it cannot be read."""
    try:
        return cadence_of(
            SubscriberSettings.model_validate({"email": "a@example.org", **json.loads(schedule)}), defaults
        )
    except (ValidationError, ValueError, TypeError):
        return None


async def late_sources(settings: Settings, store: Store) -> tuple[str, ...]:
    """The configured sources that have not listed their papers of the day yet, though they should have."""
    names = {source.name for source in settings.sources}
    return tuple(
        row["name"] for row in await store.sources.reports() if row["state"] == "waiting" and row["name"] in names
    )


async def _gone(settings: Settings, store: Store) -> tuple[str, ...]:
    known = {profile.name for profile in settings.profiles}
    return tuple(reads for reads in await store.due.profile_sets() if not known.intersection(json.loads(reads)))


async def _withdraw_paused(settings: Settings, store: Store, now: datetime) -> None:
    """A pause also holds what waits for another try; after it one issue has all the papers."""
    today: dict[str, date] = {}
    for schedule in await store.due.paused_schedules(now.date() - timedelta(days=1)):
        if cadence := cadence_from(schedule, settings.schedule):
            today[schedule] = local_day(now, cadence.zone)
    await store.due.withdraw_paused(today, now)


async def waiting(store: Store, agenda: Agenda) -> list[tuple[Owing, Waiting]]:
    """Everybody who waits for a late source."""
    return [(owing, one) for owing in agenda.owings for one in await store.due.waiting(owing, agenda.gone)]


async def _brake(settings: Settings, store: Store, agenda: Agenda, *, yes: bool) -> tuple[str, int]:
    """Why none of what is due is planned, and how many that is: far more than of late is most likely a mistake in a file.

    What was planned for the same day before counts too, so that a mistake does not pass in small parts.
    """
    if not agenda.owings:
        return "", 0
    days = {owing.moment.issue for owing in agenda.owings}
    if yes:
        await store.issues.allow(days)
        return "", 0
    due: dict[date, int] = {}
    for owing in agenda.owings:
        if number := await store.due.count(owing, agenda.gone):
            due[owing.moment.issue] = due.get(owing.moment.issue, 0) + number
    known = await store.issues.of(due)
    due = {day: number for day, number in due.items() if day not in known or not known[day].allowed}
    history = await store.issues.before(min(due), HISTORY) if due else []
    usual, total = max(history, default=0), sum(due.values())
    if not usual:
        return "", 0
    most = max(total, *(number + (known[day].planned if day in known else 0) for day, number in due.items()))
    if most + len(await store.due.arriving()) <= usual * settings.delivery.surge:
        return "", 0
    return _too_many(total, usual, len(history)), total


def _too_many(due: int, usual: int, issues: int) -> str:
    return (
        f"{due} digests are due, but at most {usual} were for any of the last {issues} issues; none of "
        "them was sent. If that is right, run digest send with --yes, or raise [delivery] surge"
    )
