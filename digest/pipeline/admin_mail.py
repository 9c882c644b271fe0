"""Alarms by mail to `[delivery] alarms_to`: one mail for all that changed, when it changed and when it is over.

The alarms' own rows are the outbox: what was told is written down after the server has taken the mail, and what could
not be told is told later. While the mail server itself refuses us nothing is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from digest.deliver import wire_address
from digest.errors import DeliveryError
from digest.pipeline.alarms import SENDER
from digest.pipeline.wiring import transport
from digest.settings import Settings
from digest.store import Alarm, Store


def untold(alarms: Sequence[Alarm]) -> list[Alarm]:
    """The alarms about which the admin knows less than the store."""
    return [one for one in alarms if one.told != _state(one)]


async def tell(settings: Settings, store: Store, now: datetime) -> str:
    """Mail what changed; a sentence when it could not be told, which harms nothing else."""
    admin = settings.delivery.alarms_to
    alarms = await store.alarms.all()
    news = untold(alarms)
    if admin is None:  # who is named later hears of what stands then, not of what was
        await _note(store, [one for one in news if one.cleared_at])
        return ""
    if not news or any(one.kind == SENDER and one.cleared_at is None for one in alarms):
        return ""
    sender, message = _address(settings), _message(settings, admin, news, now)
    smtputf8 = not (sender.rpartition("@")[0] + admin.rpartition("@")[0]).isascii()
    try:
        async with transport(settings) as connection:
            await connection.send(sender, wire_address(admin), message.as_bytes(policy=SMTP), smtputf8)
    except DeliveryError as error:
        return f"the admin could not be told of alarms: {error}"
    await _note(store, news)
    return ""


async def _note(store: Store, news: Sequence[Alarm]) -> None:
    for one in news:
        await store.alarms.note_told(one.kind, _state(one))


def _state(alarm: Alarm) -> str:
    """Raised or cleared, and when it was raised, so that the next one of its kind is news again."""
    return f"{'cleared' if alarm.cleared_at else 'raised'} {alarm.raised_at:%Y-%m-%dT%H:%M:%S}"


def _message(settings: Settings, admin: str, news: Sequence[Alarm], now: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    standing = [one for one in news if one.cleared_at is None]
    message["From"] = settings.smtp.sender
    message["To"] = admin
    message["Subject"] = f"{settings.site.name}: {_heading(standing, len(news))}"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=_address(settings).rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(map(_paragraph, news)) + "\n\nMore: digest status\n", cte="quoted-printable")
    return message


def _heading(standing: Sequence[Alarm], number: int) -> str:
    if not standing:
        return "an alarm is over" if number == 1 else f"{number} alarms are over"
    return f"alarm ({', '.join(one.kind for one in standing)})"


def _paragraph(alarm: Alarm) -> str:
    times = f" (seen {alarm.times} times)" if alarm.times > 1 else ""
    since = f"since {alarm.raised_at:%Y-%m-%d %H:%M} UTC{times}"
    if alarm.cleared_at is None:
        return f"ALARM {alarm.kind}, {since}:\n{alarm.message}"
    return f"OVER {alarm.kind}, {since} until {alarm.cleared_at:%Y-%m-%d %H:%M} UTC:\n{alarm.message}"


def _address(settings: Settings) -> str:
    return wire_address(settings.smtp.sender.rpartition("<")[2].rstrip(">"))
