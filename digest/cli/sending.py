"""digest send and why: who gets what, and what became of it."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.digests import document, note_troubles, open_in_browser, prepare_folder, show
from digest.cli.output import note, print_json, print_table, progress, say
from digest.cli.papers import fetch_with_progress
from digest.cli.running import AsJson, day_of, fail, moment, opened, run, settings_of
from digest.errors import UsageError
from digest.models import same_address

if TYPE_CHECKING:
    from digest.models import Delivery, SourceReport
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
    from digest.pipeline.profiles import keyword_problems

    problems = keyword_problems(settings)  # before anything is fetched: a typo should not cost a minute
    if problems:
        raise ConfigError(*problems)
    async with opened(settings) as store:
        # The sources live by the real clock, whatever time --at stands for.
        reports = await fetch_with_progress(settings, store, datetime.now(UTC), quiet=quiet) if fetch else []
        with progress("Composing" if request.dry_run else "Sending", quiet=quiet) as advance:
            return reports, await send_all(settings, store, request, advance)


def why(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The subscriber's address.")],
    issue: Annotated[str, typer.Argument(help="The issue's day (YYYY-MM-DD); all recent ones without it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what became of a subscriber's issues, and why."""
    settings = settings_of(context)
    day = day_of(issue, "the issue") if issue else None
    document = run(_why(settings, email, day))
    if as_json:
        print_json(document)
        return
    say(f"{document['subscriber']} ({document['status']}): {document['next']}")
    rows = [
        [
            d["issue"],
            d["outcome"],
            d["attempts"],
            len(d["papers"]) or "",
            d["reason"] or d["reply"],
            d["settled_at"] or "",
        ]
        for d in document["deliveries"]
    ]
    if rows:
        print_table(("issue", "outcome", "attempts", "papers", "reason", "settled"), rows)
    else:
        say(
            f"There is no issue of {issue}: no run of digest send fell on that day, or none was due. The papers of days "
            "without one come with the next issue."
            if issue
            else "No issue was due yet."
        )


async def _why(settings: Settings, email: str, day: date | None) -> dict[str, Any]:
    from digest.pipeline.audience import owed, preview

    now = moment(None)
    async with opened(settings) as store:
        readers = await preview(settings, store, now)
        found = [reader for reader in readers if same_address(reader.subscriber.email) == same_address(email)]
        if not found:
            raise UsageError(f"no subscriber is called {email}; see: digest subscribers list")
        reader = found[0]
        rows = await store.deliveries.of(reader.row_id or 0, day)
        last = (await store.deliveries.last_issues()).get(reader.row_id or 0)
        due = owed(reader, last, now, settings.schedule.spread)
    active = f"the issue of {due.issue} is due now" if due.due else due.reason
    if rows and rows[0].state == "queued":
        active = (
            f"the issue of {rows[0].issue} is queued and goes out with the next send that may try it; then {active}"
        )
    return {
        "subscriber": reader.subscriber.email,
        "status": reader.status,
        "next": active if reader.status == "active" else f"nothing is sent: {reader.status}",
        "deliveries": [_delivery_as_json(row) for row in rows],
    }


def _delivery_as_json(row: Delivery) -> dict[str, Any]:
    return {
        "issue": row.issue.isoformat(),
        "kind": row.kind,
        "outcome": row.state,
        "reason": row.reason,
        "subject": row.subject,
        "attempts": row.attempts,
        "uncertain": row.uncertain,
        "reply": row.reply,
        "due_at": row.due_at.isoformat(),
        "next_attempt_at": row.next_attempt_at and row.next_attempt_at.isoformat(),
        "settled_at": row.settled_at and row.settled_at.isoformat(timespec="seconds"),
        "message_id": row.message_id,
        "papers": list(row.papers),
    }


COMMANDS = (send, why)
