"""What every command needs around its work: the configuration asked for, the clock, the event loop, the store."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.store import Store

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Days are reckoned with on both sides of a moment, and calendars end."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it (128 + SIGINT)."""


@dataclass(slots=True)
class Options:
    """The options that stand before the command."""

    config: Path | None = None


def settings_of(context: typer.Context) -> Settings:
    """The configuration of this call; raises ConfigError. Warnings go to stderr."""
    from digest.settings import find_config, load

    options: Options = context.obj
    settings = load(find_config(options.config, os.environ, Path.cwd()), os.environ)
    for warning in settings.warnings:
        typer.secho(f"warning: {warning}", fg="yellow", err=True)
    return settings


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store that the settings name."""
    from digest.store import open_store

    async with open_store(settings.store.url) as store:
        yield store


def run(work: Coroutine[object, object, T]) -> T:
    """Run a command's work to its end; Ctrl-C lets it clean up and leaves with a sentence."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        typer.echo("Stopped. Nothing is lost: the same command goes on from here.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def moment(at: str | None) -> datetime:
    """The time a command acts at: `--at` in ISO 8601 with an offset, else the clock's."""
    if at is None:
        return datetime.now(UTC)
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        raise UsageError(f"--at {at!r} is not a time; write it as 2026-11-23T07:30:00+01:00") from None
    if parsed.tzinfo is None:
        raise UsageError(f"--at {at!r} has no offset; add one, as in {parsed.isoformat()}+00:00")
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise UsageError(f"--at {at!r} is outside of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return parsed.astimezone(UTC)


def day_of(text: str, what: str) -> date:
    """A calendar day as people and TOML write it; `what` names the option in the error."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(f"{what} {text!r} is not a day; write it as 2026-12-24")
    return day


def fail(status: int) -> None:
    """Leave with a status other than 0."""
    sys.stdout.flush()
    raise typer.Exit(status)
