"""The links in every mail: preferences, unsubscribing, data and deletion; and tokens that are not what they seem."""

from __future__ import annotations

import json

import pytest

from digest.links import SignedLinks
from digest.pipeline.audience import enrol
from digest.settings import load
from digest.web.application import application
from tests.web.conftest import MONDAY, NOW, Visitor, path_of, row_of

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def test_preferences_are_shown_and_changed(visitor, filled, reader):
    row_id, pages = await reader(keywords="tides", profiles="graphs")
    page = await visitor.get(pages["preferences"])
    assert page.status_code == 200
    assert ">tides</textarea>" in page.text.replace("\n", "")
    assert 'value="graphs" checked' in page.text
    form = {
        "action": "save",
        "keywords": "waves\nauthor:Lovelace^2",
        "exclude": "survey",
        "profiles": "a b/c?é",
        "cadence": "weekdays",
        "send_at": "05:45",
        "timezone": "Pacific/Auckland",
    }
    answer = await visitor.post(pages["preferences"], data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{pages['preferences']}?done=saved"
    assert "Saved" in (await visitor.get(answer.headers["location"])).text
    held = (await row_of(filled, row_id)).held
    assert held["keywords"] == ["waves", "author:Lovelace^2"]
    assert held["profiles"] == ["a b/c?é"]
    assert (held["exclude"], held["cadence"], held["timezone"]) == (["survey"], "weekdays", "Pacific/Auckland")
    assert str(held["send_at"])[:5] == "05:45"


async def test_a_mistake_in_preferences_is_said_and_changes_nothing(visitor, filled, reader):
    row_id, pages = await reader(keywords="tides")
    answer = await visitor.post(pages["preferences"], data={"keywords": "(graph", "timezone": "UTC"})
    assert answer.status_code == 422
    assert "Line 1" in answer.text
    assert (await row_of(filled, row_id)).held["keywords"] == ["tides"]


async def test_the_address_cannot_be_changed_by_a_form(visitor, filled, reader):
    row_id, pages = await reader(keywords="tides")
    await visitor.post(pages["preferences"], data={"email": "mallory@example.org", "keywords": "waves"})
    assert (await row_of(filled, row_id)).email == "ada@example.org"


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ({"action": "weekly"}, "cadence", "weekly"),
        ({"action": "pause", "until": "30"}, "paused_until", "2026-12-23"),
        ({"action": "pause", "until": "2026-12-01"}, "paused_until", "2026-12-01"),
    ],
)
async def test_weekly_instead_and_pause_are_one_press(visitor, filled, reader, form, field, value):
    row_id, pages = await reader()
    assert (await visitor.post(pages["preferences"], data=form)).status_code == 303
    assert (await row_of(filled, row_id)).held[field] == value


@pytest.mark.parametrize("until", ["0", "-5", "9999", "2025-01-01", "2999-01-01", "soon", ""])
async def test_a_pause_that_makes_no_sense_changes_nothing(visitor, filled, reader, until):
    row_id, pages = await reader()
    answer = await visitor.post(pages["preferences"], data={"action": "pause", "until": until})
    assert answer.headers["location"].endswith("?done=unchanged")
    assert not (await row_of(filled, row_id)).held.get("paused_until")


@pytest.mark.parametrize("body", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}])
async def test_one_click_leaves_at_once(visitor, filled, reader, body):
    row_id, pages = await reader()
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://mail.example"}
    for _ in range(2):  # twice is fine
        answer = await visitor.post(pages["unsubscribe"], headers=foreign, **body)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert (await row_of(filled, row_id)).status == "unsubscribed"


async def test_a_link_that_belongs_to_nobody_is_answered_alike(visitor):
    for token in ("x", "A" * 500, "%00", "AAAAAAAAAAAA.bbbb"):
        answer = await visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)
        assert answer.status_code == 200
        assert "You get no mail from us" in answer.text


async def test_nothing_that_follows_links_changes_anything(visitor, filled, reader):
    row_id, pages = await reader(keywords="tides")
    before = await row_of(filled, row_id)
    for path in pages.values():
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
            answer = await visitor.ask(method, path)
            assert answer.status_code in {200, 404, 405}
            assert "set-cookie" not in answer.headers
        await visitor.get(f"{path}?action=forget&sure=yes&List-Unsubscribe=One-Click&vote=more&paper=arxiv:2611.00001")
    assert await row_of(filled, row_id) == before


async def test_pages_of_persons_stay_private(visitor, reader):
    _, pages = await reader()
    for path in pages.values():
        answer = await visitor.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]


async def test_who_left_can_come_back_and_sees_why_no_mail_comes(visitor, filled, reader):
    row_id, pages = await reader(keywords="tides")
    await visitor.post(pages["unsubscribe"], data=ONE_CLICK)
    assert "You are unsubscribed" in (await visitor.get(pages["preferences"])).text
    await visitor.post(pages["preferences"], data={"action": "save", "keywords": "waves"})
    assert (await row_of(filled, row_id)).status == "unsubscribed"
    await visitor.post(pages["preferences"], data={"action": "back"})
    row = await row_of(filled, row_id)
    assert (row.status, row.held["keywords"]) == ("active", ["waves"])


async def test_a_suppressed_address_does_not_come_back_by_itself(visitor, filled, reader):
    row_id, pages = await reader()
    await filled.subscribers.set_status([row_id], "suppressed", NOW)
    answer = await visitor.post(pages["preferences"], data={"action": "back"})
    assert answer.headers["location"].endswith("?done=suppressed")
    await visitor.post(pages["confirm"])
    await visitor.post(pages["unsubscribe"], data=ONE_CLICK)
    assert (await row_of(filled, row_id)).status == "suppressed"


async def test_one_can_take_ones_data_along(visitor, filled, reader):
    _, pages = await reader(keywords="tides")
    answer = await visitor.post(pages["preferences"], data={"action": "export"})
    assert answer.headers["content-disposition"].startswith("attachment")
    document = json.loads(answer.text)
    assert document["email"] == "ada@example.org"
    assert document["settings"]["keywords"] == ["tides"]
    assert document["signup"]["network"] == "203.0.113.0/24"
    assert [mail["kind"] for mail in document["mails"]] == ["confirm"]


async def test_deleting_needs_a_tick_and_leaves_nothing(visitor, filled, reader):
    row_id, pages = await reader(keywords="tides")
    await visitor.post(pages["preferences"], data={"action": "forget"})
    assert (await row_of(filled, row_id)).status == "active"
    assert "forgotten" in (await visitor.post(pages["preferences"], data={"action": "forget", "sure": "yes"})).text
    assert await filled.subscribers.all() == []
    assert await filled.deliveries.of(row_id) == []
    assert await filled.signups.wish(row_id) is None
    assert (await visitor.get(pages["preferences"])).status_code == 404
    assert (await visitor.post(pages["unsubscribe"], data=ONE_CLICK)).status_code == 200


async def test_tokens_are_good_for_their_own_purpose_only(visitor, filled, reader, app):
    row_id, pages = await reader(keywords="tides")
    before = await row_of(filled, row_id)
    tokens = {name: path.rpartition("/")[2] for name, path in pages.items()}
    places = {"confirm": "confirm", "preferences": "preferences", "unsubscribe": "unsubscribe", "web_copy": "issues"}
    for made_for, token in tokens.items():
        for place, path in places.items():
            if place == made_for:
                continue
            suffix = "/votes" if path == "issues" else ""
            answer = await visitor.post(
                f"/{path}/{token}{suffix}", data={**ONE_CLICK, "action": "forget", "sure": "yes", "vote": "more"}
            )
            assert answer.status_code == (200 if path == "unsubscribe" else 404)
    assert await row_of(filled, row_id) == before


async def test_forged_and_damaged_tokens_open_nothing(visitor, filled, reader):
    row_id, pages = await reader()
    token = pages["preferences"].rpartition("/")[2]
    foreign = SignedLinks("http://127.0.0.1:8000", "another-key-another-key-another-key-1234")
    key = token.partition(".")[0]
    forged = [
        token[:-1],
        token[1:],
        token.swapcase(),
        f"{token}=",
        key,
        f"{key}.",
        f".{token}",
        token + "a" * 300,
        path_of(foreign.for_issue(key, MONDAY).preferences).rpartition("/")[2],
        "%F0%9F%98%80",
        "..%2f..%2fetc%2fpasswd",
        "'%20OR%201=1--",
    ]
    for one in forged:
        assert (await visitor.get(f"/preferences/{one}")).status_code == 404, one
        assert (await visitor.post(f"/preferences/{one}", data={"action": "leave"})).status_code == 404, one
    assert (await row_of(filled, row_id)).status == "active"


async def test_a_reader_who_never_confirmed_has_no_pages(visitor, filled, app):
    await visitor.sign_up()
    [row] = await filled.subscribers.all()
    pages = app.state.site.links.for_issue(row.key, MONDAY)
    assert (await visitor.get(path_of(pages.preferences))).status_code == 404
    await visitor.post(path_of(pages.unsubscribe), data=ONE_CLICK)
    assert (await row_of(filled, row.id)).status == "unconfirmed"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "garbage"},
    ],
)
async def test_other_sites_cannot_post_for_a_visitor(visitor, filled, reader, headers):
    row_id, pages = await reader(keywords="tides")
    before = await row_of(filled, row_id)
    for path in (
        pages["preferences"],
        pages["confirm"],
        f"{pages['web_copy']}/votes",
        "/subscribe",
        "/subscribe/preview",
    ):
        answer = await visitor.post(path, headers=headers, data={"email": "new@example.org", "action": "leave"})
        assert answer.status_code == 403, path
    assert await row_of(filled, row_id) == before
    assert len(await filled.subscribers.all()) == 1


async def test_our_own_pages_can_post_although_they_hide_where_they_are(visitor, reader):
    _, pages = await reader()
    for headers in (
        {"origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": "http://127.0.0.1:8000"},
    ):
        answer = await visitor.post(pages["preferences"], headers=headers, data={"action": "nothing"})
        assert answer.status_code == 303


async def test_text_of_readers_is_never_markup(visitor, reader):
    _, pages = await reader(keywords='"<script>alert(1)</script>"')
    page = (await visitor.get(pages["preferences"])).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


async def test_a_mistake_without_a_time_zone_is_no_accident(visitor, reader):
    _, pages = await reader(keywords="tides")
    for zone in ("", "Nowhere/At/All", "../x"):
        answer = await visitor.post(pages["preferences"], data={"keywords": "(graph", "timezone": zone})
        assert answer.status_code == 422


async def test_who_is_named_by_a_file_can_be_forgotten_and_is_not_taken_in_again(configure, filled, clock):
    more = '[[subscriber]]\nemail = "ada@example.org"\nkeywords = ["tides"]\n'
    path = configure().path
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    settings = load(path, {})
    [ada] = await enrol(settings, filled, NOW)
    app = application(settings, filled, now=clock)
    preferences = path_of(app.state.site.links.for_issue(ada.key, MONDAY).preferences)
    assert (await Visitor(app).post(preferences, data={"action": "forget", "sure": "yes"})).status_code == 200
    readers = await enrol(settings, filled, NOW)
    assert [(one.subscriber.email, one.status) for one in readers] == [("forgotten@localhost", "unsubscribed")]
    assert (await Visitor(app).get(preferences)).status_code == 404


async def test_what_a_reader_of_a_file_chooses_stands_over_the_file(configure, filled, clock):
    more = '[[subscriber]]\nemail = "ada@example.org"\nkeywords = ["tides"]\ntimezone = "UTC"\n'
    path = configure().path
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    settings = load(path, {})
    [ada] = await enrol(settings, filled, NOW)
    app = application(settings, filled, now=clock)
    preferences = path_of(app.state.site.links.for_issue(ada.key, MONDAY).preferences)
    form = {"keywords": "waves", "timezone": "Asia/Tokyo", "send_at": "06:00", "cadence": "daily"}
    assert (await Visitor(app).post(preferences, data=form)).status_code == 303
    [ada] = await enrol(settings, filled, NOW)
    assert (ada.subscriber.keywords, ada.subscriber.cadence.zone) == (("waves",), "Asia/Tokyo")
    path.write_text(path.read_text(encoding="utf-8").replace('["tides"]', '["moons"]'), encoding="utf-8")
    [ada] = await enrol(load(path, {}), filled, NOW)  # what changes in the file holds from then on
    assert (ada.subscriber.keywords, ada.subscriber.cadence.zone) == (("moons",), "Asia/Tokyo")
