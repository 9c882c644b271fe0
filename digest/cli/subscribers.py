"""digest subscribers: list, add, remove, pause, allow, import, export."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import count, note, print_json, print_table, say, write_out
from digest.cli.running import AsJson, day_of, fail, opened, run, settings_of
from digest.errors import OutputError, UsageError
from digest.models import same_address

if TYPE_CHECKING:
    from digest.cli.rows import Row
    from digest.pipeline.enrolment import TakenIn
    from digest.settings import Settings
    from digest.store import Store, StoredSubscriber

app = typer.Typer(help="Who reads: list, add, remove, pause, allow, import, export.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The subscriber's address.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the subscribers of the TOML files and of the store."""
    rows = run(_rows(settings_of(context)))
    if as_json:
        print_json({"subscribers": rows})
    elif rows:
        columns = ("email", "status", "profiles", "keywords", "cadence", "send_at", "timezone", "origin")
        print_table(columns, [[_cell(row.get(column)) for column in columns] for row in rows])
        say(count(len(rows), "subscriber"))
    else:
        say("No subscriber yet; write a [[subscriber]] table, or run: digest subscribers add ADDRESS")


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


async def _rows(settings: Settings) -> list[dict[str, Any]]:
    from digest.cadence import DAY_NAMES
    from digest.pipeline.audience import preview

    async with opened(settings) as store:
        readers = await preview(settings, store, datetime.now(UTC))
    return [
        {
            "email": reader.subscriber.email,
            "status": reader.status,
            "name": reader.subscriber.name,
            "profiles": list(reader.subscriber.profiles),
            "keywords": list(reader.subscriber.keywords),
            "exclude": list(reader.subscriber.exclude),
            "timezone": reader.subscriber.cadence.zone,
            "send_at": f"{reader.subscriber.cadence.at:%H:%M}",
            "cadence": reader.subscriber.cadence.name,
            "days": [DAY_NAMES[day] for day in sorted(reader.subscriber.cadence.days)],
            "paused_until": reader.subscriber.paused_until and reader.subscriber.paused_until.isoformat(),
            "origin": reader.origin,
            "joined_at": reader.joined_at.isoformat(timespec="seconds"),
        }
        for reader in readers
    ]


@app.command()
def add(
    context: typer.Context,
    email: Email,
    name: Annotated[str, typer.Option(help="How to address them.")] = "",
    profile: Annotated[list[str] | None, typer.Option(help="A profile (may be repeated).")] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="A keyword of their own (may be repeated).")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="A keyword that drops a paper (may be repeated).")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name, e.g. Europe/Berlin.")] = None,
    send_at: Annotated[str | None, typer.Option(help="Local time, e.g. 07:30.")] = None,
    cadence: Annotated[str | None, typer.Option(help="daily, weekdays, weekly or days.")] = None,
    weekday: Annotated[str | None, typer.Option(help="The day of cadence weekly, e.g. fri.")] = None,
    day: Annotated[list[str] | None, typer.Option(help="A day of cadence days, e.g. mon (may be repeated).")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also if they left: they asked to come back.")] = False,
) -> None:
    """Add a subscriber; they count as confirmed."""
    from digest.cli.rows import Row, read_rows, write_json_lines

    fields = {
        "email": email,
        "name": name or None,
        "profiles": profile,
        "keywords": keyword,
        "exclude": exclude,
        "timezone": timezone,
        "send_at": send_at,
        "cadence": cadence,
        "weekday": weekday,
        "days": day,
    }
    settings = settings_of(context)
    [row] = read_rows(write_json_lines([{k: v for k, v in fields.items() if v}]), "", _profiles(settings))
    if not isinstance(row, Row):
        raise UsageError(str(replace(row, line=0)))
    outcome = run(_take_in(settings, [row], again=again, keep=True))
    if outcome.configured:
        raise UsageError(f"{_named(settings, email)}; change them there")
    if outcome.suppressed:
        raise UsageError(
            f"{email} is suppressed: {run(_suppression(settings, email))}; to lift that, run: digest subscribers allow {email}"
        )
    if outcome.left:
        raise UsageError(f"{email} asked to leave; if they asked to come back, add --again")
    say(f"{row.table.email} is {'added' if outcome.added else 'changed'}.")


async def _take_in(settings: Settings, rows: list[Row], *, again: bool, keep: bool) -> TakenIn:
    from digest.pipeline.enrolment import take_in

    async with opened(settings) as store:
        entries = [(row.table, row.status) for row in rows]
        return await take_in(settings, store, entries, datetime.now(UTC), again=again, keep=keep)


def _named(settings: Settings, email: str) -> str:
    """Where a TOML file names somebody, as a sentence; empty when none does."""
    for number, table in enumerate(settings.subscribers):
        if same_address(table.email) == same_address(email):
            place = settings.place(("subscriber", number))
            return f"{email} is named in {place.file}:{place.line}"
    return ""


def _profiles(settings: Settings) -> list[str]:
    return [profile.name for profile in settings.profiles]


@app.command()
def remove(context: typer.Context, email: Email) -> None:
    """Unsubscribe somebody: no mail goes there any more, even if a TOML file still names them."""
    settings = settings_of(context)

    async def work() -> None:
        from digest.pipeline import sync

        async with opened(settings) as store:
            await sync(settings, store, datetime.now(UTC))
            row = await _stored(store, email)
            await store.subscribers.set_status([row.id], "unsubscribed", datetime.now(UTC))

    run(work())
    say(f"{email} gets no more mail.")


@app.command()
def pause(
    context: typer.Context,
    email: Email,
    until: Annotated[str, typer.Option(help="The first day with mail again (YYYY-MM-DD).")],
) -> None:
    """Hold somebody's mail until a day."""
    settings = settings_of(context)
    day = day_of(until, "--until")

    async def work() -> None:
        from digest.pipeline import sync

        now = datetime.now(UTC)
        async with opened(settings) as store:
            await sync(settings, store, now)
            row = await _stored(store, email)
            await store.subscribers.change(row.id, {"paused_until": day.isoformat()}, now)

    run(work())
    named = _named(settings, email)
    say(f"{email} gets no mail before {day}." + (f" This stands over {named}." if named else ""))


@app.command()
def allow(context: typer.Context, email: Email) -> None:
    """Mail a suppressed address again: refused or complained of, and now a person knows better."""
    settings = settings_of(context)

    async def work() -> bool:
        from digest.pipeline.enrolment import allow as lift

        async with opened(settings) as store:
            return await lift(settings, store, email, datetime.now(UTC))

    if not run(work()):
        raise UsageError(f"{email} is not suppressed; see: digest subscribers list")
    say(f"{email} may be mailed again.")


async def _suppression(settings: Settings, email: str) -> str:
    """Why an address is suppressed, for people."""
    async with opened(settings) as store:
        found = await store.suppressions.covers(email)
    return f"{found.reason} ({found.source}, {found.last_seen_at:%Y-%m-%d})" if found else "unknown why"


async def _stored(store: Store, email: str) -> StoredSubscriber:
    for row in await store.subscribers.by_address([email]):
        return row
    raise UsageError(f"no subscriber is called {email}; see: digest subscribers list")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="CSV with a header, or JSONL; - for standard input.")],
    again: Annotated[bool, typer.Option("--again", help="Also those who left: they asked to come back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add or change many subscribers; they count as confirmed. Lines that are wrong are named and left out."""
    from digest.cli.rows import Row, read_rows

    settings = settings_of(context)
    rows = list(read_rows(_text(file), "" if file == "-" else file, _profiles(settings)))
    problems = [row for row in rows if not isinstance(row, Row)]
    outcome = run(_take_in(settings, [row for row in rows if isinstance(row, Row)], again=again, keep=False))
    if as_json:
        print_json({**asdict(outcome), "problems": [str(problem) for problem in problems]})
    else:
        say(f"{outcome.added:,} added, {outcome.changed:,} changed, {outcome.left:,} left alone: they unsubscribed.")
        if outcome.suppressed:
            say(
                f"{count(len(outcome.suppressed), 'address')} left alone: suppressed (digest subscribers allow ADDRESS)."
            )
        if outcome.configured:
            say(f"{count(len(outcome.configured), 'address')} left alone: a TOML file names them.")
        for problem in problems:
            note(f"error: {problem}")
    if problems:
        fail(1)


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise OutputError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise OutputError(f"{file} is not UTF-8 text (byte {error.start})") from None


@app.command()
def export(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="A file that ends in .csv or .jsonl; standard output without it.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "csv",
) -> None:
    """Write all subscribers as CSV or JSONL, in the shape that import reads."""
    from digest.cli.rows import write_csv, write_json_lines

    kind = out.suffix.lstrip(".") if out else kind
    writers = {"csv": write_csv, "jsonl": write_json_lines}
    if kind not in writers:
        raise UsageError(f"{kind!r} is not a format; choose csv or jsonl")
    rows = [_exported(row) for row in run(_rows(settings_of(context)))]
    text = writers[kind](rows)
    if out is None:
        write_out(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}") from None
    say(f"{count(len(rows), 'subscriber')} written to {out}")


def _exported(row: dict[str, Any]) -> dict[str, Any]:
    """A listed row as import takes it back: `days` only where they were chosen."""
    weekly = {"weekday": row["days"][0]} if row["cadence"] == "weekly" and row["days"] else {}
    left_out = {"origin"} if row["cadence"] == "days" else {"origin", "days"}
    return {name: value for name, value in (row | weekly).items() if value and name not in left_out}
