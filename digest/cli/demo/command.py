"""digest demo: the real pipeline on loopback, from a sample day to three inboxes, and back to files one can read."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.digests import note_troubles, prepare_folder, show
from digest.cli.output import count, print_table, progress, say
from digest.cli.papers import fetch_with_progress, print_reports
from digest.cli.running import fail, opened, run
from digest.cli.web import shown_address
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.cli.demo.world import World
    from digest.models import SourceReport
    from digest.pipeline import Run
    from digest.settings import Settings
    from digest.store import Store

_PORTS = range(8000, 8020)


def demo(
    out: Annotated[Path, typer.Option(help="Where the digests are written.")] = Path("demo"),
    serve: Annotated[bool, typer.Option("--serve", help="Then serve the pages on this machine until Ctrl-C.")] = False,
) -> None:
    """Run the whole pipeline on this machine with a sample day: no network, no configuration."""
    from digest.cli.demo.world import World

    prepare_folder(out)
    now = datetime.now(UTC)
    with ExitStack() as stack:
        world = stack.enter_context(World(now.date()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digest-demo-")))
        listening = stack.enter_context(_listening()) if serve else None
        say(f"A sample day of {len(world.day.papers)} invented papers is served on {world.http_url};")
        say(
            f"an inbox takes mail on 127.0.0.1:{world.smtp_port}. arXiv's rule of one request in three seconds holds here too.\n"
        )
        settings = _settings(world, folder, shown_address(listening).rstrip("/") if listening else None)
        reports, result = run(_run(settings, out, now))
        print_reports(reports)
        say("")
        show(result)
        say("")
        _show_inbox(world, result)
        note_troubles(result)
        if result.troubled:
            fail(1)
        if listening:
            run(_serve(settings, world, listening))


def _settings(world: World, folder: Path, site_url: str | None) -> Settings:
    """A configuration made for the moment; links lead to the pages where they are served."""
    from digest.cli.demo.world import demo_config
    from digest.settings import load

    config = folder / "config.toml"
    config.touch(mode=0o600)
    text = demo_config(world, folder, site_url) if site_url else demo_config(world, folder)
    config.write_text(text, encoding="utf-8")
    return load(config, {})


async def _run(settings: Settings, out: Path, now: datetime) -> tuple[list[SourceReport], Run]:
    """The same steps as `digest send`."""
    from digest.pipeline import Request, send

    async with opened(settings) as store:
        reports = await fetch_with_progress(settings, store, now)
        with progress("Sending") as advance:
            return reports, await send(settings, store, Request(now=now, out=out), advance)


def _show_inbox(world: World, result: Run) -> None:
    """What arrived, read back from the bytes that came over SMTP."""
    received = [(mail.rcpt, message_from_bytes(mail.data, policy=default), len(mail.data)) for mail in world.inbox]
    rows = [[recipient, message["Subject"], f"{size / 1000:.0f} kB"] for recipient, message, size in received]
    say(f"The inbox holds {count(len(rows), 'message')}:", style="bold")
    print_table(("recipient", "subject", "size"), rows)
    say("\nTo read them, open:", style="bold")
    for sent in result.digests:
        if sent.files:
            say(f"  {sent.files.html}")


def _listening() -> socket.socket:
    """The first port from 8000 on that is free on this machine."""
    from digest.web import bound

    for port in _PORTS:
        with suppress(UsageError):
            return bound("127.0.0.1", port)
    raise UsageError("no port from 8000 to 8019 is free to show the pages; stop another program, and try again")


async def _serve(settings: Settings, world: World, listening: socket.socket) -> None:
    """The pages of the demo until Ctrl-C; what visitors sign up for is sent to the inbox in memory, and shown here."""
    from digest.cli.logs import configure
    from digest.web import application, serve

    configure("auto", "info", list)
    async with opened(settings) as store:
        sending = asyncio.create_task(_send_confirmations(settings, store, world))
        address = shown_address(listening)
        say(f"\nThe pages are shown on {address} until you press Ctrl-C.")
        try:
            await serve(application(settings, store), listening)
        finally:
            sending.cancel()


async def _send_confirmations(settings: Settings, store: Store, world: World) -> None:
    """Every second, what is due; a mail to a visitor is shown, since nobody else can read that inbox."""
    from digest.pipeline import Request, send

    while True:
        await asyncio.sleep(1)
        before = len(world.inbox)
        await send(settings, store, Request(now=datetime.now(UTC)))
        for mail in world.inbox[before:]:
            text = message_from_bytes(mail.data, policy=default).get_body(("plain",))
            say(f"\nTo {mail.rcpt}:\n{text.get_content() if text else ''}")
