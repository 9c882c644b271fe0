"""What the text of a setting must look like: one function per kind, each gives the clean value or a ValueError.

The sentence of an error goes on after the name of the setting ("sender must be one sender, …"). It never repeats the
value, which may hold a password.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time
from functools import cache
from ipaddress import ip_network
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from email_validator import EmailNotValidError, validate_email
from pydantic_core import PydanticCustomError

_HOUSE_DOMAINS = ("localhost", ".localhost", ".local")
"""Where mail stays in the house; the checker of addresses refuses them because they are not on the Internet."""

_MAILBOX = re.compile(r'(?:"((?:[^"\\]|\\.)*+)"|([^"<>@]*+)) *+<([^<>]++)>|([^<>"]++)')
"""A quoted or plain name and an address in brackets, or an address alone."""


def email(value: str) -> str:
    """A deliverable-looking address, normalised (NFC, domain lower case); DNS is never asked here."""
    local, _, domain = value.rpartition("@")
    in_house = domain.lower().endswith(_HOUSE_DOMAINS) and re.fullmatch(
        r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", domain
    )
    try:
        checked = f"{local}@example.org" if in_house else value
        found = validate_email(checked, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"is not an e-mail address ({_clause(str(error))})") from None
    return f"{found.local_part}@{domain.lower()}" if in_house else found.normalized


def _clause(text: str) -> str:
    line = next(iter(text.splitlines()), "it cannot be read").rstrip(".")
    return line[:1].lower() + line[1:]


@cache
def time_zones() -> frozenset[str]:
    """Every IANA zone this machine knows; looked up once, for it walks a folder."""
    return frozenset(available_timezones())


def time_zone(value: str) -> str:
    if value not in time_zones():
        raise PydanticCustomError("time_zone", 'is no known time zone; write one such as "Europe/Berlin" or "UTC"')
    return value


def time_of_day(value: object) -> object:
    if isinstance(value, str):
        if not (match := re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value)):
            raise ValueError('must be a time of day: hours and minutes, as "07:30"')
        return time(int(match[1]), int(match[2]))
    if isinstance(value, time) and value.tzinfo is None:
        return value
    raise ValueError('must be a time of day: hours and minutes, as "07:30"')


def day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("must be a day, as 2026-12-24")


def dns_name(value: str) -> str:
    """A name in DNS in ASCII and small letters: `news.example.org`, or one label of it."""
    name = value.rstrip(".").lower()
    if not name.isascii():
        try:
            name = validate_email(f"x@{name}", check_deliverability=False, test_environment=True).ascii_domain
        except EmailNotValidError:
            raise ValueError("is not a name in DNS, as example.org") from None
    if not all(re.fullmatch(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?", label) for label in name.split(".")):
        raise ValueError("is not a name in DNS, as example.org")
    return name


def mailbox(value: str) -> str:
    """`Name <address>` or a bare address, on one line; a name with commas and the like comes back quoted."""
    # Not email.utils: it nests without limit and silently drops what it does not understand.
    match = _MAILBOX.fullmatch(single_line(value).strip())
    if not match:
        raise ValueError('must be one sender, as "Papers Digest <digest@example.org>"')
    quoted, plain, bracketed, bare = match.groups()
    address = email(bracketed or bare)
    name = re.sub(r"\\(.)", r"\1", quoted) if quoted else (plain or "").strip()
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{address}>" if name else address


def network(value: str) -> str:
    """An address of a machine, or a network of them: 127.0.0.1, 10.0.0.0/8, ::1."""
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError('must be an address or a network, as "127.0.0.1" or "10.0.0.0/8"') from None


def rate(value: str) -> str:
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)/(s|min|h)", value)
    if not match or float(match[1]) == 0:
        raise ValueError('must be a rate: a number above 0 and s, min or h, as "14/s"')
    return value


def base_url(value: str) -> str:
    """An absolute http(s) URL without user, query or fragment; https unless it is for this machine alone."""
    url(value, "http", "https")
    parts = urlsplit(value)
    if "@" in parts.netloc or "?" in value or "#" in value:
        raise ValueError("must end with its path: no user, no ? and no #")
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError("must start with https:// (plain http is for loopback only)")
    return value.rstrip("/")


def url(value: str, *schemes: str) -> None:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    problem = ValueError(f"must be a URL that starts with {wanted}")
    if not value.isprintable() or " " in value:
        raise problem
    try:
        parts = urlsplit(value)
        if parts.scheme not in schemes or value[len(parts.scheme) :][:3] != "://" or parts.port == 0:
            raise problem
    except ValueError:
        raise problem from None
    if not (parts.path if parts.scheme == "file" else parts.hostname):
        raise problem


def cron(value: str) -> str:
    """Five fields as cron has them, with names of days and months, ranges, steps and lists."""
    form = '(minute, hour, day of the month, month, day of the week, as "17,47 * * * *")'
    if len(value.split()) != 5:
        raise ValueError(f"must have the five fields of cron {form}")
    try:
        next(CronSim(value, datetime(2026, 1, 1, tzinfo=UTC)))
    except StopIteration:
        raise ValueError(f"names a day that never comes {form}") from None
    except (CronSimError, ValueError) as error:
        raise ValueError(f"has a {_clause(str(error))} field {form}") from None
    return " ".join(value.split())


def web_address(value: str) -> str:
    """An http(s) URL; what it holds after the host may be a secret, so it is never repeated."""
    url(value, "http", "https")
    return value


def store_url(value: str) -> str:
    # The value is not repeated: it may hold a password.
    if value.startswith(("postgresql:", "postgres:")):
        raise ValueError("names PostgreSQL, which this version does not support yet; write sqlite:///digest.db")
    if not value.startswith("sqlite:///") or len(value) == len("sqlite:///") or not value.isprintable():
        raise ValueError("must name a SQLite file, as sqlite:///digest.db")
    return value


def single_line(value: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
        raise ValueError("must be one line without control characters")
    return value
