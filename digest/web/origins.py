"""Whether a POST comes from our own pages: another site must not make a visitor's browser send one.

The links in mails carry tokens that no other site knows, so this is a second wall. One-click unsubscribing comes from
mail programs and is let through before it (RFC 8058 section 3.2).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


def is_foreign(request: Request, site_url: str) -> bool:
    """True when a browser says that another site is behind this request; programs that say nothing are not browsers."""
    fetched = request.headers.get("sec-fetch-site", "")
    if fetched:
        return fetched not in {"same-origin", "none"}
    origin = request.headers.get("origin", "")
    if origin in {"", "null"}:  # "null" is what our own pages send, for their Referrer-Policy
        return False
    host = request.headers.get("host", "")
    return urlsplit(origin).netloc.lower() not in {host.lower(), urlsplit(site_url).netloc.lower()}
