"""From settings to the parts that need them: where the rooms' constructors meet the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from digest.deliver import Connection, Signer, SmtpConnection
from digest.links import SignedLinks
from digest.render import Renderer
from digest.settings import Settings
from digest.sources import Gates, Limits, PoliteClient, last_asked


def http(settings: Settings, checked_at: Mapping[str, datetime], now: datetime) -> PoliteClient:
    """The one HTTP client of a run, which says who we are and keeps each host's distance.

    `checked_at` tells by source name when it was last asked, so that two runs in a row keep the distance too.
    """
    return PoliteClient(settings.site.url, gates=Gates(last_asked=last_asked(settings.sources, checked_at), now=now))


def renderer(settings: Settings) -> Renderer:
    """The templates, the operator's own over ours."""
    return Renderer(settings.site.templates, settings.digest.max_html_kb * 1000)


def links(settings: Settings) -> SignedLinks:
    """The pages that mails link to."""
    return SignedLinks(settings.site.url, settings.secret_key(), settings.old_secret_keys())


def signer(settings: Settings) -> Signer | None:
    """Who signs outgoing mail, where `[smtp.dkim]` says so; `ConfigError` for a key that cannot."""
    dkim = settings.smtp.dkim
    return Signer.load(dkim.domain, dkim.selector, dkim.private_key_file) if dkim else None


def transport(settings: Settings) -> Connection:
    """One way out for messages, opened when it is first needed: the mail server of `[smtp]`."""
    return SmtpConnection(settings.smtp, settings.smtp_password())


def heart(settings: Settings) -> PoliteClient:
    """The HTTP client for signs of life, which wait for nobody."""
    return PoliteClient(settings.site.url, limits=Limits(connect=5, read=10, total=10, body=100_000))
