"""From settings to the parts that need them: the one place where a room's constructor meets the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from digest import __version__
from digest.deliver import SmtpConnection
from digest.links import SignedLinks
from digest.render import Renderer
from digest.settings import Settings
from digest.sources import Gates, PoliteClient


def http(settings: Settings, last_asked: Mapping[str, datetime], now: datetime) -> PoliteClient:
    """The one HTTP client of a run, which says who we are and keeps each host's distance."""
    gates = Gates(last_asked=last_asked, now=now)
    return PoliteClient(user_agent=f"paper-digest/{__version__} (+{settings.site.url})", gates=gates)


def renderer(settings: Settings) -> Renderer:
    """The templates, the operator's own over ours."""
    return Renderer(settings.site.templates, settings.digest.max_html_kb * 1000)


def links(settings: Settings) -> SignedLinks:
    """The pages that mails link to."""
    return SignedLinks(settings.site.url, settings.secret_key())


def smtp(settings: Settings) -> SmtpConnection:
    """One connection to the mail server, made when it is first needed."""
    return SmtpConnection(settings.smtp, settings.smtp_password())
