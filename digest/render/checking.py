"""Templates tried out before anything is sent: each is parsed, then rendered with invented digests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from jinja2 import Environment, Template

from digest.errors import ConfigError, Problem
from digest.render.blocks import Blocks
from digest.render.items import Item
from digest.render.page import FULL_ABSTRACT, Fit, page_of, shelves_of
from digest.render.problems import naming_templates
from digest.render.sample import samples
from digest.render.templates import BLOCKS, NAMES, PAGES, PAPER_HTML, SUBJECT, environment

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
            if name in PAGES:
                _check_page(loaded.get_template(name))
            elif name in BLOCKS:
                _check_blocks(loaded)
            else:
                loaded.get_template(PAPER_HTML)  # reads the style sheet


def _check_page(template: Template) -> None:
    for sample in samples(date(2026, 1, 1)):
        for fit in _CUTS:
            items = [
                Item(match, fit.abstract, match.profile, f"\ufdd0{n}\ufdd1") for n, match in enumerate(sample.papers)
            ]
            full, compact = items[: fit.full], items[fit.full : fit.full + fit.compact]
            page = page_of(sample, fit, shelves_of(sample, fit.full), full, compact, words=1000)
            shown = template.render(page._asdict() | {"subject": "Subject"})
            if template.name != SUBJECT:
                _check_marks(template, shown, full)


def _check_marks(template: Template, shown: str, papers: Sequence[Item]) -> None:
    """Each paper stands there once, on a line of its own, or at least by its title."""
    lines = [line.strip() for line in shown.splitlines()]
    for paper in papers:
        wrong = ""
        if shown.count(paper.block) > 1:
            wrong = "shows paper.block twice for one paper"
        elif paper.block in shown and paper.block not in lines:
            wrong = "has something beside paper.block; it needs a line of its own"
        elif paper.block not in shown and paper.title[0].text not in shown:
            wrong = "shows no papers; paper.block is the whole of one"
        if wrong:
            raise ConfigError(Problem(f"{wrong}.", template.filename or template.name or ""))


def _check_blocks(loaded: Environment) -> None:
    """Both templates of a paper, by the way they are used."""
    blocks = Blocks(loaded)
    for sample in samples(date(2026, 1, 1)):
        for place, match in enumerate(sample.papers):
            blocks.of(match, place, FULL_ABSTRACT, profile=match.profile, trending=sample.trending)


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
