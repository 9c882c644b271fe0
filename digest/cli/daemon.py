"""digest run: fetch, plan, deliver and serve, in one process that goes on until it is told to stop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.running import run as run_to_its_end
from digest.cli.running import settings_of
from digest.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from digest.settings import Settings

_SHORTEST = 4
"""Characters of a secret that is looked for in log lines; a shorter one is in every second word."""


def run(
    context: typer.Context,
    no_web: Annotated[bool, typer.Option("--no-web", help="Serve no pages.")] = False,
    every: Annotated[
        float, typer.Option(min=1, max=3600, metavar="SECONDS", help="How often to look what is due.")
    ] = 60.0,
    log_format: Annotated[
        str, typer.Option(envvar="DIGEST_LOG_FORMAT", help="json, pretty, or auto: json off a terminal.")
    ] = "auto",
    log_level: Annotated[str, typer.Option(envvar="DIGEST_LOG_LEVEL", help="debug, info, warning or error.")] = "info",
) -> None:
    """Fetch, send and serve at their times, until stopped (SIGTERM); SIGHUP or an edit reloads the configuration."""
    from digest.cli.logs import FORMATS, LEVELS, configure
    from digest.cli.web import page_problems
    from digest.pipeline import checking
    from digest.schedule import Options, Process
    from digest.web import Pages

    for option, value, known in (("--log-format", log_format, FORMATS), ("--log-level", log_level, LEVELS)):
        if value not in known:
            raise UsageError(f"{option} {value!r} is not known; write one of {', '.join(known)}")
    settings = settings_of(context)
    if problems := [*checking.problems(settings), *page_problems(settings)]:
        raise ConfigError(*problems)

    async def work() -> None:
        pages = None if no_web else Pages()
        process = Process(settings, Options(tick_seconds=every, pages=pages, environ=os.environ, check=page_problems))
        configure(log_format, log_level, lambda: _secrets(process.settings))
        await process.run()

    run_to_its_end(work())


def _secrets(settings: Settings) -> list[str]:
    """What must not stand in a log line, whoever wrote it."""
    token = settings.web.metrics_token
    known = (settings.secret_key(), settings.smtp_password(), settings.delivery.heartbeat_url)
    found = (*known, token.get_secret_value() if token else None)
    return [secret for secret in found if secret and len(secret) >= _SHORTEST]


COMMANDS = (run,)
