"""One server for the bench of the pages: ours over a store, or bare Starlette with one page of a given size.

python -m bench.pages_server pages DATABASE | bare BYTES    prints the port it listens on
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from digest.cli.logs import configure
from digest.settings import load
from digest.store import open_store
from digest.web import application, bound
from digest.web.server import server

_CONFIG = """
[site]
secret_key = "only-for-the-bench-and-known-to-everybody-000"
[web]
trusted_proxies = ["127.0.0.1"]
[[profile]]
name = "graphs"
keywords = ["graph neural network", "equivarian*"]
"""


def bare(size: int) -> Starlette:
    """What one could not do less for: the same number of bytes, ready, and nothing around it."""
    body = "x" * size

    async def page(_request: Request) -> Response:
        return HTMLResponse(body)

    return Starlette(routes=[Route("/", page)])


async def _main(what: str, argument: str) -> None:
    listening = bound("127.0.0.1", 0)
    port = listening.getsockname()[1]
    configure("auto", "info", list)  # to stderr, which the bench throws away

    def ready() -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    if what == "bare":
        await server(bare(int(argument)), on_ready=ready).serve([listening])
        return
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(_CONFIG, encoding="utf-8")
        config.chmod(0o600)
        async with open_store(f"sqlite:///{argument}") as store:
            await server(application(load(config, {}), store), on_ready=ready).serve([listening])


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:3]))
