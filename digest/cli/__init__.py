"""The command line: one file per group of commands, and the sentences and exit statuses people and scripts rely on.

    app          the commands and the options before them; `main`
    setup        init, check, db
    papers       fetch, papers
    sending      send
    outlook      plan, status, why, resend
    subscribers  list, add, remove, pause, allow, import, export
    matching     match
    web          the pages
    demo         the whole pipeline on loopback

    digests      how a run looks, for people and for scripts
    output       tables, progress bars, JSON;  running: settings, store and loop for a command

Commands import what they need when they run, so that `digest --help` is quick.
"""

import sys

__all__ = ["main"]

_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it (128 + SIGINT)."""


def main() -> None:
    """Entry point of the `digest` command; Ctrl-C is quiet also while the program is still loading."""
    try:
        from digest.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
