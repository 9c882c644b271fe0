"""Secrets that stand in files of their own: `password_file` becomes `password`, `secret_key_file` becomes `secret_key`.

What a secret holds is never part of a message.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from digest.errors import OutputError
from digest.settings.files import read_bytes
from digest.settings.tables import Place, Report
from digest.settings.wording import printable

SHORTEST_KEY = 32
"""Characters; `digest init` writes more."""

MAX_BYTES = 64_000

PAIRS = (("site", "secret_key"), ("smtp", "password"))


def settle(
    environment: dict[str, Any],
    tables: dict[str, Any],
    place: Callable[[tuple[str, ...]], Place | None],
    report: Report,
) -> None:
    """Put the contents of secret files in their place, in both layers; `place` tells where a setting is written.

    One layer may give a secret or its file, not both. The environment's choice replaces the one of the tables.
    """
    for section, key in PAIRS:
        from_environment, from_file = _section(environment, section), _section(tables, section)
        chosen = from_file
        if key in from_environment or f"{key}_file" in from_environment:
            chosen = from_environment
            from_file.pop(key, None)
            from_file.pop(f"{key}_file", None)
        name, where = chosen.get(f"{key}_file"), place((section, f"{key}_file"))
        if key in chosen and name is not None:
            report.wrong(f"{section}.{key} and {section}.{key}_file are both set; keep one of them", where)
        elif isinstance(name, str):
            secret = _read(Path(name), f"{key}_file", where, report)
            if secret is not None:
                chosen[key] = secret
        elif name is None:
            where = place((section, key))
        if key == "secret_key" and isinstance(found := chosen.get(key), str) and len(found) < SHORTEST_KEY:
            wanted = f"needs at least {SHORTEST_KEY} characters"
            report.wrong(f"{section}.{key} {wanted}", where, "`digest init` writes a good one")
    signing = {**_section(_section(tables, "smtp"), "dkim"), **_section(_section(environment, "smtp"), "dkim")}
    _check_key_file(signing.get("private_key_file"), place(("smtp", "dkim", "private_key_file")), report)


def _check_key_file(name: object, where: Place | None, report: Report) -> None:
    """Warn of a private key that others can read; what is wrong with the key itself is for those to say who use it."""
    if isinstance(name, str):
        with suppress(OSError):
            _keep_private(Path(name), "private_key_file", where, report)


def _keep_private(path: Path, key: str, where: Place | None, report: Report) -> None:
    if path.stat().st_mode & 0o077:
        shown = printable(str(path), 300)
        report.warn(f'the {key} "{shown}" can be read by others', where, f'run `chmod 600 "{shown}"`')


def _section(layer: dict[str, Any], name: str) -> dict[str, Any]:
    found = layer.get(name)
    return found if isinstance(found, dict) else {}


def _read(path: Path, key: str, where: Place | None, report: Report) -> str | None:
    """The secret in a file, without the line break at its end; None when the report says why not."""
    shown = printable(str(path), 300)
    try:
        data = read_bytes(path, MAX_BYTES)
        _keep_private(path, key, where, report)
        secret = data.decode("utf-8").rstrip("\r\n")
    except (OutputError, UnicodeDecodeError, OSError) as error:
        reason = error if isinstance(error, OutputError) else "does not hold text in UTF-8"
        report.wrong(f'the {key} "{shown}" {reason}', where)
        return None
    if not secret or not secret.isprintable():
        report.wrong(f'the {key} "{shown}" {"must hold one line of text" if secret else "is empty"}', where)
        return None
    return secret
