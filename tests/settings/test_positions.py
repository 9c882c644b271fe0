from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.settings.positions import Position, Positions

DOCUMENT = '''\
# a comment
title = "x"
"quoted key".'b' = 1
[smtp]
host = "h"  # why
  port = 25
dkim.domain = "ü"
[[profile]]
name = "one"
keywords = ["a", "b", # first
  # second
  "c",
]
[profile.extra]
deep = { x = 1, "y z" = [ { w = 2 }, 3 ] }
[[profile]]
"näme" = "two"
 "ü"."ö" = "é"
keywords = ["é", "x"]
[[profile.sub]]
a = 1
[[profile.sub]]
a = 2
[site.inner]
k = """
text"""
'''

PLACES = {
    ("title",): (2, 1),
    ("quoted key",): (3, 1),
    ("quoted key", "b"): (3, 14),
    ("smtp",): (4, 1),
    ("smtp", "host"): (5, 1),
    ("smtp", "port"): (6, 3),
    ("smtp", "dkim"): (7, 1),
    ("smtp", "dkim", "domain"): (7, 6),
    ("profile", 0): (8, 1),
    ("profile", 0, "name"): (9, 1),
    ("profile", 0, "keywords"): (10, 1),
    ("profile", 0, "keywords", 0): (10, 13),
    ("profile", 0, "keywords", 1): (10, 18),
    ("profile", 0, "keywords", 2): (12, 3),
    ("profile", 0, "extra"): (14, 1),
    ("profile", 0, "extra", "deep", "x"): (15, 10),
    ("profile", 0, "extra", "deep", "y z", 0, "w"): (15, 29),
    ("profile", 0, "extra", "deep", "y z", 1): (15, 38),
    ("profile", 1): (16, 1),
    ("profile", 1, "näme"): (17, 1),
    ("profile", 1, "ü", "ö"): (18, 6),
    ("profile", 1, "keywords", 1): (19, 18),
    ("profile", 1, "sub", 0): (20, 1),
    ("profile", 1, "sub", 1, "a"): (23, 1),
    ("site",): (24, 2),
    ("site", "inner", "k"): (25, 1),
    # What is not written answers with its nearest parent.
    ("smtp", "user"): (4, 1),
    ("profile", 1, "exclude", 3): (16, 1),
    ("profile", 0, "keywords", 9): (10, 1),
}


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_everything_is_found_where_it_is_written(line_break: str) -> None:
    positions = Positions(DOCUMENT.replace("\n", line_break).encode())
    found = {path: positions.find(path) for path in PLACES}
    assert found == {path: Position(*place) for path, place in PLACES.items()}


def test_what_has_no_parent_has_no_place() -> None:
    assert Positions(b"a = 1\n").find(("b", "c")) is None
    assert Positions(b"").find(()) is None


STRINGS = [
    ("'plain'", 2, (1, 8)),
    ('"plain"', 0, (1, 6)),
    ('"plain"', 99, (1, 11)),
    (r'"\"in the wild\" x"', 1, (1, 8)),
    (r'"\u00e9x"', 1, (1, 12)),
    (r'"\U0001F600\tx"', 2, (1, 18)),
    ("'''\na\nb'''", 2, (3, 1)),
    ('"""\r\na\r\nb"""', 2, (3, 1)),
    ('"""a\\\n   b"""', 1, (2, 4)),
    ('""""q""""', 2, (1, 10)),
]


@pytest.mark.parametrize(("written", "index", "place"), STRINGS)
def test_a_character_of_a_string_is_found_behind_quotes_and_escapes(
    written: str, index: int, place: tuple[int, int]
) -> None:
    positions = Positions(f"k = [{written}]\n".replace("k = [", "k= [").encode())
    assert positions.inside(("k", 0), index) == Position(*place)


def test_a_number_has_no_characters() -> None:
    assert Positions(b"k = 1").inside(("k",), 0) is None


def test_a_string_that_is_no_list_element_is_found_behind_its_key() -> None:
    assert Positions("# é\n'ü' = 'ab'".encode()).inside(("ü",), 1) == Position(2, 9)


def test_very_deep_values_answer_with_a_parent() -> None:
    source = "a = " + "[" * 60 + "]" * 60
    assert Positions(source.encode()).find(("a", *[0] * 59)) is not None


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
VALUES = st.recursive(
    st.integers(0, 9) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)} = {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[ " + ",\n # é\n ".join(map(_written, value)) + "\n]" if value else "[]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _paths(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    yield path, value
    inner: Iterable[tuple[Any, object]] = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, found in inner:
        yield from _paths(found, (*path, key))


def _has_list(value: object) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and any(map(_has_list, value.values())))


def _on_one_line(table: dict[str, object]) -> dict[str, object]:
    """Without inline tables that hold lists: TOML 1.0 wants those on one line."""
    return {key: value for key, value in table.items() if not isinstance(value, dict) or not _has_list(value)}


def _document(plain: dict[str, object], tables: list[dict[str, object]]) -> str:
    lines = [f"{_quoted(key)} = {_written(value)}" for key, value in _on_one_line(plain).items() if key != "t"]
    for table in map(_on_one_line, tables):
        lines += ["[[t]]", *(f"  {_quoted(key)} = {_written(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=3), st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_every_path_that_tomllib_reads_is_written_at_its_place(
    plain: dict[str, object], tables: list[dict[str, object]]
) -> None:
    text = _document(plain, tables)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # an inline table with a list deeper inside
    positions = Positions(text.encode())
    rows = text.split("\n")
    for path, value in _paths(read, ()):
        if path in {(), ("t",)}:
            continue
        place = positions.find(path)
        assert place is not None
        here = "\n".join([rows[place.line - 1][place.column - 1 :], *rows[place.line :]])
        if path[0] == "t" and len(path) == 2:
            assert here.startswith("[[t]]")
        else:
            assert here.startswith(_quoted(path[-1]) if isinstance(path[-1], str) else _written(value))


PIECES = ["a", "é", "𝕏", r"\n", r"\"", r"\\", r"\u00e9", r"\U0001F600", "'", " "]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "\n", "\r\n", "\\\n  ", '"'])), st.integers(0, 30))
def test_characters_of_multi_line_strings_agree_with_tomllib(pieces: list[str], index: int) -> None:
    body = "".join(pieces)
    text = f'k = [\n"""{body}"""]'
    try:
        value = tomllib.loads(text)["k"][0]
    except tomllib.TOMLDecodeError:
        return
    place = Positions(text.encode()).inside(("k", 0), index)
    assert place is not None
    rows = text.replace("\r\n", "\n").split("\n")
    rest = "\n".join([rows[place.line - 1][place.column - 1 :], *rows[place.line :]])
    if index >= len(value):
        assert rest == '"""]'
    else:
        assert tomllib.loads('k = """\n' + rest.removesuffix("]"))["k"] == value[index:]
