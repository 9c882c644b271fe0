"""Where the Chromium of this machine is, and how it is started for tests.

python -m tests.chromium    says in one line how to get one when there is none (exit status 1)
"""

from __future__ import annotations

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW = "No Chromium was found: apt-get install chromium (or name one with CHROMIUM=/path/to/it)."


def find() -> str | None:
    """The program, by the variable CHROMIUM or on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


if __name__ == "__main__":
    if find() is None:
        sys.exit(HOW)
