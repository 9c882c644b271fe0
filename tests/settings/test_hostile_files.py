from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.settings import Settings, load

EXAMPLE = (Path(__file__).resolve().parents[2] / "config.example.toml").read_text(encoding="utf-8")
LINES = [line.removeprefix("# ") for line in EXAMPLE.splitlines() if "=" in line or line.startswith(("[", "# ["))]

SENTENCES = [
    (b"a = \x00", "config.toml:1:5: there is a NUL byte here; is this a text file?"),
    (b"[site]\nname = '\xe9'", "config.toml:2:9: this is not UTF-8 text; save the file as UTF-8"),
    (b"\xff\xfe[\x00s\x00", "config.toml:1:1: this is not UTF-8 text; save the file as UTF-8"),
    (
        b"[site]\nname = Digest",
        "config.toml:2:8: not valid TOML: a value is missing or misspelt here (text stands in quotes)",
    ),
    (b"[site]\nname", "config.toml:2: not valid TOML: an = is missing after this key"),
    (b"[site]\nname = 'x\n", "config.toml:2: not valid TOML: the quotes of this text are never closed"),
    (b'a = "x\nb = "y"', "config.toml:1:7: not valid TOML: the quotes of this text are not closed on its line"),
    (b"a = '''x", "config.toml:1: not valid TOML: the quotes of this text are never closed"),
    (b"[site]\n[site]", "config.toml:2:6: not valid TOML: this table stands twice, or its name is taken already"),
    (b"a = [1,\n", "config.toml:1: not valid TOML: a value is missing or misspelt here (text stands in quotes)"),
    (b"a = 1 b = 2", "config.toml:1:7: not valid TOML: this does not belong behind a value"),
    (b"- a", "config.toml:1:3: not valid TOML: an = is missing after this key"),
    (b"% a", "config.toml:1:1: not valid TOML: a line must be key = value, [table] or # comment"),
    (b'a = "C:\\dir"', None),
    (b"a = " + b"[" * 5000, "config.toml: lists or tables are nested too deeply"),
    (b"a = " + b"9" * 5000, "config.toml: a number has too many digits"),
    (b"\n" + b".".join([b"a"] * 30_000) + b" = 1", "config.toml:2:1: this key has too many parts"),
    (b"#" * 2_000_001, "config.toml: this file is larger than 2 MB; is it the right file?"),
]


def _sentence(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    return str(problem).replace(f"{path.parent}/", "")


@pytest.mark.parametrize(("content", "sentence"), SENTENCES)
def test_a_file_that_is_no_toml_is_told_in_one_sentence(tmp_path: Path, content: bytes, sentence: str | None) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    assert _sentence(path) == sentence or sentence is None


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf[smtp]\nport = 25", b"[smtp]\r\nport = 25\r\n"])
def test_files_from_windows_are_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    assert load(path, {}).smtp.port == 25
    assert load(path, {}).place(("smtp", "port"))[1:] == (2, 1)


def test_what_is_no_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    assert _sentence(tmp_path / "no.toml") == "no.toml: this file does not exist"
    (tmp_path / "folder").mkdir()
    assert _sentence(tmp_path / "folder") == "folder: this file is a folder, not a file"
    assert _sentence(tmp_path / ("x" * 300)).endswith("this file cannot be read (file name too long)")
    assert _sentence(tmp_path / "a\x00b").endswith("this file cannot be the name of a file")
    assert _sentence(Path(os.devnull)).endswith("this file is not a file")


def test_a_pipe_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"[smtp]\nport = 25")
    os.close(writing)
    try:
        assert load(Path(f"/dev/fd/{reading}"), {}).smtp.port == 25
    finally:
        os.close(reading)


def _either(folder: Path, content: bytes, **environ: str) -> None:
    path = folder / "config.toml"
    path.write_bytes(content)
    try:
        outcome: object = load(path, environ)
    except ConfigError as error:
        outcome = [str(problem) for problem in error.problems]
    if isinstance(outcome, list):
        assert outcome
        assert all("\n" not in problem for problem in outcome)
    else:
        assert isinstance(outcome, Settings)


SLOPPY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)


@SLOPPY
@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_a_config_error(tmp_path: Path, content: bytes) -> None:
    _either(tmp_path, content)


@SLOPPY
@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(0, 300), st.text(max_size=3))
def test_any_shuffle_of_known_lines_is_settings_or_a_config_error(
    tmp_path: Path, lines: list[str], at: int, dirt: str
) -> None:
    text = "\n".join(lines)
    _either(tmp_path, (text[:at] + dirt + text[at:]).encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.sampled_from(
        ["1", "-1.5", "true", "''", '"x"', "nan", "1e999", "07:30:00", "2026-01-01", "2026-01-01T00:00:00Z"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=2).map(
            lambda items: "{" + ", ".join(f"k{i} = {x}" for i, x in enumerate(items)) + "}"
        )
    ),
    max_leaves=5,
)
KEYS = sorted({line.partition(" =")[0] for line in LINES if "=" in line and line[0].islower()})
HEADERS = ["[site]", "[store]", "[smtp]", "[smtp.dkim]", "[digest]", "[schedule]", "[delivery]", "[web]"]
TABLES = ["[[source]]", "[[profile]]", "[[subscriber]]", "[source]", "[profile.x]", "[[smtp]]", ""]


@SLOPPY
@given(
    st.lists(
        st.tuples(st.sampled_from(HEADERS + TABLES), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)),
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["SMTP__PORT", "SITE__URL", "SCHEDULE__DAYS", "STORE__URL", "SMTP__DKIM__DOMAIN"]),
        st.text(max_size=5),
    ),
)
def test_any_value_under_any_key_is_settings_or_a_config_error(
    tmp_path: Path, tables: list[tuple[str, dict[str, str]]], variables: dict[str, str]
) -> None:
    text = "".join(f"{header}\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for header, keys in tables)
    _either(tmp_path, text.encode(), **{f"DIGEST_{name}": value for name, value in variables.items()})


def test_many_mistakes_are_told_in_bearable_time(tmp_path: Path) -> None:
    tables = "".join(f"[[subscriber]]\nemail = 'a{i}@b.org'\nprofiles = ['no profile {i}']\n" for i in range(1500))
    path = tmp_path / "config.toml"
    path.write_text("".join(f"[[profile]]\nname = 'profile {i}'\n" for i in range(1500)) + tables)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert len(caught.value.problems) == 1500
