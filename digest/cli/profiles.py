"""digest profile: list, test, suggest; what profiles there are, and what a change of one would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import count, note, print_json, print_table, progress, say
from digest.cli.running import AsJson, opened, run, settings_of
from digest.cli.suggesting import suggest

if TYPE_CHECKING:
    from digest.models import Match
    from digest.pipeline.replaying import Replay, Term
    from digest.pipeline.trying import Trial
    from digest.settings import ProfileSettings, Settings

app = typer.Typer(help="Profiles: list, test on stored papers, suggest from a bibliography.", no_args_is_help=True)

_FILTERS = ("exclude", "require", "categories", "sources")
_BEST = 10
"""Papers in the list of the best."""
_DIFFERENT = 20
"""Papers gained or lost that are named; the number is always told."""


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the configured profiles and how many subscribers use each."""
    settings = settings_of(context)
    users = run(_users(settings))
    rows = [_row(profile, users[profile.name]) for profile in settings.profiles]
    if as_json:
        print_json({"profiles": rows})
    elif rows:
        columns = ("name", "keywords", "filters", "subscribers")
        print_table(
            columns, [[one["name"], one["keywords"], _filters(one["filters"]), one["subscribers"]] for one in rows]
        )
        say(count(len(rows), "profile"))
    else:
        say("No profile yet; write a [[profile]] table, or run: digest profile suggest FILE.bib")


async def _users(settings: Settings) -> Counter[str]:
    from digest.pipeline.audience import preview

    async with opened(settings) as store:
        readers = await preview(settings, store, datetime.now(UTC))
    active = [reader.subscriber for reader in readers if reader.status == "active"]
    return Counter(name for subscriber in active for name in subscriber.profiles)


def _row(profile: ProfileSettings, subscribers: int) -> dict[str, Any]:
    return {
        "name": profile.name,
        "keywords": len(profile.keywords) + len(profile.authors),
        "filters": {name: list(getattr(profile, name)) for name in _FILTERS if getattr(profile, name)},
        "subscribers": subscribers,
    }


def _filters(filters: dict[str, list[str]]) -> str:
    return "; ".join(f"{name} {', '.join(values)}" for name, values in filters.items())


@app.command("test")
def try_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The profile's name.")],
    days: Annotated[int, typer.Option(min=1, max=400, help="The last so many days on which papers were listed.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Replay a profile over stored papers: what it lists, which keywords do the work, what an edit changes."""
    settings = settings_of(context)

    async def work() -> Trial:
        from digest.pipeline.trying import try_profile

        with progress("Replaying", quiet=as_json) as advance:
            async with opened(settings) as store:
                return await try_profile(settings, store, name, days, advance)

    trial = run(work())
    if as_json:
        print_json(_document(name, trial))
        if trial.note:
            note(trial.note)
    elif not trial.replay.days:
        say("No papers are stored yet, so there is nothing to try the profile on; run: digest fetch")
    else:
        _show(name, trial)


def _document(name: str, trial: Trial) -> dict[str, Any]:
    replay = trial.replay
    return {
        "profile": name,
        "days": [
            {"day": one.day.isoformat(), "papers": one.papers, "matched": one.matched, "shown": one.shown}
            for one in replay.days
        ],
        "papers_per_day": replay.papers_per_day,
        "terms": [
            {
                field: getattr(term, field)
                for field in ("keyword", "papers", "share", "points", "points_share", "dead", "wide")
            }
            for term in replay.terms
        ],
        "top": _papers(replay.shown[:_BEST]),
        "compared_with": trial.compared_with.isoformat() if trial.compared_with else None,
        "gained": _papers(replay.gained),
        "lost": _papers(replay.lost),
    }


def _papers(matches: Sequence[Match]) -> list[dict[str, Any]]:
    return [
        {"id": one.paper.id, "title": one.paper.title, "score": one.score, "keywords": _reasons(one)} for one in matches
    ]


def _reasons(one: Match) -> list[str]:
    """The keywords that did it, most points first."""
    return list(dict.fromkeys(reason.keyword for reason in one.matched))


def _show(name: str, trial: Trial) -> None:
    replay = trial.replay
    first, last = replay.days[0].day, replay.days[-1].day
    say(f"{name} on {count(len(replay.days), 'listing day')}, {first} to {last}", style="bold")
    columns = ("day", "papers", "matched", "shown")
    print_table(columns, [[getattr(one, column) for column in columns] for one in replay.days])
    papers, matched = (
        sum(getattr(one, field) for one in replay.days) / len(replay.days) for field in ("papers", "matched")
    )
    say(f"A day: {papers:.1f} papers, {matched:.1f} match, {replay.papers_per_day:.1f} are shown.\n")
    _show_terms(replay)
    if replay.shown:
        say("\nThe best papers", style="bold")
        _show_papers(replay.shown[:_BEST])
    if trial.note:
        say(f"\n{trial.note}")
    if trial.compared_with:
        _show_changes(trial, f"{trial.compared_with:%Y-%m-%d %H:%M} UTC")


def _show_terms(replay: Replay) -> None:
    if not replay.terms:
        return
    columns = ("keyword", "papers", "of all", "points", "of all points", "")
    rows = sorted(replay.terms, key=lambda term: -term.points)
    print_table(
        columns,
        [
            [term.keyword, f"{term.papers:,}", f"{term.share:.1%}", f"{term.points:.1f}", f"{term.points_share:.0%}", _verdict(term)]
            for term in rows
        ],
    )  # fmt: skip
    for dead, what in ((True, "Never matched"), (False, "Too wide, in more than 20 % of all papers")):
        named = [term.keyword for term in replay.terms if (term.dead if dead else term.wide)]
        if named:
            say(f"{what}: {', '.join(named)}", style="yellow")


def _verdict(term: Term) -> str:
    return "dead" if term.dead else "too wide" if term.wide else ""


def _show_changes(trial: Trial, when: str) -> None:
    replay = trial.replay
    if not trial.changed:
        say(f"\nThe profile is as it was when mail was last sent with it ({when}).")
        return
    say(f"\nAgainst the profile as it was when mail was last sent with it ({when}):")
    for what, matches in (("gained", replay.gained), ("lost", replay.lost)):
        say(f"\n{count(len(matches), 'paper')} {what}", style="bold")
        _show_papers(matches[:_DIFFERENT])
        if len(matches) > _DIFFERENT:
            say(f"… and {len(matches) - _DIFFERENT:,} more (--json lists all)")


def _show_papers(matches: Sequence[Match]) -> None:
    if matches:
        rows = [[f"{one.score:.1f}", one.paper.listed_on, one.paper.title, ", ".join(_reasons(one))] for one in matches]
        print_table(("score", "listed", "title", "because of"), rows)


app.command()(suggest)
