"""The mail that asks a new subscriber to confirm, composed just before it leaves the outbox like every other."""

from __future__ import annotations

from datetime import datetime

from digest.deliver import Parcel, Skip, needs_smtputf8, to_bytes, wire_address
from digest.links import message_id, return_path
from digest.models import Delivery, Links, Message
from digest.pipeline.wiring import links, signer
from digest.render import Notice, Notices
from digest.settings import Settings
from digest.store import CONFIRM, Store, StoredSubscriber


async def confirmation(settings: Settings, store: Store, row: Delivery, now: datetime) -> Parcel | Skip:
    """The mail of a row of the kind `confirm`, or why there is nothing to ask any more."""
    subscriber = await store.subscribers.by_id(row.subscriber_id)
    if subscriber is None:
        return Skip("the sign-up has expired")
    known = subscriber.status == "active" and subscriber.origin != "report"
    wish = await store.signups.wish(subscriber.id)
    if not known and (wish is None or wish.confirmed_at is not None):
        return Skip("there is nothing to confirm any more")
    message, size = _message(settings, subscriber, row, now, known=known)
    return Parcel(
        envelope_sender=message.envelope_sender,
        recipient=wire_address(message.recipient),
        data=to_bytes(message, signer(settings)),
        smtputf8=needs_smtputf8(message),
        subject=message.subject,
        message_id=message.message_id,
        papers=(),
        html_bytes=size,
    )


def _message(
    settings: Settings, subscriber: StoredSubscriber, row: Delivery, now: datetime, *, known: bool
) -> tuple[Message, int]:
    """The mail, and the bytes of its HTML."""
    site, made = settings.site, links(settings)
    pages = made.for_issue(subscriber.key, row.issue)
    notice = Notice(
        site=site.name,
        link=pages.preferences if known else made.confirm(subscriber.key),
        known=known,
        days=settings.web.confirm_days,
        home=pages.home,
        postal_address=tuple(line.strip() for line in site.postal_address.splitlines() if line.strip()),
    )
    rendered = Notices(site.templates).render(notice)
    address = settings.smtp.sender.rpartition("<")[2].rstrip(">")
    identity = message_id(subscriber.key, row.issue, address.rpartition("@")[2], settings.secret_key())
    message = Message(
        sender=settings.smtp.sender,
        envelope_sender=_return_path(settings, subscriber.key, row) or address,
        recipient=subscriber.email,
        recipient_name="",
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=f"<confirm.{identity.removeprefix('<')}",
        sent_at=now,
        links=Links(unsubscribe="", preferences="", web_copy="", home=pages.home),
        list_id="",
        feedback_id="",
    )
    return message, len(rendered.html.encode())


def _return_path(settings: Settings, key: str, row: Delivery) -> str:
    smtp = settings.smtp
    if smtp.bounce_address and smtp.verp:
        return return_path(key, CONFIRM, row.issue, smtp.bounce_address, settings.secret_key())
    return smtp.bounce_address or ""
