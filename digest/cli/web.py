"""digest web: the pages, beside a timed `digest send`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.output import note
from digest.cli.running import opened, run, settings_of
from digest.errors import ConfigError, Problem

if TYPE_CHECKING:
    import socket

    from digest.settings import Settings


def web(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Listen on this address instead of [web] host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Listen on this port instead of [web] port.")
    ] = None,
) -> None:
    """Serve the pages: read, search, subscribe, confirm, change, leave. Mails are sent by `digest send` or `digest run`."""
    settings = settings_of(context)
    from digest.web import bound

    listening = bound(host or settings.web.host, settings.web.port if port is None else port)
    with listening:
        run(_serve(settings, listening))


async def _serve(settings: Settings, listening: socket.socket) -> None:
    from digest.cli.logs import configure
    from digest.web import application, serve

    configure("auto", "info", list)
    async with opened(settings) as store:
        where = shown_address(listening)
        await serve(application(settings, store), listening, lambda: note(f"Serving {settings.site.url} on {where}"))


def page_problems(settings: Settings) -> list[Problem]:
    """What is wrong in the templates of the pages."""
    from digest.web import check_pages

    try:
        check_pages(settings.site.templates)
    except ConfigError as error:
        return list(error.problems)
    return []


def shown_address(listening: socket.socket) -> str:
    """Where a socket listens, as one types it."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


COMMANDS = (web,)
