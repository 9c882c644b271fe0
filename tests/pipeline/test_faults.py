"""What the machine does to a run: a full disk, a locked database, two senders at once."""

import resource
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from functools import partial

from tests.kills import address, configure, start

TITLES = ["Graph neural networks for proteins"]


IMPATIENT = (
    "import digest.pipeline.posting as posting; posting._SETTLE_AGAIN = (0.0,); from digest.cli import main; main()"
)


def on_a_full_disk(instance, size: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a process none of whose files may grow beyond so many bytes."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
    command = [sys.executable, "-c", IMPATIENT, "--config", str(instance.config), *arguments]
    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, timeout=60, check=False)


def rows(instance) -> list[tuple[str, str, int]]:
    with closing(sqlite3.connect(instance.folder / "digest.db")) as connection:
        return connection.execute(
            "SELECT email, state, uncertain FROM deliveries JOIN subscribers ON subscribers.id = subscriber_id"
        ).fetchall()


def test_a_disk_that_fills_up_stops_the_run_with_a_sentence_and_nobody_is_forgotten(instance, mail_server):
    server = mail_server()
    readers = [f"r{n}@example.org" for n in range(40)]
    instance.write(
        sources={"a": instance.feed("a.xml", TITLES)},
        subscribers=readers,
        smtp_port=server.port,
        more="connections = 2\n",
    )
    instance.send(at="2026-11-23T06:00:00+00:00")
    largest = max(path.stat().st_size for path in instance.folder.glob("digest.db*"))
    done = on_a_full_disk(instance, largest + 60_000, "send", "--at", "2026-11-23T08:00:00+00:00")
    assert (done.returncode, "Traceback" in done.stderr, "disk" in done.stderr) == (1, False, True), done.stderr
    stopped = len(server.inbox)
    assert stopped < len(readers), "the disk was full before the end"
    instance.send(at="2026-11-23T08:10:00+00:00")
    got = Counter(mail.recipient for mail in server.inbox)
    assert set(got) == set(readers)
    assert {state for _, state, _ in rows(instance)} == {"sent"}
    marked = {email for email, _, uncertain in rows(instance) if uncertain}
    assert {email for email, times in got.items() if times > 1} <= marked
    assert len(marked) <= 2


def test_a_database_that_is_locked_for_a_while_is_waited_for(instance, mail_server, monkeypatch):
    monkeypatch.setattr("digest.pipeline.posting._SETTLE_AGAIN", (0.2,) * 30)
    monkeypatch.setattr("digest.store.BUSY_SECONDS", 0.1)
    server = mail_server()
    readers = [f"r{n}@example.org" for n in range(10)]
    instance.write(sources={"a": instance.feed("a.xml", TITLES)}, subscribers=readers, smtp_port=server.port)
    instance.send(at="2026-11-23T06:00:00+00:00")
    server.fail("dot", "slow", times=1)
    released = threading.Event()

    def lock() -> None:
        with closing(sqlite3.connect(instance.folder / "digest.db", timeout=30, isolation_level=None)) as connection:
            while not server.inbox:
                released.wait(0.001)
            connection.execute("BEGIN IMMEDIATE")
            released.wait(1.0)
            connection.execute("ROLLBACK")

    locker = threading.Thread(target=lock)
    locker.start()
    status, out, err = instance.digest("send", "--at", "2026-11-23T08:00:00+00:00")
    released.set()
    locker.join()
    assert "Traceback" not in out + err
    if status:  # it gave up waiting to begin another row: the next run goes on, and nobody gets two
        assert "locked" in err
        instance.send(at="2026-11-23T08:10:00+00:00")
    assert Counter(mail.recipient for mail in server.inbox) == Counter(readers)
    assert rows(instance) == [(email, "sent", 0) for email in readers]


def test_two_senders_at_once_make_one_mail_each_and_keep_the_daily_brake_together(tmp_path, mail_server):
    server = mail_server()
    configure(tmp_path, server.port, 60, 2, "[delivery]\nmax_per_day = 45\n")
    processes = [start(tmp_path) for _ in range(2)]
    assert {process.wait(60) for process in processes} <= {0, 1}
    got = Counter(mail.recipient for mail in server.inbox)
    assert set(got) < {address(n) for n in range(60)}
    assert sum(got.values()) == len(got) == 45
