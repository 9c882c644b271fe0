"""The Daily Papers pages: read, search, subscribe, confirm, change, leave. Starlette; works without JavaScript.

    application   which page answers which address
    guards        limits, safe headers, the log;  origins, limits: who may send what
    reading       a day, a search, a paper, the archive, what a profile catches;  feeds: the same as Atom
    joining       sign up and confirm;  leaving: preferences and unsubscribe;  issues: web copy and votes
    health        /healthz, /readyz, /metrics
    site          what all pages share;  answers, remembering: how they are sent
    templates     `templates/web/`, the operator's files over ours;  cards, forms, words: what stands in them
    embedded      the same inside `digest run`
    server        uvicorn, with patience for nobody who sends a header a minute

Nothing here speaks SMTP: mails are owed in the outbox, and `digest send` or `digest run` sends them.
"""

from digest.web.application import application
from digest.web.checking import check_pages
from digest.web.embedded import Pages
from digest.web.server import bound, serve

__all__ = ["Pages", "application", "bound", "check_pages", "serve"]
