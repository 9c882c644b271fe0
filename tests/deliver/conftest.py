"""Fixtures of the delivery room: servers that are stopped when the test ends, and one certificate per run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.mailserver import Certificate, RawServer, Script, make_certificate


@pytest.fixture
def raw_server() -> Iterator[Callable[[Script], RawServer]]:
    """`raw_server(script)` starts a RawServer."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(RawServer(script))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), _openssl(), "DNS:localhost,IP:127.0.0.1")


@pytest.fixture(scope="session")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("foreign"), _openssl(), "DNS:mail.example.net")


def _openssl() -> str:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl program is needed to make a certificate")
    return openssl
