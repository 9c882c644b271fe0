"""The pages in a real Chromium, with a real mail server: as people use them, on phones and screens, by day and by night."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests import chromium
from tests.web.serving import Served, free_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
TITLES = ["Graph neural networks for proteins", "Equivariant <b>diffusion</b> & friends", "On sourdough"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of this worker."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.HOW)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield started
        await started.close()


class Site:
    """An instance that is served, its commands, and its mailbox."""

    def __init__(self, instance, server, served) -> None:
        self.url = served.url
        self._instance = instance
        self._server = server

    async def send(self, at: str = "") -> None:
        """digest send, as the timer runs it: now, or at a moment to come."""
        when = ("--at", at) if at else ()
        status, out, err = await asyncio.to_thread(self._instance.digest, "send", "--no-fetch", *when)
        assert status == 0, (out, err)

    def mails(self, recipient: str) -> list:
        return [
            message_from_bytes(mail.data, policy=default) for mail in self._server.inbox if mail.recipient == recipient
        ]


@pytest.fixture
def site(instance, mail_server):
    server, listening = mail_server(), free_socket()
    port = listening.getsockname()[1]
    more = (
        '[web]\nfill_seconds = 0.5\n[schedule]\nsend_at = "00:00"\n'
        '[[profile]]\nname = "bread & tides"\nkeywords = ["sourdough", "tide*"]\n'
    )
    instance.write(sources={"a": instance.feed("a.xml", TITLES)}, smtp_port=server.port, more=more)
    text = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(
        text.replace("[site]\n", f'[site]\nurl = "http://127.0.0.1:{port}"\n', 1), encoding="utf-8"
    )
    status, _, err = instance.digest("fetch")
    assert status == 0, err
    with Served(instance.settings(), listening) as served:
        yield Site(instance, server, served)


@contextlib.asynccontextmanager
async def visit(browser: Browser, size: ViewportSize = DESKTOP, **options) -> AsyncIterator[Page]:
    """A fresh visitor; an error in a script, or a refusal of the Content-Security-Policy, fails the test."""
    context = await browser.new_context(viewport=size, **options)
    page = await context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if "Content Security" in message.text else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    cookies = await context.cookies()
    await context.close()
    assert troubles == []
    assert cookies == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:"))] == []


def in_days(days):
    """A moment to come, as --at takes it; the pages themselves keep the real time."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")


def link(mail, page):
    """The address of a page in a mail's text."""
    text = mail.get_body(("plain",)).get_content()
    return re.search(rf"http://127\.0\.0\.1:\d+/{page}/\S+", text)[0]


async def sign_up(client, site, email):
    """As somebody would who needs a second and a half for the form."""
    page = (await client.get(f"{site.url}/subscribe")).text
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)[1]
    await asyncio.sleep(1.6)
    fields = {"email": email, "stamp": stamp, "keywords": "graph neural network", "profiles": "graphs"}
    assert "mailbox" in (await client.post(f"{site.url}/subscribe", data=fields)).text


async def test_a_visitor_subscribes_changes_and_leaves(browser, site):
    async with visit(browser, timezone_id="Asia/Tokyo") as page:
        await page.goto(site.url)
        await page.get_by_role("link", name="Subscribe").first.click()
        await page.get_by_label("Your email address").fill("ada@example.org")
        await page.get_by_label("Your own keywords").fill("graph neural network")
        await page.wait_for_selector("#preview .figure")
        assert "1.0 papers a day" in await page.locator("#preview").inner_text()
        assert await page.get_by_label("Time zone").input_value() == "Asia/Tokyo"
        await page.get_by_label("At", exact=True).fill("00:00")
        await page.wait_for_timeout(1600)  # as a person would
        await page.get_by_role("button", name="Subscribe").click()
        assert await page.get_by_role("heading", level=1).inner_text() == "Look into your mailbox"
        await site.send()
        [asking] = site.mails("ada@example.org")
        assert asking["Subject"] == "Please confirm your subscription to Papers Digest"
        await page.goto(link(asking, "confirm"))
        await page.get_by_role("button", name="Confirm").click()
        assert await page.get_by_role("heading", level=1).inner_text() == "You are subscribed"
        await page.get_by_role("link", name="Change what you get").click()
        await page.get_by_label("Your own keywords").fill("graph neural network\nequivarian*^2")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("Saved.").wait_for()
        await site.send(in_days(1))
        [_, digest] = site.mails("ada@example.org")
        text = digest.get_body(("plain",)).get_content()
        assert "Graph neural networks for proteins" in text
        assert "Equivariant" in text
        await page.goto(link(digest, "issues"))
        assert await page.locator("article.card").count() == 2
        await page.get_by_role("button", name="More like Graph").click()
        assert "graph neural network^1.2" in await page.locator("main").inner_text()
        one_click = digest["List-Unsubscribe"].split(",")[0].strip("<> ")
        await page.goto(one_click)
        assert await page.get_by_role("heading", level=1).inner_text() == "Unsubscribe"
    async with httpx.AsyncClient() as mail_program:
        answer = await mail_program.post(one_click, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.cookies, answer.history) == (200, httpx.Cookies(), [])
    await site.send(in_days(3))
    assert len(site.mails("ada@example.org")) == 2


async def test_all_of_it_works_without_scripts(browser, site):
    async with visit(browser, PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/?q=sourdough")
        assert await page.locator("article.card mark").first.inner_text() == "sourdough"
        await page.goto(site.url)
        await page.locator("#subscribe").get_by_label("Your email address").fill("bob@example.org")
        await page.get_by_label("bread & tides").check()
        await page.wait_for_timeout(1600)
        await page.locator("#subscribe").get_by_role("button", name="Subscribe").click()
        assert await page.get_by_role("heading", level=1).inner_text() == "Look into your mailbox"
        await site.send()
        [asking] = site.mails("bob@example.org")
        await page.goto(link(asking, "confirm"))
        assert "bread & tides" in await page.locator("main").inner_text()
        await page.get_by_role("button", name="Confirm").click()
        await page.get_by_role("link", name="Change what you get").click()
        await page.get_by_label("Pause until").fill("2099-01-01")
        await page.get_by_role("button", name="Save").click()
        assert "Paused until 2099-01-01" in await page.locator("main").inner_text()
        await page.goto(f"{site.url}/subscribe")
        await page.get_by_label("Your own keywords").fill("equivarian*")
        await page.get_by_role("button", name="Show what I would get").click()
        assert "papers a day" in await page.locator("#preview").inner_text()


async def test_keys_alone_are_enough(browser, site):
    async with visit(browser) as page:
        await page.goto(site.url)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "content"
        await page.goto(f"{site.url}/subscribe")
        reached = []
        for _ in range(25):
            await page.keyboard.press("Tab")
            reached.append(
                await page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
            )
            seen = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert seen != "none", reached[-1]
            if reached[-1] == "email":
                await page.keyboard.type("eve@example.org")
            elif reached[-1] == "keywords":
                await page.keyboard.type("tide*")
            elif reached[-1] == "Subscribe" and "timezone" in reached:
                break
        assert "website" not in reached
        await page.wait_for_timeout(1200)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Look into your mailbox").wait_for()


async def test_nothing_keeps_anybody_out(browser, site, tmp_path):
    """axe on every page, by day on a screen and by night on a phone; nothing is wider than the window; pictures of all."""
    async with httpx.AsyncClient() as client:
        await sign_up(client, site, "pic@example.org")
        await site.send()
        confirm = link(site.mails("pic@example.org")[0], "confirm")
        paths = {"confirm": confirm}
        looks = {
            "day": "/", "search": "/?q=graph", "nothing": "/?q=zzzz", "rest": "/?date=2020-01-01", "archive": "/archive",
            "profiles": "/profiles", "profile": "/profiles/graphs", "subscribe": "/subscribe?topic=graphs", "gone": "/nope",
        }  # fmt: skip
        paths |= {name: f"{site.url}{path}" for name, path in looks.items()}
        paths["paper"] = site.url + re.search(r'href="(/papers/[^"]+)"', (await client.get(site.url)).text)[1]
        month = re.search(r'href="(/archive/[^"]+)"', (await client.get(f"{site.url}/archive")).text)[1]
        paths["month"] = f"{site.url}{month}"
        await _look(browser, {"confirm": confirm}, "light", DESKTOP, tmp_path)
        await client.post(confirm)
        await site.send(in_days(1))
        digest = site.mails("pic@example.org")[-1]
        paths |= {name: link(digest, name) for name in ("preferences", "unsubscribe", "issues")}
        for scheme, size in (("light", DESKTOP), ("dark", PHONE)):
            await _look(browser, paths, scheme, size, tmp_path)
        some = {name: paths[name] for name in ("day", "subscribe", "preferences", "issues")}
        for scheme, size in (("dark", DESKTOP), ("light", PHONE)):
            await _look(browser, some, scheme, size, tmp_path, axe=False)


async def _look(
    browser: Browser, paths: dict[str, str], scheme: str, size: ViewportSize, folder: Path, *, axe: bool = True
) -> None:
    async with visit(browser, size, color_scheme=scheme, reduced_motion="reduce") as page:
        for name, url in paths.items():
            await page.goto(url)
            if name == "subscribe":
                await page.wait_for_selector("#preview .figure, #preview .plain")
            where = f"{name}, {scheme}, {size['width']} wide"
            if axe:
                found = await Axe().run(page)
                assert found.violations_count == 0, f"{where}: {found.generate_report()}"
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], where
            picture = folder / f"{name}-{scheme}-{size['width']}.png"
            await page.screenshot(path=picture)
            assert picture.stat().st_size > 5000, where


async def test_a_printed_day_has_the_papers_and_no_buttons(browser, site):
    async with visit(browser) as page:
        await page.goto(site.url)
        await page.emulate_media(media="print")
        assert await page.locator("article.card").first.is_visible()
        for hidden in (".banner", ".search", "#subscribe", "footer", ".tools"):
            assert not await page.locator(hidden).first.is_visible(), hidden


async def test_a_scanner_that_opens_every_link_and_runs_scripts_changes_nothing(browser, site):
    async with httpx.AsyncClient() as client:
        await sign_up(client, site, "ada@example.org")
        await site.send()
        confirm = link(site.mails("ada@example.org")[0], "confirm")

        async def scan(*urls: str) -> None:
            async with visit(browser) as scanner:
                for url in urls:
                    await scanner.goto(url)
                    await scanner.wait_for_load_state("networkidle")

        await scan(confirm)
        await site.send(in_days(1))
        assert len(site.mails("ada@example.org")) == 1
        await client.post(confirm)
        await site.send(in_days(2))
        digest = site.mails("ada@example.org")[-1]
        await scan(*(link(digest, name) for name in ("preferences", "unsubscribe", "issues")), confirm)
        assert "Unsubscribe" in (await client.get(link(digest, "unsubscribe"))).text
        assert 'value="leave"' in (await client.get(link(digest, "preferences"))).text
