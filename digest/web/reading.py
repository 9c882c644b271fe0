"""The pages to read: a day, a search, a paper, the archive, what a profile catches. All GET; nothing is changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from digest import match
from digest.models import Paper
from digest.store import Order
from digest.web.answers import kept_page, not_found
from digest.web.cards import card, matched_card, whole
from digest.web.limits import network_of
from digest.web.remembering import STAMP
from digest.web.site import Site, site_of
from digest.web.words import day_from, month_from

PAGE = 100
"""Papers on one page."""
_LAST_PAGE = 100
SORTS = ("trending", "new")
SEARCHES = 120
"""New ones a minute, from one network."""

_Page = tuple[str, dict[str, object]]


async def day(request: Request) -> Response:
    """The papers of a listing day, the latest one that has any unless another is asked for; with `q` a search."""
    site, asked = site_of(request), request.query_params
    query = " ".join(asked.get("q", "").split())[:300]
    on = day_from(asked.get("date", ""))
    if asked.get("date") and on is None:
        return not_found(request, "That is not a day. Write it as 2026-11-23.")
    sort = asked.get("sort", "") if asked.get("sort") in SORTS else "trending"
    number = page_number(asked.get("page", ""))

    def search() -> Awaitable[_Page]:
        return _search(site, query, on, sort, number)

    if query:
        made = await kept_page(request, ("q", query, on, sort, number), "day.html", lambda: rationed(request, search))
    else:
        made = await kept_page(request, ("day", on, sort, number), "day.html", lambda: _day(site, on, sort, number))
    assert made is not None
    return made


async def rationed(request: Request, search: Callable[[], Awaitable[_Page]]) -> _Page:
    """A search that is not kept yet; one network has so many a minute, because they cost more than anything else."""
    site = site_of(request)
    network = network_of(request.state.visitor)
    if not site.limits.allow("search", network, SEARCHES, timedelta(minutes=1), site.now()):
        raise HTTPException(429, headers={"retry-after": "60"})
    return await search()


def page_number(text: str) -> int:
    """The page asked for, from 1."""
    return min(max(int(text), 1), _LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def in_order(papers: Sequence[Paper], sort: str, today: date) -> list[Paper]:
    """The papers of a day as a visitor wants them: what others read first, or what was seen last first."""
    if sort == "new":
        return sorted(papers, key=lambda paper: -paper.seq)
    return [one.paper for one in match.trending(papers, today)]


async def _day(site: Site, on: date | None, sort: str, number: int) -> tuple[str, dict[str, object]]:
    shown = on or await site.store.days.newest()
    papers = await site.store.days.papers(shown) if shown else []
    around = await site.store.days.around(shown) if shown else None
    ordered = in_order(papers, sort, site.now().date())
    some = ordered[(number - 1) * PAGE : number * PAGE]
    path = "/" + _query(
        {"date": on, "sort": sort if sort != SORTS[0] else None, "page": number if number > 1 else None}
    )
    feed = {"date": on, "sort": sort if sort != SORTS[0] else None}
    return path, {
        "cards": [card(paper, site.base) for paper in some],
        "found": None,
        "day": shown,
        "latest": on is None,
        "before": around and around.before,
        "after": around and around.after,
        "total": len(papers),
        "more": False,
        "sort": sort,
        "sorts": _sorts(site, sort, {"date": on}),
        "pages": _pages(site, number, len(papers), {"date": on, "sort": sort if sort != SORTS[0] else None}),
        "feed": f"{site.base}/feed.xml{_query(feed)}",
        "stamp": STAMP,
        "description": f"{len(papers):,} papers" if shown else "",
    }


async def _search(site: Site, query: str, on: date | None, sort: str, number: int) -> tuple[str, dict[str, object]]:
    order: Order = "new" if sort == "new" else "best"
    found = await site.store.search.find(query, on=on, order=order, limit=PAGE, offset=(number - 1) * PAGE)
    asked = {"q": query, "date": on, "sort": sort if sort != SORTS[0] else None}
    return "/" + _query({**asked, "page": number if number > 1 else None}), {
        "cards": [card(hit.paper, site.base, title=hit.title, abstract=hit.abstract) for hit in found.hits],
        "found": query,
        "query": query,
        "day": on,
        "latest": on is None,
        "before": None,
        "after": None,
        "total": found.total,
        "more": found.more,
        "sort": sort,
        "sorts": _sorts(site, sort, {"q": query, "date": on}),
        "pages": _pages(site, number, found.total, asked),
        "feed": f"{site.base}/feed.xml{_query(asked)}",
        "stamp": STAMP,
    }


async def paper(request: Request) -> Response:
    """One paper, by any name it has; ids may hold slashes."""
    site, name = site_of(request), request.path_params["id"]
    made = await kept_page(request, name[:400], "paper.html", lambda: _paper(site, name[:400]))
    return made or not_found(
        request, f"No paper here is called {name[:200]}.", "The search knows title, abstract and authors."
    )


async def _paper(site: Site, name: str) -> tuple[str, dict[str, object]] | None:
    found = (await site.store.papers.by_ids([name])).get(name)
    if found is None:
        return None
    authors = [
        (author, f"{site.base}/{_query({'q': _author_query(author)})}") for author in whole(found, site.base).authors
    ]
    return f"/papers/{quote(found.id, safe='/:')}", {
        "paper": whole(found, site.base),
        "authors": authors,
        "description": " ".join(found.abstract.split())[:200],
    }


def _author_query(name: str) -> str:
    return f'author:"{name.replace(chr(34), "")}"'


async def archive(request: Request) -> Response:
    """Every month that has papers."""
    made = await kept_page(request, "archive", "archive.html", lambda: _archive(site_of(request)))
    assert made is not None
    return made


async def _archive(site: Site) -> tuple[str, dict[str, object]]:
    counts = await site.store.days.counts()
    months = [
        (first, sum(number for _, number in days))
        for first, days in (
            (first, list(days)) for first, days in groupby(counts, key=lambda one: one[0].replace(day=1))
        )
    ]
    years = [(year, list(some)) for year, some in groupby(months, key=lambda one: one[0].year)]
    return "/archive", {"years": years, "feed": f"{site.base}/feed.xml"}


async def month(request: Request) -> Response:
    """The days of one month."""
    site, first = site_of(request), month_from(request.path_params["month"])
    if first is None:
        return not_found(request, "That is not a month. Write it as 2026-11.")
    made = await kept_page(request, first, "month.html", lambda: _month(site, first))
    return made or not_found(request, "No papers were listed in that month.")


async def _month(site: Site, first: date) -> tuple[str, dict[str, object]] | None:
    counts = await site.store.days.counts()
    days = [(day_, number) for day_, number in counts if day_.replace(day=1) == first]
    if not days:
        return None
    months = sorted({day_.replace(day=1) for day_, _ in counts})
    at = months.index(first)
    top = []
    for day_, number in days[::-1]:
        best = in_order(await site.store.days.papers(day_), SORTS[0], site.now().date())[:3]
        top.append((day_, number, [card(one, site.base, limit=0) for one in best]))
    return f"/archive/{first:%Y-%m}", {
        "first": first,
        "days": top,
        "total": sum(number for _, number in days),
        "before": months[at - 1] if at else None,
        "after": months[at + 1] if at + 1 < len(months) else None,
        "feed": f"{site.base}/archive/{first:%Y-%m}/feed.xml",
    }


async def profiles(request: Request) -> Response:
    """The configured profiles."""
    made = await kept_page(request, "profiles", "profiles.html", lambda: _profiles(site_of(request)))
    assert made is not None
    return made


async def _profiles(site: Site) -> tuple[str, dict[str, object]]:
    listed = [
        (one.name, site.profile_path(one.name), (*one.keywords, *one.authors)[:12]) for one in site.settings.profiles
    ]
    return "/profiles", {"listed": listed}


async def profile(request: Request) -> Response:
    """What a profile catches in the papers of the last weeks, day by day."""
    site, name = site_of(request), request.path_params["name"]
    if name not in site.profiles:
        return not_found(request, "No profile has that name.")
    made = await kept_page(request, name, "profile.html", lambda: _profile(site, name))
    assert made is not None
    return made


async def _profile(site: Site, name: str) -> tuple[str, Mapping[str, object]]:
    number = site.profiles[name]
    table, catch = site.settings.profiles[number], await site.recent.of_profile(number)
    days = [(day_, [matched_card(one, site.base) for one in matches]) for day_, matches in catch.by_day]
    return f"/profiles/{quote(name, safe='')}", {
        "name": name,
        "keywords": (*table.keywords, *table.authors),
        "days": days[:14],
        "per_day": catch.per_day,
        "looked_at": catch.days,
        "feed": f"{site.profile_path(name)}/feed.xml",
    }


def _query(asked: Mapping[str, object]) -> str:
    told = {name: str(value) for name, value in asked.items() if value not in (None, "")}
    return f"?{urlencode(told)}" if told else ""


def _sorts(site: Site, sort: str, asked: Mapping[str, object]) -> list[tuple[str, str, bool]]:
    names = {"trending": "Best" if asked.get("q") else "Trending", "new": "Newest"}
    return [
        (label, f"{site.base}/{_query({**asked, 'sort': name if name != SORTS[0] else None})}", name == sort)
        for name, label in names.items()
    ]


def _pages(site: Site, number: int, total: int, asked: Mapping[str, object]) -> dict[str, object]:
    last = min(max(1, -(-total // PAGE)), _LAST_PAGE)

    def to(at: int) -> str | None:
        return f"{site.base}/{_query({**asked, 'page': at if at > 1 else None})}" if 1 <= at <= last else None

    return {"number": number, "last": last, "before": to(number - 1), "after": to(number + 1)}
