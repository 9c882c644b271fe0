"""The emails of the samples, letter by letter; `pytest --update-golden` writes them anew after a change that is meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from digest.render import Renderer
from digest.render.sample import samples

FOLDER = Path(__file__).parent / "golden"
NAMES = ("full", "weekly", "trending", "none-matched", "nothing-new")


@pytest.mark.parametrize(("number", "name"), list(enumerate(NAMES)))
def test_an_email_is_what_it_was(number: int, name: str, request: pytest.FixtureRequest) -> None:
    rendered = Renderer(None, 92_000).render(samples(date(2026, 11, 23))[number])
    for part, ending in ((rendered.html, "html"), (rendered.text, "txt")):
        file = FOLDER / f"{name}.{ending}"
        if request.config.getoption("--update-golden"):
            FOLDER.mkdir(exist_ok=True)
            file.write_text(str(part), encoding="utf-8", newline="\n")
        assert str(part) == file.read_bytes().decode(), (
            f"if that is meant: pytest --update-golden {request.node.nodeid}"
        )
