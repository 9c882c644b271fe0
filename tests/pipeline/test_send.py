"""The daily run through its command, on real files, a real database and a real SMTP server."""

import json
import sqlite3
from email import message_from_bytes
from email.policy import default

import pytest

TITLES = ["Graph neural networks for proteins", "A graph neural network at sea", "On sourdough"]
EARLY = "2026-11-23T06:00:00+00:00"
AT = "2026-11-23T08:00:00+00:00"
NEXT_DAY = "2026-11-24T08:00:00+00:00"


@pytest.fixture
def ready(instance, mail_server):
    """Two readers, one feed with two papers for them, a mail server that takes everything."""
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, subscribers=["ada@example.org", "bob@example.org"], smtp_port=server.port)
    return instance, server


def tables(instance, *names: str) -> dict[str, list]:
    connection = sqlite3.connect(instance.folder / "digest.db")
    try:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    finally:
        connection.close()


def test_a_dry_run_prints_the_document_of_the_contract(ready):
    instance, server = ready
    status, document = instance.send("--dry-run")
    assert status == 0
    assert document["at"] == "2026-11-23T08:00:00+00:00"
    assert document["dry_run"] is True
    assert document["papers"] == 3
    assert document["totals"] == {"ready": 2, "skipped": 0, "sent": 0, "deferred": 0, "failed": 0}
    first = document["digests"][0]
    assert set(first) == {
        "subscriber",
        "issue",
        "outcome",
        "reason",
        "subject",
        "html_bytes",
        "message_bytes",
        "papers",
        "files",
    }
    assert (first["subscriber"], first["issue"], first["outcome"]) == ("ada@example.org", "2026-11-23", "ready")
    assert first["files"] is None
    assert [paper["title"] for paper in first["papers"]] == sorted(
        TITLES[:2], key=[paper["title"] for paper in first["papers"]].index
    )
    for paper in first["papers"]:
        assert paper["score"] == sum(reason["points"] for reason in paper["matched"])
        assert all(set(reason) >= {"keyword", "field", "points"} for reason in paper["matched"])
    assert server.inbox == []


def test_a_dry_run_changes_nothing_but_the_cache_of_papers(ready):
    instance, _ = ready
    instance.send("--dry-run")
    kept = tables(instance, "subscribers", "deliveries", "papers")
    assert kept["subscribers"] == []
    assert kept["deliveries"] == []
    assert len(kept["papers"]) == 3


def test_a_real_run_delivers_exactly_what_the_dry_run_showed_and_a_second_run_nothing(ready, tmp_path):
    instance, server = ready
    _, dry = instance.send("--dry-run", "--out", str(tmp_path / "dry"))
    status, real = instance.send("--no-fetch")
    assert status == 0
    assert [one["outcome"] for one in real["digests"]] == ["sent", "sent"]
    expected = {
        digest["subscriber"]: (tmp_path / "dry" / f"{digest['subscriber']}.eml").read_bytes()
        for digest in dry["digests"]
    }
    assert {mail.recipient: mail.data for mail in server.inbox} == expected
    status, again = instance.send()
    assert (status, again["digests"]) == (0, [])
    assert len(server.inbox) == 2


def test_no_paper_comes_twice_and_a_new_one_comes_the_next_day(ready):
    instance, server = ready
    instance.send()
    instance.feed("a.xml", [*TITLES, "Graph neural networks again"])
    status, document = instance.send(at=NEXT_DAY)
    assert status == 0
    for digest in document["digests"]:
        assert [paper["title"] for paper in digest["papers"]] == ["Graph neural networks again"]
    assert len(server.inbox) == 4


def test_a_day_without_a_match_is_recorded_with_its_reason(ready):
    instance, server = ready
    instance.send()
    instance.feed("a.xml", ["On rye bread"])
    status, document = instance.send(at=NEXT_DAY)
    assert status == 0
    assert {one["reason"] for one in document["digests"]} == {"1 paper, none with your keywords"}
    _, why = instance.json("why", "ada@example.org")
    assert [(row["issue"], row["outcome"]) for row in why["deliveries"]] == [
        ("2026-11-24", "skipped"),
        ("2026-11-23", "sent"),
    ]
    assert len(server.inbox) == 2


def test_before_the_hour_nobody_is_due_but_the_preview_shows_what_will_come(ready):
    instance, server = ready
    status, document = instance.send(at=EARLY)
    assert (status, document["digests"]) == (0, [])
    assert server.inbox == []
    _, dry = instance.send("--dry-run", at=EARLY)
    assert {one["outcome"] for one in dry["digests"]} == {"ready"}
    assert {one["reason"] for one in dry["digests"]} == {"not due before 2026-11-23 07:30 UTC"}
    _, due = instance.send()
    assert due["totals"]["sent"] == 2


def test_a_mail_server_that_is_absent_leaves_the_rows_and_the_next_run_sends_them(instance, mail_server, closed_port):
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=closed_port)
    status, out, err = instance.digest("send", "--at", "2026-11-23T08:00:00+00:00", "--json")
    document = json.loads(out)
    assert status == 1
    assert document["totals"]["deferred"] == 1
    assert f"127.0.0.1:{closed_port}" in err
    assert "Traceback" not in err
    server = mail_server()
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port)
    status, document = instance.send()
    assert (status, document["totals"]["sent"]) == (0, 1)
    assert len(server.inbox) == 1


def test_a_refused_login_stops_the_batch_loses_nothing_and_shows_no_password(instance, mail_server):
    server = mail_server(login=("digest", "right"))
    feed = instance.feed("a.xml", TITLES)
    addresses = ["ada@example.org", "bob@example.org"]
    login = 'username = "digest"\npassword = "{}"\n'
    instance.write(sources={"a": feed}, subscribers=addresses, smtp_port=server.port, more=login.format("wrong-secret"))
    status, out, err = instance.digest("send", "--at", "2026-11-23T08:00:00+00:00")
    assert status == 1
    assert "wrong-secret" not in out + err
    assert "Traceback" not in err
    assert server.inbox == []
    instance.write(sources={"a": feed}, subscribers=addresses, smtp_port=server.port, more=login.format("right"))
    status, document = instance.send()
    assert (status, document["totals"]["sent"]) == (0, 2)


def test_one_refused_recipient_does_not_stop_the_others(ready):
    instance, server = ready
    server.fail("rcpt", "550 5.1.1 no such user", only="ada@example.org")
    status, document = instance.send()
    assert status == 1
    outcomes = {one["subscriber"]: one["outcome"] for one in document["digests"]}
    assert outcomes == {"ada@example.org": "failed", "bob@example.org": "sent"}
    assert "no such user" in next(one["reason"] for one in document["digests"] if one["outcome"] == "failed")
    assert instance.send()[1]["digests"] == []


def test_a_temporary_refusal_is_tried_again_when_it_is_time_and_not_before(ready):
    instance, server = ready
    server.fail("rcpt", "451 4.7.1 come back later", only="ada@example.org", times=1)
    status, document = instance.send()
    assert status == 1
    assert {one["subscriber"]: one["outcome"] for one in document["digests"]} == {
        "ada@example.org": "deferred",
        "bob@example.org": "sent",
    }
    status, document = instance.send(at="2026-11-23T08:00:30+00:00")
    assert status == 1
    [waiting] = document["digests"]
    assert waiting["outcome"] == "deferred"
    assert "451 4.7.1 come back later" in waiting["reason"]
    status, document = instance.send(at="2026-11-23T08:02:00+00:00")
    assert (status, document["totals"]["sent"]) == (0, 1)
    assert sorted(mail.recipient for mail in server.inbox) == ["ada@example.org", "bob@example.org"]


def test_a_repeat_after_a_lost_answer_has_the_same_message_id(ready):
    instance, server = ready
    server.fail("dot", "drop", only="ada@example.org", times=1)
    instance.send()
    status, document = instance.send(at="2026-11-23T08:10:00+00:00")
    assert (status, document["totals"]["sent"]) == (0, 1)
    ids = [
        message_from_bytes(mail.data, policy=default)["Message-ID"]
        for mail in server.inbox
        if mail.recipient == "ada@example.org"
    ]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    _, why = instance.json("why", "ada@example.org")
    assert why["deliveries"][0]["uncertain"] is True


def test_to_sends_todays_issue_before_its_hour_and_not_twice(ready):
    instance, server = ready
    _, document = instance.send("--to", "ADA@example.org", at=EARLY)
    assert document["totals"]["sent"] == 1
    _, document = instance.send("--to", "ada@example.org")
    assert [(one["outcome"], one["reason"]) for one in document["digests"]] == [("skipped", "already sent")]
    _, document = instance.send()
    assert [one["subscriber"] for one in document["digests"]] == ["bob@example.org"]
    assert len(server.inbox) == 2


def test_an_unknown_address_or_profile_names_the_nearest(ready):
    instance, _ = ready
    status, _, err = instance.digest("send", "--to", "ada@exampel.org")
    assert (status, "did you mean ada@example.org" in err) == (2, True)
    status, _, err = instance.digest("send", "--profile", "graph")
    assert (status, "did you mean graphs" in err) == (2, True)


def test_a_test_mail_is_marked_and_counts_for_nothing(ready):
    instance, server = ready
    status, document = instance.send("--test", "--to", "ada@example.org")
    assert (status, document["totals"]["sent"]) == (0, 1)
    [mail] = server.inbox
    assert message_from_bytes(mail.data, policy=default)["Subject"].startswith("[Test] ")
    assert tables(instance, "subscribers", "deliveries") == {"subscribers": [], "deliveries": []}
    assert instance.send()[1]["totals"]["sent"] == 2
    assert instance.digest("send", "--test")[0] == 2


def test_an_unsubscribed_address_is_never_mailed_even_by_name(ready):
    instance, server = ready
    instance.send(at=EARLY)  # everybody joins on that day, whatever day the clock says
    assert instance.digest("subscribers", "remove", "ada@example.org")[0] == 0
    instance.send()
    _, document = instance.send("--to", "ada@example.org")
    assert [(one["outcome"], one["reason"]) for one in document["digests"]] == [
        ("skipped", "the subscriber is unsubscribed")
    ]
    assert [mail.recipient for mail in server.inbox] == ["bob@example.org"]


def test_an_empty_day_makes_a_mail_for_those_who_want_one(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", ["On sourdough"])
    more = "[digest]\nsend_empty = true\n"
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port, more=more)
    _, document = instance.send()
    assert document["totals"]["sent"] == 1
    assert len(server.inbox) == 1


def test_a_reader_without_keywords_gets_what_others_read(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", ["On sourdough"])
    more = '[[subscriber]]\nemail = "eve@example.org"\n'
    instance.write(sources={"a": feed}, smtp_port=server.port, more=more)
    _, document = instance.send()
    [digest] = document["digests"]
    assert [paper["title"] for paper in digest["papers"]] == ["On sourdough"]


def test_a_reader_of_several_profiles_gets_a_paper_once_and_own_excludes_count(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", [*TITLES, "Graph neural networks: a survey of bread"])
    more = """[[profile]]
name = "bread"
keywords = ["sourdough", "bread"]
[[subscriber]]
email = "eve@example.org"
profiles = ["graphs", "bread"]
keywords = ["sea"]
exclude = ["protein"]
"""
    instance.write(sources={"a": feed}, smtp_port=server.port, more=more)
    _, document = instance.send()
    [digest] = document["digests"]
    titles = [paper["title"] for paper in digest["papers"]]
    assert len(titles) == len(set(titles)) == 3
    assert TITLES[0] not in titles


def test_a_run_far_larger_than_usual_is_refused_without_yes(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port)
    instance.send()
    many = [f"reader{n}@example.org" for n in range(6)]
    instance.write(sources={"a": feed}, subscribers=["ada@example.org", *many], smtp_port=server.port)
    status, _, err = instance.digest("send", "--at", NEXT_DAY)
    assert (status, "--yes" in err) == (2, True)
    assert len(server.inbox) == 1
    status, document = instance.send("--yes", at=NEXT_DAY)
    assert document["totals"]["sent"] == 6, "the new readers' first issue covers the last day's papers"


def test_the_daily_brake_leaves_the_rest_for_later(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    readers = [f"reader{n}@example.org" for n in range(5)]
    more = "[delivery]\nmax_per_day = 2\n"
    instance.write(sources={"a": feed}, subscribers=readers, smtp_port=server.port, more=more)
    status, document = instance.send()
    assert status == 1
    assert (document["totals"]["sent"], document["totals"]["deferred"]) == (2, 3)
    assert instance.send()[1]["totals"]["sent"] == 0
    assert instance.send(at="2026-11-24T08:30:00+00:00")[1]["totals"]["sent"] == 2
    assert len(server.inbox) == 4


def test_a_source_that_fails_says_so_and_the_others_go_on(ready):
    instance, server = ready
    (instance.folder / "broken.xml").write_text("<html><body>Maintenance</body></html>", encoding="utf-8")
    broken = (instance.folder / "broken.xml").as_uri()
    instance.write(
        sources={"a": (instance.folder / "a.xml").as_uri(), "b": broken},
        subscribers=["ada@example.org"],
        smtp_port=server.port,
    )
    status, document = instance.json("fetch")
    assert status == 1
    states = {source["name"]: source["state"] for source in document["sources"]}
    assert (states["a"], states["b"]) == ("fresh", "failing")
    assert set(document["sources"][0]) == {"name", "state", "reason", "new", "updated", "unchanged", "skipped"}
    status, document = instance.send()
    assert (status, document["totals"]["sent"]) == (1, 1)


def test_a_feed_that_broke_off_says_so_beside_its_state(ready):
    instance, _ = ready
    whole = (instance.folder / "a.xml").read_bytes()
    (instance.folder / "a.xml").write_bytes(whole[: whole.rindex(b"</description>")])
    _, document = instance.json("fetch")
    [source] = document["sources"]
    assert (source["new"], source["skipped"]) == (2, 1)
    assert "broken XML" in source["reason"]


def test_a_bad_keyword_is_named_with_its_place_and_nothing_is_sent(ready):
    instance, server = ready
    instance.write(subscribers=["ada@example.org"], keywords=["graph", "a*"], smtp_port=server.port)
    status, out, err = instance.digest("send")
    assert status == 2
    assert out == ""
    assert "config.toml:" in err
    assert len(err.strip().splitlines()) == 1
    assert server.inbox == []


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_sent(ready):
    instance, server = ready
    (instance.folder / "taken").write_text("a file, not a folder", encoding="utf-8")
    status, _, err = instance.digest("send", "--at", AT, "--out", str(instance.folder / "taken"))
    assert (status, "--out" in err, "Traceback" in err) == (1, True, False)
    assert server.inbox == []


def test_a_file_that_cannot_be_written_does_not_stop_the_mail(ready):
    instance, server = ready
    (instance.folder / "out" / "ada@example.org.html").mkdir(parents=True)
    status, _, err = instance.digest("send", "--at", AT, "--out", str(instance.folder / "out"))
    assert (status, "cannot write to" in err, "Traceback" in err) == (1, True, False)
    assert len(server.inbox) == 2


def test_a_test_mail_never_goes_to_who_left_and_is_never_taken_for_the_issue(ready):
    instance, server = ready
    instance.send(at=EARLY)
    instance.send("--test", "--to", "bob@example.org")
    instance.digest("subscribers", "remove", "ada@example.org")
    _, document = instance.send("--test", "--to", "ada@example.org")
    assert document["digests"][0]["reason"] == "the subscriber is unsubscribed"
    instance.send()
    ids = [message_from_bytes(mail.data, policy=default)["Message-ID"] for mail in server.inbox]
    assert [mail.recipient for mail in server.inbox] == ["bob@example.org", "bob@example.org"]
    assert len(set(ids)) == 2


def test_readers_who_often_get_nothing_do_not_trip_the_brake(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    more = '[[profile]]\nname = "nothing"\nkeywords = ["xylophone"]\n'
    more += "".join(f'[[subscriber]]\nemail = "r{n}@example.org"\nprofiles = ["nothing"]\n' for n in range(6))
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port, more=more)
    assert instance.send()[1]["totals"]["skipped"] == 6
    status, document = instance.send(at=NEXT_DAY)
    assert (status, document["totals"]["skipped"]) == (0, 7)


def test_a_brake_that_was_just_enough_is_no_trouble(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    readers = ["ada@example.org", "bob@example.org"]
    more = "[delivery]\nmax_per_day = 2\n"
    instance.write(sources={"a": feed}, subscribers=readers, smtp_port=server.port, more=more)
    status, document = instance.send()
    assert (status, document["totals"]["sent"]) == (0, 2)


def test_a_reader_whose_profile_is_gone_gets_a_reason_and_loses_nothing(ready):
    instance, server = ready
    instance.digest("subscribers", "add", "eve@example.org", "--profile", "graphs")
    renamed = instance.config.read_text().replace('name = "graphs"', 'name = "networks"')
    instance.config.write_text(renamed.replace('profiles = ["graphs"]', 'profiles = ["networks"]'))
    _, document = instance.send("--to", "eve@example.org")
    assert document["digests"][0]["reason"] == "no profile is called graphs any more"
    assert server.inbox == []
    _, document = instance.send("--dry-run", "--to", "eve@example.org")
    assert document["digests"][0]["reason"] == "no profile is called graphs any more"


def test_an_issue_that_failed_for_good_is_not_sent_again_by_name(ready):
    instance, server = ready
    server.fail("rcpt", "552 5.2.2 mailbox full", only="ada@example.org", times=1)
    instance.send("--to", "ada@example.org")
    _, document = instance.send("--to", "ada@example.org")
    assert "failed already" in document["digests"][0]["reason"]
    assert server.inbox == []


def test_an_address_that_does_not_exist_is_not_mailed_again(ready):
    instance, server = ready
    server.fail("rcpt", "550 5.1.1 no such user", only="ada@example.org", times=1)
    instance.send()
    instance.feed("a.xml", [*TITLES, "Graph neural networks again"])
    instance.send(at=NEXT_DAY)
    _, document = instance.send("--to", "ada@example.org", at=NEXT_DAY)
    assert document["digests"][0]["reason"] == "the subscriber is suppressed"
    assert [mail.recipient for mail in server.inbox] == ["bob@example.org"] * 2


def test_a_server_that_refuses_everybody_fails_nobody(instance, mail_server):
    server = mail_server()
    readers = [f"r{n}@d{n}.example.org" for n in range(12)]
    instance.write(sources={"a": instance.feed("a.xml", TITLES)}, subscribers=readers, smtp_port=server.port)
    server.fail("rcpt", "554 5.7.1 relay access denied")
    status, out, err = instance.digest("send", "--at", AT)
    assert (status, "relay access denied" in err, "Traceback" in out + err) == (1, True, False)
    server.heal()
    status, document = instance.send()
    assert (status, document["totals"]["sent"]) == (0, 12)


def test_a_pause_also_holds_what_waits_for_another_try(ready):
    instance, server = ready
    instance.digest("subscribers", "add", "eve@example.org", "--profile", "graphs", "--send-at", "00:00")
    server.fail("rcpt", "451 4.7.1 later", only="eve@example.org")
    instance.send("--to", "eve@example.org")
    instance.digest("subscribers", "pause", "eve@example.org", "--until", "2026-12-24")
    server.heal()
    instance.send(at="2026-11-23T09:00:00+00:00")
    assert "eve@example.org" not in {mail.recipient for mail in server.inbox}
    _, why = instance.json("why", "eve@example.org")
    assert (why["deliveries"][0]["outcome"], why["deliveries"][0]["reason"]) == ("skipped", "paused")


def test_the_issue_after_an_uncertain_one_goes_out_in_the_same_run(ready):
    instance, server = ready
    server.fail("dot", "drop", only="ada@example.org", times=1)
    instance.send()
    instance.feed("a.xml", [*TITLES, "Graph neural networks again"])
    _, document = instance.send(at=NEXT_DAY)
    ada = [one["issue"] for one in document["digests"] if one["subscriber"] == "ada@example.org"]
    assert ada == ["2026-11-23", "2026-11-24"]


def test_a_dry_run_after_a_real_one_moves_no_cursor_and_writes_no_row(ready):
    instance, _ = ready
    instance.send()
    before = tables(instance, "subscribers", "deliveries")
    instance.feed("a.xml", [*TITLES, "Graph neural networks again"])
    instance.config.write_text(instance.config.read_text() + '[[subscriber]]\nemail = "new@example.org"\n')
    _, document = instance.send("--dry-run", at=NEXT_DAY)
    assert document["totals"]["ready"] == 3
    instance.send("--dry-run", "--to", "ada@example.org", at=NEXT_DAY)
    assert tables(instance, "subscribers", "deliveries") == before


def test_a_time_far_ahead_shows_the_papers_and_leaves_the_sources_alone(ready):
    instance, _ = ready
    _, document = instance.send("--dry-run", at="2031-01-01T08:00:00+00:00")
    assert document["totals"]["ready"] == 2
    _, status = instance.json("status")
    assert not status["sources"][0]["checked_at"].startswith("2031")


def test_an_empty_name_never_means_everybody(ready):
    instance, server = ready
    assert instance.digest("send", "--to", "")[0] == 2
    assert instance.digest("send", "--profile", "")[0] == 2
    assert server.inbox == []


def test_an_issue_sent_by_name_says_nothing_of_what_is_usual(instance, mail_server):
    server = mail_server()
    readers = [f"reader{n}@example.org" for n in range(7)]
    instance.write(sources={"a": instance.feed("a.xml", TITLES)}, subscribers=readers, smtp_port=server.port)
    instance.send("--to", readers[0], at=EARLY)
    status, document = instance.send(at=NEXT_DAY)
    assert (status, document["totals"]["sent"] + document["totals"]["skipped"]) == (0, 7)


@pytest.mark.parametrize("spread", [0, 20])
def test_patience_waits_for_a_late_source(instance, mail_server, spread):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    more = f"[schedule]\npatience = 60\nspread = {spread}\n"
    instance.write(sources={"a": feed}, subscribers=["ada@example.org"], smtp_port=server.port, more=more)
    instance.json("fetch")
    with sqlite3.connect(instance.folder / "digest.db") as connection:
        connection.execute("UPDATE sources SET state = 'waiting', reason = 'not there yet'")
    connection.close()
    _, document = instance.send("--no-fetch")
    [waiting] = document["digests"]
    assert waiting["outcome"] == "deferred"
    assert waiting["reason"].startswith("waits until 08:")
    _, document = instance.send("--no-fetch", at="2026-11-23T08:51:00+00:00")
    assert document["totals"]["sent"] == 1
    assert b"had not listed" in server.inbox[0].data
