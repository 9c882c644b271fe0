"""digest init, check, db: an instance's files before the first mail."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.output import count, plain, print_json, say
from digest.cli.running import AsJson, fail, run, settings_of
from digest.errors import ConfigError, OutputError, Problem, StoreError, UsageError

if TYPE_CHECKING:
    from digest.settings import Settings

database = typer.Typer(help="The store: upgrade.", no_args_is_help=True)

_SPLIT = "# --- profiles and subscribers "
"""The line of config.example.toml from which on its tables go to profiles/example.toml."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made if it does not exist.")] = Path(),
) -> None:
    """Write a commented config.toml and profiles/example.toml; never overwrite anything."""
    files = _starting_files(folder)
    for path in files:
        if path.exists():
            raise UsageError(f"{path} exists already; nothing was written. Name another folder: digest init DIR")
    for path, text in files.items():
        _write_new(path, text)
        say(f"wrote {path}")
    say("Next: write your address and keywords into the profile, [smtp] into config.toml, then run")
    where = "" if folder == Path() else f"--config {folder / 'config.toml'} "
    say(f"  digest {where}check\n  digest {where}send --dry-run")


def _write_new(path: Path, text: str) -> None:
    """A file for its owner only, because it holds the secret that signs every link; whole, or not at all."""
    draft = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.rename(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another folder") from None


def _starting_files(folder: Path) -> dict[Path, str]:
    """config.example.toml in two: the settings with a fresh secret, and the example profile."""
    example = _example_path().read_text(encoding="utf-8")
    settings, _, tables = example.partition(_SPLIT)
    settings = settings.rpartition("# What follows")[0]
    key = f'secret_key = "{secrets.token_urlsafe(32)}"'
    lines = [key if line.startswith("# secret_key = ") else line for line in settings.rstrip().splitlines()]
    return {
        folder / "config.toml": "\n".join(lines) + "\n",
        folder / "profiles" / "example.toml": tables.partition("\n")[2].lstrip("\n"),
    }


def _example_path() -> Path:
    """In a wheel the example lies in the package, in a checkout beside it."""
    package = Path(__file__).parent.parent
    packaged = package / "config.example.toml"
    return packaged if packaged.is_file() else package.parent / "config.example.toml"


def check(
    context: typer.Context,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the sources, log in to the mail server, look at DNS.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check settings, profiles, keywords and templates; name every problem with its place, and warn of odd keywords."""
    from digest.cli.web import page_problems
    from digest.pipeline import checking

    warnings: list[Problem] = []
    try:
        settings = settings_of(context)
        problems = [*checking.problems(settings), *page_problems(settings)]
        warnings = _odd(settings)
    except ConfigError as error:
        settings, problems = None, list(error.problems)
    overrides = _overrides(settings) if settings else []
    findings: list[dict[str, Any]] = []
    if settings is not None and online:
        from digest.cli.online import check_online

        findings = run(check_online(settings))
    wrong = bool(problems) or any(one["status"] == "wrong" for one in findings)
    if as_json:
        told = [*(settings.warnings if settings else ()), *warnings]
        found = {"problems": _listed(problems), "warnings": _listed(told), "overrides": overrides, "online": findings}
        print_json({"ok": not wrong, **found})
    else:
        _show_warnings(warnings)
        for line in overrides:
            say(f"override: {line}")
        _show(settings, problems, findings)
    if wrong:
        fail(2 if problems else 1)


def _odd(settings: Settings) -> list[Problem]:
    """Keywords that can be read and are probably not meant so; what the store could tell is left out if it is unusable."""
    from digest.pipeline.linting import has_store, history_warnings, keyword_warnings, stored_papers

    found = keyword_warnings(settings)
    if not has_store(settings):
        return found
    try:
        return [*found, *history_warnings(settings, run(stored_papers(settings)))]
    except StoreError as error:
        return [*found, Problem(f"{error}", hint="Keywords were not compared with the stored papers.")]


def _overrides(settings: Settings) -> list[str]:
    """What subscribers changed over the files; nothing where the store is not there or cannot be used."""
    from digest.pipeline.linting import has_store, override_notes

    try:
        return run(override_notes(settings)) if has_store(settings) else []
    except StoreError:
        return []  # the warnings say so already


def _show_warnings(warnings: list[Problem]) -> None:
    for warning in warnings:
        typer.secho(f"warning: {plain(warning)}", fg="yellow", err=True)


def _listed(problems: list[Problem]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in ("file", "line", "column", "message", "hint")} for one in problems]


def _show(settings: Settings | None, problems: list[Problem], findings: list[dict[str, Any]]) -> None:
    for problem in problems:
        typer.secho(f"error: {problem}", fg="red", err=True)
    colours = {"ok": "green", "warning": "yellow", "wrong": "red"}
    for one in findings:
        say(
            f"{one['status']:<8} {one['name']}: {one['detail']}" + (f" {one['fix']}" if one["fix"] else ""),
            style=colours[one["status"]],
        )
    wrong = any(one["status"] == "wrong" for one in findings)
    if settings is not None and not problems and not wrong:
        counts = (
            count(len(settings.sources), "source"),
            count(len(settings.profiles), "profile"),
            count(len(settings.subscribers), "subscriber"),
        )
        say(f"{settings.path} is good: {', '.join(counts)}.", style="green")


@database.command()
def upgrade(context: typer.Context) -> None:
    """Bring an older database to this version's tables; a new one is made."""
    settings = settings_of(context)

    async def work() -> str:
        from digest.store import open_store

        async with open_store(settings.store.url, upgrade=True) as store:
            return store.path

    say(f"{run(work())} is up to date.")


COMMANDS = (init, check)
