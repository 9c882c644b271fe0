"""Stopped at any moment, the same command goes on: real processes, real signals, a real mail server."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

READERS = [f"reader{number}@example.org" for number in range(12)]
AT = "2026-11-23T08:00:00+00:00"
# A shell may have told its background jobs to ignore Ctrl-C, and children inherit that.
PROGRAM = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);from digest.cli import main; main()"


def start(instance) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, "--config", instance.config, "send", "--at", AT]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def wait_for(server, messages: int, process: subprocess.Popen[str]) -> None:
    """Until the server has taken so many messages."""
    while len(server.inbox) < messages:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


@pytest.fixture
def slow(instance, mail_server):
    server = mail_server()
    server.fail("dot", "slow")
    instance.write(
        sources={"a": instance.feed("a.xml", ["Graph neural networks"])}, subscribers=READERS, smtp_port=server.port
    )
    return instance, server


@pytest.mark.parametrize("after", [1, 4])
def test_ctrl_c_leaves_a_state_from_which_the_same_command_goes_on(slow, after):
    instance, server = slow
    process = start(instance)
    wait_for(server, after, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "the same command goes on" in err
    assert len(server.inbox) < len(READERS)
    status, _ = instance.send()
    assert status == 0
    assert Counter(mail.recipient for mail in server.inbox) == Counter(READERS)


def test_after_kill_9_nobody_is_left_out_and_only_an_uncertain_one_is_repeated(slow):
    instance, server = slow
    kills = 3
    for kill in range(kills):
        process = start(instance)
        wait_for(server, 1 + 3 * kill, process)
        process.kill()
        process.communicate(timeout=60)
    status, _ = instance.send()
    assert status == 0
    received = Counter(mail.recipient for mail in server.inbox)
    assert set(received) == set(READERS)
    repeated = [reader for reader, times in received.items() if times > 1]
    assert len(repeated) <= kills
    for reader in repeated:
        _, why = instance.json("why", reader)
        assert why["deliveries"][0]["uncertain"] is True


def test_two_senders_at_once_send_each_digest_once(slow):
    instance, server = slow
    processes = [start(instance) for _ in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        assert "locked" not in err
    instance.send()
    assert Counter(mail.recipient for mail in server.inbox) == Counter(READERS)
