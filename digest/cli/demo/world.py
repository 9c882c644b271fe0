"""The world of the demo on loopback: one HTTP server that is every source, one SMTP server that is every mailbox.

Both are real servers on free ports of 127.0.0.1. Unlike the real ones they send no Cache-Control, so that a source may
be asked again at once.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import date
from importlib import resources
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

from digest.cli.demo.inbox import Inbox, Received
from digest.cli.demo.library import Library
from digest.cli.demo.sample import SampleDay, sample_day

__all__ = ["Received", "World", "demo_config"]


class World:
    """The sample day, served as if it were the day `on`; a context manager that leaves nothing behind."""

    def __init__(self, on: date, day: SampleDay | None = None) -> None:
        self.on = on
        self.day = day or sample_day()
        self._library = Library(self.day, on)
        self._inbox = Inbox()
        self._open = ExitStack()

    @property
    def http_url(self) -> str:
        """The base of every source, "http://127.0.0.1:40123"."""
        return f"http://127.0.0.1:{self._library.port}"

    @property
    def smtp_port(self) -> int:
        return self._inbox.port

    @property
    def inbox(self) -> list[Received]:
        """The mail that came so far, in order of arrival; a copy."""
        return self._inbox.messages()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self._library)
            opening.enter_context(self._inbox)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()


def demo_config(world: World, folder: Path, site_url: str = "http://127.0.0.1:8000") -> str:
    """The text of the demo's config.toml: sources and mail server in `world`, the store in `folder`."""
    template = resources.files(__package__).joinpath("config.toml").read_text(encoding="utf-8")
    database = f"sqlite:///{(folder / 'digest.db').absolute().as_posix()}"
    return Template(template).substitute(
        http_url=world.http_url,
        smtp_port=world.smtp_port,
        site_url=_toml_string(site_url),
        database=_toml_string(database),
    )


def _toml_string(text: str) -> str:
    """A basic string of TOML, quotes included; JSON's escapes are TOML's but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
