"""Everything that can be found wrong in a configuration without sending or asking anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from digest.errors import ConfigError, Problem
from digest.pipeline.liking import read_likes
from digest.pipeline.profiles import keyword_problems
from digest.pipeline.wiring import signer
from digest.render import check_notices, check_templates
from digest.settings import Settings, load


def problems(settings: Settings) -> list[Problem]:
    """Keywords, bibliographies, secrets and templates that cannot be used, each with its place."""
    found = keyword_problems(settings) + list(read_likes(settings, {})[1])
    for test in (
        settings.secret_key,
        settings.old_secret_keys,
        settings.smtp_password,
        lambda: signer(settings),
        lambda: check_templates(settings.site.templates),
        lambda: check_notices(settings.site.templates),
    ):
        try:
            test()
        except ConfigError as error:
            found.extend(error.problems)
    return found


def load_checked(
    path: Path, environ: Mapping[str, str], check: Callable[[Settings], list[Problem]] = lambda _settings: []
) -> Settings:
    """Settings that can be worked with; ConfigError names everything that is wrong."""
    settings = load(path, environ)
    if found := [*problems(settings), *check(settings)]:
        raise ConfigError(*found)
    return settings
