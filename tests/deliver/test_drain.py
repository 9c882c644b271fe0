from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any, Literal

import pytest

from digest.deliver.drain import MOST_TROUBLES_IN_A_ROW, Parcel, Settlement, Skip, drain
from digest.deliver.pace import Pace
from digest.deliver.smtp import SmtpConnection
from digest.errors import ConfigError, Problem, StoreUnavailable
from digest.models import Delivery
from digest.settings.sections import SmtpSettings
from tests.mailserver import MailServer

Servers = Callable[..., MailServer]
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def row(number: int, **more: Any) -> Delivery:
    fields: dict[str, Any] = {
        "id": number,
        "subscriber_id": number,
        "email": f"r{number}@example.org",
        "kind": "digest",
        "issue": date(2026, 11, 23),
        "state": "queued",
        "reason": "",
        "due_at": NOW,
        "after_seq": 0,
        "upto_seq": 9,
    }
    return Delivery(**{**fields, **more})


@dataclass
class MemoryOutbox:
    """Rows in memory, with the same promises that the store makes."""

    rows: dict[int, Delivery]
    leased: set[int] = field(default_factory=set)
    settled: list[tuple[int, Settlement]] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    fail_settle: Exception | None = None
    most_leased: int = 0

    async def claim(self, now: datetime) -> Delivery | None:
        for number, one in self.rows.items():
            due = one.next_attempt_at is None or one.next_attempt_at <= now
            if one.state == "queued" and due and number not in self.leased:
                self.leased.add(number)
                await asyncio.sleep(0)
                self.most_leased = max(self.most_leased, len(self.leased))
                return one
        return None

    async def settle(self, delivery_id: int, settlement: Settlement) -> None:
        await asyncio.sleep(0)
        if self.fail_settle:
            raise self.fail_settle
        assert delivery_id in self.leased
        self.leased.discard(delivery_id)
        self.settled.append((delivery_id, settlement))
        before = self.rows[delivery_id]
        self.rows[delivery_id] = replace(
            before,
            state=settlement.state,
            reason=settlement.reason,
            attempts=before.attempts + 1,
            uncertain=settlement.uncertain,
            next_attempt_at=settlement.next_attempt_at,
        )

    async def release(self, delivery_id: int) -> None:
        await asyncio.sleep(0)
        assert delivery_id in self.leased
        self.leased.discard(delivery_id)
        self.released.append(delivery_id)

    def states(self) -> dict[str, int]:
        found = [one.state for one in self.rows.values()]
        return {state: found.count(state) for state in sorted(set(found))}

    def settlement(self, number: int) -> Settlement:
        (found,) = [settlement for which, settlement in self.settled if which == number]
        return found


def outbox_of(*rows: Delivery) -> MemoryOutbox:
    return MemoryOutbox({one.id: one for one in rows})


async def compose(delivery: Delivery) -> Parcel | Skip:
    return Parcel(
        envelope_sender=f"b+{delivery.id}@news.example.org",
        recipient=delivery.email,
        data=f"Message-ID: <{delivery.id}@x>\r\n\r\nhello\r\n".encode(),
        subject=f"subject {delivery.id}",
        message_id=f"<{delivery.id}@x>",
        papers=("arxiv:2511.00001",),
        html_bytes=7,
    )


async def run(
    outbox: MemoryOutbox,
    port: int,
    *,
    how: Callable[[Delivery], Any] = compose,
    connections: int = 1,
    per_second: float = 1e6,
    on_uncertain: Literal["resend", "hold"] = "resend",
    now: datetime = NOW,
    seen: list[tuple[Delivery, Settlement]] | None = None,
) -> str | None:
    settings = SmtpSettings(host="127.0.0.1", port=port, tls="none", timeout=5.0)
    told = seen if seen is not None else []
    return await drain(
        outbox,
        how,
        lambda: SmtpConnection(settings, None),
        connections=connections,
        per_second=per_second,
        on_uncertain=on_uncertain,
        now=lambda: now,
        on_settled=lambda delivery, settlement: told.append((delivery, settlement)),
    )


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the condition belongs to another thread
        await asyncio.sleep(0.001)


async def test_a_sent_row_says_everything_about_its_message(mail_server: Servers) -> None:
    server, outbox, seen = mail_server(), outbox_of(row(1)), list[tuple[Delivery, Settlement]]()
    assert await run(outbox, server.port, seen=seen) is None
    assert outbox.settlement(1) == Settlement(
        state="sent",
        reason="",
        reply="250 2.0.0 taken",
        subject="subject 1",
        message_id="<1@x>",
        papers=("arxiv:2511.00001",),
        html_bytes=7,
        message_bytes=len(server.inbox[0].data),
    )
    assert seen == [(row(1), outbox.settlement(1))]


@pytest.mark.parametrize("connections", [1, 2, 5])
async def test_nothing_is_lost_and_nothing_is_sent_twice(mail_server: Servers, connections: int) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(200)))
    server.fail("mail", "drop", times=3, after=50)
    server.fail("rcpt", "550 5.1.1 no such user", only="r7@example.org")
    server.fail("rcpt", "450 4.7.1 greylisted", only="r8@example.org")
    server.fail("dot", "451 later", only="r9@example.org")
    assert await run(outbox, server.port, connections=connections) is None
    assert await run(outbox, server.port, connections=connections, now=NOW + timedelta(minutes=1)) is None
    refused = {"r7@example.org", "r8@example.org", "r9@example.org"}
    assert sorted(mail.recipient for mail in server.inbox) == sorted(
        {one.email for one in outbox.rows.values()} - refused
    )
    assert outbox.states() == {"failed": 1, "queued": 2, "sent": 197}
    assert not outbox.leased
    assert outbox.most_leased <= connections


async def test_two_hundred_messages_take_two_connections_in_a_row(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(200)))
    await run(outbox, server.port)
    assert (len(server.inbox), server.connections) == (200, 2)


async def test_nothing_to_do_opens_no_connection(mail_server: Servers) -> None:
    server = mail_server()
    assert await run(outbox_of(), server.port, connections=3) is None
    assert server.connections == 0


async def test_a_refused_reader_is_final_and_nobody_elses_trouble(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1), row(2))
    server.fail("rcpt", "550 5.1.1 no such user", only="r1@example.org")
    assert await run(outbox, server.port) is None
    failed = outbox.settlement(1)
    assert (failed.state, failed.reason, failed.reply) == ("failed", "550 5.1.1 no such user", "550 5.1.1 no such user")
    assert outbox.settlement(2).state == "sent"


async def test_a_deferred_row_is_tried_again_later_and_arrives_once(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1))
    server.fail("rcpt", "451 4.7.1 greylisted", times=2)
    await run(outbox, server.port)
    assert outbox.rows[1].next_attempt_at == NOW + timedelta(minutes=1)
    assert outbox.rows[1].reason == "451 4.7.1 greylisted"
    await run(outbox, server.port)
    assert not server.inbox
    second = NOW + timedelta(minutes=1)
    await run(outbox, server.port, now=second)
    assert outbox.rows[1].next_attempt_at == second + timedelta(minutes=5)
    await run(outbox, server.port, now=second + timedelta(minutes=5))
    assert outbox.states() == {"sent": 1}
    assert len(server.inbox) == 1


async def test_it_gives_up_after_seven_attempts(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1, attempts=6))
    server.fail("rcpt", "452 4.2.2 mailbox full")
    await run(outbox, server.port)
    assert outbox.settlement(1).state == "failed"
    assert outbox.settlement(1).reason == "gave up after 7 attempts: 452 4.2.2 mailbox full"


async def test_a_skipped_row_is_settled_with_its_reason_and_sends_nothing(mail_server: Servers) -> None:
    async def nothing(_delivery: Delivery) -> Skip:
        return Skip("no new papers (arXiv holiday)")

    server, outbox = mail_server(), outbox_of(row(1), row(2))
    await run(outbox, server.port, how=nothing, per_second=0.0001)
    assert outbox.settlement(2) == Settlement(state="skipped", reason="no new papers (arXiv holiday)")
    assert server.connections == 0


async def test_a_lost_answer_is_sent_again_and_says_so(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1))
    server.fail("dot", "drop", times=1)
    await run(outbox, server.port)
    doubtful = outbox.settlement(1)
    assert (doubtful.state, doubtful.uncertain) == ("queued", True)
    assert doubtful.next_attempt_at == NOW + timedelta(minutes=1)
    assert "may have arrived" in doubtful.reason
    await run(outbox, server.port, now=NOW + timedelta(minutes=1))
    assert outbox.states() == {"sent": 1}
    assert outbox.rows[1].uncertain
    assert server.inbox[0].data == server.inbox[1].data


async def test_a_lost_answer_is_held_where_nobody_may_be_mailed_twice(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1))
    server.fail("dot", "drop", times=1)
    await run(outbox, server.port, on_uncertain="hold")
    held = outbox.settlement(1)
    assert (held.state, held.reason, held.uncertain) == ("failed", "held: may have arrived", True)
    assert len(server.inbox) == 1


@pytest.mark.parametrize(("on_uncertain", "mails"), [("resend", 1), ("hold", 0)])
async def test_a_row_taken_over_from_a_dead_sender_follows_the_same_rule(
    mail_server: Servers, on_uncertain: Literal["resend", "hold"], mails: int
) -> None:
    server, outbox = mail_server(), outbox_of(row(1, uncertain=True))
    await run(outbox, server.port, on_uncertain=on_uncertain)
    assert len(server.inbox) == mails
    assert outbox.settlement(1).uncertain
    assert outbox.settlement(1).state == ("sent" if mails else "failed")


@pytest.mark.parametrize("connections", [1, 3])
async def test_a_refused_sender_stops_the_batch_and_leaves_every_row_as_it_was(
    mail_server: Servers, connections: int
) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(20)))
    server.fail("mail", "550 5.7.1 sender not allowed")
    sentence = await run(outbox, server.port, connections=connections)
    assert sentence is not None
    assert f"127.0.0.1:{server.port}" in sentence
    assert outbox.rows == {number: row(number) for number in range(20)}
    assert not outbox.leased
    assert server.commands.count("MAIL") <= connections


async def test_a_sender_refused_in_the_middle_keeps_what_was_sent(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(20)))
    server.fail("mail", "550 5.7.1 sender not allowed", after=5)
    assert await run(outbox, server.port)
    assert outbox.states() == {"queued": 15, "sent": 5}
    server.heal()
    assert await run(outbox, server.port) is None
    assert outbox.states() == {"sent": 20}
    assert len({mail.recipient for mail in server.inbox}) == len(server.inbox) == 20


async def test_an_absent_server_stops_the_batch(closed_port: int) -> None:
    outbox = outbox_of(*map(row, range(5)))
    assert "check [smtp] host" in (await run(outbox, closed_port, connections=2) or "")
    assert outbox.states() == {"queued": 5}


async def test_many_full_mailboxes_do_not_starve_who_stands_behind(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(MOST_TROUBLES_IN_A_ROW + 5)))
    server.fail("rcpt", "452 4.2.2 mailbox full", times=MOST_TROUBLES_IN_A_ROW + 2)
    assert await run(outbox, server.port) is None
    assert outbox.states() == {"queued": MOST_TROUBLES_IN_A_ROW + 2, "sent": 3}


async def test_it_leaves_a_busy_server_alone_after_many_deferrals(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(100)))
    server.fail("rcpt", "421 4.7.0 too busy")
    assert await run(outbox, server.port, connections=2) is None
    assert MOST_TROUBLES_IN_A_ROW <= len(outbox.settled) <= MOST_TROUBLES_IN_A_ROW + 1
    assert len([one for one in outbox.rows.values() if not one.attempts]) >= 79
    assert not outbox.leased


async def test_a_few_deferrals_among_many_do_not_stop_it(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(100)))
    for number in range(100):
        if number % 10:
            server.fail("rcpt", "451 4.7.1 full", only=f"r{number}@example.org")
    await run(outbox, server.port)
    assert outbox.states() == {"queued": 90, "sent": 10}


async def test_a_message_that_cannot_be_composed_stops_the_batch_loudly(mail_server: Servers) -> None:
    async def broken(delivery: Delivery) -> Parcel | Skip:
        if delivery.id == 2:
            raise ConfigError(Problem("templates/digest.html: unknown variable"))
        return await compose(delivery)

    server, outbox = mail_server(), outbox_of(*map(row, range(5)))
    assert await run(outbox, server.port, how=broken) == "templates/digest.html: unknown variable"
    assert outbox.states() == {"queued": 3, "sent": 2}
    assert outbox.released == [2]


@pytest.mark.parametrize("connections", [1, 3])
async def test_a_bug_stays_loud_and_gives_its_row_back(mail_server: Servers, connections: int) -> None:
    async def buggy(delivery: Delivery) -> Parcel | Skip:
        if delivery.id == 2:
            raise ZeroDivisionError
        return await compose(delivery)

    server, outbox = mail_server(), outbox_of(*map(row, range(50)))
    with pytest.raises(ZeroDivisionError):
        await run(outbox, server.port, how=buggy, connections=connections)
    assert not outbox.leased
    assert outbox.released[0] == 2
    assert outbox.states()["queued"] > 40


async def test_a_message_with_bare_line_ends_is_a_bug_and_gives_its_row_back(mail_server: Servers) -> None:
    async def bare(delivery: Delivery) -> Parcel | Skip:
        composed = await compose(delivery)
        assert isinstance(composed, Parcel)
        return replace(composed, data=b"a\nb")

    outbox = outbox_of(row(1))
    with pytest.raises(ValueError, match="CRLF"):
        await run(outbox, mail_server().port, how=bare)
    assert outbox.released == [1]


async def test_a_row_that_was_sent_is_never_given_back_when_the_store_fails(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1), row(2))
    outbox.fail_settle = StoreUnavailable("the disk is full")
    with pytest.raises(StoreUnavailable):
        await run(outbox, server.port)
    assert outbox.leased == {1}
    assert not outbox.released
    assert len(server.inbox) == 1


@pytest.mark.parametrize("step", ["greeting", "mail", "rcpt", "data"])
async def test_a_cancelled_row_whose_message_has_not_left_is_as_it_was(mail_server: Servers, step: str) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(9)))
    server.fail(step, "stall")
    task = asyncio.create_task(run(outbox, server.port, connections=2))
    await until(lambda: server.connections == 2 and (step == "greeting" or step.upper() in server.commands))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outbox.rows == {number: row(number) for number in range(9)}
    assert not outbox.leased
    server.heal()
    assert await run(outbox, server.port) is None
    assert sorted(mail.recipient for mail in server.inbox) == sorted(one.email for one in outbox.rows.values())


@pytest.mark.parametrize(("on_uncertain", "state"), [("resend", "queued"), ("hold", "failed")])
async def test_a_cancelled_row_whose_message_has_left_says_so(
    mail_server: Servers, on_uncertain: Literal["resend", "hold"], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("digest.deliver.drain"), "_GRACE", 0.2)
    server, outbox = mail_server(), outbox_of(row(1), row(2))
    server.fail("dot", "stall")
    task = asyncio.create_task(run(outbox, server.port, on_uncertain=on_uncertain))
    await until(lambda: len(server.inbox) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (outbox.settlement(1).state, outbox.settlement(1).uncertain) == (state, True)
    assert outbox.rows[2] == row(2)
    assert not outbox.leased


async def test_a_cancellation_waits_a_moment_for_the_answer_to_the_dot(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(row(1), row(2))
    server.fail("dot", "slow")
    task = asyncio.create_task(run(outbox, server.port))
    await until(lambda: len(server.inbox) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (outbox.settlement(1).state, outbox.settlement(1).uncertain) == ("sent", False)
    assert outbox.rows[2] == row(2)


async def test_cancelling_at_any_moment_loses_no_row_and_mails_nobody_twice(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(60)))
    for turns in range(0, 300, 7):
        task = asyncio.create_task(run(outbox, server.port, connections=2))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert not outbox.leased
    await run(outbox, server.port, connections=2)
    assert outbox.states() == {"sent": 60}
    assert sorted(mail.recipient for mail in server.inbox) == sorted(one.email for one in outbox.rows.values())


def test_the_moments_handed_out_are_an_interval_apart_and_none_is_wasted() -> None:
    pace = Pace(0.5)
    assert [pace.take(100) for _ in range(4)] == [100, 100.5, 101, 101.5]
    pace.give_back()
    assert pace.take(100) == 101.5
    assert pace.take(200) == 200


async def test_all_connections_share_one_pace(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(6)))
    await run(outbox, server.port, connections=3, per_second=30)
    assert outbox.states() == {"sent": 6}


async def test_no_lease_is_held_through_a_long_wait_for_the_rate(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(3)))
    task = asyncio.create_task(run(outbox, server.port, connections=2, per_second=1 / 3600))
    await until(lambda: len(outbox.released) == 2)
    assert not outbox.leased
    assert outbox.states() == {"queued": 2, "sent": 1}
    task.cancel()
    await asyncio.wait({task})
    assert outbox.states() == {"queued": 2, "sent": 1}
