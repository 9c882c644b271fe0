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
from datetime import date

from email_validator import EmailNotValidError, validate_email
from itsdangerous import BadData, Signer

from digest.models import Links, same_address

_KEY = re.compile(r"[A-Za-z0-9_-]{12}")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""RFC 5322 section 3.2.3."""

_LONGEST_TOKEN = 200
"""Characters; ours have at most 67."""


def subscriber_key(email: str, secret: str) -> str:
    """The public name of an address: 12 characters of base64url, opaque without the secret, always the same."""
    return base64.urlsafe_b64encode(_mac(secret, same_address(email))[:9]).decode("ascii")


def message_id(key: str, issue: date, domain: str, secret: str) -> str:
    """The Message-ID of one subscriber's issue, with angle brackets; a repeat of the email has the same.

    The local part is a dot-atom that tells the day and nothing of the address; `domain` is the sender's.
    """
    name = _mac(secret, f"message-id\n{key}\n{issue.isoformat()}").hex()[:24]
    return f"<{issue:%Y%m%d}.{name}@{_ascii_domain(domain)}>"


def _mac(secret: str, text: str) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass"), "sha256")


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

    def _url(self, page: str, payload: str) -> str:
        return f"{self.base_url.rstrip('/')}/{page}/{self._signer(page).sign(payload).decode('ascii')}"

    def _key(self, page: str, token: str) -> str | None:
        key = self._payload(page, token)
        return key if key and _KEY.fullmatch(key) else None

    def _payload(self, page: str, token: str) -> str | None:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        signer = self._signer(page)
        try:
            payload = signer.unsign(token)
        except BadData:
            return None
        # Base64 has several spellings for the same bytes; only ours counts, so that a link has one form.
        return payload.decode("ascii") if hmac.compare_digest(signer.sign(payload), token.encode("ascii")) else None

    def _signer(self, page: str) -> Signer:
        secret = self.secret.encode("utf-8", "surrogatepass")
        return Signer(secret, salt=f"digest.links.{page}", sep=".", digest_method=hashlib.sha256)
