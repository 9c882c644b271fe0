"""Signatures: verified by another implementation, broken by whatever a reader would see differently."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.dkim import Signer, new_key
from digest.deliver.mime import to_bytes
from digest.errors import ConfigError
from digest.models import Links, Message

PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
MESSAGE = Message(
    sender="Papers Digest <digest@news.example.org>",
    envelope_sender="bounces@news.example.org",
    recipient="ada@example.org",
    recipient_name="Ada Lovelace",
    subject="Füße, 日本語 and " + "a long tail " * 12,
    text="Hello\n",
    html="<p>Hello</p>\n",
    message_id="<20261123.abc@news.example.org>",
    sent_at=NOW,
    links=Links(
        unsubscribe="https://digest.example.org/unsubscribe/" + "t" * 120,
        preferences="https://digest.example.org/preferences/t",
        web_copy="https://digest.example.org/issues/t",
        home="https://digest.example.org/",
    ),
    list_id="Daily papers digest <daily.digest.example.org>",
    feedback_id="2026-11-23:daily:digest:papersdg",
)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    file = tmp_path_factory.mktemp("keys") / "dkim.pem"
    file.write_bytes(new_key())
    return Signer.load("news.example.org", "digest", file)


def verified(signer: Signer, data: bytes) -> bool:
    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return signer.record.encode() if name == f"{signer.host}.".encode() else None

    try:
        return bool(dkim.verify(data, dnsfunc=dns))
    except dkim.DKIMException:  # not even a message any more
        return False


def test_a_signed_message_is_verified_and_the_same_message_is_signed_the_same(signer: Signer) -> None:
    data = to_bytes(MESSAGE, signer)
    assert verified(signer, data)
    assert data == to_bytes(MESSAGE, signer)
    assert data.endswith(to_bytes(MESSAGE))


def test_a_signature_covers_one_click_and_has_lines_and_letters_every_relay_takes(signer: Signer) -> None:
    head = to_bytes(MESSAGE, signer).partition(b"\r\nFrom:")[0]
    assert head.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=news.example.org;")
    assert max(map(len, head.split(b"\r\n"))) <= 78
    tags = dict(tag.strip().split("=", 1) for tag in head.decode().replace("\r\n ", "").split(":", 1)[1].split(";"))
    assert "l" not in tags
    names = tags["h"].split(":")
    for name in ("list-unsubscribe", "list-unsubscribe-post", "feedback-id", "mime-version", "content-type"):
        assert name in names
    for name in ("from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe", "list-help"):
        assert names.count(name) == 2
    assert names.count("reply-to") == names.count("cc") == 1


@pytest.mark.parametrize(
    "field",
    ["Subject", "From", "To", "Cc", "Reply-To", "Date", "Message-ID", "Content-Type", "MIME-Version", "List-Unsubscribe",
     "List-Unsubscribe-Post", "List-Id", "List-Help", "List-Post", "List-Owner", "List-Archive", "List-Subscribe"],
)  # fmt: skip
def test_an_added_header_breaks_the_signature(signer: Signer, field: str) -> None:
    data = to_bytes(MESSAGE, signer)
    added = f"{field}: x@example.org\r\n".encode()
    assert not verified(signer, added + data)
    assert not verified(signer, data.replace(b"MIME-Version", added + b"MIME-Version", 1))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_letter_of_a_signed_header_or_of_the_body_breaks_the_signature(
    signer: Signer, data: st.DataObject
) -> None:
    message = to_bytes(MESSAGE, signer)
    start = message.index(b"\r\nFrom:") + 2
    at = data.draw(st.integers(start, len(message) - 1).filter(lambda at: message[at] not in b" \t\r\n"))
    letter = b"#" if message[at : at + 1] != b"#" else b"%"
    assert not verified(signer, message[:at] + letter + message[at + 1 :])


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", "no end", "  spaces  \n\n", ".\n..\n", "From me\n", "é" * 400])
def test_every_body_is_verified(signer: Signer, text: str) -> None:
    assert verified(signer, to_bytes(replace(MESSAGE, text=text, html=text), signer))


@pytest.mark.parametrize("body", [b"", b"\r\n", b"a", b"a\r\n\r\n\r\n", b"\r\n\r\na \r\n"])
def test_the_body_ends_as_the_simple_form_wants(signer: Signer, body: bytes) -> None:
    headers = [b"From: a@example.org", b"To:   b@example.org\r\n\tand c@example.org ", b"X-Other: not signed"]
    data = b"\r\n".join([signer.sign(headers, body, NOW), *headers, b"", body])
    assert verified(signer, data)


def test_the_last_of_two_equal_headers_is_signed_first(signer: Signer) -> None:
    headers = [b"From: a@example.org", b"Subject: one", b"Subject: two"]
    assert verified(signer, b"\r\n".join([signer.sign(headers, b"x\r\n", NOW), *headers, b"", b"x\r\n"]))


def _wrong_keys() -> dict[str, tuple[bytes, str]]:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    whole = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    locked = serialization.BestAvailableEncryption(b"secret")
    return {
        "short": (short.private_bytes(*PEM), "has 1024 bits; from 2048 to 4096 are needed"),
        "locked": (whole.private_bytes(*PEM[:2], locked), "is locked with a passphrase"),
        "public": (whole.public_key().public_bytes(PEM[0], form), "is the public half"),
        "other": (ed25519.Ed25519PrivateKey.generate().private_bytes(*PEM), "is not an RSA key"),
        "text": (b"hello", "is no private key in PEM"),
        "empty": (b"", "is no private key in PEM"),
        "half": (whole.private_bytes(*PEM)[:300], "is no private key in PEM"),
    }


@pytest.mark.parametrize("kind", ["short", "locked", "public", "other", "text", "empty", "half"])
def test_a_key_that_cannot_sign_is_told_with_its_file(tmp_path: Path, kind: str) -> None:
    data, sentence = _wrong_keys()[kind]
    file = tmp_path / "dkim.pem"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        Signer.load("example.org", "digest", file)
    assert str(caught.value).startswith(f"{file}: the DKIM key {sentence}")


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Signer.load("example.org", "digest", tmp_path / "none.pem")
    with pytest.raises(ConfigError, match="cannot be read"):
        Signer.load("example.org", "digest", tmp_path)


def test_a_key_is_not_shown_by_accident(signer: Signer) -> None:
    assert "key" not in repr(signer)
