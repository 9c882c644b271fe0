"""Which sources are due to be asked, by `[schedule] fetch` and when they last were. Pure; the clock is an argument.

Missed moments count once, and asking by hand counts too. A source last asked in what is now the future (the clock was
set back) is due at once, so that a clock that ran ahead by a year stops nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from digest.settings import ScheduleSettings, Settings

_CLOCKS_DIFFER = timedelta(minutes=1)


def next_fetch(schedule: ScheduleSettings, after: datetime) -> datetime | None:
    """The first moment of `[schedule] fetch` after another, in UTC; None when there is none in fifty years."""
    moments = CronSim(schedule.fetch, after.astimezone(ZoneInfo(schedule.timezone)))
    return next((moment.astimezone(UTC) for moment in moments), None)


def sources_due(settings: Settings, checked_at: Mapping[str, datetime], now: datetime) -> list[str]:
    """The names of the sources that have not been asked since the last moment of `[schedule] fetch`."""
    return [source.name for source in settings.sources if _due(settings.schedule, checked_at.get(source.name), now)]


def _due(schedule: ScheduleSettings, checked: datetime | None, now: datetime) -> bool:
    if checked is None or checked > now + _CLOCKS_DIFFER:
        return True
    moment = next_fetch(schedule, checked)
    return moment is not None and moment <= now
