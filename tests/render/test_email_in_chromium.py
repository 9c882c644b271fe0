"""The email as browsers and mail programs built on them show it: nobody kept out, nothing loaded, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Request, sync_playwright

from digest.models import Digest
from digest.render import Renderer
from digest.render.sample import sample_digest, samples
from tests import chromium

DAY = date(2026, 11, 23)
AXE = {
    # An email has no page around it; links have to stand apart for fingers.
    "rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}, "target-size": {"enabled": True}}
}
TITLES = (
    "面向科学的大型语言模型：一个综述，讨论了许多不同的方法与基准测试结果并给出建议",
    "نماذج اللغة الكبيرة للعلوم: مراجعة شاملة",
    "🚀 Agents 🧪 for science 👩‍🔬 🇩🇪",
    "Learning 𝒪(n log n) with ‖x‖₂ ≤ ε and ∑ᵢ₌₁ᴺ wᵢ²",
    "W" * 160,
    "<b>not bold</b> & \"quoted\" 'single' {{ braces }}",
    "שלום עולם with mixed English text",
)
NAMES = ("王小明", "محمد بن عبد الله", "Łukasz Żółć", "Ngô Bảo Châu 🎓", "O’Brien-Smythe", "יעל כהן", "X" * 70)


def odd(count: int) -> Digest:
    """A digest of papers in many scripts, long words, and what looks like code."""
    full = sample_digest(DAY)
    papers = []
    for number in range(count):
        title = TITLES[number % len(TITLES)]
        sample = full.papers[0].paper
        paper = replace(sample, id=f"arxiv:2611.{number:05}", title=title, abstract=f"{title}. " * 8, authors=NAMES)
        papers.append(replace(full.papers[0], paper=paper, matched=full.papers[0].matched[:1]))
    return replace(full, papers=tuple(papers), site_name="Дайджест " + "Z" * 60, notes=(TITLES[0], TITLES[1]))


EMAILS = {
    "full": sample_digest(DAY),
    "weekly": samples(DAY)[1],
    "trending": samples(DAY)[2],
    "none matched": samples(DAY)[3],
    "nothing new": samples(DAY)[4],
    "odd": odd(7),
    "many": odd(60),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.HOW)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield started
        started.close()


@pytest.mark.parametrize("name", EMAILS)
def test_axe_finds_nothing_by_day_and_night_on_phones_and_screens(browser: Browser, name: str, tmp_path: Path) -> None:
    page = tmp_path / "email.html"
    page.write_text(str(Renderer(None, 92_000).render(EMAILS[name]).html), encoding="utf-8")
    for scheme in ("light", "dark"):
        for width in (320, 600):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
            shown = context.new_page()
            asked: list[Request] = []
            shown.on("request", lambda request: asked.append(request))  # noqa: B023, PLW0108 - a method cannot be marked
            shown.goto(page.as_uri())
            found = Axe().run(shown, options=AXE).response["violations"]
            assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
            beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert shown.evaluate(beyond) <= 0
            assert [request.url for request in asked] == [page.as_uri()]
            context.close()


def test_right_to_left_names_do_not_turn_their_neighbours_around(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "email.html"
    page.write_text(str(Renderer(None, 92_000).render(odd(2)).html), encoding="utf-8")
    shown = browser.new_page(viewport={"width": 600, "height": 800})
    shown.goto(page.as_uri())
    first, second = (shown.locator(".byline span").nth(number).bounding_box() for number in range(2))
    assert first
    assert second
    assert first["x"] < second["x"]
    assert abs(first["y"] - second["y"]) < 10
    shown.close()
