"""digest fetch, papers, status: what came in, from where, and how the sources are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import count, print_json, print_table, progress, say
from digest.cli.running import AsJson, day_of, fail, opened, run, settings_of

if TYPE_CHECKING:
    from digest.models import Paper, SourceReport
    from digest.settings import Settings
    from digest.store import Store


def fetch(
    context: typer.Context,
    source: Annotated[
        list[str] | None, typer.Option("--source", "-s", help="Only this source (may be repeated).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask every source for new papers now."""
    settings = settings_of(context)

    async def work() -> list[SourceReport]:
        async with opened(settings) as store:
            return await fetch_with_progress(settings, store, datetime.now(UTC), source, quiet=as_json)

    reports = run(work())
    if as_json:
        print_json({"sources": [report.as_json() for report in reports]})
    else:
        print_reports(reports)
    if any(report.state == "failing" for report in reports):
        fail(1)


async def fetch_with_progress(
    settings: Settings, store: Store, now: datetime, only: list[str] | None = None, *, quiet: bool = False
) -> list[SourceReport]:
    """Fetch with a bar that moves by sources."""
    from digest.pipeline import fetch as fetch_all

    with progress("Asking the sources", quiet=quiet) as advance:
        total = len(only or settings.sources)
        done: list[SourceReport] = []
        advance(0, total)

        def on_report(report: SourceReport) -> None:
            done.append(report)
            advance(len(done), total)

        return await fetch_all(settings, store, now, only=only or None, on_report=on_report)


def print_reports(reports: list[SourceReport]) -> None:
    """The sources as a table."""
    if not reports:
        say("No source is configured; add a [[source]] to the configuration.")
        return
    columns = ("source", "state", "new", "updated", "unchanged", "skipped", "reason")
    print_table(columns, [[getattr(report, "name" if c == "source" else c) for c in columns] for report in reports])


def papers(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Words that title, abstract or authors hold; * ends a prefix.")] = "",
    on: Annotated[str | None, typer.Option("--date", help="Only papers listed on this day (YYYY-MM-DD).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List or search the stored papers."""
    settings = settings_of(context)
    day = day_of(on, "--date") if on else None

    async def work() -> list[Paper]:
        async with opened(settings) as store:
            return await store.papers.search(query, day, limit)

    found = run(work())
    if as_json:
        print_json({"papers": [_as_json(paper) for paper in found]})
    elif found:
        rows = [
            [p.listed_on, p.id, p.title, "" if p.upvotes is None else p.upvotes, ", ".join(p.sources)] for p in found
        ]
        print_table(("listed", "id", "title", "upvotes", "sources"), rows)
        say(count(len(found), "paper"))
    else:
        say("No paper is like that." if query or day else "No papers yet; run: digest fetch")


def _as_json(paper: Paper) -> dict[str, Any]:
    return {
        "id": paper.id,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "listed_on": paper.listed_on.isoformat(),
        "upvotes": paper.upvotes,
        "url": paper.url,
        "sources": list(paper.sources),
    }


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how the sources are, what the outbox holds, and who is due next."""
    settings = settings_of(context)

    async def work() -> dict[str, Any]:
        async with opened(settings) as store:
            return await _status(settings, store)

    document = run(work())
    if as_json:
        print_json(document)
        return
    if document["sources"]:
        columns = ("name", "state", "checked_at", "new", "reason")
        print_table(columns, [[source[column] for column in columns] for source in document["sources"]])
    else:
        say("No source has been asked yet; run: digest fetch")
    outbox = ", ".join(f"{number} {state}" for state, number in document["deliveries"].items()) or "empty"
    say(f"\nPapers: {document['papers']:,}   Subscribers: {document['subscribers']:,} active   Outbox: {outbox}")
    say(f"Last digest sent: {document['last_sent_at'] or 'never'}   Next due: {document['next_due'] or 'nobody'}")


async def _status(settings: Settings, store: Store) -> dict[str, Any]:
    from digest.pipeline.audience import owed, preview

    now = datetime.now(UTC)
    names = {source.name for source in settings.sources}
    reports = [row for row in await store.sources.reports() if row["name"] in names]
    readers = [reader for reader in await preview(settings, store, now) if reader.status == "active"]
    last = await store.deliveries.last_issues()
    dues = [owed(reader, last.get(reader.row_id or 0), now, settings.schedule.spread) for reader in readers]
    next_at = min((due.due_at for due in dues), default=None)
    sent_at = await store.deliveries.last_sent_at()
    return {
        "database": store.path,
        "papers": await store.papers.count(),
        "sources": [{**row, "checked_at": row["checked_at"].isoformat(timespec="seconds")} for row in reports],
        "subscribers": len(readers),
        "due_now": sum(due.due for due in dues),
        "next_due": next_at.isoformat(timespec="minutes") if next_at else None,
        "deliveries": dict(await store.deliveries.totals()),
        "last_sent_at": sent_at.isoformat(timespec="seconds") if sent_at else None,
    }


COMMANDS = (fetch, papers, status)
