"""Whether this instance lives, and whether it can do its work: for load balancers, and for people who look why not."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from digest.pipeline.health import health
from digest.pipeline.metrics import CONTENT_TYPE
from digest.web.metrics import Metrics
from digest.web.site import site_of

_NO_STORE = {"cache-control": "no-store"}


async def alive(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


async def ready(request: Request) -> Response:
    """200 when everything it needs works, else 503; either way with the reasons."""
    site = site_of(request)
    found = await health(site.settings, site.store, site.now())
    checks = {check.name: {"status": check.status, "detail": check.reason} for check in found.checks}
    return JSONResponse({"ready": found.ready, "checks": checks}, 200 if found.ready else 503, _NO_STORE)


async def metrics(request: Request) -> Response:
    """For who shows the token; without one configured the page does not exist."""
    site = site_of(request)
    token = site.settings.web.metrics_token
    if token is None:
        return PlainTextResponse("Set [web] metrics_token to have this page.\n", 404, _NO_STORE)
    shown = request.headers.get("authorization", "").encode("utf-8", "replace")
    if not hmac.compare_digest(shown, f"Bearer {token.get_secret_value()}".encode()):
        return PlainTextResponse(
            "Authorization: Bearer TOKEN is needed.\n", 401, {"www-authenticate": "Bearer", **_NO_STORE}
        )
    counted: Metrics = request.app.state.metrics
    text = await counted.process.text(site.settings, site.store, site.now())
    return Response(text, headers={"content-type": CONTENT_TYPE, **_NO_STORE})
