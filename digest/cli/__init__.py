"""The command line: one file per group of commands, and the sentences and exit statuses people and scripts rely on.

    app          the commands and the options before them; `main`
    setup        init, check, db
    papers       fetch, papers, status
    sending      send, why
    subscribers  list, add, remove, pause, import, export
    matching     match
    demo         the whole pipeline on loopback

    output       tables, progress bars, JSON;  running: settings, store and loop for a command

Commands import what they need when they run, so that `digest --help` is quick.
"""

from digest.cli.app import main

__all__ = ["main"]
