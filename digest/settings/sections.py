"""The shape of the configuration: one class per table of config.toml, with defaults and limits.

Holds no reading of files (see loading) and no position of errors (see positions).
"""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from digest.cadence import DAY_NAMES, EVERY_DAY, WEEKDAYS, Cadence

CadenceName = Literal["daily", "weekdays", "weekly", "days"]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _email(value: str) -> str:
    """A deliverable-looking address, normalised (NFC, domain lower case); DNS is never asked here."""
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(f"is not an e-mail address: {error}") from None


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"no time zone is called {value!r}; write one such as Europe/Berlin or UTC")
    return value


def _time(value: object) -> object:
    if isinstance(value, str):
        hours, colon, minutes = value.partition(":")
        good = colon and hours.isdigit() and minutes.isdigit() and len(hours) <= 2 and len(minutes) == 2
        if not good or int(hours) > 23 or int(minutes) > 59:
            raise ValueError(f'{value!r} is not a time of day; write hours and minutes as "07:30"')
        return time(int(hours), int(minutes))
    return value


def _mailbox(value: str) -> str:
    """`Name <address>` or a bare address, without line breaks."""
    from email.utils import parseaddr

    if any(ord(character) < 32 for character in value):
        raise ValueError("must not hold control characters")
    name, address = parseaddr(value)
    if not address:
        raise ValueError('is not a sender; write "Papers Digest <digest@example.org>"')
    address = _email(address)
    return f"{name} <{address}>" if name else address


def _rate(value: str) -> str:
    number, slash, unit = value.partition("/")
    try:
        good = float(number) > 0 and slash == "/" and unit in {"s", "min", "h"}
    except ValueError:
        good = False
    if not good:
        raise ValueError(f'{value!r} is not a rate; write a number and s, min or h, as "14/s"')
    return value


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError(f"{value!r} is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError(f"{value!r} is not a URL that starts with https://")
    return value.rstrip("/")


def _single_line(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("must be one line without control characters")
    return value


Email = Annotated[str, AfterValidator(_email)]
Zone = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[time, BeforeValidator(_time)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Rate = Annotated[str, AfterValidator(_rate)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_single_line)]
Keyword = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_single_line)]


class Section(BaseModel):
    """A table of the configuration: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False)


class SiteSettings(Section):
    """Who sends: the public face of the instance."""

    name: Line = "Papers Digest"
    url: BaseUrl = "http://localhost:8000"
    postal_address: str = ""
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    templates: Path | None = None

    @model_validator(mode="after")
    def _https_in_public(self) -> SiteSettings:
        parts = urlsplit(self.url)
        loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme == "http" and not loopback:
            raise ValueError("url must start with https:// (plain http is for loopback only)")
        return self


class StoreSettings(Section):
    """Where papers, subscribers and deliveries are kept."""

    url: str = "sqlite:///digest.db"

    @model_validator(mode="after")
    def _known_engine(self) -> StoreSettings:
        if self.url.startswith(("postgresql://", "postgres://")):
            raise ValueError("PostgreSQL is not supported by this version yet; use sqlite:///FILE")
        if not self.url.startswith("sqlite:///") or len(self.url) == len("sqlite:///"):
            raise ValueError(f"{self.url!r} is not a store; write sqlite:///digest.db")
        return self


class DkimSettings(Section):
    """The key that signs outgoing mail."""

    domain: Line
    selector: Line
    private_key_file: Path


class SmtpSettings(Section):
    """The mail server that takes the digests, and the addresses they come from."""

    host: Line = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    sender: Mailbox = "Papers Digest <digest@localhost>"
    bounce_address: Email | None = None
    connections: int = Field(default=1, ge=1, le=100)
    rate: Rate = "14/s"
    timeout: float = Field(default=60.0, gt=0, le=3600)
    dkim: DkimSettings | None = None

    @property
    def per_second(self) -> float:
        """The rate as messages per second."""
        number, _, unit = self.rate.partition("/")
        return float(number) / {"s": 1, "min": 60, "h": 3600}[unit]


class DigestSettings(Section):
    """What a digest holds, for every subscriber who says nothing else."""

    max_papers: int = Field(default=10, ge=1, le=200)
    min_score: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    send_empty: bool = False
    max_html_kb: int = Field(default=92, ge=16, le=1000)
    first_days: int = Field(default=1, ge=0, le=60)


class ScheduleSettings(Section):
    """When digests go out, for every subscriber who says nothing else."""

    send_at: TimeOfDay = time(7, 30)
    timezone: Zone = "UTC"
    cadence: CadenceName = "daily"
    days: tuple[DayName, ...] = ()
    weekday: DayName = "mon"
    spread: int = Field(default=0, ge=0, le=720)
    patience: int = Field(default=0, ge=0, le=1440)
    fetch: str = "17,47 * * * *"


class DeliverySettings(Section):
    """Brakes on sending."""

    max_per_day: int | None = Field(default=None, ge=1)
    surge: float = Field(default=5.0, ge=1, allow_inf_nan=False)
    on_uncertain: Literal["resend", "hold"] = "resend"
    processes: int = Field(default=1, ge=1, le=64)


class WebSettings(Section):
    """Where the pages are served."""

    host: Line = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


class SourceSettings(Section):
    """A place papers come from."""

    name: Name
    kind: Literal["huggingface", "arxiv", "feed"]
    url: str = ""
    categories: tuple[Name, ...] = ()
    include: tuple[Literal["new", "cross", "replace", "replace-cross"], ...] = ("new", "cross")

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> SourceSettings:
        allowed = {"feed": {"http", "https", "file"}}.get(self.kind, {"http", "https"})
        if self.url and (urlsplit(self.url).scheme not in allowed or self.url.endswith("://")):
            raise ValueError(f"url of a {self.kind} source must start with {' or '.join(sorted(s + '://' for s in allowed))}")
        if self.kind == "feed" and not self.url:
            raise ValueError("a feed source needs its url")
        if self.kind == "arxiv" and not self.categories:
            raise ValueError('an arxiv source needs categories = ["cs.LG", …]')
        if self.kind != "arxiv" and "categories" in self.model_fields_set:
            raise ValueError(f"categories belong to arxiv sources, not to {self.kind}")
        if self.kind != "arxiv" and "include" in self.model_fields_set:
            raise ValueError(f"include belongs to arxiv sources, not to {self.kind}")
        return self


class ProfileSettings(Section):
    """A named set of keywords; the language is in docs/keywords.md."""

    name: Name
    keywords: tuple[Keyword, ...] = ()
    exclude: tuple[Keyword, ...] = ()
    require: tuple[Keyword, ...] = ()
    authors: tuple[Name, ...] = ()
    categories: tuple[Name, ...] = ()
    sources: tuple[Name, ...] = ()
    like: tuple[str, ...] = ()
    related: Literal["rank", "off", "list"] = "rank"
    min_score: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_papers: int | None = Field(default=None, ge=1, le=200)


class SubscriberSettings(Section):
    """One reader. Fields left out follow `[schedule]` and `[digest]`."""

    email: Email
    name: Line = ""
    profiles: tuple[Name, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    exclude: tuple[Keyword, ...] = ()
    timezone: Zone | None = None
    send_at: TimeOfDay | None = None
    cadence: CadenceName | None = None
    days: tuple[DayName, ...] | None = None
    weekday: DayName | None = None
    paused_until: date | None = None


def cadence_of(subscriber: SubscriberSettings, schedule: ScheduleSettings) -> Cadence:
    """The subscriber's own rhythm over the defaults; `days` or `weekday` alone choose their cadence."""
    name = subscriber.cadence
    if name is None and subscriber.days:
        name = "days"
    if name is None and subscriber.weekday:
        name = "weekly"
    name = name or schedule.cadence
    if name == "weekly":
        days = frozenset({DAY_NAMES.index(subscriber.weekday or schedule.weekday)})
    elif name == "days":
        days = frozenset(DAY_NAMES.index(day) for day in (subscriber.days or schedule.days))
    else:
        days = WEEKDAYS if name == "weekdays" else EVERY_DAY
    at = subscriber.send_at if subscriber.send_at is not None else schedule.send_at
    return Cadence(days, at, subscriber.timezone or schedule.timezone, name)
