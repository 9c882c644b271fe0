"""Writes a message as ADDRESS.eml, .html and .txt into a folder, for previews and for `--out`.

The address comes from outside: whatever it holds, the files land in the folder, and no two addresses share a name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from digest.errors import OutputError

# Bytes of a name before its ending; file systems allow 255 in all.
_LONGEST = 200
_KEPT_OF_LONG = 120
# A percent sign that could be read as one of our own escapes must be escaped itself, or two addresses could collide.
_AMBIGUOUS_PERCENT = re.compile(r"%(?=[0-9A-Fa-f]{2}|~)")


@dataclass(frozen=True, slots=True)
class Files:
    """Where one message was written."""

    eml: Path
    html: Path
    text: Path


def write(folder: Path, address: str, *, eml: bytes, html: str, text: str) -> Files:
    """Write the three files, each complete or not at all, and make the folder if need be.

    Raises OutputError with a sentence when the folder cannot be written.
    """
    name = file_name(address)
    files = Files(eml=folder / f"{name}.eml", html=folder / f"{name}.html", text=folder / f"{name}.txt")
    try:
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
        if not folder.is_dir():
            raise OutputError(f"{folder} is a file, not a folder: choose another folder for the output")
        _replace(files.eml, eml)
        _replace(files.html, html.encode("utf-8", "replace"))
        _replace(files.text, text.encode("utf-8", "replace"))
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(
            f"cannot write to {folder} ({why}): choose another folder, or make room and allow writing"
        ) from error
    except ValueError as error:
        raise OutputError(f"{str(folder)!r} cannot be the name of a folder: choose another") from error
    return files


def file_name(address: str) -> str:
    """The address itself where it is a harmless name, else with its dangerous characters as %XX; never ambiguous."""
    name = "".join(map(_quoted, _AMBIGUOUS_PERCENT.sub("%25", address)))
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name.encode()) <= _LONGEST and name:
        return name
    # "%~" cannot come out of the quoting above, so a shortened name is never the name of another address.
    start = name.encode()[:_KEPT_OF_LONG].decode(errors="ignore")
    return f"{start}%~{hashlib.sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _quoted(character: str) -> str:
    if character.isprintable() and character not in "/\\":
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _replace(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that a reader never sees half a file."""
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with draft.open("xb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
