"""The pages tried out with invented values before anybody sees them, so that a mistake in a template has its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from digest.models import Match, Paper, Reason, Span
from digest.pipeline.catching import Catch
from digest.settings import ScheduleSettings
from digest.web.cards import card, matched_card
from digest.web.forms import CADENCES, WEEKDAYS, Entered
from digest.web.templates import PAGES, Templates

_DAY = date(2026, 1, 2)
_PAPER = Paper(
    seq=1,
    id="arxiv:2601.00001",
    title="A paper about papers",
    abstract="We study the matter. It is found to be so.",
    authors=("Ada Lovelace", "Charles Babbage"),
    categories=("cs.DL",),
    listed_on=_DAY,
    first_seen_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
    url="https://arxiv.org/abs/2601.00001",
    upvotes=3,
    comments=1,
    version=2,
    sources=("arxiv",),
)
_REASON = Reason(keyword="paper", field="title", points=1.5, spans=(Span(2, 7),))
_MATCH = Match(paper=_PAPER, profile="papers", score=1.5, matched=(_REASON,))


def check_pages(folder: Path | None) -> None:
    """Raises `ConfigError` with file and line for a page that cannot be shown."""
    templates = Templates(folder)
    for name in PAGES:
        for values in _samples(name):
            templates.render(name, {**_FRAME, **values})


_FRAME: dict[str, object] = {
    "site": "Papers Digest",
    "postal_address": ["1 Example Street"],
    "canonical": "https://papers.example.org/",
    "here": "/",
    "signup": True,
    "profiles": [("papers", "/profiles/papers")],
    "query": "",
    "feed": "/feed.xml",
    "private": False,
    "description": "",
}


def _samples(name: str) -> list[dict[str, object]]:
    """Full and empty values of one page."""
    shown, matched = card(_PAPER, ""), matched_card(_MATCH, "")
    entered = Entered(email="ada@example.org", profiles=["papers"], keywords=["paper^2"], cadence="daily")
    wrong = replace(
        entered, wrong=dict.fromkeys(("email", "keywords", "exclude", "weights", "profiles", "timezone"), "Is wrong.")
    )
    catch = Catch(days=30, shown=60, matched=90, by_day=((_DAY, (_MATCH,)),), hits=(("paper", 90),))
    form = {"cadences": CADENCES, "weekdays": WEEKDAYS, "zones": ["UTC"], "defaults": ScheduleSettings(), "stamp": "x"}
    caught = {"catch": catch, "best": [matched], "said": ""}
    pages = {"number": 2, "last": 3, "before": "/", "after": "/?page=3"}
    alone = {"number": 1, "last": 1, "before": None, "after": None}
    day: dict[str, object] = {
        "cards": [shown], "found": None, "day": _DAY, "latest": True, "before": _DAY, "after": _DAY, "total": 201, "more": False,
        "sort": "trending", "sorts": [("Trending", "/", True), ("Newest", "/?sort=new", False)], "pages": pages, "stamp": "x",
    }  # fmt: skip
    none: dict[str, object] = {"cards": [], "day": None, "before": None, "after": None, "total": 0, "pages": alone}
    samples: dict[str, list[dict[str, object]]] = {
        "archive.html": [{"years": [(2026, [(_DAY, 3)])]}, {"years": []}],
        "confirm.html": [
            {"entered": entered, "open": open_, "active": active, "cadences": CADENCES}
            for open_, active in ((True, False), (False, True), (False, False))
        ],
        "day.html": [day, {**day, **none}, {**day, "found": "paper", "more": True}, {**day, **none, "found": "paper"}],
        "feed.xml": [
            {"title": "t", "identity": "i", "page": "p", "itself": "s", "updated": "2026-01-02T00:00:00Z", "entries": entries}
            for entries in ([(shown, "https://papers.example.org/papers/1", "2026-01-02T00:00:00Z")], [])
        ],
        "issue.html": [
            {"day": _DAY, "subject": "s", "cards": [matched, shown], "missing": missing, "votes": "/v", "weighable": True}
            for missing in (0, 1)
        ],
        "message.html": [{"title": "t", "paragraphs": ["p"], "links": [("/", "Home")]}],
        "month.html": [{"first": _DAY, "days": [(_DAY, 3, [shown])], "total": 3, "before": _DAY, "after": _DAY}],
        "paper.html": [{"paper": shown, "authors": [("Ada Lovelace", "/?q=a")]}],
        "preferences.html": [
            {**form, "entered": one, "catch": None, "status": status, "done": "Saved.", "today": _DAY}
            for one in (entered, wrong, replace(entered, cadence="days", paused_until="2026-02-01"))
            for status in ("active", "unsubscribed", "suppressed")
        ],
        "preview.html": [caught, {"catch": None, "best": [], "said": "Nothing."}],
        "profile.html": [
            {"name": "papers", "keywords": ["paper"], "days": days, "per_day": 2.0, "looked_at": 30}
            for days in ([(_DAY, [matched])], [])
        ],
        "profiles.html": [{"listed": [("papers", "/profiles/papers", ["paper"])]}, {"listed": []}],
        "subscribe.html": [
            {**form, "entered": entered, "notice": "", **caught},
            {**form, "entered": wrong, "notice": "Once more.", "catch": None},
        ],
        "unsubscribe.html": [
            {"status": status, "preferences": "/p", "weekly": weekly, "month": "Feb 1, 2026"}
            for status in ("active", "unsubscribed")
            for weekly in (True, False)
        ],
    }  # fmt: skip
    return samples[name]
