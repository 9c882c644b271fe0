"""Templates tried out before anything is sent: each is parsed, then rendered with invented digests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from digest.errors import ConfigError, Problem
from digest.models import Digest
from digest.render.blocks import Frame
from digest.render.items import Item
from digest.render.page import FULL_ABSTRACT, Fit, page_of, shelves_of
from digest.render.problems import naming_templates
from digest.render.sample import samples
from digest.render.templates import BLOCKS, NAMES, PAGES, PAPER_HTML, STYLE, environment

_CUTS = (Fit(FULL_ABSTRACT, 3), Fit(0, 1, 1), Fit(0, 0, 0))
"""Everything; one paper in full, one by title, one left to the web copy; nothing but the frame."""


def check_templates(folder: Path | None) -> None:
    """Raises one `ConfigError` with a problem for each template that is wrong, naming its file and line."""
    problems: list[Problem] = _misplaced(folder)
    for name in NAMES:
        try:
            _check(folder, name)
        except ConfigError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise ConfigError(*problems)


def _check(folder: Path | None, name: str) -> None:
    """Rendered as written, where line numbers are the file's, and then as it is used, with its CSS inlined."""
    for inlined in (False, True):
        with naming_templates(folder):
            loaded = environment(folder, inlined=inlined)
            if name == STYLE:
                loaded.get_template(PAPER_HTML)  # reads the style sheet
                continue
            if name in BLOCKS:
                Frame(loaded, name)
            template = loaded.get_template(name)
            for sample in samples(date(2026, 1, 1)):
                for values in _values(sample, name):
                    template.render(values)


def _values(sample: Digest, name: str) -> Iterator[dict[str, object]]:
    """What a template is rendered with: every page, or every paper."""
    if name in PAGES:
        for fit in _CUTS:
            items = [Item(match, fit.abstract, match.profile, "block") for match in sample.papers]
            full, compact = items[: fit.full], items[fit.full : fit.full + fit.compact]
            page = page_of(sample, fit, shelves_of(sample, fit.full), full, compact, words=1000)
            yield page._asdict() | {"subject": "Subject"}
    else:
        for match in sample.papers:
            yield {"paper": Item(match, FULL_ABSTRACT, match.profile), "trending": sample.trending}


def _misplaced(folder: Path | None) -> list[Problem]:
    """Files that look like templates but stand where nobody looks."""
    if folder is None:
        return []
    stray = [(folder / Path(name).name, name) for name in NAMES if not (folder / name).exists()]
    return [
        Problem("is not used where it is.", str(file), hint=f"Move it to {name} inside {folder}.")
        for file, name in stray
        if file.is_file()
    ]
