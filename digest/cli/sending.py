"""digest send: who gets what, and what became of it."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.digests import document, note_troubles, open_in_browser, prepare_folder, show
from digest.cli.output import note, print_json, progress
from digest.cli.papers import fetch_with_progress
from digest.cli.running import AsJson, fail, moment, opened, run, settings_of
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.models import SourceReport
    from digest.pipeline import Request, Run
    from digest.settings import Settings


def send(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show who would get what and why; change nothing.")
    ] = False,
    to: Annotated[str | None, typer.Option(help="Only this subscriber, today's issue, due or not.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Only subscribers of this profile, today's issue, due or not.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Act as if it were this time (ISO 8601 with offset).")] = None,
    out: Annotated[Path | None, typer.Option(help="Write each digest as ADDRESS.eml, .html and .txt here.")] = None,
    no_fetch: Annotated[bool, typer.Option("--no-fetch", help="Do not ask the sources first.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Show the digests in the browser (with --dry-run).")] = False,
    test: Annotated[bool, typer.Option("--test", help="Send real mail to --to that counts for nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send even many more digests than usual.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send every digest that is due, or preview it."""
    from digest.pipeline import Request

    _check_options(dry_run=dry_run, open_=open_, test=test, chosen=(to, profile))
    settings = settings_of(context)
    if open_ and out is None:
        out = Path(tempfile.mkdtemp(prefix="digest-"))
    request = Request(now=moment(at), dry_run=dry_run, test=test, to=to or "", profile=profile or "", out=out, yes=yes)
    if out is not None:
        prepare_folder(out)
    reports, result = run(_send(settings, request, fetch=not no_fetch, quiet=as_json))
    if as_json:
        print_json(document(result))
    else:
        show(result)
    for report in reports:
        if report.state == "failing":
            note(f"source {report.name}: {report.reason}")
    note_troubles(result)
    if open_:
        open_in_browser(result)
    if result.troubled or any(report.state == "failing" for report in reports):
        fail(1)


def _check_options(*, dry_run: bool, open_: bool, test: bool, chosen: tuple[str | None, ...]) -> None:
    if open_ and not dry_run:
        raise UsageError("--open shows a preview: use it with --dry-run")
    if test and dry_run:
        raise UsageError("--test sends and --dry-run does not: choose one")
    if "" in chosen:  # an unset variable of a script must not mail everybody
        raise UsageError("--to and --profile need a value; without them everybody is meant")


async def _send(settings: Settings, request: Request, *, fetch: bool, quiet: bool) -> tuple[list[SourceReport], Run]:
    from digest.errors import ConfigError
    from digest.pipeline import send as send_all
    from digest.pipeline.afterwards import after
    from digest.pipeline.profiles import keyword_problems

    problems = keyword_problems(settings)  # before anything is fetched: a typo should not cost a minute
    if problems:
        raise ConfigError(*problems)
    async with opened(settings) as store:
        # The sources live by the real clock, whatever time --at stands for.
        reports = await fetch_with_progress(settings, store, datetime.now(UTC), quiet=quiet) if fetch else []
        with progress("Composing" if request.dry_run else "Sending", quiet=quiet) as advance:
            result = await send_all(settings, store, request, advance)
        if not (request.dry_run or request.test):
            _, unsaid = await after(settings, store, result, datetime.now(UTC))
            for sentence in unsaid:
                note(f"warning: {sentence}")
        return reports, result


COMMANDS = (send,)
