"""What no single table can know: names that stand twice, names that nobody has, and settings that do nothing yet.

Reads the merged tables as they are written, valid or not, so that everything wrong is told at once.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from digest.settings import values
from digest.settings.layers import Environment
from digest.settings.tables import Place, Report, Tables
from digest.settings.wording import heading, printable

Path = tuple[str | int, ...]

LONGEST_BOUNCES = 29
"""Characters before the @ of the bounce mailbox: 64 less the 35 that a return path adds (see links)."""

NOT_YET: tuple[tuple[str, str, str], ...] = (
    ("delivery", "processes", "is not followed: this version sends with one process"),
)
"""Settings of the contract that this version reads and does not act on: table, key ("" for all), what to say."""


def check(tables: Tables, environment: Environment, report: Report) -> None:
    """Add every problem that takes more than one table to see, and every warning about settings without effect."""
    _once(tables, "source", "name", str, report)
    _once(tables, "profile", "name", str, report)
    _once(tables, "subscriber", "email", _address, report)
    if tables.complete:
        _known(tables, "subscriber", "profiles", "profile", report)
    if tables.values.get("source"):  # a file of profiles alone, as for `digest match`, names no sources
        _known(tables, "profile", "sources", "source", report)
    _days(tables, environment, report)
    templates = {**_table(tables.values, "site"), **_table(environment.values, "site")}.get("templates")
    if isinstance(templates, str) and not os.path.isdir(templates):  # noqa: PTH112 (never raises)
        report.wrong(
            f'the templates folder "{printable(templates, 300)}" does not exist',
            place_in(tables, environment, ("site", "templates")),
        )
    _sender(tables, environment, report)
    _not_yet(tables, environment, report)


def _sender(tables: Tables, environment: Environment, report: Report) -> None:
    """What receivers or arXiv would object to in the names under which mail leaves."""
    site = {**_table(tables.values, "site"), **_table(environment.values, "site")}
    smtp = {**_table(tables.values, "smtp"), **_table(environment.values, "smtp")}
    if "arxiv" in str(site.get("name", "")).lower():
        message = "site.name has arXiv in it, which arXiv does not allow: readers would take the mail for arXiv's own"
        report.warn(message, place_in(tables, environment, ("site", "name")))
    bounces = smtp.get("bounce_address")
    if (
        isinstance(bounces, str)
        and smtp.get("verp", True) is True
        and len(bounces.rpartition("@")[0]) > LONGEST_BOUNCES
    ):
        message = f"smtp.bounce_address leaves no room for the reader's name: more than {LONGEST_BOUNCES} characters before the @"
        report.warn(message, place_in(tables, environment, ("smtp", "bounce_address")))
    domain = _table(smtp, "dkim").get("domain")
    sender = str(smtp.get("sender", "@localhost")).rpartition("@")[2].rstrip("> ").lower()
    if isinstance(domain, str) and not f".{sender}".endswith(f".{domain.lower()}"):
        message = f'smtp.dkim.domain is not the domain of the sender ("{printable(sender)}") or one above it'
        hint = "signatures of another domain do not count for DMARC"
        report.warn(message, place_in(tables, environment, ("smtp", "dkim", "domain")), hint)


def _texts(tables: Tables, table: str, key: str) -> Iterator[tuple[Path, str]]:
    """Every text under `key` of the `[[table]]`s, in lists or alone, with its path."""
    for number, found in enumerate(tables.values.get(table, [])):
        value = found.get(key)
        if isinstance(value, str):
            yield (table, number, key), value
        elif isinstance(value, list):
            yield from (((table, number, key, item), text) for item, text in enumerate(value) if isinstance(text, str))


def _address(text: str) -> str:
    """The same for two ways to write one address."""
    if not text.isascii() or "xn--" in text.lower():
        try:
            text = values.email(text[:320])
        except ValueError:
            text = unicodedata.normalize("NFC", text)
    return text.strip().lower()


def _once(tables: Tables, table: str, key: str, same: Callable[[str], str], report: Report) -> None:
    first: dict[str, Path] = {}
    for path, text in _texts(tables, table, key):
        earlier = first.setdefault(same(text), path)
        if earlier is not path:
            place = tables.place(earlier)
            where = f"{place.file}:{place.line}"
            report.wrong(
                f'two {heading((table, 0))} tables have the {key} "{printable(text)}"; the first is at {where}',
                tables.place(path),
            )


def _known(tables: Tables, table: str, key: str, wanted: str, report: Report) -> None:
    names = dict.fromkeys(text for _, text in _texts(tables, wanted, "name"))
    known = list(names)
    for path, text in _texts(tables, table, key):
        if text not in names:
            message = f'no {heading((wanted, 0))} has the name "{printable(text)}"'
            report.wrong(message, tables.place(path), report.meant(text, known))


def _days(tables: Tables, environment: Environment, report: Report) -> None:
    """A cadence of "days" needs days, of its own or from `[schedule]`."""
    schedule = {**_table(tables.values, "schedule"), **_table(environment.values, "schedule")}
    message = 'cadence = "days" needs days, as days = ["mon", "thu"]'
    if schedule.get("cadence") == "days" and not schedule.get("days"):
        report.wrong(message, place_in(tables, environment, ("schedule", "cadence")))
    for number, subscriber in enumerate(tables.values.get("subscriber", [])):
        if subscriber.get("cadence") == "days" and not (subscriber.get("days") or schedule.get("days")):
            report.wrong(message, tables.place(("subscriber", number, "cadence")))


def _table(layer: dict[str, Any], name: str) -> dict[str, Any]:
    found = layer.get(name)
    return found if isinstance(found, dict) else {}


def _not_yet(tables: Tables, environment: Environment, report: Report) -> None:
    for table, key, message in NOT_YET:
        found = tables.values.get(table)
        for number, one in enumerate(found if isinstance(found, list) else []):
            if key in one:
                report.warn(f"{key} {message}", tables.place((table, number, key)))
        if isinstance(found, dict):
            for name in [name for name in found if name == key or not key]:
                report.warn(f"{table}.{printable(name)} {message}", tables.place((table, name)))
        for path, variable in environment.names.items():
            if path[0] == table and (not key or path[1] == key):
                report.warn(f"the environment variable {variable} {message}")


def place_in(tables: Tables, environment: Environment, path: tuple[str, ...]) -> Place | None:
    """Where a setting is written; None when the environment says it."""
    return None if path in environment.names else tables.place(path)
