"""DKIM signatures (RFC 6376, RFC 8301): rsa-sha256, headers relaxed, body simple.

Every header of a digest is signed, and those that decide what a reader sees or where an answer goes once more than they
occur, so that nobody can add a second one (RFC 6376 sections 5.4 and 8.15); `List-Unsubscribe` and its Post header must
be covered for one-click to count (RFC 8058 section 4).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from digest.errors import ConfigError, Problem

SMALLEST_KEY, LARGEST_KEY = 2048, 4096
"""Bits: RFC 8301 section 3.2 asks signers for at least 2048, and verifiers need not know more than 4096."""

_GUARDED = (
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "list-id",
    "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-subscribe", "list-owner", "list-post",
    "list-archive",
)  # fmt: skip
"""Signed once more than they occur."""
_SIGNED = ("feedback-id", "auto-submitted", "precedence")
_BLANKS = re.compile(rb"[ \t]+")
_FOLDED = re.compile(rb"\r\n(?=[ \t])")
_COLUMN = 72
_MOST_BYTES = 64_000
_MAKE = "Make one with `digest doctor dkim`."


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one domain; the same message always gets the same signature."""

    domain: str
    selector: str
    key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def load(cls, domain: str, selector: str, file: Path) -> Signer:
        """Read the private key; `ConfigError` says what is wrong with it."""
        return cls(domain, selector, _private_key(file))

    def sign(self, headers: Sequence[bytes], body: bytes, at: datetime) -> bytes:
        """The `DKIM-Signature` header to put before `headers` (each whole, folded with CRLF, without its last CRLF)."""
        relaxed = [_relaxed(header) for header in headers]
        names = [header.partition(b":")[0].decode() for header in relaxed]
        listed = [name for name in _GUARDED for _ in range(names.count(name) + 1)]
        listed += [name for name in _SIGNED for _ in range(names.count(name))]
        tags = [
            "v=1", "a=rsa-sha256", "c=relaxed/simple", f"d={self.domain}", f"s={self.selector}",
            f"t={int(at.astimezone(UTC).timestamp())}", f"h={':'.join(listed)}", f"bh={_hash(body)}", "b=",
        ]  # fmt: skip
        draft = ("DKIM-Signature: " + _folded(tags)).encode()
        # The last of a name is signed first (RFC 6376 section 5.4.2).
        signed = [
            header
            for name in _GUARDED + _SIGNED
            for header, own in zip(relaxed[::-1], names[::-1], strict=True)
            if own == name
        ]
        data = b"".join(header + b"\r\n" for header in signed) + _relaxed(draft)
        signature = base64.b64encode(self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()
        lines = [signature[at : at + _COLUMN] for at in range(0, len(signature), _COLUMN)]
        return draft + "".join(f"\r\n {line}" for line in lines).encode()

    @property
    def record(self) -> str:
        """The text of the DNS record that lets others check the signatures (RFC 6376 section 3.6.1)."""
        return f"v=DKIM1; k=rsa; p={public_part(self.key)}"

    @property
    def host(self) -> str:
        """Where the record stands."""
        return f"{self.selector}._domainkey.{self.domain}"


def new_key(bits: int = SMALLEST_KEY) -> bytes:
    """A fresh private key as PKCS #8 PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_part(key: rsa.RSAPrivateKey) -> str:
    """The public key in base64, as `p=` of the DNS record has it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()


def _private_key(file: Path) -> rsa.RSAPrivateKey:
    def wrong(why: str, hint: str = _MAKE) -> ConfigError:
        return ConfigError(Problem(f"the DKIM key {why}.", str(file), hint=hint))

    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES)
    except OSError as error:
        raise wrong(f"cannot be read: {error.strerror}") from None
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError:
        raise wrong(
            "is locked with a passphrase, which nobody could type at night", "Give the key without one."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        public = b"PUBLIC KEY" in data
        raise wrong("is the public half; the private one is needed" if public else "is no private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise wrong("is not an RSA key, and other kinds are not checked by every provider")
    if not SMALLEST_KEY <= key.key_size <= LARGEST_KEY:
        raise wrong(f"has {key.key_size} bits; from {SMALLEST_KEY} to {LARGEST_KEY} are needed")
    return key


def _relaxed(header: bytes) -> bytes:
    """RFC 6376 section 3.4.2, without the final CRLF."""
    name, _, value = header.partition(b":")
    return name.strip().lower() + b":" + _BLANKS.sub(b" ", _FOLDED.sub(b"", value)).strip(b" \t")


def _hash(body: bytes) -> str:
    """The hash of the simple body: exactly one CRLF at its end (RFC 6376 section 3.4.3)."""
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _folded(tags: Sequence[str]) -> str:
    """The tags on lines of at most `_COLUMN` characters, broken after "; " and, in the list of headers, after ":"."""
    lines, line = [], "DKIM-Signature:"
    for tag in tags:
        parts = re.findall(r"[^:]+:?", tag) if tag.startswith("h=") else [tag]
        parts[-1] += "" if tag == "b=" else ";"
        for number, part in enumerate(parts):
            gap = "" if number else " "
            if len(line) + len(gap) + len(part) > _COLUMN:
                lines.append(line)
                line = " " + part
            else:
                line += gap + part
    return "\r\n".join([*lines, line])[len("DKIM-Signature: ") :]
