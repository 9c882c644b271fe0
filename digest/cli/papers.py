"""digest fetch, papers: what came in, and from where."""

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
    query: Annotated[
        str, typer.Argument(help="What title, abstract or authors hold, in the language of keywords.")
    ] = "",
    on: Annotated[str | None, typer.Option("--date", help="Only papers listed on this day (YYYY-MM-DD).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List or search the stored papers."""
    settings = settings_of(context)
    day = day_of(on, "--date") if on else None

    async def work() -> list[Paper]:
        async with opened(settings) as store:
            return [hit.paper for hit in (await store.search.find(query, on=day, limit=limit)).hits]

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


COMMANDS = (fetch, papers)
