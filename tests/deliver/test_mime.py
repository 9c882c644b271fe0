"""The bytes of a message: legal for every relay, unbreakable by any text, readable by the standard parser."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.headers import encoded_words, one_line, split_mailbox, wire_address
from digest.deliver.mime import needs_smtputf8, to_bytes
from digest.errors import Refused, SenderRefused
from digest.models import Links, Message

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)
FIELDS = [
    "from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help",
    "feedback-id", "auto-submitted", "precedence", "mime-version", "content-type",
]  # fmt: skip
MESSAGE = Message(
    sender="Papers Digest <digest@news.example.org>",
    envelope_sender="bounce+1@news.example.org",
    recipient="ada@example.org",
    recipient_name="Ada Lovelace",
    subject="Graphs and 9 more",
    text="Hello\n",
    html="<p>Hello</p>\n",
    message_id="<2026-11-23.abc@news.example.org>",
    sent_at=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
    links=Links(
        unsubscribe="https://digest.example.org/unsubscribe/" + "t" * 120,
        preferences="https://digest.example.org/preferences/t",
        web_copy="https://digest.example.org/issues/t",
        home="https://digest.example.org/",
    ),
    list_id="Daily papers digest <daily.digest.example.org>",
    feedback_id="2026-11-23:daily:digest:papersdg",
)


def headers(data: bytes) -> list[tuple[str, str]]:
    head = data.split(b"\r\n\r\n", 1)[0].decode()
    lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
    return [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]


def header(data: bytes, name: str) -> str:
    (value,) = (value for field, value in headers(data) if field == name)
    return value


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def check(data: bytes, *, fields: list[str] = FIELDS) -> None:
    plain = data.replace(b"\r\n", b"")
    assert b"\r" not in plain
    assert b"\n" not in plain
    assert b"\0" not in plain
    assert max(map(len, data.split(b"\r\n"))) <= 998
    head, body = data.split(b"\r\n\r\n", 1)
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert body.isascii()
    assert all(line.strip() for line in head.split(b"\r\n"))
    assert [name for name, _ in headers(data)] == fields
    for word in re.findall(rb"=\?[^\s?]+\?[bq]\?[^\s?]*\?=", head):
        assert len(word) <= 75


def test_a_message_has_every_header_of_a_digest_once() -> None:
    data = to_bytes(MESSAGE)
    check(data)
    assert header(data, "from") == "Papers Digest <digest@news.example.org>"
    assert header(data, "to") == "Ada Lovelace <ada@example.org>"
    assert header(data, "subject") == "Graphs and 9 more"
    assert header(data, "date") == "Mon, 23 Nov 2026 06:30:00 +0000"
    assert header(data, "message-id") == MESSAGE.message_id
    assert header(data, "list-id") == MESSAGE.list_id
    assert header(data, "list-unsubscribe") == (
        f"<{MESSAGE.links.unsubscribe}>, <mailto:digest@news.example.org?subject=unsubscribe>"
    )
    assert header(data, "list-unsubscribe-post") == "List-Unsubscribe=One-Click"
    assert header(data, "list-help") == "<https://digest.example.org/>"
    assert header(data, "feedback-id") == MESSAGE.feedback_id
    assert header(data, "auto-submitted") == "auto-generated"


def test_the_parts_are_text_then_html_in_quoted_printable() -> None:
    message = parsed(to_bytes(replace(MESSAGE, text="Füße\n", html="<p>語</p>\n")))
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert {part["content-transfer-encoding"] for part in parts} == {"quoted-printable"}
    assert [part.get_content().replace("\r\n", "\n") for part in parts] == ["Füße\n", "<p>語</p>\n"]


def test_the_same_message_gives_the_same_bytes() -> None:
    assert to_bytes(MESSAGE) == to_bytes(replace(MESSAGE))


def test_the_boundary_is_the_messages_own_and_never_in_its_text() -> None:
    first, second = (to_bytes(replace(MESSAGE, message_id=f"<{n}@example.org>", text="--=_" * 50)) for n in (1, 2))
    boundaries = [parsed(data).get_boundary() for data in (first, second)]
    assert boundaries[0] != boundaries[1]
    assert all(str(boundary).startswith("=_") for boundary in boundaries)


def test_one_click_is_offered_over_https_only() -> None:
    data = to_bytes(replace(MESSAGE, links=replace(MESSAGE.links, unsubscribe="http://127.0.0.1:8000/u/t")))
    check(data, fields=[name for name in FIELDS if name != "list-unsubscribe-post"])
    assert header(data, "list-unsubscribe").startswith("<http://127.0.0.1:8000/u/t>, <mailto:")


@pytest.mark.parametrize("url", ["", "javascript:x", "https://", "https://e.org/" + "x" * 1000, " \r\n"])
def test_an_unsubscribe_address_that_cannot_stand_in_a_header_leaves_the_mailto(url: str) -> None:
    data = to_bytes(replace(MESSAGE, links=replace(MESSAGE.links, unsubscribe=url)))
    check(data, fields=[name for name in FIELDS if name != "list-unsubscribe-post"])
    assert header(data, "list-unsubscribe") == "<mailto:digest@news.example.org?subject=unsubscribe>"


def test_an_address_in_a_list_header_is_never_folded_or_encoded() -> None:
    raw = to_bytes(MESSAGE)
    assert f"<{MESSAGE.links.unsubscribe}>".encode() in raw
    odd = to_bytes(replace(MESSAGE, links=replace(MESSAGE.links, unsubscribe="https://e.org/a,b>\r\nBcc: <x>é")))
    assert header(odd, "list-unsubscribe").startswith("<https://e.org/a%2Cb%3E%0D%0ABcc:%20%3Cx%3E%C3%A9>, ")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada Lovelace", "Ada Lovelace <ada@example.org>"),
        ("Lovelace, Ada", '"Lovelace, Ada" <ada@example.org>'),
        ('The "Countess"', '"The \\"Countess\\"" <ada@example.org>'),
        ("", "ada@example.org"),
        ("Zoë", "=?utf-8?b?Wm/Dqw==?= <ada@example.org>"),
        ("=?utf-8?q?boss?=", "=?utf-8?b?PT91dGYtOD9xP2Jvc3M/PQ==?= <ada@example.org>"),
        ("a\r\nBcc: eve@example.org", '"a Bcc: eve@example.org" <ada@example.org>'),
    ],
)
def test_a_name_is_written_so_that_it_stays_a_name(name: str, written: str) -> None:
    data = to_bytes(replace(MESSAGE, recipient_name=name))
    check(data)
    assert header(data, "to") == written
    assert parsed(data)["to"].addresses[0].display_name == " ".join(name.split())


def test_an_international_domain_travels_as_ascii() -> None:
    message = replace(MESSAGE, recipient="ab@münchen.de")
    assert header(to_bytes(message), "to") == "Ada Lovelace <ab@xn--mnchen-3ya.de>"
    assert not needs_smtputf8(message)


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    message = replace(MESSAGE, recipient="jo\u0308rg@exämple.org")
    assert needs_smtputf8(message)
    assert header(to_bytes(message), "to") == "Ada Lovelace <jörg@xn--exmple-cua.org>"
    assert not needs_smtputf8(MESSAGE)
    assert needs_smtputf8(replace(MESSAGE, envelope_sender="jörg@example.org"))


@pytest.mark.parametrize(
    "address", ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b@example.org", "a@b,c", "<a@example.org>",
                "a@example.org\r\nBcc: x", "a..b@example.org", "a@-example.org", "a@exa..mple.org", "a" * 65 + "@e.org",
                "a@\udc80.org", "\udc80@e.org", "a@" + "ü" * 300 + ".org", "a\x00@e.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(Refused):
        to_bytes(replace(MESSAGE, recipient=address))
    with pytest.raises(SenderRefused):
        to_bytes(replace(MESSAGE, sender=f"Papers <{address}>"))


def test_a_sender_without_quotes_around_its_commas_is_understood() -> None:
    assert split_mailbox("Papers, Daily <p@example.org>") == ("Papers, Daily", "p@example.org")
    assert split_mailbox('"Papers, \\"Daily\\"" <p@example.org>') == ('Papers, "Daily"', "p@example.org")
    assert split_mailbox("p@example.org") == ("", "p@example.org")


def test_a_long_subject_is_folded_between_words() -> None:
    subject = "word " * 60 + "end"
    data = to_bytes(replace(MESSAGE, subject=subject))
    check(data)
    assert header(data, "subject") == subject
    assert max(map(len, data.split(b"\r\n\r\n")[0].split(b"\r\n"))) < 200


def test_a_date_is_utc_whatever_zone_it_came_in() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    data = to_bytes(replace(MESSAGE, sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=east)))
    assert header(data, "date") == "Mon, 23 Nov 2026 06:30:00 +0000"


@pytest.mark.parametrize("value", ["", "x", "<a b@c>", "<a@b>\r\nBcc: x", "<" + "a" * 2000 + "@b>", "<é@b>"])
def test_what_is_no_message_id_becomes_one_and_always_the_same(value: str) -> None:
    first, second = (header(to_bytes(replace(MESSAGE, message_id=value)), "message-id") for _ in range(2))
    assert first == second
    assert re.fullmatch(r"<[0-9a-f]{32}@news\.example\.org>", first)


def test_a_line_that_begins_with_from_or_a_dot_is_disguised() -> None:
    data = to_bytes(replace(MESSAGE, text="From here on\n.\nFrom " + "x" * 200 + "\n"))
    check(data)
    assert not re.search(rb"^(From |\.\r$)", data.split(b"\r\n\r\n", 1)[1], re.MULTILINE)
    part = parsed(data).get_body(("plain",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n") == "From here on\n.\nFrom " + "x" * 200 + "\n"


@settings(max_examples=150, deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_no_text_whatsoever_breaks_a_header_or_a_line(
    subject: str, name: str, text: str, html: str, list_id: str, other: str
) -> None:
    message = replace(
        MESSAGE,
        sender=f"{name} <digest@news.example.org>",
        subject=subject,
        recipient_name=name,
        text=text,
        html=html,
        list_id=f"{list_id} <{list_id}>",
        message_id=other,
        feedback_id="x" + other,
        links=replace(MESSAGE.links, unsubscribe="https://e.org/" + other, home=other),
    )
    data = to_bytes(message)
    check(data)
    assert decoded(header(data, "subject")) == one_line(subject)
    assert len(list(parsed(data).iter_parts())) == 2


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_every_subject_comes_back_as_it_was(subject: str) -> None:
    data = to_bytes(replace(MESSAGE, subject=subject))
    assert decoded(header(data, "subject")) == one_line(subject)
    assert parsed(data)["to"].addresses[0].addr_spec == "ada@example.org"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(0, 70))
def test_encoded_words_are_short_and_whole(text: str, column: int) -> None:
    words = encoded_words(text, column)
    assert all(len(word) <= 75 for word in words)
    assert "".join(decoded(word) for word in words) == text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200).filter(lambda text: "\r" not in text))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    message = parsed(to_bytes(replace(MESSAGE, text=text, html=text)))
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert payload.decode().replace("\r\n", "\n") == text


def test_an_address_is_normalised() -> None:
    assert wire_address("Ada+graphs@Example.ORG") == "Ada+graphs@Example.ORG"
