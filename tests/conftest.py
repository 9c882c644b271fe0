"""What the tests of several rooms share: a fixed moment, a real and empty store, an instance, mail servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from digest.store import Store, open_store
from tests.instance import Instance
from tests.mailserver import MailServer, free_port

hypothesis.settings.register_profile("digest", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("digest")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/render anew")


@pytest.fixture
def now() -> datetime:
    """A Monday morning."""
    return datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite:///{tmp_path / 'digest.db'}") as opened:
        yield opened


@pytest.fixture
def instance(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An empty folder for a configuration, and the commands on it."""
    return Instance(tmp_path, capsys, monkeypatch)


@pytest.fixture
def mail_server() -> Iterator[Callable[..., MailServer]]:
    """`mail_server(**options)` starts a MailServer."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(MailServer(**options))


@pytest.fixture
def closed_port() -> Iterator[int]:
    yield from free_port()
