"""Where a key or a list element stands in a TOML file.

tomllib reads the values and decides what is valid; it gives no positions. Here a tree-sitter grammar reads the same
bytes once more, only to find places (docs/decisions/0002-toml-positions.md). No value is taken from it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]

DEEPEST = 16
"""Levels of nested values that are located; below them the nearest parent answers."""

_UNIT = re.compile(r"\\(?:[ \t]*\r?\n[ \t\r\n]*|U[0-9A-Fa-f]{8}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)|\r\n|.", re.DOTALL)
"""What one character of a string is written as; a backslash that continues the line stands for none."""


class Position(NamedTuple):
    """Line and column in characters, both from 1."""

    line: int
    column: int


class Positions:
    """The places of everything in one valid TOML document, given as bytes without a byte order mark.

    A path is what leads to a value in the tables of tomllib: ("profile", 2, "keywords", 0), ("smtp", "port").
    A key is where it is written, a table where its header stands, a list element where it starts.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._places: dict[Path, Position] = {}
        self._strings: dict[Path, tuple[int, int]] = {}
        self._counts: dict[Path, int] = {}
        self._line, self._byte, self._column = 0, 0, 1
        for node in Parser(Language(tree_sitter_toml.language())).parse(source).root_node.named_children:
            self._statement(node)

    def find(self, path: Path) -> Position | None:
        """The place of `path`, or of its nearest parent that is written down; None for the document itself."""
        for length in range(len(path), 0, -1):
            if place := self._places.get(path[:length]):
                return place
        return None

    def inside(self, path: Path, index: int) -> Position | None:
        """The place of one character, counted from 0, of the string at `path`; escapes count as one character.

        Past the end it is the closing quote; None when `path` is no string here.
        """
        if path not in self._strings:
            return None
        start, end = self._strings[path]
        token = self._source[start:end].decode("utf-8", "replace")
        before = token[: _offset(token, index)]
        line, column = self._places[path] if isinstance(path[-1], int) else self._where(start)
        if "\n" not in before:
            return Position(line, column + len(before))
        return Position(line + before.count("\n"), len(before) - before.rindex("\n"))

    def _statement(self, node: Node) -> None:
        if node.type == "pair":
            self._pair(node, (), 0)
            return
        if node.type not in {"table", "table_array_element"} or not node.named_children:
            return
        keys = list(_keys(node.named_children[0]))
        if not keys:
            return
        table = self._header(node, keys)
        for child in node.named_children[1:]:
            if child.type == "pair":
                self._pair(child, table, 0)

    def _header(self, node: Node, keys: list[Node]) -> Path:
        """Note `[a.b]` or `[[a.b]]`; a name that is a list of tables means the newest of them."""
        path: Path = ()
        for number, key in enumerate(keys):
            path += (_name(key),)
            last = number == len(keys) - 1
            if last and node.type == "table_array_element":
                self._note(path, node)
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path += (self._counts[path],)
            self._note(path, node if last else key)
        return path

    def _pair(self, node: Node, table: Path, depth: int) -> None:
        children = [child for child in node.named_children if child.type != "comment"]
        if len(children) != 2:
            return
        path = table
        for key in _keys(children[0]):
            path += (_name(key),)
            self._note(path, key)
        self._value(children[1], path, depth)

    def _value(self, node: Node, path: Path, depth: int) -> None:
        if node.type == "string":
            self._strings.setdefault(path, (node.start_byte, node.end_byte))
        if depth >= DEEPEST:
            return
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, path, depth + 1)
        elif node.type == "array":
            for number, child in enumerate(child for child in node.named_children if child.type != "comment"):
                self._note((*path, number), child)
                self._value(child, (*path, number), depth + 1)

    def _note(self, path: Path, node: Node) -> None:
        if path in self._places:
            return
        row, column = node.start_point
        # Columns come in bytes. Places are noted in the order of the file, so only the way from the last one is read.
        if row != self._line or node.start_byte < self._byte:
            self._line, self._byte, self._column = row, node.start_byte - column, 1
        self._column += len(self._source[self._byte : node.start_byte].decode("utf-8", "replace"))
        self._byte = node.start_byte
        self._places[path] = Position(row + 1, self._column)

    def _where(self, start: int) -> Position:
        line_start = self._source.rfind(b"\n", 0, start) + 1
        column = len(self._source[line_start:start].decode("utf-8", "replace")) + 1
        return Position(self._source.count(b"\n", 0, start) + 1, column)


def _keys(node: Node) -> Iterator[Node]:
    """The parts of a key in order; the grammar nests them to the left."""
    parts: list[Node] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "dotted_key":
            pending.extend(current.named_children)
        elif current.type in {"bare_key", "quoted_key"}:
            parts.append(current)
    return reversed(parts)


def _name(key: Node) -> str:
    text = (key.text or b"").decode("utf-8", "replace")
    if key.type == "bare_key":
        return text
    try:
        return str(tomllib.loads(f"key = {text}")["key"])
    except tomllib.TOMLDecodeError:
        return text


def _offset(token: str, index: int) -> int:
    """How many characters of a written string stand before its `index`-th character."""
    quotes = 3 if len(token) >= 6 and token[:3] in {'"""', "'''"} else 1
    at, end = quotes, len(token) - quotes
    if quotes == 3:
        # The line break right after the opening quotes is not part of the string.
        at += 2 if token.startswith("\r\n", 3) else token.startswith("\n", 3)
    if token[0] == "'":
        while index > 0 and at < end:
            at += 2 if token.startswith("\r\n", at) else 1
            index -= 1
        return min(at, end)
    while at < end:
        unit = _UNIT.match(token, at, end)
        assert unit is not None
        continues = unit[0][0] == "\\" and "\n" in unit[0]
        if index == 0 and not continues:
            break
        at = unit.end()
        index -= not continues
    return at
