"""Signing up: the form, its preview, the sign-up itself and its confirmation. The answer never tells who reads here."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from digest.errors import KeywordError
from digest.pipeline import joining
from digest.settings import SubscriberSettings, time_zones
from digest.store import StoredSubscriber
from digest.web import answers
from digest.web.cards import matched_card
from digest.web.forms import CADENCES, WEEKDAYS, Entered, read_form, text_of
from digest.web.limits import coarse, network_of
from digest.web.site import Site, site_of

_STAMP_AGE = timedelta(hours=24)
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_PREVIEWS = 30
"""A minute, from one network."""
HONEYPOT = "website"
"""A field that people do not see and programs fill in."""


def form_values(site: Site, entered: Entered) -> dict[str, object]:
    """What the forms with wishes show."""
    return {
        "entered": entered,
        "cadences": CADENCES,
        "weekdays": WEEKDAYS,
        "zones": sorted(time_zones()),
        "defaults": site.settings.schedule,
        "catch": None,
    }


async def form(request: Request) -> Response:
    """The form, with one topic ticked when a profile's page led here."""
    site = site_of(request)
    if not site.settings.web.signup:
        return _closed(request)
    entered = Entered(timezone=site.settings.schedule.timezone, cadence=site.settings.schedule.cadence)
    entered.send_at = f"{site.settings.schedule.send_at:%H:%M}"
    if request.query_params.get("topic") in site.profiles:
        entered.profiles = [request.query_params["topic"]]
    return _form(request, entered)


def _form(request: Request, entered: Entered, status: int = 200, notice: str = "") -> Response:
    site = site_of(request)
    values = {**form_values(site, entered), "stamp": answers.stamp(site), "notice": notice}
    return answers.page(request, "subscribe.html", values, path="/subscribe", status=status)


def _closed(request: Request) -> Response:
    return answers.message(request, "Subscriptions are closed", "Here you can read, but not subscribe.", status=403)


async def subscribe(request: Request) -> Response:
    """Take in a sign-up, or show the form again with what is wrong in it."""
    site = site_of(request)
    if not site.settings.web.signup:
        return _closed(request)
    sent = await read_form(request)
    entered = Entered.of(sent)
    if text_of(sent, "preview"):
        return await _previewed(request, entered)
    table = entered.table(site.settings)
    if table is None:
        return _form(request, entered, 422)
    if text_of(sent, HONEYPOT):
        return _thanks(request)  # a program: it hears what everybody hears, and nothing is done
    if notice := _in_haste(site, text_of(sent, "stamp")):
        return _form(request, entered, notice=notice)
    return await _taken_in(request, table)


async def _taken_in(request: Request, table: SubscriberSettings) -> Response:
    site = site_of(request)
    now, network, web = site.now(), network_of(request.state.visitor), site.settings.web
    if not site.limits.allow("signup", network, web.signups_per_network, _DAY, now):
        return _too_many(request, "Many sign-ups came from your network today.", 86_400)
    if await site.store.signups.asked_since(now - _HOUR) >= web.signups_per_hour:
        return _too_many(request, "More people than usual are signing up just now.", 3600)
    await joining.sign_up(site.settings, site.store, table, coarse(network), now)
    return _thanks(request)


def _in_haste(site: Site, stamp: str) -> str:
    """What to say to who fills in a form faster than a person can, or sends one that is not ours; "" when all is well."""
    least = site.settings.web.fill_seconds
    if not least:
        return ""
    made = site.links.read_stamp(stamp)
    if made is None:
        return "Please look at your entries once more, and press Subscribe."
    age = site.now().timestamp() - made
    if age > _STAMP_AGE.total_seconds():
        return "This page was open for a long time. Please press Subscribe once more."
    return "That was very quick. Please press Subscribe once more." if age < least else ""


def _thanks(request: Request) -> Response:
    return answers.message(
        request,
        "Look into your mailbox",
        "We have sent you a mail with a link. Your subscription begins when you press the button behind it.",
        "Nothing there after a few minutes? Look among the junk mail. We write to an address at most once a day.",
    )


def _too_many(request: Request, why: str, seconds: int) -> Response:
    made = answers.message(request, "Please try again later", why, status=429)
    made.headers["retry-after"] = str(seconds)
    return made


async def preview(request: Request) -> Response:
    """What the wishes in the form would have brought in the last weeks, as a piece of a page."""
    site = site_of(request)
    entered = Entered.of(await read_form(request))
    values = await _catch(request, entered)
    text = site.templates.render("preview.html", {**site.frame("/subscribe"), **values})
    return HTMLResponse(text, headers={"cache-control": "no-store"})


async def _previewed(request: Request, entered: Entered) -> Response:
    """The same for who has no JavaScript: the whole form again, with the preview in it."""
    site = site_of(request)
    values = {**form_values(site, entered), **await _catch(request, entered)}
    values |= {"stamp": answers.stamp(site), "notice": ""}
    return answers.page(request, "subscribe.html", values, path="/subscribe")


async def _catch(request: Request, entered: Entered) -> dict[str, object]:
    """The preview, or the sentence that stands in its place."""
    site = site_of(request)
    network = network_of(request.state.visitor)
    nothing: dict[str, object] = {"catch": None, "best": [], "said": ""}
    if not site.limits.allow("preview", network, _PREVIEWS, _MINUTE, site.now()):
        return nothing | {"said": "The preview needs a moment of rest."}
    entered.wrong.clear()
    entered.table(site.settings)
    problems = {name: text for name, text in entered.wrong.items() if name in {"keywords", "exclude", "profiles"}}
    entered.wrong = problems
    if problems:
        return nothing | {"said": next(iter(problems.values()))}
    if not entered.keywords and not entered.profiles:
        return nothing | {"said": "Without topics and keywords you get the papers that others read most."}
    numbers = [site.profiles[name] for name in entered.profiles]
    try:
        catch = await site.recent.of_wishes(numbers, entered.keywords, entered.exclude)
    except KeywordError as error:
        return nothing | {"said": f"{error.message}. {error.hint}".strip()}
    return {"catch": catch, "best": [matched_card(one, site.base) for one in catch.best(3)], "said": ""}


async def confirmation(request: Request) -> Response:
    """What would be confirmed, and the button; looking at it changes nothing."""
    site, reader = site_of(request), await confirming_reader(request)
    if reader is None:
        return _lost(request)
    wish = await site.store.signups.wish(reader.id)
    open_ = (
        wish is not None and wish.confirmed_at is None and not joining.reads(reader) and reader.status != "suppressed"
    )
    fields = wish.fields if wish and open_ else reader.held
    entered = Entered.held(reader.email, fields, site.settings)
    values = {"entered": entered, "open": open_, "active": joining.reads(reader), "cadences": CADENCES}
    return answers.page(request, "confirm.html", values, path="", private=True)


async def confirm(request: Request) -> Response:
    """The button was pressed. Once more is fine."""
    site, reader = site_of(request), await confirming_reader(request)
    if reader is None:
        return _lost(request)
    done = await joining.confirm(site.settings, site.store, reader, site.now())
    if not done and not joining.reads(reader):
        return _lost(request)
    preferences = site.links.for_issue(reader.key, site.now().date()).preferences
    return answers.message(
        request,
        "You are subscribed",
        "Your first mail comes at the time you chose. Every mail has links to change what you get, and to leave.",
        private=True,
        links=((preferences, "Change what you get"), (f"{site.base}/", "Today’s papers")),
    )


async def confirming_reader(request: Request) -> StoredSubscriber | None:
    """Whose link to confirm this is."""
    site = site_of(request)
    key = site.links.read_confirm(request.path_params["token"])
    return await site.store.subscribers.by_key(key) if key else None


def _lost(request: Request) -> Response:
    site = site_of(request)
    return answers.message(
        request,
        "This link leads nowhere any more",
        f"It may be incomplete, or older than {site.settings.web.confirm_days} days. Subscribe again to get a new one.",
        status=404,
        private=True,
        links=((f"{site.base}/subscribe", "Subscribe"), (f"{site.base}/", "Today’s papers")),
    )
