"""digest demo: the real pipeline on loopback, from a sample day to three inboxes, and back to files one can read."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.digests import note_troubles, prepare_folder, show
from digest.cli.output import count, print_table, progress, say
from digest.cli.papers import fetch_with_progress, print_reports
from digest.cli.running import fail, opened, run

if TYPE_CHECKING:
    from digest.cli.demo.world import World
    from digest.models import SourceReport
    from digest.pipeline import Run

_PORTS = range(8000, 8020)


def demo(
    out: Annotated[Path, typer.Option(help="Where the digests are written.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve", help="Then show the written digests on this machine until Ctrl-C.")
    ] = False,
) -> None:
    """Run the whole pipeline on this machine with a sample day: no network, no configuration."""
    from digest.cli.demo.world import World

    prepare_folder(out)
    now = datetime.now(UTC)
    with World(now.date()) as world, tempfile.TemporaryDirectory(prefix="digest-demo-") as folder:
        say(f"A sample day of {len(world.day.papers)} invented papers is served on {world.http_url};")
        say(
            f"an inbox takes mail on 127.0.0.1:{world.smtp_port}. arXiv's rule of one request in three seconds holds here too.\n"
        )
        reports, result = run(_run(world, Path(folder), out, now))
        print_reports(reports)
        say("")
        show(result)
        say("")
        _show_inbox(world, result)
        note_troubles(result)
    if result.troubled:
        fail(1)
    if serve:
        _serve(out)


async def _run(world: World, folder: Path, out: Path, now: datetime) -> tuple[list[SourceReport], Run]:
    """The same steps as `digest send`, with a configuration made for the moment."""
    from digest.cli.demo.world import demo_config
    from digest.pipeline import Request, send
    from digest.settings import load

    config = folder / "config.toml"
    config.touch(mode=0o600)
    config.write_text(demo_config(world, folder), encoding="utf-8")
    settings = load(config, {})
    async with opened(settings) as store:
        reports = await fetch_with_progress(settings, store, now)
        with progress("Sending") as advance:
            return reports, await send(settings, store, Request(now=now, out=out), advance)


def _show_inbox(world: World, result: Run) -> None:
    """What arrived, read back from the bytes that came over SMTP."""
    from email import message_from_bytes
    from email.policy import default

    received = [(mail.rcpt, message_from_bytes(mail.data, policy=default), len(mail.data)) for mail in world.inbox]
    rows = [[recipient, message["Subject"], f"{size / 1000:.0f} kB"] for recipient, message, size in received]
    say(f"The inbox holds {count(len(rows), 'message')}:", style="bold")
    print_table(("recipient", "subject", "size"), rows)
    say("\nTo read them, open:", style="bold")
    for sent in result.digests:
        if sent.files:
            say(f"  {sent.files.html}")


def _serve(folder: Path) -> None:
    """Show the files of a folder on loopback until Ctrl-C."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    for port in _PORTS:
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError:
            continue
        with server:
            say(f"\nThe digests are shown on http://127.0.0.1:{port}/ until you press Ctrl-C.")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return
    say("No port from 8000 to 8019 is free to show them.")
