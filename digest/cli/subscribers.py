"""digest subscribers: list, add, remove, pause, import, export."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import count, note, print_json, print_table, say
from digest.cli.papers import AsJson
from digest.cli.running import fail, opened, run, settings_of
from digest.errors import OutputError, UsageError

if TYPE_CHECKING:
    from digest.cli.rows import Row
    from digest.models import SubscriberStatus
    from digest.settings import Settings
    from digest.store import Store, StoredSubscriber

app = typer.Typer(help="Who reads: list, add, remove, pause, import, export.", no_args_is_help=True)

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
        "days": day,
    }
    settings = settings_of(context)
    [row] = read_rows(write_json_lines([{k: v for k, v in fields.items() if v}]), "", _profiles(settings))
    if not isinstance(row, Row):
        raise UsageError(str(replace(row, line=0)))
    outcome = run(_add(settings, [row], again=again))
    if outcome["left"]:
        raise UsageError(f"{email} asked to leave; if they asked to come back, add --again")
    say(f"{row.table.email} is {'added' if outcome['added'] else 'changed'}.")


async def _add(settings: Settings, rows: list[Row], *, again: bool) -> dict[str, int]:
    """Add or change subscribers in bulk; who left stays away unless `again`."""
    from digest.links import subscriber_key
    from digest.pipeline.audience import fields_of
    from digest.store import NewSubscriber

    now = datetime.now(UTC)
    secret = settings.secret_key()
    outcome = {"added": 0, "changed": 0, "left": 0}
    async with opened(settings) as store:
        stored = {row.email.casefold(): row for row in await store.subscribers.all()}
        start = await store.papers.newest_before(now - timedelta(days=settings.digest.first_days))
        new: list[NewSubscriber] = []
        changes: dict[int, dict[str, Any]] = {}
        back: list[int] = []
        away: dict[SubscriberStatus, list[int]] = {}
        for row in rows:
            table, known = row.table, stored.get(row.table.email.casefold())
            if known is None:
                key = subscriber_key(table.email, secret)
                new.append(
                    NewSubscriber(
                        key=key,
                        email=table.email,
                        origin="command",
                        fields=fields_of(table),
                        cursor=start,
                        status=row.status,
                    )
                )
            elif known.status == "active" or again:
                changes[known.id] = fields_of(table)
                back += [] if known.status == "active" else [known.id]
                if row.status != "active":
                    away.setdefault(row.status, []).append(known.id)
            else:
                outcome["left"] += 1
        outcome["added"] = await store.subscribers.add(new, now)
        await store.subscribers.set_fields(changes, now)
        await store.subscribers.reactivate(back, start, now)
        for status, ids in away.items():
            await store.subscribers.set_status(ids, status, now)
        outcome["changed"] = len(changes)
    return outcome


def _profiles(settings: Settings) -> list[str]:
    return [profile.name for profile in settings.profiles]


@app.command()
def remove(context: typer.Context, email: Email) -> None:
    """Unsubscribe somebody: no mail goes there any more, even if a TOML file still names them."""
    settings = settings_of(context)

    async def work() -> None:
        from digest.pipeline.audience import enrol

        async with opened(settings) as store:
            await enrol(settings, store, datetime.now(UTC))
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
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise UsageError(f"--until {until!r} is not a day; write it as 2026-12-24") from None
    for number, table in enumerate(settings.subscribers):
        if table.email.casefold() == email.casefold():
            place = settings.place(("subscriber", number))
            raise UsageError(f"{email} is named in {place.file}:{place.line}; write there: paused_until = {day}")

    async def work() -> None:
        async with opened(settings) as store:
            row = await _stored(store, email)
            await store.subscribers.set_fields({row.id: {**row.fields, "paused_until": until}}, datetime.now(UTC))

    run(work())
    say(f"{email} gets no mail before {day}.")


async def _stored(store: Store, email: str) -> StoredSubscriber:
    for row in await store.subscribers.all():
        if row.email.casefold() == email.casefold():
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
    outcome = run(_add(settings, [row for row in rows if isinstance(row, Row)], again=again))
    if as_json:
        print_json({**outcome, "problems": [str(problem) for problem in problems]})
    else:
        say(
            f"{outcome['added']:,} added, {outcome['changed']:,} changed, {outcome['left']:,} left alone: they unsubscribed."
        )
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
        sys.stdout.write(text)
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
