"""Runs that end by `kill -9` at random moments; `python -m bench.kills` does the same at length."""

from tests.kills import kill_and_restart


def test_nobody_is_without_and_each_repeat_is_marked_whenever_the_run_is_killed(tmp_path, mail_server):
    server, connections = mail_server(), 3
    report = kill_and_restart(tmp_path, server, readers=120, kills=3, connections=connections, seed=1)
    assert report.without == ()
    assert report.states == {"sent": 120}
    assert report.doubtful <= report.kills * connections
    assert report.repeats <= report.kills * connections
    assert report.unmarked == ()
    assert report.ids_differ == ()
