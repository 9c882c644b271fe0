"""The pages behind the links in every mail: change what one gets, pause, leave, take one's data along, be forgotten.

A GET or HEAD changes nothing, because programs follow every link in a mail; a POST needs nothing but the link.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from digest.cadence import local_day
from digest.pipeline import joining
from digest.settings import time_zones
from digest.store import NOBODY, StoredSubscriber
from digest.web import answers
from digest.web.forms import Entered, read_form, text_of
from digest.web.joining import form_values
from digest.web.site import Site, site_of
from digest.web.words import day_from, day_short

_DONE = {
    "saved": "Saved. It holds from the next mail on.",
    "weekly": "From now on one mail a week brings the best of it.",
    "paused": "Paused. The first mail afterwards brings the best of what came meanwhile.",
    "back": "Welcome back. The next mail comes at your usual time.",
    "unchanged": "Nothing was changed.",
    "suppressed": "Mail to this address came back, or was reported as junk, so we do not write to it. Please ask the people who run this site.",
}


async def preferences(request: Request) -> Response:
    """What one gets, and all that can be changed."""
    reader = await _reader(request, "preferences")
    if reader is None:
        return _lost(request)
    return _preferences(request, reader, Entered.held(reader.email, reader.held, site_of(request).settings))


def _preferences(request: Request, reader: StoredSubscriber, entered: Entered, status: int = 200) -> Response:
    site = site_of(request)
    values = {
        **form_values(site, entered),
        "status": reader.status,
        "done": _DONE.get(request.query_params.get("done", ""), ""),
        "today": _today(site, entered.timezone),
    }
    return answers.page(request, "preferences.html", values, path="", status=status, private=True)


async def change(request: Request) -> Response:
    """Do what a button says; `action` is the button, saving when there is none."""
    reader = await _reader(request, "preferences")
    if reader is None:
        return _lost(request)
    form = await read_form(request)
    action = text_of(form, "action") or "save"
    if action == "export":
        return await _export(request, reader)
    if action == "forget":
        return await _forget(request, reader, form)
    return await _changed(request, reader, form, action)


async def _changed(request: Request, reader: StoredSubscriber, form: FormData, action: str) -> Response:
    site = site_of(request)
    now = site.now()
    if action == "leave":
        await joining.leave(site.store, reader, now)
        return _left(request, reader)
    if action == "back":
        back = await joining.come_back(site.settings, site.store, reader, now)
        return answers.back_to(request, "back" if back else "suppressed")
    if action == "weekly":
        await joining.change(site.store, reader, {"cadence": "weekly", "days": None}, now)
        return answers.back_to(request, "weekly")
    if action == "pause":
        return await _pause(request, reader, text_of(form, "until"))
    if action == "save":
        return await _save(request, reader, Entered.of(form))
    return answers.back_to(request, "unchanged")


async def _save(request: Request, reader: StoredSubscriber, entered: Entered) -> Response:
    site = site_of(request)
    entered.email = reader.email  # the address is not for a form to change
    table = entered.table(site.settings)
    if table is None:
        return _preferences(request, reader, entered, 422)
    told = table.model_dump(mode="json")
    names = ("profiles", "keywords", "exclude", "weights", "timezone", "send_at", "cadence", "weekday", "paused_until")
    choices: dict[str, Any] = {name: told[name] for name in names}
    choices["days"] = None if entered.cadence != "days" else reader.held.get("days")
    if choices["cadence"] == "days" and not choices["days"]:
        entered.wrong["cadence"] = "Choose how often."
        return _preferences(request, reader, entered, 422)
    await joining.change(site.store, reader, choices, site.now())
    return answers.back_to(request, "saved")


async def _pause(request: Request, reader: StoredSubscriber, until: str) -> Response:
    site = site_of(request)
    today = _today(site, Entered.held("", reader.held, site.settings).timezone)
    days = int(until) if until.isascii() and until.isdigit() and len(until) <= 3 else None
    day: date | None = today + timedelta(days=days) if days is not None else day_from(until)
    if day is None or not today < day <= today + timedelta(days=366):
        return answers.back_to(request, "unchanged")
    await joining.change(site.store, reader, {"paused_until": day.isoformat()}, site.now())
    return answers.back_to(request, "paused")


async def _export(request: Request, reader: StoredSubscriber) -> Response:
    document = json.dumps(await joining.everything(site_of(request).store, reader), ensure_ascii=False, indent=2)
    headers = {**answers.PRIVATE, "content-disposition": 'attachment; filename="my-papers-digest.json"'}
    return Response(document, media_type="application/json", headers=headers)


async def _forget(request: Request, reader: StoredSubscriber, form: FormData) -> Response:
    site = site_of(request)
    if text_of(form, "sure") != "yes":
        return answers.back_to(request, "unchanged")
    await joining.forget(site.settings, site.store, reader, site.now())
    return answers.message(
        request,
        "You are forgotten",
        "Your address and all that belonged to it are deleted. No mail comes any more.",
        private=True,
    )


async def unsubscribe_page(request: Request) -> Response:
    """One button, and what may be better than leaving. Looking at it changes nothing."""
    reader = await _reader(request, "unsubscribe")
    if reader is None:
        return _lost(request)
    site = site_of(request)
    today = _today(site, Entered.held("", reader.held, site.settings).timezone)
    values = {
        "status": reader.status,
        "preferences": _preferences_of(site, reader),
        "weekly": reader.held.get("cadence") == "weekly",
        "month": day_short(today + timedelta(days=30)),
    }
    return answers.page(request, "unsubscribe.html", values, path="", private=True)


async def unsubscribe(request: Request) -> Response:
    """Leave, by the button or by a mail program's one click (RFC 8058): always 200, no redirect, no cookie, twice is fine."""
    site = site_of(request)
    reader = await _reader(request, "unsubscribe")
    if reader is None:
        return answers.message(
            request, "You get no mail from us", "This link belongs to no subscription.", private=True
        )
    await joining.leave(site.store, reader, site.now())
    return _left(request, reader)


def _left(request: Request, reader: StoredSubscriber) -> Response:
    site = site_of(request)
    return answers.message(
        request,
        "You are unsubscribed",
        "No mail comes any more. If that was a mistake, you can come back at once.",
        private=True,
        links=((_preferences_of(site, reader), "Come back, or change something"), (f"{site.base}/", "Today’s papers")),
    )


def _today(site: Site, zone: str) -> date:
    """The day it is for a reader; UTC's where the zone that was typed in is none."""
    return local_day(site.now(), zone if zone in time_zones() else "UTC")


def _preferences_of(site: Site, reader: StoredSubscriber) -> str:
    token = site.links.for_issue(reader.key, site.now().date()).preferences.rpartition("/")[2]
    return f"{site.base}/preferences/{token}"


async def _reader(request: Request, page: str) -> StoredSubscriber | None:
    """Whose link this is; nobody for an address that never confirmed."""
    site, token = site_of(request), request.path_params["token"]
    key = site.links.read_preferences(token) if page == "preferences" else site.links.read_unsubscribe(token)
    reader = await site.store.subscribers.by_key(key) if key else None
    return reader if reader and reader.email != NOBODY and reader.status != "unconfirmed" else None


def _lost(request: Request) -> Response:
    return answers.message(
        request,
        "This link leads nowhere",
        "It may be incomplete: copy all of it from the mail. Or the subscription it belonged to was deleted.",
        status=404,
        private=True,
    )
