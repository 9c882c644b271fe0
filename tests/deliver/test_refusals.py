from __future__ import annotations

import pytest

from digest.deliver import refusals

DEAD = [
    "550 5.1.1 no such user",
    "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown in local recipient table",
    "550 5.1.2 host unknown",
    "553 5.1.3 bad address syntax",
    "551 5.1.6 moved",
    "550 5.1.10 null MX",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 user unknown",
    "550 No such user here",
    "550 5.0.0 unknown recipient",
    "550 <a@example.org>: mailbox does not exist",
]
ALIVE = [
    "550 5.7.1 relay access denied",
    "550 5.7.1 user unknown",
    "550 5.7.26 unauthenticated",
    "554 5.7.1 Service unavailable; client host blocked using zen.example.net",
    "550 blocked by policy: no such user",
    "550 5.1.1 rejected: listed in a blocklist",
    "550 5.1.8 sender address rejected: domain not found",
    "550 5.2.1 mailbox disabled",
    "552 5.2.2 mailbox full",
    "550 5.6.0 content",
    "554 5.1.1 no such user",
    "550 requested action not taken: mailbox unavailable",
    "450 4.1.1 user unknown",
    "the mail server takes no addresses outside ASCII",
    "550",
    "",
]


@pytest.mark.parametrize("reply", DEAD)
def test_an_address_that_does_not_exist_is_dead(reply: str) -> None:
    assert refusals.dead_address(reply)
    assert not refusals.is_block(reply)


@pytest.mark.parametrize("reply", ALIVE)
def test_blocks_policy_content_and_full_mailboxes_never_kill_an_address(reply: str) -> None:
    assert not refusals.dead_address(reply)


@pytest.mark.parametrize(
    ("reply", "block"),
    [
        ("554 5.7.1 relay access denied", True),
        ("554 relay access denied", True),
        ("550 5.7.515 access denied", True),
        ("550 message looks like spam", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.1.1 user unknown", False),
        ("451 4.7.1 policy", False),
    ],
)
def test_a_block_is_about_us(reply: str, block: bool) -> None:
    assert refusals.is_block(reply) is block


@pytest.mark.parametrize(
    ("reply", "busy"),
    [
        ("421 4.7.0 too many connections", True),
        ("450 4.7.1 rate limited", True),
        ("451 try again later", True),
        ("454 Throttling failure: maximum sending rate exceeded", True),
        ("452 4.3.1 insufficient system storage", True),
        ("452 4.2.2 mailbox full", False),
        ("450 4.2.1 mailbox busy", False),
        ("450 4.7.1 greylisted, come back in 300 seconds", False),
        ("451 4.7.1 Gray-listing in action", False),
        ("550 5.7.1 too fast", False),
    ],
)
def test_busy_means_not_so_fast(reply: str, busy: bool) -> None:
    assert refusals.is_busy(reply) is busy
