"""What every page of one instance shares: settings, store, links, templates, the clock, and what is remembered between requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from starlette.requests import Request

from digest.links import SignedLinks
from digest.pipeline.catching import Recent
from digest.settings import Settings
from digest.store import Store
from digest.web.limits import Limits
from digest.web.remembering import Remembered
from digest.web.templates import Templates

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One instance of the pages."""

    settings: Settings
    store: Store
    links: SignedLinks
    templates: Templates
    now: Clock
    base: str
    """The path of the public address, "" or "/daily"."""
    pages: Remembered
    recent: Recent
    limits: Limits = field(default_factory=Limits)

    @property
    def profiles(self) -> dict[str, int]:
        """The configured profiles by name, with the place of each."""
        return {profile.name: at for at, profile in enumerate(self.settings.profiles)}

    def address(self, path: str) -> str:
        """A page's public address."""
        return f"{self.settings.site.url.rstrip('/')}{path}"

    def profile_path(self, name: str) -> str:
        return f"{self.base}/profiles/{quote(name, safe='')}"

    def frame(self, path: str, **more: object) -> dict[str, object]:
        """What the frame of every page shows; `path` is where the page stands, without the base."""
        return {
            "site": self.settings.site.name,
            "postal_address": [line.strip() for line in self.settings.site.postal_address.splitlines() if line.strip()],
            "canonical": self.address(path),
            "here": path,
            "signup": self.settings.web.signup,
            "profiles": [(one.name, self.profile_path(one.name)) for one in self.settings.profiles],
            "query": "",
            "feed": "",
            "private": False,
            "description": "",
            **more,
        }


def site_of(request: Request) -> Site:
    """The instance that a request is for."""
    site: Site = request.app.state.site
    return site


def base_path(url: str) -> str:
    """The path of the public address without the slash at its end."""
    return urlsplit(url).path.rstrip("/")
