"""Pages as responses: rendered for one request, or kept for everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from digest.links import SignedLinks
from digest.web.remembering import Kept, answer, keep
from digest.web.site import Site, site_of

PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
"""For whatever belongs to one person."""


def page(
    request: Request, name: str, values: Mapping[str, object], *, path: str, status: int = 200, private: bool = False
) -> Response:
    """A page for one request; a private one is kept nowhere and found by no search engine."""
    site = site_of(request)
    text = site.templates.render(name, {**site.frame(path, private=private), **values})
    return HTMLResponse(text, status, PRIVATE if private else {"cache-control": "no-store"})


def message(
    request: Request,
    title: str,
    *paragraphs: str,
    status: int = 200,
    private: bool = False,
    links: tuple[tuple[str, str], ...] = (),
) -> Response:
    """A page that says one thing, and where to go on."""
    base = site_of(request).base
    values = {"title": title, "paragraphs": paragraphs, "links": links or ((f"{base}/", "Today’s papers"),)}
    return page(request, "message.html", values, path="", status=status, private=private)


async def kept_page(
    request: Request, asked: Hashable, name: str, make: Callable[[], Awaitable[tuple[str, Mapping[str, object]] | None]]
) -> Response | None:
    """A page that is the same for everybody; `make` gives its path and values, or None for what does not exist."""
    site = site_of(request)

    async def made() -> Kept:
        found = await make()
        if found is None:
            return keep("", status=404)
        path, values = found
        text = site.templates.render(name, {**site.frame(path), **values})
        return keep(
            text, "application/atom+xml; charset=utf-8" if name.endswith(".xml") else "text/html; charset=utf-8"
        )

    page_kept = await site.pages.get((name, asked), made)
    if page_kept.status == 404:
        return None
    return answer(request, page_kept, stamp(site))


def stamp(site: Site) -> str:
    """When this form is handed out; made once a second, however many ask."""
    return _stamp(site.links, int(site.now().timestamp()))


@lru_cache(maxsize=4)
def _stamp(links: SignedLinks, second: int) -> str:
    return links.stamp(second)


def back_to(request: Request, said: str) -> Response:
    """After a change: the same page again, which says what was done; a reload repeats nothing."""
    path = f"{site_of(request).base}{request.url.path.removeprefix(request.scope.get('root_path', ''))}"
    return RedirectResponse(f"{path}?done={said}", 303, PRIVATE)


def not_found(request: Request, *paragraphs: str, private: bool = False) -> Response:
    """What is not here, with a way on."""
    return message(request, "There is nothing here", *paragraphs, status=404, private=private)
