from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from digest.sources.gates import Gates
from digest.sources.http import PoliteClient
from tests.feedserver import FeedServer

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture
async def feed_server() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    """A client that never waits."""
    async with PoliteClient("https://digest.example.org", gates=Gates({"arxiv": 0.0}, others=0.0)) as polite:
        yield polite


@pytest.fixture
def feeds() -> Path:
    """The recorded feeds beside the project."""
    folder = SHARED / "feeds"
    if not folder.is_dir():
        pytest.skip("the recorded feeds are not beside the project")
    return folder
