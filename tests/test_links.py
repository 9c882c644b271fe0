from __future__ import annotations

import base64
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.links import SignedLinks, message_id, read_return_path, return_path, subscriber_key

SECRET = "s" * 40
LINKS = SignedLinks("https://papers.example.org/daily/", SECRET)
KEY = subscriber_key("ada@example.org", SECRET)
ISSUE = date(2026, 11, 23)
READERS = ("read_unsubscribe", "read_preferences", "read_confirm", "read_issue")


def _token(url: str) -> str:
    return url.rpartition("/")[2]


def _tokens() -> dict[str, str]:
    made = LINKS.for_issue(KEY, ISSUE)
    urls = (made.unsubscribe, made.preferences, LINKS.confirm(KEY), made.web_copy)
    return dict(zip(READERS, map(_token, urls), strict=True))


def test_a_key_is_short_opaque_and_always_the_same() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{12}", KEY)
    assert subscriber_key(" Ada@Example.ORG ", SECRET) == KEY
    assert subscriber_key("bob@example.org", SECRET) != KEY
    assert subscriber_key("ada@example.org", SECRET + "x") != KEY
    assert subscriber_key("e\u0301@x.org", SECRET) == subscriber_key("\u00e9@x.org", SECRET)


def test_links_stand_under_the_public_address() -> None:
    made = LINKS.for_issue(KEY, ISSUE)
    assert made.home == "https://papers.example.org/daily"
    for url, page in ((made.unsubscribe, "unsubscribe"), (made.preferences, "preferences"), (made.web_copy, "issues")):
        assert re.fullmatch(rf"https://papers\.example\.org/daily/{page}/[A-Za-z0-9._-]{{50,70}}", url)
        assert "ada" not in url


def test_the_same_input_makes_the_same_links() -> None:
    again = SignedLinks("https://papers.example.org/daily", SECRET)
    assert again.for_issue(KEY, ISSUE) == LINKS.for_issue(KEY, ISSUE)


@pytest.mark.parametrize("reader", READERS)
def test_a_token_is_read_for_its_own_purpose_only(reader: str) -> None:
    expected = (KEY, ISSUE) if reader == "read_issue" else KEY
    for purpose, token in _tokens().items():
        assert getattr(LINKS, reader)(token) == (expected if purpose == reader else None)


@pytest.mark.parametrize("reader", READERS)
def test_a_token_of_another_instance_is_refused(reader: str) -> None:
    assert getattr(SignedLinks(LINKS.base_url, "t" * 40), reader)(_tokens()[reader]) is None


@pytest.mark.parametrize("reader", READERS)
def test_a_token_with_any_character_changed_is_refused(reader: str) -> None:
    token = _tokens()[reader]
    for at, character in enumerate(token):
        for other in {"A", "B", "-", "."} - {character}:
            assert getattr(LINKS, reader)(token[:at] + other + token[at + 1 :]) is None
    last = token[-1]
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=":
        assert other == last or getattr(LINKS, reader)(token[:-1] + other) is None


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[])) | st.text("AZaz09._-=\n", max_size=80))
def test_garbage_is_nobody(token: str) -> None:
    assert [getattr(LINKS, reader)(token) for reader in READERS] == [None] * 4


def test_a_very_long_token_is_nobody() -> None:
    assert LINKS.read_unsubscribe("A" * 1_000_000) is None


def test_a_message_id_is_a_dot_atom_that_tells_no_address() -> None:
    made = message_id(KEY, ISSUE, "News.Example.org", SECRET)
    assert re.fullmatch(r"<20261123\.[0-9a-f]{24}@news\.example\.org>", made)
    assert made == message_id(KEY, ISSUE, "news.example.org", SECRET)
    assert made != message_id(KEY, date(2026, 11, 24), "news.example.org", SECRET)
    assert made != message_id("another-key_", ISSUE, "news.example.org", SECRET)
    assert KEY not in made


@pytest.mark.parametrize(
    ("domain", "written"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("a b", "digest.invalid"),
        ("", "digest.invalid"),
        ("ü..x", "digest.invalid"),
    ],
)
def test_the_domain_of_a_message_id_is_ascii(domain: str, written: str) -> None:
    assert message_id(KEY, ISSUE, domain, SECRET).endswith(f"@{written}>")


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(LINKS)


PATH = return_path(KEY, "digest", ISSUE, "bounces@news.example.org", SECRET)


def test_a_return_path_names_subscriber_kind_and_issue_and_fits_an_address() -> None:
    local, _, domain = PATH.partition("@")
    assert re.fullmatch(r"bounces\+[0-9a-v]{15}\.d261123\.[0-9a-v]{10}", local)
    assert len(local) <= 64
    assert domain == "news.example.org"
    assert read_return_path(PATH, SECRET) == (KEY, "digest", ISSUE)


def test_a_return_path_is_always_the_same_and_survives_letters_made_large() -> None:
    assert return_path(KEY, "digest", ISSUE, "bounces@news.example.org", SECRET) == PATH
    assert read_return_path(f" {PATH.upper()} ", SECRET) == (KEY, "digest", ISSUE)


@given(st.binary(min_size=9, max_size=9), st.dates(date(1970, 1, 1), date(2068, 12, 31)))
def test_every_subscriber_and_day_comes_back(octets: bytes, issue: date) -> None:
    key = base64.urlsafe_b64encode(octets).decode()
    for kind in ("digest", "confirm", "report", "unsubscribe"):
        assert read_return_path(return_path(key, kind, issue, "b@e.org", SECRET), SECRET) == (key, kind, issue)


@given(st.data())
def test_a_changed_return_path_is_nobodys(data: st.DataObject) -> None:
    local = PATH.partition("@")[0]
    at = data.draw(st.integers(local.index("+"), len(local) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdefghijklmnopqrstuv.+-@"))
    changed = PATH[:at] + letter + PATH[at + 1 :]
    assert changed == PATH or read_return_path(changed, SECRET) is None


@pytest.mark.parametrize("address", ["", "bounces@news.example.org", "a+b@c", "x" * 10_000, PATH + "\n@e.org", "ü@ü"])
def test_an_address_that_is_no_return_path_of_ours_is_nobodys(address: str) -> None:
    assert read_return_path(address, SECRET) is None
    assert read_return_path(PATH, SECRET + "x") is None


def test_a_mailbox_without_room_stays_as_it_is() -> None:
    long = "b" * 30 + "@news.example.org"
    assert return_path(KEY, "digest", ISSUE, long, SECRET) == long
    assert return_path(KEY, "digest", ISSUE, long[1:], SECRET) != long[1:]
