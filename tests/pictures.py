"""The pictures of the email in docs/images, made anew after a change of its looks: python -m tests.pictures."""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import sync_playwright

from digest.render import Renderer
from digest.render.sample import sample_digest
from tests import chromium

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
SHOTS = (("email-light", "light", 640), ("email-dark", "dark", 640), ("email-phone", "light", 320))
HEIGHT = 1100


def main() -> None:
    path = chromium.find()
    if path is None:
        sys.exit(chromium.HOW)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "email.html"
        page.write_text(str(Renderer(None, 92_000).render(sample_digest(date(2026, 11, 23))).html), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        for name, scheme, width in SHOTS:
            size = {"width": width, "height": HEIGHT}
            shown = browser.new_page(color_scheme=scheme, viewport=size, device_scale_factor=1)  # type: ignore[arg-type]
            shown.goto(page.as_uri())
            shown.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
