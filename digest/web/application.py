"""The application: which page answers which address, and what stands around all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.errors import StoreError
from digest.pipeline.catching import Recent
from digest.pipeline.wiring import links
from digest.settings import Settings
from digest.store import Store
from digest.web import answers, feeds, health, issues, joining, leaving, reading
from digest.web.guards import Guards
from digest.web.metrics import Metrics
from digest.web.origins import is_foreign
from digest.web.remembering import Remembered
from digest.web.site import Clock, Site, base_path, site_of
from digest.web.templates import Templates

Handler = Callable[[Request], Awaitable[Response]]


def _now() -> datetime:
    return datetime.now(UTC)


def application(settings: Settings, store: Store, *, now: Clock = _now, metrics: Metrics | None = None) -> Starlette:
    """The pages of one instance over an open store. Raises ConfigError for templates and keys that cannot be used."""
    base = base_path(settings.site.url)

    async def state() -> Hashable:
        return (*await store.days.state(), now().date())

    site = Site(
        settings=settings,
        store=store,
        links=links(settings),
        templates=Templates(settings.site.templates, base),
        now=now,
        base=base,
        pages=Remembered(state),
        recent=Recent(settings, store),
    )
    metrics = metrics or Metrics()
    guards = Middleware(
        Guards,
        trusted=settings.web.trusted_proxies,
        base=base,
        https=settings.site.url.startswith("https://"),
        metrics=metrics,
    )
    handlers = {HTTPException: _refused, StoreError: _unavailable}
    app = Starlette(routes=_routes(), middleware=[guards], exception_handlers=handlers)
    app.state.site = site
    app.state.metrics = metrics
    return app


def _routes() -> list[Route]:
    return [
        Route("/", reading.day),
        Route("/papers/{id:path}", reading.paper),
        Route("/archive", reading.archive),
        Route("/archive/{month}", reading.month),
        Route("/archive/{month}/feed.xml", feeds.month_feed),
        Route("/profiles", reading.profiles),
        Route("/profiles/{name:path}/feed.xml", feeds.profile_feed),
        Route("/profiles/{name:path}", reading.profile),
        Route("/feed.xml", feeds.feed),
        Route("/subscribe", joining.form),
        Route("/subscribe", _ours(joining.subscribe), methods=["POST"]),
        Route("/subscribe/preview", _ours(joining.preview), methods=["POST"]),
        Route("/confirm/{token}", joining.confirmation),
        Route("/confirm/{token}", _ours(joining.confirm), methods=["POST"]),
        Route("/preferences/{token}", leaving.preferences),
        Route("/preferences/{token}", _ours(leaving.change), methods=["POST"]),
        Route("/unsubscribe/{token}", leaving.unsubscribe_page),
        Route("/unsubscribe/{token}", leaving.unsubscribe, methods=["POST"]),
        Route("/issues/{token}", issues.web_copy),
        Route("/issues/{token}/votes", _ours(issues.votes), methods=["POST"]),
        Route("/static/{name}", _static),
        Route("/favicon.ico", _icon),
        Route("/robots.txt", _robots),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.metrics),
    ]


def _ours(handler: Handler) -> Handler:
    """A POST that only our own pages may send."""

    async def guarded(request: Request) -> Response:
        if is_foreign(request, site_of(request).settings.site.url):
            return answers.message(
                request, "This came from another site", "Please use the form on our own page.", status=403
            )
        return await handler(request)

    return guarded


async def _static(request: Request) -> Response:
    for name, file in site_of(request).templates.files.items():
        if request.path_params["name"] in {file.name, name}:
            forever = "public, max-age=31536000, immutable" if request.path_params["name"] == file.name else "no-cache"
            return Response(file.data, headers={"content-type": file.content_type, "cache-control": forever})
    return answers.not_found(request)


async def _icon(request: Request) -> Response:
    file = site_of(request).templates.files["icon.svg"]
    return Response(file.data, headers={"content-type": file.content_type, "cache-control": "public, max-age=86400"})


async def _robots(_request: Request) -> Response:
    """Pages of single persons are for nobody to find; searches cost more than they show."""
    private = ("confirm", "preferences", "unsubscribe", "issues", "subscribe/preview", "metrics", "readyz", "healthz")
    lines = ["User-agent: *", *(f"Disallow: /{name}" for name in private), "Disallow: /*?q="]
    return PlainTextResponse("\n".join(lines) + "\n", headers={"cache-control": "public, max-age=86400"})


async def _refused(request: Request, error: Exception) -> Response:
    """404, 405, 400 and their like, as a page with a way on."""
    assert isinstance(error, HTTPException)
    titles = {
        404: "There is nothing here",
        405: "This cannot be done here",
        400: "This could not be read",
        429: "Please try again later",
    }
    said = {
        404: "The address may be misspelt, or what it named is gone. The search knows title, abstract and authors.",
        405: "The address is right, but not for what was tried.",
        400: "What was sent is not a form as our pages send it.",
        429: "Many searches came from your network in the last minute.",
    }
    made = answers.message(
        request,
        titles.get(error.status_code, "This did not work"),
        said.get(error.status_code, "Please try again from the start page."),
        status=error.status_code,
    )
    made.headers.update(error.headers or {})
    return made


async def _unavailable(request: Request, _error: Exception) -> Response:
    made = answers.message(
        request, "Back in a moment", "The papers cannot be read just now. Please try again in a minute.", status=503
    )
    made.headers["retry-after"] = "60"
    return made
