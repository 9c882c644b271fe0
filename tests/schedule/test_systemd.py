"""What a service manager is told."""

import os
import socket

import pytest

from digest.schedule.systemd import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_states_arrive_as_lines_of_one_datagram(tmp_path, abstract):
    path = f"digest-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{path}" if abstract else path)
        manager.settimeout(10)
        notifier = Notifier({"NOTIFY_SOCKET": f"@{path}" if abstract else path})
        notifier.ready("two\nlines")
        assert manager.recv(100) == b"READY=1\nSTATUS=two lines"
        notifier.reloading()
        first, second = manager.recv(100).split(b"\n")
        assert (first, second[:15]) == (b"RELOADING=1", b"MONOTONIC_USEC=")
        notifier.stopping("bye")
        assert manager.recv(100) == b"STOPPING=1\nSTATUS=bye"


def test_nobody_who_listens_or_reads_does_no_harm(tmp_path):
    Notifier({}).ready("ok")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("ok")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "deaf"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "deaf")})
        for _ in range(2_000):  # more than the queue of a socket holds
            notifier.alive()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "120000000"}, 120.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, 120.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_fed_only_where_it_watches_us(environ, seconds):
    assert Notifier(environ).watchdog_seconds == seconds
