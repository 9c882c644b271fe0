"""A statement for many rows at once: written and typed by SQLAlchemy, compiled once, run by the driver itself.

SQLAlchemy's own way for many rows costs several times what the database does, which matters where each mail needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Update

_Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    names: tuple[str, ...]
    """The parameters in their order, a name as often as it occurs; empty where the driver wants names."""
    constants: Mapping[str, Any]
    processes: Mapping[str, Callable[[Any], Any]]


class Many:
    """Calls run it: `many(connection, [{"row": 1, "owner": "me"}, …])`."""

    def __init__(self, statement: Update) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Returns how many rows changed."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        values = [self._values(compiled, row) for row in rows]
        parameters: Any = (
            [tuple([one[name] for name in compiled.names]) for one in values] if compiled.names else values
        )
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(compiled.sql, parameters)
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def _values(self, compiled: _Compiled, row: Mapping[str, Any]) -> dict[str, Any]:
        values = {**compiled.constants, **row}
        for name, process in compiled.processes.items():
            values[name] = process(values[name])
        return values

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._statement.compile(dialect=dialect)
        used = compiled.bind_names
        processes: dict[str, Callable[[Any], Any]] = {}
        constants: dict[str, Any] = {}
        for bind, name in used.items():
            process: _Process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if not bind.required:
                constants[name] = process(bind.value) if process else bind.value
            elif process:
                processes[name] = process
        names = tuple(compiled.positiontup or ())
        made = _Compiled(str(compiled), names, constants, processes)
        self._compiled[dialect.name] = made
        return made
