"""Where the configuration is found, and how files and environment become `Settings`.

The order stands in `load`: gather the files, read the environment, settle secrets, validate, check what spans tables.
Everything wrong is collected on the way and raised once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from digest.errors import ConfigError, KeywordError, Problem
from digest.settings.checks import check, place_in
from digest.settings.layers import Environment, Everything, absolute, absolute_store, merged, model_at, read_environment
from digest.settings.secret_files import SHORTEST_KEY, settle
from digest.settings.sections import (
    DeliverySettings,
    DigestSettings,
    ProfileSettings,
    ScheduleSettings,
    SiteSettings,
    SmtpSettings,
    SourceSettings,
    StoreSettings,
    SubscriberSettings,
    WebSettings,
)
from digest.settings.tables import HINTS, LISTS, Place, Report, Tables, gather
from digest.settings.wording import heading, predicate, printable, subject

FILE = "config.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is configured, valid and complete; paths are absolute and secrets are read."""

    path: Path
    site: SiteSettings
    store: StoreSettings
    smtp: SmtpSettings
    digest: DigestSettings
    schedule: ScheduleSettings
    delivery: DeliverySettings
    web: WebSettings
    sources: tuple[SourceSettings, ...]
    profiles: tuple[ProfileSettings, ...]
    """Those of included files too, in the order of reading."""
    subscribers: tuple[SubscriberSettings, ...]
    warnings: tuple[Problem, ...] = ()
    """What is allowed, and probably not meant."""
    tables: Tables = field(repr=False, compare=False)

    def place(self, path: tuple[str | int, ...]) -> Place:
        """Where ("smtp", "port") or ("profile", 2, "keywords", 0) is written.

        Tables with two brackets are counted from 0 through all files, as in `profiles` and `subscribers`.
        """
        return self.tables.place(path)

    def folder(self, table: str, number: int) -> Path:
        """The folder of the file that holds a table with two brackets: what a name in it is relative to."""
        return self.tables.origins[table][number][0].path.parent

    def keyword_problem(self, path: tuple[str | int, ...], error: KeywordError) -> Problem:
        """A keyword that cannot be read, with the place of the very character in its file.

        `path` leads to the string, ("profile", 2, "keywords", 0); the error's column counts from 1 inside it.
        """
        place = self.tables.place(path, max(error.column, 1) - 1)
        return Problem(error.message, *place, hint=error.hint)

    def secret_key(self) -> str:
        """The key that signs links; ConfigError when there is none, or one that could be guessed."""
        key = self.site.secret_key.get_secret_value() if self.site.secret_key else ""
        if not key:
            message = "[site] has no secret_key, and links cannot be signed without one;"
            hint = "run `digest init` elsewhere and copy its line, or name a file with secret_key_file"
            raise ConfigError(Problem(message, *self._site(), hint=hint))
        if len(key) < SHORTEST_KEY:
            raise ConfigError(Problem(f"site.secret_key needs at least {SHORTEST_KEY} characters", *self._site()))
        return key

    def old_secret_keys(self) -> tuple[str, ...]:
        """Keys that signed links in earlier mails and are still believed."""
        keys = tuple(key.get_secret_value() for key in self.site.old_secret_keys)
        if any(len(key) < SHORTEST_KEY for key in keys):
            raise ConfigError(
                Problem(f"each of site.old_secret_keys needs at least {SHORTEST_KEY} characters", *self._site())
            )
        return keys

    def smtp_password(self) -> str | None:
        """The password of `[smtp] username`; None when there is none."""
        return self.smtp.password.get_secret_value() or None if self.smtp.password else None

    def _site(self) -> Place:
        return self.tables.place(("site",))


def find_config(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """--config, else DIGEST_CONFIG, else ./config.toml, else the user's XDG folder; ConfigError when there is none."""
    if explicit is not None or environ.get("DIGEST_CONFIG"):
        chosen = cwd / (explicit if explicit is not None else environ["DIGEST_CONFIG"])
        if _exists(chosen):
            return chosen
        origin = "named by --config" if explicit is not None else "named by DIGEST_CONFIG"
        message = f'the configuration "{printable(str(chosen), 300)}" {origin} does not exist;'
        raise ConfigError(Problem(message, hint="name another one, or run `digest init` to write one"))
    places = [cwd / FILE, _xdg_folder(environ) / "digest" / FILE]
    for place in places:
        if _exists(place):
            return place
    looked = " or ".join(printable(str(place), 300) for place in places)
    hint = "run `digest init` to write one, or name yours with --config FILE"
    raise ConfigError(Problem(f"there is no configuration at {looked};", hint=hint))


def _exists(path: Path) -> bool:
    return os.path.lexists(path)  # unlike Path.exists: no error for a folder that may not be entered


def _xdg_folder(environ: Mapping[str, str]) -> Path:
    """$XDG_CONFIG_HOME, which counts only when absolute (XDG Base Directory Specification), else ~/.config."""
    folder = Path(environ.get("XDG_CONFIG_HOME", ""))
    if folder.is_absolute():
        return folder
    return Path(environ["HOME"] if environ.get("HOME") else Path.home()) / ".config"


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in `path`, the files it includes and `environ`; ConfigError names everything that is wrong."""
    report = Report()
    folder = path.parent.absolute()
    tables = gather(path, report)
    _drop_misshapen(tables, report)
    environment = read_environment(environ, report)
    absolute(tables.values, folder)
    absolute(environment.values, folder)
    check(tables, environment, report)
    settle(environment.values, tables.values, lambda key: place_in(tables, environment, key), report)
    try:
        everything = merged(tables.values, environment)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _explain(details, tables, environment, report)
        raise ConfigError(*_in_order(report.problems)) from None
    if report.problems:
        raise ConfigError(*_in_order(report.problems))
    return _settings(path, everything, tables, report)


def _in_order(problems: list[Problem]) -> list[Problem]:
    """By file in the order of first mention, then by line."""
    rank: dict[str, int] = {}
    for problem in problems:
        rank.setdefault(problem.file, len(rank))
    return sorted(problems, key=lambda problem: (rank[problem.file], problem.line, problem.column))


def _drop_misshapen(tables: Tables, report: Report) -> None:
    """Tell which sections are no tables, and forget them."""
    for name in [name for name in Everything.model_fields if name not in LISTS]:
        if not isinstance(tables.values.get(name, {}), dict):
            many = isinstance(tables.values.pop(name), list)
            detail = " with one bracket" if many else f", as {heading((name,))} on a line of its own"
            report.wrong(f'"{name}" must be a table{detail}', tables.place((name,)))


def _explain(error: ErrorDetails, tables: Tables, environment: Environment, report: Report) -> None:
    """Put one error of validation into words, at the place where its setting is written."""
    if len(report.problems) >= HINTS:
        error["input"] = None  # nothing to find the nearest word for
    path: tuple[str | int, ...] = error["loc"]
    if error["type"] == "of_key":
        path = (*path, error["ctx"]["key"])
    variable = environment.names.get(tuple(str(part) for part in path)) or environment.names.get(
        tuple(str(part) for part in path[:-1])
    )
    if error["type"] == "extra_forbidden":
        _unknown(path, tables, report)
    elif error["type"] == "missing":
        report.wrong(f'{heading(path[:-1])} needs "{path[-1]}"', tables.place(path[:-1]))
    elif variable:
        rest, hint = predicate(error, from_toml=False)
        report.wrong(f"the environment variable {variable} {rest}", None, hint)
    else:
        rest, hint = predicate(error, from_toml=True)
        report.wrong(f"{subject(path, table=model_at(path) is not None)} {rest}", tables.place(path), hint)


def _unknown(path: tuple[str | int, ...], tables: Tables, report: Report) -> None:
    key = str(path[-1])
    model = model_at(path[:-1])
    known = list(model.model_fields) if model else []
    if len(path) == 1:
        known.append("include")
    hint = report.meant(key, known)
    if not hint and len(path) == 1:
        homes = [name for name in Everything.model_fields if key in getattr(model_at((name,)), "model_fields", {})]
        hint = f"it belongs into {heading((homes[0], 0) if homes[0] in LISTS else (homes[0],))}" if homes else ""
    kind = "table" if len(path) == 1 and isinstance(tables.values.get(key), dict | list) else "key"
    report.wrong(f'unknown {kind} "{printable(key)}"', tables.place(path), hint)


def _settings(path: Path, everything: Everything, tables: Tables, report: Report) -> Settings:
    return Settings(
        path=path,
        site=everything.site,
        # The default, too, is relative to the configuration and not to wherever the command is run.
        store=everything.store.model_copy(update={"url": absolute_store(everything.store.url, path.parent.absolute())}),
        smtp=everything.smtp,
        digest=everything.digest,
        schedule=everything.schedule,
        delivery=everything.delivery,
        web=everything.web,
        sources=everything.source,
        profiles=everything.profile,
        subscribers=everything.subscriber,
        warnings=tuple(_in_order(report.warnings)),
        tables=tables,
    )
