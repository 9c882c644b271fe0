"""The web copy of an issue, and votes that change visible weights."""

from __future__ import annotations

import pytest

from digest.models import Match, Paper, Profile, Reason, Settlement
from digest.pipeline.weighing import split_weight, vote, weighed, with_weight
from digest.store import Planned
from tests.web.conftest import MONDAY, NOW, row_of, text_of

PAPER = "arxiv:2611.00001"


@pytest.fixture
def issue(filled, reader, app):
    """`await issue(keywords=…)`: somebody got the issue of Monday; gives the row and their pages."""

    async def made(**fields):
        row_id, pages = await reader(**fields)
        await filled.outbox.plan([Planned(subscriber_id=row_id, issue=MONDAY, due_at=NOW)], NOW)
        row = next(one for one in await filled.deliveries.of(row_id) if one.kind == "digest")
        papers = (PAPER, "arxiv:2611.00002", "arxiv:9999.99999")
        sent = Settlement(state="sent", reason="", subject="3 papers", message_id="<x@example.org>", papers=papers)
        [leased] = (await filled.outbox.lease(NOW, NOW, 1, only=[row.id])).rows
        assert await filled.outbox.begin(leased.id, NOW)
        await filled.outbox.settle(row.id, sent, NOW)
        return row_id, pages

    return made


async def test_the_web_copy_has_the_papers_of_the_mail_and_why(visitor, issue):
    _, pages = await issue(keywords="message passing", profiles="graphs")
    page = await visitor.get(pages["web_copy"])
    text = text_of(page.text)
    assert page.status_code == 200
    assert "Monday, 23 November 2026" in text
    assert "1 paper of the mail is no longer stored" in text
    assert "<mark>message passing</mark>" in page.text
    assert text.index("Graph neural networks") < text.index("Equivariant diffusion")


async def test_the_web_copy_may_be_passed_on(visitor, issue, app, filled):
    row_id, pages = await issue(keywords="message passing")
    page = (await visitor.get(pages["web_copy"])).text
    row = await row_of(filled, row_id)
    links = app.state.site.links.for_issue(row.key, MONDAY)
    assert "ada@example.org" not in page
    assert links.preferences.rpartition("/")[2] not in page
    assert links.unsubscribe.rpartition("/")[2] not in page


async def test_an_issue_that_was_never_sent_has_no_web_copy(visitor, reader):
    _, pages = await reader()
    assert (await visitor.get(pages["web_copy"])).status_code == 404
    assert (await visitor.post(f"{pages['web_copy']}/votes", data={"vote": "more", "paper": PAPER})).status_code == 404


async def test_more_and_less_change_the_weights_of_own_keywords(visitor, filled, issue):
    row_id, pages = await issue(keywords="message passing\ntides^2")
    answer = await visitor.post(f"{pages['web_copy']}/votes", data={"vote": "more", "paper": PAPER})
    assert answer.status_code == 200
    assert "“message passing” is now “message passing^1.2”" in answer.text
    assert (await row_of(filled, row_id)).held["keywords"] == ["message passing^1.2", "tides^2"]
    for _ in range(2):
        await visitor.post(f"{pages['web_copy']}/votes", data={"vote": "less", "paper": PAPER})
    assert (await row_of(filled, row_id)).held["keywords"] == ["message passing^0.83", "tides^2"]
    assert "message passing^0.83" in (await visitor.get(pages["preferences"])).text


async def test_weights_of_a_topic_are_the_readers_own(visitor, filled, issue):
    row_id, pages = await issue(profiles="graphs")
    await visitor.post(f"{pages['web_copy']}/votes", data={"vote": "more", "paper": PAPER})
    assert (await row_of(filled, row_id)).held["weights"] == [
        "message passing^2.4",
        "graph neural network^1.2",
    ]
    page = (await visitor.get(pages["preferences"])).text
    assert "graph neural network^1.2" in page
    assert "graph neural network^1.2" not in (await visitor.get("/profiles/graphs")).text


@pytest.mark.parametrize(
    "form", [{}, {"vote": "more"}, {"vote": "most", "paper": PAPER}, {"vote": "more", "paper": "x"}]
)
async def test_a_vote_for_nothing_counts_for_nothing(visitor, filled, issue, form):
    row_id, pages = await issue(keywords="message passing")
    assert (await visitor.post(f"{pages['web_copy']}/votes", data=form)).status_code == 422
    assert (await row_of(filled, row_id)).held["keywords"] == ["message passing"]


async def test_without_keywords_a_vote_says_that_there_is_nothing_to_weigh(visitor, issue):
    _, pages = await issue()
    assert "More like this" not in (await visitor.get(pages["web_copy"])).text
    answer = await visitor.post(f"{pages['web_copy']}/votes", data={"vote": "more", "paper": PAPER})
    assert "no weight to change" in answer.text


def _match(keyword: str, profile: str = "") -> Match:
    paper = Paper(
        seq=1,
        id="x",
        title="t",
        abstract="",
        authors=(),
        categories=(),
        listed_on=MONDAY,
        first_seen_at=NOW,
        url="https://x",
    )
    reason = Reason(keyword=keyword, field="title", points=1.0)
    return Match(paper=paper, profile=profile, score=1.0, matched=(reason,))


@pytest.mark.parametrize(
    ("keyword", "after"),
    [
        ("graph", "graph^1.2"),
        ("graph^2.5", "graph^3"),
        ("equivarian*", "equivarian*^1.2"),
        ('"in the wild"', '"in the wild"^1.2'),
        ("graph AND protein^2", "(graph AND protein^2)^1.2"),
        ("(graph AND protein)^2", "(graph AND protein)^2.4"),
        ("+a -b", "(+a -b)^1.2"),
        ("(a) AND (b)", "((a) AND (b))^1.2"),
        ("graph^10", "graph^10"),
    ],
)
def test_a_vote_is_written_in_the_language_of_keywords(keyword, after):
    done = vote("more", [_match(keyword)], "", [keyword], [], [])
    assert done.fields["keywords"] == [after]
    assert done.changes == (((keyword, after),) if keyword != after else ())


def test_votes_up_and_down_come_back_to_where_they_were():
    keywords = ["graph"]
    for how in ("more", "less"):
        keywords = vote(how, [_match(keywords[0])], "", keywords, [], []).fields["keywords"]
    assert keywords == ["graph"]


def test_a_profile_is_weighed_for_one_reader_alone():
    profile = Profile(name="p", keywords=("graph^2", "mesh", "a AND b"))
    assert weighed(profile, ["graph^3", "nothing^9"]).keywords == ("graph^3", "mesh", "a AND b")
    assert weighed(profile, []) is profile
    assert split_weight("a AND b^2") == ("a AND b^2", 1.0)
    assert with_weight("graph", 0.0001) == "graph^0.1"


def test_the_next_digest_is_ranked_by_the_readers_weights(instance, mail_server):
    """Two readers of one topic; one has weighed its keywords."""
    server = mail_server()
    feed = instance.feed("a.xml", ["Alpha things", "Beta things"])
    profile = '[[profile]]\nname = "greek"\nkeywords = ["alpha^1.1", "beta"]\n'
    readers = (
        '[[subscriber]]\nemail = "plain@example.org"\nprofiles = ["greek"]\n'
        '[[subscriber]]\nemail = "weighed@example.org"\nprofiles = ["greek"]\nweights = ["beta^5"]\n'
    )
    instance.write(sources={"a": feed}, smtp_port=server.port, more=profile + readers)
    status, document = instance.send()
    assert status == 0
    first = {one["subscriber"]: one["papers"][0] for one in document["digests"]}
    assert first["plain@example.org"]["title"] == "Alpha things"
    assert first["weighed@example.org"]["title"] == "Beta things"
    assert first["weighed@example.org"]["matched"][0]["keyword"] == "beta^5"
