"""The admin's daily mail: once a day, through the outbox, about the day before."""

from email import message_from_bytes
from email.policy import default

TITLES = ["Graph neural networks for proteins", "On sourdough"]
OPS = '[delivery]\nreport_to = "ops@example.org"\n'


def on(day: int, hour: int = 8) -> str:
    return f"2026-11-{day}T{hour:02}:00:00+00:00"


def reports(server) -> list[str]:
    mails = [
        message_from_bytes(mail.data, policy=default) for mail in server.inbox if mail.recipient == "ops@example.org"
    ]
    return [body.get_content() for mail in mails if (body := mail.get_body(("plain",)))]


def test_one_mail_a_day_tells_what_became_of_the_day_before(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    who = ["ada@example.org", "bob@example.org", "eve@example.org"]
    instance.write(sources={"a": feed}, subscribers=who, smtp_port=server.port, more=OPS)
    server.fail("rcpt", "550 5.7.1 <b>not like this</b>", only="bob@example.org", times=1)
    _, first = instance.send(at=on(23))
    assert [one["subscriber"] for one in first["digests"]] == who, "a report is no digest"
    assert reports(server) == []
    _, second = instance.send(at=on(24))
    assert {one["subscriber"] for one in second["digests"]} == set(who)
    [told] = reports(server)
    assert told.startswith("Monday, 2026-11-23")
    assert [line.split() for line in told.splitlines()[2:6]] == [
        *(["due", "3"], ["sent", "2"], ["skipped", "0"], ["failed", "1"])
    ]
    assert "1 × 550 5.7.1 <b>not like this</b>" in told
    assert "a: fresh" in told
    assert "3 active" in told, "who gets the report is no subscriber"
    instance.send(at=on(24, 9))
    assert len(reports(server)) == 1
    instance.send(at=on(25))
    assert [report.split(",")[0] for report in reports(server)] == ["Monday", "Tuesday"]
    assert [row["email"] for row in instance.json("subscribers", "list")[1]["subscribers"]] == who


def test_who_reads_too_gets_digest_and_report(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, subscribers=["ops@example.org"], smtp_port=server.port, more=OPS)
    instance.send(at=on(23))
    instance.feed("a.xml", ["Graph neural networks again"])
    instance.send(at=on(24))
    subjects = [message_from_bytes(mail.data, policy=default)["Subject"] for mail in server.inbox]
    assert sum(subject.startswith("Report of 2026-11-2") for subject in subjects) >= 1
    assert sum(not subject.startswith("Report of") for subject in subjects) == 2
    assert len({message_from_bytes(mail.data, policy=default)["Message-ID"] for mail in server.inbox}) == len(
        server.inbox
    )


def test_who_gets_reports_can_begin_and_cease_to_read(instance, mail_server):
    server = mail_server()
    feed = instance.feed("a.xml", TITLES)
    instance.write(sources={"a": feed}, smtp_port=server.port, more=OPS)
    instance.send(at=on(20))
    instance.write(sources={"a": feed}, subscribers=["ops@example.org"], smtp_port=server.port, more=OPS)
    _, document = instance.send(at=on(23))
    assert [(one["subscriber"], one["outcome"]) for one in document["digests"]] == [("ops@example.org", "sent")]
    instance.write(sources={"a": feed}, smtp_port=server.port, more=OPS)
    server.inbox.clear()
    for day in (24, 25, 26):
        assert instance.send(at=on(day))[1]["digests"] == []
    assert reports(server)[-1].startswith("Wednesday, 2026-11-25")
