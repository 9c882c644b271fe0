from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any, Literal

import pytest

from digest.deliver.drain import MOST_TROUBLES_IN_A_ROW, Drained, Parcel, Settlement, Skip, drain
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
    begun: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    most_begun: int = 0

    async def lease(self, now: datetime, most: int) -> Sequence[Delivery]:
        found: list[Delivery] = []
        for number, one in self.rows.items():
            due = one.next_attempt_at is None or one.next_attempt_at <= now
            if one.state == "queued" and due and number not in self.leased and len(found) < most:
                self.leased.add(number)
                found.append(one)
        await asyncio.sleep(0)
        return found

    async def begin(self, delivery_id: int) -> bool:
        assert delivery_id in self.leased
        await asyncio.sleep(0)
        if delivery_id in self.withdrawn:
            self.leased.discard(delivery_id)
            self.rows[delivery_id] = replace(self.rows[delivery_id], state="skipped", reason="paused")
            return False
        self.begun.add(delivery_id)
        self.most_begun = max(self.most_begun, len(self.begun))
        return True

    async def park(self, delivery_id: int) -> None:
        await asyncio.sleep(0)
        self.begun.discard(delivery_id)

    async def settle(self, delivery_id: int, settlement: Settlement) -> None:
        await asyncio.sleep(0)
        if self.fail_settle:
            raise self.fail_settle
        assert delivery_id in self.leased
        self.leased.discard(delivery_id)
        self.begun.discard(delivery_id)
        self.settled.append((delivery_id, settlement))
        before = self.rows[delivery_id]
        self.rows[delivery_id] = replace(
            before,
            state=settlement.state,
            reason=settlement.reason,
            attempts=before.attempts + settlement.counted,
            uncertain=settlement.uncertain,
            next_attempt_at=settlement.next_attempt_at,
        )

    async def release(self, delivery_id: int) -> None:
        await asyncio.sleep(0)
        assert delivery_id in self.leased
        self.leased.discard(delivery_id)
        self.begun.discard(delivery_id)
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
    per_domain: int | None = None,
) -> str | None:
    """The sentence with which the batch stopped."""
    halt = (
        await drained(
            outbox,
            port,
            how=how,
            connections=connections,
            per_second=per_second,
            per_domain=per_domain,
            on_uncertain=on_uncertain,
            now=now,
            seen=seen,
        )
    ).halt
    return halt.sentence if halt else None


async def drained(
    outbox: MemoryOutbox,
    port: int,
    *,
    how: Callable[[Delivery], Any] = compose,
    connections: int = 1,
    per_second: float = 1e6,
    on_uncertain: Literal["resend", "hold"] = "resend",
    now: datetime = NOW,
    seen: list[tuple[Delivery, Settlement]] | None = None,
    per_domain: int | None = None,
) -> Drained:
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
        per_domain=per_domain,
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
    assert outbox.most_begun <= connections


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
    halt = (await drained(outbox, server.port, connections=2)).halt
    assert halt is not None
    assert (halt.kind, "421 4.7.0 too busy" in halt.sentence) == ("busy", True)
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
    assert not outbox.leased


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
    assert outbox.leased == outbox.begun == {1}
    assert outbox.released == [2]
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


def many(count: int, domains: int, **more: Any) -> list[Delivery]:
    return [row(number, email=f"r{number}@d{number % domains}.example.org", **more) for number in range(count)]


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("reply", ["554 5.7.1 relay access denied", "550 5.1.1 user unknown", "550 no"])
async def test_everybody_refused_the_same_way_is_about_us_and_nobody_is_given_up(
    mail_server: Servers, connections: int, reply: str
) -> None:
    server, outbox = mail_server(), outbox_of(*many(60, 12))
    server.fail("rcpt", reply)
    result = await drained(outbox, server.port, connections=connections)
    assert result.halt is not None
    assert (result.halt.kind, reply in result.halt.sentence) == ("refusals", True)
    assert list(outbox.rows.values()) == many(60, 12)
    assert not outbox.leased
    assert not result.dead
    assert server.commands.count("RCPT") < 10 + connections


async def test_a_small_batch_that_is_blocked_as_a_whole_is_about_us_too(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*many(3, 3))
    server.fail("rcpt", "554 5.7.1 relay access denied")
    assert "accepted nobody" in (await run(outbox, server.port) or "")
    assert outbox.states() == {"queued": 3}
    server.heal()
    server.fail("rcpt", "550 5.1.1 user unknown")
    assert await run(outbox, server.port) is None
    assert outbox.states() == {"failed": 3}, "three dead addresses are no sign of anything"


async def test_one_accepted_reader_makes_the_refusals_before_final(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*many(12, 12))
    server.fail("rcpt", "550 5.1.1 user unknown", times=9)
    result = await drained(outbox, server.port)
    assert result.halt is None
    assert outbox.states() == {"failed": 9, "sent": 3}
    assert {one.email for one in result.dead} == {one.email for one in many(9, 12)}


async def test_only_addresses_that_do_not_exist_are_dead(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(5)))
    server.fail("rcpt", "550 5.1.1 user unknown", only="r1@example.org")
    server.fail("rcpt", "550 5.7.1 blocked: user unknown", only="r2@example.org")
    server.fail("rcpt", "552 5.2.2 mailbox full", only="r3@example.org")
    server.fail("dot", "554 5.6.0 bad content", only="r4@example.org")
    result = await drained(outbox, server.port)
    assert [(one.email, one.reply) for one in result.dead] == [("r1@example.org", "550 5.1.1 user unknown")]
    assert outbox.states() == {"failed": 4, "sent": 1}


async def test_a_provider_that_knows_nobody_any_more_is_not_believed(mail_server: Servers) -> None:
    rows = [row(number, email=f"r{number}@{'a' if number % 2 else 'b'}.example.org") for number in range(100)]
    server, outbox = mail_server(), outbox_of(*rows)
    for number in range(10, 70):
        if number % 2 or number == 20:
            server.fail("rcpt", "550 5.1.1 user unknown", only=rows[number].email)
    result = await drained(outbox, server.port)
    assert [one.email for one in result.dead] == ["r20@b.example.org"]
    [warning] = result.warnings
    assert "a.example.org says of 30 of 50 readers that they do not exist" in warning


async def test_a_busy_domain_is_left_alone_and_the_others_go_on(mail_server: Servers) -> None:
    rows = [row(number, email=f"r{number}@{'slow' if number % 2 else 'quick'}.example.org") for number in range(60)]
    server, outbox = mail_server(), outbox_of(*rows)
    for one in rows[1::2]:
        server.fail("rcpt", "451 4.7.0 too fast", only=one.email)
    assert await run(outbox, server.port) is None
    assert outbox.states() == {"queued": 30, "sent": 30}
    tried = [one for one in outbox.rows.values() if one.state == "queued" and one.attempts]
    left = [one for one in outbox.rows.values() if one.state == "queued" and not one.attempts]
    assert (len(tried), len(left)) == (5, 25)
    assert {NOW < (one.next_attempt_at or NOW) <= NOW + timedelta(minutes=5) for one in left} == {True}
    assert await run(outbox, server.port, now=NOW) is None
    assert outbox.states() == {"queued": 30, "sent": 30}


async def test_a_domain_that_blocks_us_is_left_alone_and_named(mail_server: Servers) -> None:
    rows = [row(number, email=f"r{number}@{'wall' if number % 2 else 'open'}.example.org") for number in range(60)]
    server, outbox = mail_server(), outbox_of(*rows)
    for one in rows[1::2]:
        server.fail("rcpt", "550 5.7.1 listed at rbl.example.net", only=one.email)
    result = await drained(outbox, server.port)
    assert outbox.states() == {"failed": 10, "queued": 20, "sent": 30}
    assert not result.dead
    assert "wall.example.org refuses our mail" in result.warnings[0]


async def test_a_row_that_is_withdrawn_before_it_leaves_never_leaves(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*map(row, range(4)))
    outbox.withdrawn = {2}
    await run(outbox, server.port)
    assert sorted(mail.recipient for mail in server.inbox) == ["r0@example.org", "r1@example.org", "r3@example.org"]
    assert not outbox.leased


async def test_one_domain_gets_no_more_connections_than_allowed_and_others_pass(mail_server: Servers) -> None:
    rows = [row(number, email=f"r{number}@big.example.org") for number in range(20)]
    rows += [row(20 + number, email=f"r{number}@d{number}.example.org") for number in range(20)]
    server, outbox = mail_server(), outbox_of(*rows)
    server.fail("dot", "slow", times=2)
    busy: list[int] = []

    async def watched(delivery: Delivery) -> Parcel | Skip:
        busy.append(sum(outbox.rows[number].email.endswith("@big.example.org") for number in outbox.begun))
        return await compose(delivery)

    assert await run(outbox, server.port, how=watched, connections=4, per_domain=1) is None
    assert outbox.states() == {"sent": 40}
    assert max(busy) == 1
    order = [mail.recipient.partition("@")[2] == "big.example.org" for mail in server.inbox]
    assert not all(order[:20]), "who is at another domain does not wait"


def test_a_busy_server_halves_the_pace_and_gets_it_back_slowly() -> None:
    pace = Pace(1.0)
    for _ in range(3):
        pace.halve()
    assert [pace.take(0.0) for _ in range(3)] == [0.0, 8.0, 16.0]
    for _ in range(35):
        pace.recover()
    assert 3.5 < pace.slowness < 4.5
    for _ in range(100):
        pace.recover()
    assert pace.slowness == 1.0
    for _ in range(50):
        pace.halve()
    assert pace.slowness == 64


async def test_busy_answers_on_many_domains_slow_the_whole_pool(
    mail_server: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces: list[float] = []
    halve = Pace.halve

    def noted(pace: Pace) -> None:
        halve(pace)
        paces.append(pace.slowness)

    monkeypatch.setattr(Pace, "halve", noted)
    server, outbox = mail_server(), outbox_of(*many(30, 30))
    server.fail("rcpt", "451 4.7.0 too fast", times=15)
    assert await run(outbox, server.port) is None
    assert outbox.states() == {"queued": 15, "sent": 15}
    assert paces == [2, 4, 8]


async def test_a_server_that_greylists_gets_every_message_at_the_second_try(mail_server: Servers) -> None:
    server, outbox = mail_server(), outbox_of(*many(40, 4))
    for one in outbox.rows.values():
        server.fail("rcpt", "450 4.7.1 greylisted, come back later", only=one.email, times=1)
    assert await run(outbox, server.port, connections=2) is None
    assert outbox.states() == {"queued": 40}
    assert await run(outbox, server.port, connections=2, now=NOW + timedelta(minutes=1)) is None
    assert outbox.states() == {"sent": 40}
    assert len(server.inbox) == 40


@pytest.mark.parametrize("pipelining", [False, True])
async def test_a_server_that_hangs_up_after_each_seventh_message_loses_nothing(
    mail_server: Servers, pipelining: bool
) -> None:
    server, outbox = mail_server(pipelining=pipelining, messages_per_connection=7), outbox_of(*many(60, 4))
    await run(outbox, server.port, connections=3)
    await run(outbox, server.port, connections=3, now=NOW + timedelta(minutes=1))
    assert outbox.states() == {"sent": 60}
    assert {mail.recipient for mail in server.inbox} == {one.email for one in outbox.rows.values()}
    doubtful = [one for one in outbox.rows.values() if one.uncertain]
    assert len(server.inbox) - 60 <= len(doubtful)
