"""The shape of the configuration: one class per table of config.toml, with defaults and limits.

Holds no reading of files (see loading) and no position of errors (see positions).
"""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    Strict,
    model_validator,
)
from pydantic_core import PydanticCustomError

from digest.cadence import DAY_NAMES, EVERY_DAY, WEEKDAYS, Cadence
from digest.settings import values

CadenceName = Literal["daily", "weekdays", "weekly", "days"]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Email = Annotated[str, Field(max_length=320), AfterValidator(values.email)]
Zone = Annotated[str, AfterValidator(values.time_zone)]
TimeOfDay = Annotated[
    time, BeforeValidator(values.time_of_day), PlainSerializer(lambda at: f"{at:%H:%M}", when_used="json-unless-none")
]
Day = Annotated[date, BeforeValidator(values.day)]
Mailbox = Annotated[str, Field(max_length=500), AfterValidator(values.mailbox)]
Rate = Annotated[str, AfterValidator(values.rate)]
BaseUrl = Annotated[str, Field(max_length=1000), AfterValidator(values.base_url)]
DnsName = Annotated[str, Field(max_length=253), AfterValidator(values.dns_name)]
StoreUrl = Annotated[str, AfterValidator(values.store_url)]
Network = Annotated[str, AfterValidator(values.network)]
Line = Annotated[str, Field(max_length=500), AfterValidator(values.single_line)]
CronText = Annotated[str, Field(max_length=200), AfterValidator(values.cron)]
WebAddress = Annotated[str, Field(max_length=1000), AfterValidator(values.web_address)]
Keyword = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(values.single_line)]


def _at(key: str, message: str) -> PydanticCustomError:
    """An error of a whole table that belongs to one of its keys."""
    return PydanticCustomError("of_key", "{message}", {"key": key, "message": message})


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
    old_secret_keys: tuple[SecretStr, ...] = ()
    templates: Path | None = None


class StoreSettings(Section):
    """Where papers, subscribers and deliveries are kept."""

    url: StoreUrl = "sqlite:///digest.db"


class DkimSettings(Section):
    """The key that signs outgoing mail."""

    domain: DnsName
    selector: DnsName
    private_key_file: Path


class SmtpSettings(Section):
    """The mail server that takes the digests, and the addresses they come from."""

    host: Line = "localhost"
    port: Whole = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    sender: Mailbox = "Papers Digest <digest@localhost>"
    bounce_address: Email | None = None
    verp: Flag = True
    connections: Whole = Field(default=1, ge=1, le=100)
    per_domain: Whole | None = Field(default=None, ge=1)
    rate: Rate = "14/s"
    timeout: Number = Field(default=60.0, gt=0, le=3600)
    dkim: DkimSettings | None = None

    @property
    def per_second(self) -> float:
        """The rate as messages per second."""
        number, _, unit = self.rate.partition("/")
        return float(number) / {"s": 1, "min": 60, "h": 3600}[unit]


class DigestSettings(Section):
    """What a digest holds, for every subscriber who says nothing else."""

    max_papers: Whole = Field(default=10, ge=1, le=200)
    min_score: Number = Field(default=0.0, ge=0)
    send_empty: Flag = False
    max_html_kb: Whole = Field(default=92, ge=16, le=95)
    first_days: Whole = Field(default=1, ge=0, le=60)


class ScheduleSettings(Section):
    """When digests go out, for every subscriber who says nothing else."""

    send_at: TimeOfDay = time(7, 30)
    timezone: Zone = "UTC"
    cadence: CadenceName = "daily"
    days: tuple[DayName, ...] = ()
    weekday: DayName = "mon"
    spread: Whole = Field(default=0, ge=0, le=720)
    patience: Whole = Field(default=0, ge=0, le=1440)
    fetch: CronText = "17,47 * * * *"


class DeliverySettings(Section):
    """Brakes on sending."""

    max_per_day: Whole | None = Field(default=None, ge=1)
    surge: Number = Field(default=5.0, ge=1)
    on_uncertain: Literal["resend", "hold"] = "resend"
    processes: Whole = Field(default=1, ge=1, le=64)
    report_to: Email | None = None
    heartbeat_url: WebAddress | None = Field(default=None, repr=False)
    alarms_to: Email | None = None


class WebSettings(Section):
    """Where the pages are served."""

    host: Line = "127.0.0.1"
    port: Whole = Field(default=8000, ge=0, le=65535)
    trusted_proxies: tuple[Network, ...] = ()
    metrics_token: SecretStr | None = None
    signup: Flag = True
    signups_per_network: Whole = Field(default=20, ge=1)
    signups_per_hour: Whole = Field(default=200, ge=1)
    fill_seconds: Number = Field(default=2.0, ge=0, le=60)
    confirm_days: Whole = Field(default=7, ge=1, le=60)


class SourceSettings(Section):
    """A place papers come from."""

    name: Name
    kind: Literal["huggingface", "arxiv", "feed"]
    url: str = ""
    categories: tuple[Name, ...] = ()
    include: tuple[Literal["new", "cross", "replace", "replace-cross"], ...] = ("new", "cross")

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> SourceSettings:
        if self.url:
            try:
                values.url(self.url, "http", "https", *(["file"] if self.kind == "feed" else []))
            except ValueError as error:
                raise _at("url", str(error)) from None
        elif self.kind == "feed":
            raise _at("url", "is missing: a feed source needs it")
        if self.kind == "arxiv" and not self.categories:
            raise _at("categories", 'is missing: an arxiv source needs it, as categories = ["cs.LG"]')
        for key in ("categories", "include"):
            if self.kind != "arxiv" and key in self.model_fields_set:
                raise _at(key, f"is for arxiv sources, not for {self.kind}")
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
    min_score: Number | None = Field(default=None, ge=0)
    max_papers: Whole | None = Field(default=None, ge=1, le=200)


class SubscriberSettings(Section):
    """One reader. Fields left out follow `[schedule]` and `[digest]`."""

    email: Email
    name: Line = ""
    profiles: tuple[Name, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    exclude: tuple[Keyword, ...] = ()
    weights: tuple[Keyword, ...] = ()
    timezone: Zone | None = None
    send_at: TimeOfDay | None = None
    cadence: CadenceName | None = None
    days: tuple[DayName, ...] | None = None
    weekday: DayName | None = None
    paused_until: Day | None = None


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
