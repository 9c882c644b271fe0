"""A daily digest of research papers, by e-mail.

The map of this package, in the order a paper walks through it:

    sources/    the world → Listings        http, huggingface, arxiv, feed; identity and clean text
    store/      remembers                   papers, sources, subscribers, the outbox; schema and migrations
    match/      Papers × Profiles → ranked, explained Matches                                     (pure)
    render/     Digest → subject, HTML and text                            (pure, once its templates are read)
    deliver/    Message → the world         bytes, SMTP, files, retries

    pipeline    the order of the five rooms, and the wiring from settings
    web/        the pages for people: read, search, subscribe, confirm, change, leave
    cli/        one file per group of commands; the demo

    models, cadence, errors                 the words all of them share
    settings/, links                        what an operator configures; the signed links in a mail

Rooms never import each other, and arrows point down: cli → web → pipeline → rooms → links, settings → models → cadence →
errors. `make check` holds the code to that.
"""

__version__ = "0.1.0"
