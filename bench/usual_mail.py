"""The usual way to compose a digest: the whole page rendered by Jinja, CSS inlined, and an `EmailMessage` for each.

It uses the product's own templates as they are written, so that what is compared is the way and not the words.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from html.parser import HTMLParser

import css_inline
import dkim
from markupsafe import Markup

from bench import composing
from digest.deliver import Signer
from digest.models import Digest
from digest.render.cleaning import sentence_end, shorten
from digest.render.items import Item
from digest.render.page import FULL_ABSTRACT, Fit, page_of, shelves_of
from digest.render.templates import HTML, PAPER_HTML, PAPER_TEXT, STYLE, SUBJECT, TEXT, builtin_folder, environment
from digest.render.wrapping import tidy, wrap


class Usual:
    """Composes one message after another, each from the beginning."""

    def __init__(self, signer: Signer | None) -> None:
        self._templates = environment(None, inlined=False)
        style = (builtin_folder() / STYLE).read_text(encoding="utf-8")
        self._inliner = css_inline.CSSInliner(extra_css=style, minify_css=True, load_remote_stylesheets=False)
        self._signer = signer
        self._key = _pem(signer) if signer else b""

    def compose(self, digest: Digest) -> bytes:
        templates = self._templates
        for kept in (wrap, shorten, sentence_end):
            kept.cache_clear()
        items = [Item(match, FULL_ABSTRACT) for match in digest.papers]
        fit = Fit(FULL_ABSTRACT, len(items))
        page = page_of(digest, fit, shelves_of(digest, fit.full), items, (), sum(item.words for item in items))
        values = page._asdict()
        values["subject"] = templates.get_template(SUBJECT).render(values).strip()
        for item in items:
            page_of_one = templates.get_template(PAPER_HTML).render(paper=item, trending=digest.trending)
            item.block = Markup(page_of_one)  # noqa: S704 - what a template has made
        html = self._inliner.inline(templates.get_template(HTML).render(values))
        for item in items:
            item.block = templates.get_template(PAPER_TEXT).render(paper=item, trending=digest.trending)
        text = tidy(templates.get_template(TEXT).render(values))
        return self._message(digest, str(values["subject"]), text, html.replace(' data-css-inline="keep"', ""))

    def _message(self, digest: Digest, subject: str, text: str, html: str) -> bytes:
        ours = composing.message(digest, subject, text, html)
        made = EmailMessage(policy=email.policy.SMTP)
        made["From"], made["To"] = ours.sender, f"{ours.recipient_name} <{ours.recipient}>"
        made["Subject"], made["Date"], made["Message-ID"] = subject, format_datetime(ours.sent_at), ours.message_id
        made["List-Id"], made["Feedback-ID"] = ours.list_id, ours.feedback_id
        made["List-Unsubscribe"] = f"<{ours.links.unsubscribe}>, <mailto:{ours.unsubscribe_address}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        made["List-Help"] = f"<{ours.links.home}>"
        made["Auto-Submitted"], made["Precedence"] = "auto-generated", "bulk"
        made.set_content(text)
        made.add_alternative(html, subtype="html")
        data = bytes(made)
        if self._signer is None:
            return data
        names = (self._signer.selector.encode(), self._signer.domain.encode())
        signature: bytes = dkim.sign(data, *names, self._key, canonicalize=(b"relaxed", b"simple"))
        return signature + data


def differences(digests: Sequence[Digest], *ways: Callable[[Digest], bytes]) -> list[str]:
    """Where the decoded messages of the ways are not the same: subject, text, and the tags and words of the HTML."""
    found = []
    for digest in digests:
        first, *others = (_decoded(way(digest)) for way in ways)
        found += [
            f"{digest.subscriber.email}: {name}" for other in others for name in first if first[name] != other[name]
        ]
    return found


def _decoded(data: bytes) -> dict[str, object]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    parts = {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in message.iter_parts()}
    reader = _Reader()
    reader.feed(parts["text/html"])
    return {"subject": str(message["subject"]), "text": parts["text/plain"].strip(), "html": reader.seen}


class _Reader(HTMLParser):
    """Tags with their attributes, and words, without the blanks between them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: _style(value) if name == "style" else value for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.seen.extend(data.split())


def _style(value: str | None) -> list[str]:
    return sorted(rule.replace(" ", "") for rule in (value or "").split(";") if rule.strip())


def _pem(signer: Signer) -> bytes:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PrivateFormat.TraditionalOpenSSL
    return signer.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
