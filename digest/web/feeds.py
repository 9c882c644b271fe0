"""Atom feeds (RFC 4287) of a day, a search, a month and what a profile catches."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, date, datetime, time

from starlette.requests import Request
from starlette.responses import Response

from digest.models import Paper
from digest.web.answers import kept_page, not_found
from digest.web.cards import Card, card
from digest.web.reading import SORTS, in_order, rationed
from digest.web.site import Site, site_of
from digest.web.words import day_from, day_short, month_from, month_in_words

_MOST = 100
_Feed = tuple[str, dict[str, object]]


async def feed(request: Request) -> Response:
    """The newest day's papers, another day's, or what a search finds, the newest first."""
    site, asked = site_of(request), request.query_params
    query = " ".join(asked.get("q", "").split())[:300]
    on = day_from(asked.get("date", ""))
    sort = asked.get("sort", "") if asked.get("sort") in SORTS else SORTS[0]
    if asked.get("date") and on is None:
        return not_found(request, "That is not a day. Write it as 2026-11-23.")

    def make() -> Awaitable[_Feed]:
        return _of_day(site, query, on, sort)

    made = await kept_page(request, (query, on, sort), "feed.xml", lambda: rationed(request, make) if query else make())
    assert made is not None
    return made


async def _of_day(site: Site, query: str, on: date | None, sort: str) -> _Feed:
    if query:
        found = await site.store.search.find(query, on=on, order="new", limit=_MOST)
        title = f"{site.settings.site.name}: {query}"
        return _feed(site, title, "/", "/feed.xml", f"q {query} {on}", [hit.paper for hit in found.hits])
    shown = on or await site.store.days.newest()
    papers = in_order(await site.store.days.papers(shown) if shown else [], sort, site.now().date())
    title = f"{site.settings.site.name}{f': {day_short(on)}' if on else ''}"
    return _feed(site, title, "/", "/feed.xml", f"day {on} {sort}", papers[:_MOST])


async def month_feed(request: Request) -> Response:
    """The papers of a month that others read most."""
    site, first = site_of(request), month_from(request.path_params["month"])
    if first is None:
        return not_found(request, "That is not a month. Write it as 2026-11.")
    made = await kept_page(request, ("month", first), "feed.xml", lambda: _of_month(site, first))
    return made or not_found(request, "No papers were listed in that month.")


async def _of_month(site: Site, first: date) -> _Feed | None:
    days = [day for day, _ in await site.store.days.counts() if day.replace(day=1) == first]
    papers = [paper for day in days for paper in await site.store.days.papers(day)]
    best = sorted(papers, key=lambda paper: (-(paper.upvotes or 0), -paper.seq))[:_MOST]
    path = f"/archive/{first:%Y-%m}"
    title = f"{site.settings.site.name}: {month_in_words(first)}"
    return _feed(site, title, path, f"{path}/feed.xml", path, best) if best else None


async def profile_feed(request: Request) -> Response:
    """What a profile catches."""
    site, name = site_of(request), request.path_params["name"]
    if name not in site.profiles:
        return not_found(request, "No profile has that name.")
    made = await kept_page(request, ("profile", name), "feed.xml", lambda: _of_profile(site, name))
    assert made is not None
    return made


async def _of_profile(site: Site, name: str) -> _Feed:
    catch = await site.recent.of_profile(site.profiles[name])
    papers = [one.paper for _, matches in catch.by_day for one in matches][:_MOST]
    path = site.profile_path(name).removeprefix(site.base)
    return _feed(site, f"{site.settings.site.name}: {name}", path, f"{path}/feed.xml", path, papers)


def _feed(site: Site, title: str, page: str, itself: str, identity: str, papers: Sequence[Paper]) -> _Feed:
    entries: list[tuple[Card, str, str]] = []
    for paper in papers:
        one = card(paper, site.base, limit=2000)
        entries.append((one, site.address(one.page.removeprefix(site.base)), _moment(paper)))
    updated = max((moment for _, _, moment in entries), default="1970-01-01T00:00:00Z")
    return itself, {
        "title": title,
        "identity": f"{site.address('/')}#{identity}",
        "page": site.address(page),
        "itself": site.address(itself),
        "entries": entries,
        "updated": updated,
    }


def _moment(paper: Paper) -> str:
    """When a paper was seen first; the day it was listed on for those that came with an older list."""
    listed = datetime.combine(paper.listed_on, time(), UTC)
    return f"{max(listed, paper.first_seen_at) if paper.first_seen_at.date() == paper.listed_on else listed:%Y-%m-%dT%H:%M:%SZ}"
