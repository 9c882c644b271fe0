"""An instance of the digest in a folder of its own, for tests that use it as its admin does.

instance.feed("a.xml", ["Graph neural networks for proteins"])
instance.write(subscribers=["ada@example.org"], smtp_port=server.port)
status, out, err = instance.digest("send", "--json")
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from digest.settings import Settings, load

AT = "2026-11-23T08:00:00+00:00"


@dataclass(slots=True)
class Instance:
    """A folder with a configuration, and the commands run on it."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def feed(self, name: str, titles: list[str], *, abstract: str = "We study the matter.") -> str:
        """An RSS file whose items have these titles; gives its file:// address."""
        items = "".join(
            f"<item><title>{escape(title)}</title><link>https://papers.example.org/{abs(hash(title))}</link>"
            f"<description>{escape(abstract)}</description><dc:creator>Ada Example</dc:creator></item>"
            for title in titles
        )
        path = self.folder / name
        path.write_text(
            '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Papers</title>'
            f"<link>https://papers.example.org</link>{items}</channel></rss>",
            encoding="utf-8",
        )
        return path.as_uri()

    def write(
        self,
        *,
        sources: dict[str, str] | None = None,
        subscribers: list[str] | None = None,
        keywords: list[str] | None = None,
        smtp_port: int = 9,
        more: str = "",
    ) -> None:
        """config.toml: feeds by name, subscribers of one profile, plain SMTP on loopback."""
        parts = [
            '[site]\nsecret_key = "0123456789012345678901234567890123456789"\n',
            f'[smtp]\nhost = "127.0.0.1"\nport = {smtp_port}\ntls = "none"\nrate = "1000/s"\ntimeout = 5\n',
            'sender = "Papers Digest <digest@example.org>"\n',
            more,
            f'[[profile]]\nname = "graphs"\nkeywords = {json.dumps(keywords or ["graph neural network"])}\n',
        ]
        parts += [
            f'[[source]]\nname = "{name}"\nkind = "feed"\nurl = "{url}"\n' for name, url in (sources or {}).items()
        ]
        parts += [f'[[subscriber]]\nemail = "{email}"\nprofiles = ["graphs"]\n' for email in subscribers or []]
        self.config.write_text("\n".join(parts), encoding="utf-8")
        self.config.chmod(0o600)

    def settings(self) -> Settings:
        return load(self.config, {})

    def digest(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command in this process; gives exit status, stdout and stderr."""
        from digest.cli import main

        self.patch.setattr(sys, "argv", ["digest", "--config", str(self.config), *arguments])
        self.capture.readouterr()
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1 if stop.code else 0
        out, err = self.capture.readouterr()
        return status, out, err

    def json(self, *arguments: str) -> tuple[int, Any]:
        """Run a command with --json; gives exit status and document."""
        status, out, err = self.digest(*arguments, "--json")
        assert out, err
        return status, json.loads(out)

    def send(self, *arguments: str, at: str = AT) -> tuple[int, Any]:
        """digest send --json at a Monday morning."""
        return self.json("send", "--at", at, *arguments)
