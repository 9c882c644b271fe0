"""The two layers of settings, files and environment, each made ready and then merged by pydantic-settings.

Values from the environment are strings: where a setting is no text they are read as JSON, which for numbers, true,
false and lists is also how TOML writes them. The environment beats the files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

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
from digest.settings.tables import LISTS, Report
from digest.settings.wording import heading, printable

PREFIX = "DIGEST_"
SEPARATOR = "__"


class Everything(BaseSettings):
    """All tables of a configuration, under the names they have in TOML."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False)

    site: SiteSettings = SiteSettings()
    store: StoreSettings = StoreSettings()
    smtp: SmtpSettings = SmtpSettings()
    digest: DigestSettings = DigestSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    delivery: DeliverySettings = DeliverySettings()
    web: WebSettings = WebSettings()
    source: tuple[SourceSettings, ...] = ()
    profile: tuple[ProfileSettings, ...] = ()
    subscriber: tuple[SubscriberSettings, ...] = ()


@dataclass(frozen=True)
class Environment:
    """What the environment sets, and the variable that set it."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)
    names: dict[tuple[str, ...], str] = field(default_factory=dict)


def merged(tables: Mapping[str, Any], environment: Environment) -> Everything:
    """The environment over the tables, validated; pydantic's ValidationError names everything that is wrong."""

    class Layered(Everything):
        # A class for each call: its sources are those of this call, and nothing is global.
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            layers = environment.values, dict(tables)
            return tuple(InitSettingsSource(settings_cls, init_kwargs=layer) for layer in layers)

    return Layered()


def model_at(path: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The class of the table at `path`; None for what is no table."""
    model: type[BaseModel] = Everything
    for part in path:
        if isinstance(part, int):
            continue
        inner = _model_of(model.model_fields[part]) if part in model.model_fields else None
        if inner is None:
            return None
        model = inner
    return model


def _types(annotation: object) -> set[object]:
    """The annotation and everything named inside it."""
    found: set[object] = {get_origin(annotation) or annotation}
    for inner in get_args(annotation):
        found |= _types(inner)
    return found


def _model_of(of: FieldInfo) -> type[BaseModel] | None:
    return next(
        (kind for kind in _types(of.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)), None
    )


def read_environment(environ: Mapping[str, str], report: Report) -> Environment:
    """Every DIGEST_SECTION__KEY that is set and not empty; DIGEST_CONFIG and other names without __ are no settings."""
    environment = Environment()
    for name, text in sorted(environ.items()):
        if not name.upper().startswith(PREFIX) or SEPARATOR not in name or not text:
            continue
        path = tuple(name[len(PREFIX) :].lower().split(SEPARATOR))
        if not _known(name, path, report):
            continue
        table = environment.values
        for part in path[:-1]:
            table = table.setdefault(part, {})
        model = model_at(path[:-1])
        assert model is not None
        table[path[-1]] = _read(text, model.model_fields[path[-1]])
        environment.names[path] = name
    return environment


def _known(name: str, path: tuple[str, ...], report: Report) -> bool:
    """Whether the variable names a setting; if not, the report says what is wrong with it."""
    variable = f"the environment variable {printable(name)}"
    model = model_at(path[:-1])
    if path[0] in LISTS:
        report.wrong(f"{variable} cannot be used: {heading((path[0], 0))} tables stand in files only")
    elif path[0] not in Everything.model_fields:
        sections = set(Everything.model_fields) - set(LISTS)
        names = [variable_name((section, *path[1:])) for section in sorted(sections)]
        report.warn(f"{variable} is not a setting", hint=report.meant(name.upper(), names))
    elif model is None or path[-1] not in model.model_fields:
        names = [variable_name((*path[:-1], key)) for key in model.model_fields] if model else []
        report.wrong(f"{variable} is not a setting", hint=report.meant(name.upper(), names))
    elif _model_of(model.model_fields[path[-1]]):
        report.wrong(f"{variable} names a whole table; set {printable(name)}__… for each of its keys")
    else:
        return True
    return False


def variable_name(path: tuple[str, ...]) -> str:
    """("smtp", "port") → DIGEST_SMTP__PORT."""
    return PREFIX + SEPARATOR.join(path).upper()


def _read(text: str, setting: FieldInfo) -> object:
    """The text itself where the setting takes it, else what it says as JSON; if neither fits, validation says why."""
    adapter: TypeAdapter[Any] = TypeAdapter(setting.rebuild_annotation())
    candidates: list[object] = [text]
    with suppress(ValueError, RecursionError):
        candidates.append(json.loads(text))
    for candidate in candidates:
        try:
            adapter.validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    return candidates[-1] if {int, float, bool, tuple} & _types(setting.annotation) else text


def absolute(values: dict[str, Any], folder: Path, path: tuple[str, ...] = ()) -> None:
    """Make every relative path in one layer absolute, in place: it is relative to the configuration's folder."""
    model = model_at(path)
    fields = model.model_fields if model else {}
    for key, value in values.items():
        if isinstance(value, dict) and model_at((*path, key)):
            absolute(cast("dict[str, Any]", value), folder, (*path, key))
        elif isinstance(value, str) and key in fields and Path in _types(fields[key].annotation):
            values[key] = str(folder / value)
        elif isinstance(value, str) and (*path, key) == ("store", "url"):
            values[key] = absolute_store(value, folder)


def absolute_store(url: str, folder: Path) -> str:
    """The URL of a SQLite store with the whole path of its file; any other text as it is."""
    scheme, slashes, file = url.partition(":///")
    if scheme != "sqlite" or not slashes or not file or file.startswith((":memory:", "file:")):
        return url
    return f"sqlite:///{folder / file}"
