"""The commands and the options before them, and what a failed command looks like."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from digest.cli import daemon, doctor, matching, outlook, papers, profiles, sending, setup, subscribers, web
from digest.cli.demo.command import demo
from digest.cli.running import Options
from digest.errors import DigestError

app = typer.Typer(
    name="digest",
    help="A daily e-mail digest of the research papers that match your keywords.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        from digest import __version__

        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="The configuration file [default: DIGEST_CONFIG, else ./config.toml, else the user's config folder]",
            show_default=False,
        ),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    context.obj = Options(config)


for module in (setup, papers, sending, daemon, outlook, matching, web):
    for command in module.COMMANDS:
        app.command()(command)
app.command()(demo)
app.add_typer(profiles.app, name="profile")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(doctor.app, name="doctor")
app.add_typer(setup.database, name="db")


def main() -> None:
    """Entry point: a known failure is a sentence on stderr and an exit status, never a traceback."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open as long as we run
        elif hasattr(stream, "reconfigure"):  # a terminal that cannot show a character must not stop a run
            stream.reconfigure(errors="replace")
    try:
        app()
    except DigestError as error:
        for line in str(error).splitlines():
            typer.secho(f"error: {line}", fg="red", err=True)
        sys.exit(error.exit_status)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        typer.secho(f"error: {error.strerror or error}{where}", fg="red", err=True)
        sys.exit(1)
