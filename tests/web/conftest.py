"""An instance with a few days of papers, a clock that stands until it is moved, and a browserless visitor."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from digest.models import Listing, SourceReport
from digest.pipeline.history import catch_up
from digest.settings import load
from digest.sources import may_merge, paper_id, paper_keys
from digest.store import Arrival, Store
from digest.web.application import application
from tests.web.serving import listing

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NASTY = "<script>alert(1)</script>\"'&{{ 7*7 }}"

PAPERS = [
    (
        "2611.00001",
        MONDAY,
        "Graph neural networks for proteins",
        "We fold proteins with message passing on graphs.",
        12,
        3,
    ),
    ("2611.00002", MONDAY, "Equivariant diffusion models", "Diffusion models that know about rotations.", 40, 0),
    ("2611.00003", MONDAY, "On sourdough", "Bread, in the wild.", None, None),
    ("2611.00004", date(2026, 11, 20), "A graph neural network at sea", "Waves and graphs; no diffusion.", 5, 1),
    ("2611.00005", date(2026, 11, 20), f"Title {NASTY}", f"Abstract {NASTY}", 1, None),
    ("2610.00006", date(2026, 10, 30), "Transformers for tides", "Attention to the moon.", None, None),
]


@dataclass
class Clock:
    """`now` for the application."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


CONFIG = """
[site]
name = "Papers Digest"
url = "{url}"
secret_key = "0123456789012345678901234567890123456789"
{site}
[store]
url = "sqlite:///digest.db"
[smtp]
sender = "Papers Digest <digest@example.org>"
[web]
{web}
[[profile]]
name = "graphs"
keywords = ["graph neural network", "message passing^2"]
[[profile]]
name = "a b/c?é"
keywords = ["diffusion model"]
"""


@pytest.fixture
def configure(tmp_path: Path):
    """`configure(web=…, site=…, url=…)` gives settings."""

    def made(web="fill_seconds = 0", site="", url="http://127.0.0.1:8000"):
        config = tmp_path / "config.toml"
        config.write_text(CONFIG.format(web=web, site=site, url=url), encoding="utf-8")
        config.chmod(0o600)
        return load(config, {})

    return made


@pytest.fixture
def settings(configure):
    return configure()


async def fill(store: Store, papers: list[tuple[Any, ...]] = PAPERS) -> None:
    arrivals = []
    for arxiv_id, on, title, abstract, upvotes, comments in papers:
        one = Listing(
            **listing(
                title=title,
                abstract=abstract,
                arxiv_id=arxiv_id,
                listed_on=on,
                upvotes=upvotes,
                comments=comments,
                url=f"https://arxiv.org/abs/{arxiv_id}",
                authors=("Ada Lovelace", f"Evil {NASTY}"),
            )
        )
        arrivals.append(Arrival(one, paper_id(one), paper_keys(one)))
    await store.papers.add(arrivals, NOW - timedelta(hours=3), may_merge)
    await store.sources.record(SourceReport(name="arxiv", state="fresh", reason="new papers"), [], NOW)
    await catch_up(store)


@pytest.fixture
async def filled(store: Store) -> Store:
    await fill(store)
    return store


@dataclass
class Visitor:
    """Asks the application as a browser without scripts would, from one address."""

    app: Starlette
    address: str = "203.0.113.7"
    base: str = "http://127.0.0.1:8000"
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(self.address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=self.base, headers=self.headers) as client:
            return await client.request(method, path, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.ask("POST", path, **more)

    async def sign_up(self, email: str = "ada@example.org", **fields: Any) -> httpx.Response:
        return await self.post("/subscribe", data={"email": email, **fields})


@pytest.fixture
async def app(settings, filled, clock):
    return application(settings, filled, now=clock)


@pytest.fixture
def visitor(app: Starlette) -> Visitor:
    return Visitor(app)


@pytest.fixture
def reader(visitor: Visitor, filled: Store, app: Starlette, clock: Clock):
    """`await reader(keywords=…)` signs somebody up and confirms; gives the row and the paths of their pages."""

    async def made(email: str = "ada@example.org", **fields: Any):
        assert (await visitor.sign_up(email, **fields)).status_code == 200
        links = app.state.site.links
        row = next(row for row in await filled.subscribers.all() if row.email == email)
        assert (await visitor.post(path_of(links.confirm(row.key)))).status_code == 200
        pages = links.for_issue(row.key, MONDAY)
        paths = {name: path_of(getattr(pages, name)) for name in ("unsubscribe", "preferences", "web_copy")}
        return row.id, {**paths, "confirm": path_of(links.confirm(row.key))}

    return made


def path_of(url: str) -> str:
    return url.removeprefix("http://127.0.0.1:8000")


def text_of(html: str) -> str:
    """The words of a page."""
    import html as entities

    return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def row_of(store: Store, row_id: int):
    return next(row for row in await store.subscribers.all() if row.id == row_id)
