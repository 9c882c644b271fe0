"""config.example.toml names every setting with its default, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from digest.settings import load
from digest.settings.layers import Everything, model_at

FILE = Path(__file__).resolve().parents[2] / "config.example.toml"
SETTING = re.compile(r"(?:# )?([a-z_]+) = ")
HEADER = re.compile(r"(?:# )?\[+([a-z.]+)\]+$")
DEFAULT = re.compile(r"# default: (.+)$")
SECTIONS = [
    "site",
    "store",
    "smtp",
    "smtp.dkim",
    "digest",
    "schedule",
    "delivery",
    "web",
    "source",
    "profile",
    "subscriber",
]


def _written() -> dict[tuple[str, str], str]:
    """(table, key) → the default it is said to have; a commented line is its own default."""
    found: dict[tuple[str, str], str] = {}
    table, said = "", ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if header := HEADER.match(line):
            table, said = header[1], ""
        elif default := DEFAULT.match(line):
            said = default[1]
        elif setting := SETTING.match(line):
            found.setdefault((table, setting[1]), said or (line.partition(" = ")[2] if line.startswith("# ") else ""))
            said = ""
    return found


def _plain(default: object) -> object:
    if isinstance(default, time):
        return f"{default:%H:%M}"
    return list(default) if isinstance(default, tuple) else default


def _settings() -> Iterator[tuple[str, str, FieldInfo]]:
    for section in SECTIONS:
        model = model_at(tuple(section.split(".")))
        assert model is not None
        for name, setting in model.model_fields.items():
            if not any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in get_args(setting.annotation)):
                yield section, name, setting


@pytest.mark.parametrize(("section", "name", "setting"), [pytest.param(*s, id=f"{s[0]}.{s[1]}") for s in _settings()])
def test_every_setting_stands_in_the_example_with_its_default(section: str, name: str, setting: FieldInfo) -> None:
    said = _written().get((section, name))
    assert said, f"{section}.{name} is missing, or its default is"
    if setting.default is PydanticUndefined:
        assert said == "none, required"
    elif setting.default is None:
        assert said == "not set"
    else:
        assert tomllib.loads(f"x = {said}")["x"] == _plain(setting.default)


def test_the_example_names_nothing_that_does_not_exist() -> None:
    known = {(section, name) for section, name, _ in _settings()} | {("", "include")}
    assert set(_written()) <= known


def test_every_section_is_checked() -> None:
    assert {section.partition(".")[0] for section in SECTIONS} == set(Everything.model_fields)


def test_the_tables_stand_in_the_order_of_the_documentation() -> None:
    headers = [match[1] for line in FILE.read_text(encoding="utf-8").splitlines() if (match := HEADER.match(line))]
    assert list(dict.fromkeys(headers)) == SECTIONS


def test_every_setting_has_a_reason() -> None:
    """The line above a setting, or above its default, is a comment; three that say it by their name are excused."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    table, bare = "", []
    for number, line in enumerate(lines):
        if header := HEADER.match(line):
            table = header[1]
        setting = SETTING.match(line)
        if setting and not line.startswith(" ") and not any(x.startswith("# ") for x in lines[number - 1 : number]):
            bare.append(f"{table}.{setting[1]}")
    assert sorted(set(bare)) == ["source.kind", "source.name", "web.port"]


def test_the_example_loads(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(FILE.read_bytes())
    settings = load(tmp_path / "config.toml", {})
    assert [source.name for source in settings.sources] == ["huggingface", "arxiv"]
    assert settings.subscribers[0].profiles == (settings.profiles[0].name,)
    assert [warning.message for warning in settings.warnings] == ['no file matches "profiles/*.toml"']


def test_the_secret_key_has_one_line_to_replace() -> None:
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("# secret_key = ")]
    assert lines == ['# secret_key = "…"']


def test_the_profiles_and_subscribers_stand_behind_the_line_that_digest_init_cuts_at(tmp_path: Path) -> None:
    settings, cut, tables = FILE.read_text(encoding="utf-8").partition("# --- profiles and subscribers ")
    assert cut
    (tmp_path / "profiles").mkdir()
    (tmp_path / "config.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "profiles" / "example.toml").write_text(tables.partition("\n")[2], encoding="utf-8")
    loaded = load(tmp_path / "config.toml", {})
    assert (len(loaded.profiles), len(loaded.subscribers), loaded.warnings) == (1, 1, ())
