"""Which files a configuration is made of, so that an edit of any of them can be noticed."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from digest.pipeline.liking import is_file
from digest.settings import Settings

_MOST = 5_000
"""Files that are looked at; more of them are somebody's mistake."""

Prints = frozenset[tuple[str, int, int, int]]
"""Path, time of change (ns), size and inode of each file: equal as long as nothing was edited."""


def files(settings: Settings) -> list[Path]:
    """The TOML files, those that `include` would find now, secrets, bibliographies and templates."""
    return list(dict.fromkeys(islice(_files(settings), _MOST)))


def folders(paths: Iterable[Path], settings: Settings) -> list[Path]:
    """Where a change of these files, or a new one, shows; each is watched without what lies below."""
    patterns = [(settings.path.parent / pattern).parent for pattern in _patterns(settings)]
    found = [*(path.parent for path in paths), *patterns, *_template_folders(settings)]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def prints(paths: Iterable[Path]) -> Prints:
    """The files as they are now; one that is missing counts too."""
    found: set[tuple[str, int, int, int]] = set()
    for path in paths:
        try:
            seen = path.stat()
        except (OSError, ValueError):
            found.add((str(path), 0, 0, 0))
        else:
            found.add((str(path), seen.st_mtime_ns, seen.st_size, seen.st_ino))
    return frozenset(found)


def _files(settings: Settings) -> Iterator[Path]:
    yield settings.path
    for pattern in _patterns(settings):
        for name in glob.glob(pattern, root_dir=settings.path.parent):  # noqa: PTH207 - as the settings expand it
            yield settings.path.parent / name
    secrets = (settings.site.secret_key_file, settings.smtp.password_file)
    yield from (path for path in secrets if path is not None)
    if settings.smtp.dkim:
        yield settings.smtp.dkim.private_key_file
    for number, profile in enumerate(settings.profiles):
        yield from (settings.folder("profile", number) / name for name in profile.like if is_file(name))
    for folder in _template_folders(settings):
        yield from sorted(folder.iterdir())


def _patterns(settings: Settings) -> list[str]:
    patterns = settings.tables.main.tables.get("include", [])
    return [pattern for pattern in patterns if isinstance(pattern, str) and pattern]


def _template_folders(settings: Settings) -> list[Path]:
    top = settings.site.templates
    return [] if top is None else [Path(folder) for folder, _, _ in islice(os.walk(top), 100)]
