"""Days, months and moments as the pages write them: in English, whatever the locale. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day_short(day: date) -> str:
    """A day in a list: "Nov 23, 2026"."""
    return f"{_MONTHS[day.month - 1][:3]} {day.day}, {day.year}"


def month_in_words(day: date) -> str:
    """A month as a heading: "November 2026"."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def moment_in_words(moment: datetime) -> str:
    """A moment in UTC: "Nov 23, 2026, 07:30 UTC"."""
    return f"{day_short(moment.date())}, {moment:%H:%M} UTC"


def masked(email: str) -> str:
    """An address that a log may show: a…@example.org."""
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}…{at}{domain}"


def day_from(text: str) -> date | None:
    """A day as it stands in an address, 2026-11-23; None for anything else."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def month_from(text: str) -> date | None:
    """The first day of a month as it stands in an address, 2026-11."""
    return day_from(f"{text}-01") if len(text) == 7 else None
