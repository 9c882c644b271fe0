import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "deliver"), str(Path(__file__).parents[1] / "sources")]
from contextlib import ExitStack

import pytest
from mailserver import MailServer, free_port


@pytest.fixture
def mail_server():
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(MailServer(**options))


@pytest.fixture
def closed_port():
    yield from free_port()
