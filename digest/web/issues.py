"""The web copy of an issue, and the votes on its papers. The copy may be passed on: it shows no address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from digest.models import Match
from digest.pipeline import issues
from digest.pipeline.weighing import Vote
from digest.store import StoredSubscriber
from digest.web import answers
from digest.web.cards import Card, card, matched_card
from digest.web.forms import read_form, text_of
from digest.web.site import site_of

_VOTES: dict[str, Vote] = {"more": "more", "less": "less"}


async def web_copy(request: Request) -> Response:
    """All papers of an issue, and why each is there; looking at it changes nothing."""
    site = site_of(request)
    reader, issue = await _issue(request)
    if reader is None or issue is None:
        return _lost(request)
    why = await issues.reasons(site.settings, site.recent, reader, issue.papers)
    cards = [
        _card(why[paper.id][0], site.base) if why.get(paper.id) else card(paper, site.base, limit=20_000)
        for paper in issue.papers
    ]
    values = {
        "day": issue.delivery.issue,
        "subject": issue.delivery.subject,
        "cards": cards,
        "missing": len(issue.delivery.papers) - len(cards),
        "votes": f"{site.base}/issues/{request.path_params['token']}/votes",
        "weighable": bool(why),
    }
    return answers.page(request, "issue.html", values, path="", private=True)


def _card(match: Match, base: str) -> Card:
    return matched_card(match, base, profile=match.profile, limit=20_000)


async def votes(request: Request) -> Response:
    """More or less like a paper of the issue: says which weights changed, and to what."""
    site = site_of(request)
    reader, issue = await _issue(request)
    if reader is None or issue is None:
        return _lost(request)
    form = await read_form(request)
    how, name = _VOTES.get(text_of(form, "vote")), text_of(form, "paper")
    paper = next((paper for paper in issue.papers if paper.id == name), None)
    back = (f"{site.base}/issues/{request.path_params['token']}", "Back to the issue")
    if how is None or paper is None:
        return answers.message(
            request,
            "This vote cannot be counted",
            "It names no paper of the issue.",
            status=422,
            private=True,
            links=(back,),
        )
    done = await issues.cast_vote(site.settings, site.store, site.recent, reader, paper, how, site.now())
    if done.changes:
        told = [f"“{before}” is now “{after}”." for before, after in done.changes]
        title = "More like this" if how == "more" else "Less like this"
        more = "The weights stand on the page behind “Change your keywords” in every mail; there you can edit them."
        return answers.message(request, title, *told, more, private=True, links=(back,))
    return answers.message(
        request,
        "There is no weight to change",
        "None of the keywords that you read by now is in this paper, or all of them are at their limit. "
        "“Change your keywords” in every mail leads to the page where you can add some.",
        private=True,
        links=(back,),
    )


async def _issue(request: Request) -> tuple[StoredSubscriber | None, issues.Issue | None]:
    site = site_of(request)
    read = site.links.read_issue(request.path_params["token"])
    reader = await site.store.subscribers.by_key(read[0]) if read else None
    if read is None or reader is None:
        return None, None
    return reader, await issues.sent_issue(site.store, reader, read[1])


def _lost(request: Request) -> Response:
    return answers.message(
        request,
        "There is no web copy here",
        "The link may be incomplete: copy all of it from the mail. Previews and tests have no web copy.",
        status=404,
        private=True,
    )
