"""What people send: forms read within limits, and their fields as a subscriber's table, or a sentence for each mistake.

Everything here is hostile until it is read. Nothing is cut off silently: what is too long is said to be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from digest.errors import KeywordError
from digest.match import check_keyword
from digest.settings import Settings, SubscriberSettings, explain

MOST_KEYWORDS = 50
LONGEST_KEYWORD = 200
_FIELDS = 100
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
CADENCES = {"daily": "Every day", "weekdays": "Monday to Friday", "weekly": "Once a week"}
WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


async def read_form(request: Request) -> FormData:
    """The fields of a POST, urlencoded or multipart; files and hundreds of fields are refused by the parser."""
    return await request.form(max_files=0, max_fields=_FIELDS, max_part_size=64_000)


def text_of(form: FormData, name: str) -> str:
    """One field as text, without control characters; "" when it is missing."""
    value = form.get(name)
    return "" if value is None or isinstance(value, UploadFile) else _CONTROL.sub(" ", value).strip()


def texts_of(form: FormData, name: str) -> list[str]:
    """A field that may be there several times (boxes to tick)."""
    values = [value for value in form.getlist(name) if isinstance(value, str)]
    return list(dict.fromkeys(text for value in values[:_FIELDS] if (text := _CONTROL.sub(" ", value).strip())))


def lines_of(form: FormData, name: str) -> list[str]:
    """A field with one entry a line."""
    value = form.get(name)
    lines = value.splitlines() if isinstance(value, str) else []
    return list(dict.fromkeys(text for line in lines if (text := " ".join(_CONTROL.sub(" ", line).split()))))


@dataclass(slots=True)
class Entered:
    """A form as it was filled in, to be shown again, and what is wrong with it, by field."""

    email: str = ""
    profiles: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    cadence: str = ""
    weekday: str = ""
    send_at: str = ""
    timezone: str = ""
    paused_until: str = ""
    wrong: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: FormData) -> Entered:
        """What a form says, right or wrong."""
        return cls(
            email=text_of(form, "email")[:400],
            profiles=texts_of(form, "profiles"),
            keywords=lines_of(form, "keywords"),
            exclude=lines_of(form, "exclude"),
            weights=lines_of(form, "weights"),
            cadence=text_of(form, "cadence")[:100],
            weekday=text_of(form, "weekday")[:100],
            send_at=text_of(form, "send_at")[:100],
            timezone=text_of(form, "timezone")[:100],
            paused_until=text_of(form, "paused_until")[:100],
        )

    @classmethod
    def held(cls, email: str, fields: Mapping[str, Any], settings: Settings) -> Entered:
        """What is stored of a subscriber, with the defaults that hold for the rest."""
        known = {one.name for one in settings.profiles}
        schedule = settings.schedule
        return cls(
            email=email,
            profiles=[name for name in fields.get("profiles", ()) if name in known],
            keywords=list(fields.get("keywords", ())),
            exclude=list(fields.get("exclude", ())),
            weights=list(fields.get("weights", ())),
            cadence=_cadence(fields) or schedule.cadence,
            weekday=fields.get("weekday") or schedule.weekday,
            send_at=str(fields.get("send_at") or f"{schedule.send_at:%H:%M}")[:5],
            timezone=fields.get("timezone") or schedule.timezone,
            paused_until=str(fields.get("paused_until") or ""),
        )

    def table(self, settings: Settings) -> SubscriberSettings | None:
        """The subscriber's table, complete and valid; None when something is `wrong`."""
        self._check_lists([one.name for one in settings.profiles])
        domain = self.email.rpartition("@")[2].lower()
        if not _is_loopback(settings.site.url) and (domain == "localhost" or domain.endswith((".localhost", ".local"))):
            self.wrong["email"] = "This address is of a house, not of the Internet."
        told: dict[str, Any] = {"email": self.email}
        for name in ("profiles", "keywords", "exclude", "weights"):
            told[name] = getattr(self, name)
        told |= {name: value for name in ("timezone", "send_at", "paused_until") if (value := getattr(self, name))}
        if self.cadence:
            told["cadence"] = self.cadence
        if self.cadence == "weekly" and self.weekday:
            told["weekday"] = self.weekday
        try:
            table = SubscriberSettings.model_validate(told)
        except ValidationError as error:
            for details, problem in zip(error.errors(), explain(error, SubscriberSettings), strict=False):
                where = str(details["loc"][0]) if details["loc"] else "email"
                self.wrong.setdefault(where, _sentence(problem.message))
            return None
        return None if self.wrong else table

    def _check_lists(self, profiles: Sequence[str]) -> None:
        if unknown := [name for name in self.profiles if name not in profiles]:
            self.wrong["profiles"] = f"There is no topic called {unknown[0][:60]}."
        for name in ("keywords", "exclude", "weights"):
            entries: list[str] = getattr(self, name)
            if len(entries) > MOST_KEYWORDS:
                self.wrong[name] = f"At most {MOST_KEYWORDS} lines, please; these are {len(entries)}."
                setattr(self, name, entries[:MOST_KEYWORDS])
                continue
            for at, text in enumerate(entries, 1):
                if len(text) > LONGEST_KEYWORD:
                    entries[at - 1] = text[:LONGEST_KEYWORD]
                    self.wrong[name] = f"Line {at} is longer than {LONGEST_KEYWORD} characters."
                    break
                try:
                    check_keyword(text)
                except KeywordError as error:
                    self.wrong[name] = f"Line {at}, “{text}”: {error.message}. {error.hint}".strip()
                    break


def _is_loopback(url: str) -> bool:
    return url.startswith("http://")  # the settings allow that for this machine alone


def _cadence(fields: Mapping[str, Any]) -> str:
    if fields.get("cadence"):
        return str(fields["cadence"])
    return "days" if fields.get("days") else "weekly" if fields.get("weekday") else ""


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."
