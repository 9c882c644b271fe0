"""The settings that count now. A reload takes a valid edit whole and at once; an invalid one changes nothing.

A round that is under way ends with the settings it began with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from digest.errors import ConfigError, DigestError, Problem
from digest.pipeline import configured_files
from digest.pipeline.checking import load_checked
from digest.settings import Settings

_SECTIONS = ("site", "store", "smtp", "digest", "schedule", "delivery", "web", "sources", "profiles", "subscribers")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload came to: the names of the sections that changed, or why nothing did."""

    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    problem: str = ""


class Live:
    """The settings of a running process."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        check: Callable[[Settings], list[Problem]] = lambda _settings: [],
    ) -> None:
        self.settings = settings
        self.problem = ""
        """Why the files as they are now cannot be used; empty when they are."""
        self._environ = environ
        self._check = check
        self._mentioned: list[Path] = []
        self._prints: configured_files.Prints = frozenset()

    async def folders(self) -> list[Path]:
        """Where edits show."""
        return await asyncio.to_thread(lambda: configured_files.folders(self._files(), self.settings))

    async def edited(self) -> bool:
        """Whether a file has changed since this was last asked; the first answer is no."""
        before, self._prints = self._prints, await asyncio.to_thread(lambda: configured_files.prints(self._files()))
        return bool(before) and before != self._prints

    async def _rebase(self) -> None:
        """Other files may count now; of those that did before, an edit since is still to be noticed."""
        now = await asyncio.to_thread(lambda: configured_files.prints(self._files()))
        known, wanted = {one[0] for one in self._prints}, {one[0] for one in now}
        before = (one for one in self._prints if one[0] in wanted)
        self._prints = frozenset(before) | frozenset(one for one in now if one[0] not in known)

    def _files(self) -> list[Path]:
        """The configuration's files, and those that the last attempt complained about."""
        return [*configured_files.files(self.settings), *self._mentioned]

    async def reload(self) -> Reloaded:
        """Read everything again."""
        old = self.settings
        try:
            new = await asyncio.to_thread(load_checked, old.path, self._environ, self._check)
        except ConfigError as error:
            self._mentioned = [Path(problem.file) for problem in error.problems if problem.file]
            self.problem = str(error)
            await self._rebase()
            return Reloaded(problem=self.problem)
        except (DigestError, OSError) as error:
            self.problem = f"{old.path}: {error}"
            return Reloaded(problem=self.problem)
        self._mentioned, self.problem = [], ""
        fixed = tuple(name for name in ("store", "web") if getattr(new, name) != getattr(old, name))
        self.settings = replace(new, store=old.store)  # the database stays the one that is open
        await self._rebase()
        changed = tuple(name for name in _SECTIONS if getattr(new, name) != getattr(old, name))
        return Reloaded(changed, fixed)
