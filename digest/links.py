"""Signed links: the pages of one subscriber and one issue, in addresses that nobody can forge or guess.

A token is readable and holds no address: a subscriber's key, for a web copy the issue too, and a signature with one
salt per purpose. The same input always gives the same link, so a dry run shows what a real run sends. Tokens never
expire, because emails do not; whether the subscriber still exists is for the store to say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

from email_validator import EmailNotValidError, validate_email
from itsdangerous import BadData, Signer

from digest.models import Links, same_address

_KEY = re.compile(r"[A-Za-z0-9_-]{12}")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""RFC 5322 section 3.2.3."""

_KINDS = {"digest": "d", "confirm": "c", "report": "r", "unsubscribe": "u"}
"""Kinds of mail, and the letter for each in a return path; a letter is never given to another kind."""

_RETURN_PATH = re.compile(r"[^@]*\+([0-9a-v]{15})\.([a-z])([0-9]{6})\.([0-9a-v]{10})@[^@]+")
_LONGEST_LOCAL = 64

_LONGEST_TOKEN = 200
"""Characters; ours have at most 67."""


def subscriber_key(email: str, secret: str) -> str:
    """The public name of an address: 12 characters of base64url, opaque without the secret, always the same."""
    return base64.urlsafe_b64encode(_mac(secret, same_address(email))[:9]).decode("ascii")


def return_path(key: str, kind: str, issue: date, mailbox: str, secret: str) -> str:
    """The envelope sender of one delivery, so that a report about it names the subscriber (variable envelope return path).

    `mailbox` with the subscriber, the kind of mail, the day and a short signature after a plus sign, in letters that
    survive a server that makes them small: `bounces+KEY.d261123.SIGNATURE@news.example.org`. Nobody can make up one for
    somebody else. The mailbox as it is where its name leaves no room for that (RFC 5321 section 4.5.3.1.1: 64 octets).
    """
    local, _, domain = mailbox.rpartition("@")
    payload = f"{_small(base64.urlsafe_b64decode(key))}.{_KINDS[kind]}{issue:%y%m%d}"
    tagged = f"{local}+{payload}.{_sealed(payload, secret)}"
    return f"{tagged}@{domain}" if len(tagged.encode()) <= _LONGEST_LOCAL else mailbox


def read_return_path(address: str, secret: str) -> tuple[str, str, date] | None:
    """Subscriber, kind and issue that a return path of ours was made for; None for whatever is not ours."""
    found = _RETURN_PATH.fullmatch(address.strip().lower())
    if found is None:
        return None
    name, letter, day, signature = found.groups()
    if not hmac.compare_digest(signature, _sealed(f"{name}.{letter}{day}", secret)):
        return None
    kind = next((kind for kind, known in _KINDS.items() if known == letter), None)
    try:
        issue = datetime.strptime(day, "%y%m%d").date()  # noqa: DTZ007 - a day
        key = base64.urlsafe_b64encode(base64.b32hexdecode(name.upper() + "=")).decode("ascii")
    except ValueError:
        return None
    return (key, kind, issue) if kind else None


def _sealed(payload: str, secret: str) -> str:
    """48 bits: enough, since every wrong guess costs a mail."""
    return _small(_mac(secret, f"return-path\n{payload}")[:6])


def _small(octets: bytes) -> str:
    """Base32 in small letters and digits."""
    return base64.b32hexencode(octets).decode("ascii").rstrip("=").lower()


def message_id(key: str, issue: date, domain: str, secret: str) -> str:
    """The Message-ID of one subscriber's issue, with angle brackets; a repeat of the email has the same.

    The local part is a dot-atom that tells the day and nothing of the address; `domain` is the sender's.
    """
    name = _mac(secret, f"message-id\n{key}\n{issue.isoformat()}").hex()[:24]
    return f"<{issue:%Y%m%d}.{name}@{_ascii_domain(domain)}>"


def _mac(secret: str, text: str) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass"), "sha256")


@cache
def _ascii_domain(domain: str) -> str:
    """The domain in ASCII by IDNA 2008, as it stands in the message's addresses."""
    try:
        name = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True).ascii_domain
    except EmailNotValidError:
        name = domain.lower()
    return name if _DOT_ATOM.fullmatch(name) else "digest.invalid"


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes the links of one instance and reads the tokens in them; reading gives None for whatever is not ours."""

    base_url: str
    """The public address of the pages, with or without a slash at its end."""
    secret: str = field(repr=False)
    old_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys that still open links and sign none."""

    def for_issue(self, key: str, issue: date) -> Links:
        """The links in one email."""
        return Links(
            unsubscribe=self._url("unsubscribe", key),
            preferences=self._url("preferences", key),
            web_copy=self._url("issues", f"{key}.{issue.isoformat()}"),
            home=self.base_url.rstrip("/"),
        )

    def confirm(self, key: str) -> str:
        """The link in the mail that asks a new subscriber to confirm."""
        return self._url("confirm", key)

    def read_unsubscribe(self, token: str) -> str | None:
        return self._key("unsubscribe", token)

    def read_preferences(self, token: str) -> str | None:
        return self._key("preferences", token)

    def read_confirm(self, token: str) -> str | None:
        return self._key("confirm", token)

    def read_issue(self, token: str) -> tuple[str, date] | None:
        """The subscriber's key and the issue of a web copy."""
        key, _, day = (self._payload("issues", token) or "").partition(".")
        try:
            issue = date.fromisoformat(day)
        except ValueError:
            return None
        return (key, issue) if _KEY.fullmatch(key) and issue.isoformat() == day else None

    def stamp(self, seconds: int) -> str:
        """What a form carries to tell when it was made."""
        return _signer("stamp", self.secret).sign(str(seconds)).decode("ascii")

    def read_stamp(self, token: str) -> int | None:
        """When a form was made, in seconds since 1970; None when it is not ours."""
        text = self._payload("stamp", token) or ""
        return int(text) if text.isdigit() and len(text) <= 12 else None

    def _url(self, page: str, payload: str) -> str:
        return f"{self.base_url.rstrip('/')}/{page}/{_signer(page, self.secret).sign(payload).decode('ascii')}"

    def _key(self, page: str, token: str) -> str | None:
        key = self._payload(page, token)
        return key if key and _KEY.fullmatch(key) else None

    def _payload(self, page: str, token: str) -> str | None:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        found: str | None = None
        for secret in (self.secret, *self.old_secrets):  # all of them always: no key is quicker than another
            payload = _unsigned(_signer(page, secret), token)
            found = payload if found is None else found
        return found


def _unsigned(signer: Signer, token: str) -> str | None:
    try:
        payload = signer.unsign(token)
    except BadData:
        return None
    # Base64 has several spellings for the same bytes; only ours counts, so that a link has one form.
    return payload.decode("ascii") if hmac.compare_digest(signer.sign(payload), token.encode("ascii")) else None


def _signer(page: str, secret: str) -> Signer:
    return Signer(
        secret.encode("utf-8", "surrogatepass"), salt=f"digest.links.{page}", sep=".", digest_method=hashlib.sha256
    )
