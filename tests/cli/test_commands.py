"""Every command as its user runs it."""

import json
import os
import stat
from pathlib import Path

import pytest

TITLES = ["Graph neural networks for proteins", "On sourdough"]


@pytest.fixture
def ready(instance):
    instance.write(sources={"a": instance.feed("a.xml", TITLES)}, subscribers=["ada@example.org"])
    return instance


def test_init_writes_two_files_that_check_finds_good_and_never_overwrites(instance):
    folder = instance.folder / "new" / "digest"
    status, out, _ = instance.digest("init", str(folder))
    assert status == 0
    assert "config.toml" in out
    config = folder / "config.toml"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert (folder / "profiles" / "example.toml").exists()
    before = config.read_bytes()
    status, _, err = instance.digest("init", str(folder))
    assert (status, "exists already" in err) == (2, True)
    assert config.read_bytes() == before
    status, out, err = instance.digest("--config", str(config), "check")
    assert (status, err) == (0, "")
    assert "is good: 2 sources, 1 profile, 1 subscriber" in out


def test_two_inits_have_different_secrets(instance):
    for name in ("one", "two"):
        instance.digest("init", str(instance.folder / name))
    one, two = ((instance.folder / name / "config.toml").read_text() for name in ("one", "two"))
    assert one != two
    assert "secret_key = " in one


def test_check_names_every_problem_with_file_and_line_and_exits_2(instance):
    instance.write(
        keywords=["fine", "a*", "foo:bar"], more='[digest]\nmax_paper = 3\n[schedule]\ntimezone = "Europe/Berln"\n'
    )
    status, out, err = instance.digest("check")
    assert (status, out) == (2, "")
    lines = err.strip().splitlines()
    assert any("max_paper" in line and "max_papers" in line and "config.toml:" in line for line in lines)
    assert any("Europe/Berlin" in line for line in lines)
    instance.write(keywords=["fine", "a*", "foo:bar"])
    status, _, err = instance.digest("check")
    lines = err.strip().splitlines()
    assert status == 2
    assert len(lines) == 2
    assert all("config.toml:" in line for line in lines)
    status, document = instance.json("check")
    assert status == 2
    assert document["ok"] is False
    lines = instance.config.read_text().splitlines()
    assert {lines[problem["line"] - 1][:8] for problem in document["problems"]} == {"keywords"}


def test_check_finds_a_broken_template_of_the_operator(ready):
    folder = ready.folder / "mine" / "email"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ nonsense }}", encoding="utf-8")
    ready.config.write_text(ready.config.read_text().replace("[site]", '[site]\ntemplates = "mine"'), encoding="utf-8")
    status, _, err = ready.digest("check")
    assert status == 2
    assert "subject.txt:1" in err


def test_check_online_says_what_answers_and_what_does_not(ready, closed_port):
    ready.write(sources={"a": ready.feed("a.xml", TITLES)}, smtp_port=closed_port)
    status, document = ready.json("check", "--online")
    findings = {finding["name"]: finding for finding in document["online"]}
    assert status == 1
    assert findings["source a"]["status"] == "ok"
    assert findings[f"smtp 127.0.0.1:{closed_port}"]["status"] == "wrong"
    assert not (ready.folder / "digest.db").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[site",
        "a = 1\na = 2",
        "[[profile]]\nname = 5",
        "\x00",
        "include = 3",
        '[[source]]\nname = "x"\nkind = "rss"',
    ],
)
def test_no_configuration_is_a_traceback(instance, text):
    instance.config.write_text(text, encoding="utf-8")
    status, _, err = instance.digest("send", "--no-fetch")
    assert status == 2 or (status, text) == (0, "")
    assert "Traceback" not in err


def test_without_a_configuration_the_way_to_one_is_shown(instance):
    status, _, err = instance.digest("status")
    assert status == 2
    assert "digest init" in err


def test_fetch_prints_the_sources_and_a_second_one_finds_nothing_new(ready):
    status, document = ready.json("fetch")
    assert status == 0
    [source] = document["sources"]
    assert (source["name"], source["state"], source["new"], source["skipped"]) == ("a", "fresh", 2, 0)
    _, document = ready.json("fetch")
    assert (document["sources"][0]["new"], document["sources"][0]["unchanged"]) == (0, 2)
    status, _, err = ready.digest("fetch", "--source", "b")
    assert (status, "the configured ones are: a" in err) == (2, True)


def test_papers_lists_and_searches(ready):
    ready.digest("fetch")
    _, document = ready.json("papers")
    assert len(document["papers"]) == 2
    assert set(document["papers"][0]) == {
        "id",
        "title",
        "abstract",
        "authors",
        "categories",
        "listed_on",
        "upvotes",
        "url",
        "sources",
    }
    _, document = ready.json("papers", "network protein")
    assert [paper["title"] for paper in document["papers"]] == TITLES[:1]
    assert ready.json("papers", "--date", "1999-01-01")[1] == {"papers": []}
    assert ready.digest("papers", "--date", "yesterday")[0] == 2


def test_a_dry_run_for_people_names_papers_and_reasons(ready):
    status, out, _ = ready.digest("send", "--dry-run", "--at", "2026-11-23T08:00:00+00:00")
    assert status == 0
    assert TITLES[0] in out
    assert "graph neural network (title)" in out
    assert "A dry run: nothing was changed." in out


@pytest.mark.parametrize("at", ["tomorrow", "2026-11-23", "2026-11-23T08:00:00", "2026-13-01T00:00:00+00:00"])
def test_a_time_without_an_offset_is_refused(ready, at):
    status, _, err = ready.digest("send", "--dry-run", "--at", at)
    assert status == 2
    assert "--at" in err


def test_status_and_why_tell_what_is_and_what_was(ready):
    _, document = ready.json("status")
    assert (document["papers"], document["sources"], document["subscribers"]) == (0, [], 1)
    ready.digest("fetch")
    _, document = ready.json("status")
    assert (document["papers"], document["sources"][0]["state"]) == (2, "fresh")
    _, document = ready.json("why", "ada@example.org")
    assert document["deliveries"] == []
    assert ready.digest("why", "nobody@example.org")[0] == 2
    assert ready.digest("why", "ada@example.org", "someday")[0] == 2
    for command in (("status",), ("why", "ada@example.org"), ("papers",), ("subscribers", "list")):
        status, out, err = ready.digest(*command)
        assert (status, bool(out), err) == (0, True, "")


def test_subscribers_are_added_listed_paused_removed_and_kept_out(ready):
    add = (
        "subscribers",
        "add",
        "Bob@Example.org",
        "--profile",
        "graphs",
        "--keyword",
        "sourdough",
        "--send-at",
        "06:15",
    )
    assert ready.digest(*add)[0] == 0
    _, document = ready.json("subscribers", "list")
    rows = {row["email"]: row for row in document["subscribers"]}
    assert rows["Bob@example.org"]["send_at"] == "06:15"
    assert rows["ada@example.org"]["status"] == "active"
    assert ready.digest("subscribers", "pause", "bob@example.org", "--until", "2027-01-05")[0] == 0
    status, out, _ = ready.digest("subscribers", "pause", "ada@example.org", "--until", "2027-01-05")
    assert (status, "config.toml:" in out) == (0, True), "a pause stands over the file"
    _, document = ready.json("subscribers", "list")
    assert [row["paused_until"] for row in document["subscribers"]] == ["2027-01-05", "2027-01-05"]
    assert ready.digest("subscribers", "remove", "bob@example.org")[0] == 0
    status, _, err = ready.digest(*add)
    assert (status, "--again" in err) == (2, True)
    assert ready.digest(*add, "--again")[0] == 0
    _, document = ready.json("subscribers", "list")
    assert {row["status"] for row in document["subscribers"]} == {"active"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("not an address",), "email"),
        (("bob@example.org", "--profile", "graph"), "graphs"),
        (("bob@example.org", "--timezone", "Mars/Olympus"), "timezone"),
        (("bob@example.org", "--send-at", "7.30"), "07:30"),
        (("bob@example.org", "--keyword", "a*"), "keyword"),
        (("bob@example.org", "--cadence", "days"), "days"),
    ],
)
def test_a_subscriber_that_cannot_be_is_refused_with_a_reason(ready, arguments, words):
    status, _, err = ready.digest("subscribers", "add", *arguments)
    assert status == 2
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_what_is_exported_can_be_imported_elsewhere(ready, tmp_path_factory, kind):
    ready.digest(
        "subscribers", "add", "bob@example.org", "--keyword", "bread", "--keyword", "rye", "--cadence", "weekdays"
    )
    out = ready.folder / f"all.{kind}"
    assert ready.digest("subscribers", "export", "--out", str(out))[0] == 0
    ready.folder = tmp_path_factory.mktemp("other")
    ready.write()
    status, document = ready.json("subscribers", "import", str(out))
    assert (status, document["added"], document["problems"]) == (0, 2, [])
    rows = {row["email"]: row for row in ready.json("subscribers", "list")[1]["subscribers"]}
    assert rows["bob@example.org"]["keywords"] == ["bread", "rye"]
    assert rows["bob@example.org"]["cadence"] == "weekdays"
    assert ready.json("subscribers", "import", str(out))[1]["changed"] == 2


def test_an_import_names_bad_lines_and_takes_the_good_ones(ready):
    lines = [
        "email,name,profiles,keywords,timezone",
        "bob@example.org,Bob,graphs,rye bread;sourdough,Europe/Berlin",
        "not an address,,,,",
        "eve@example.org,,nope,,",
        "bob@example.org,,,,",
        "dan@example.org,,,a*,",
        "uma@example.org,,,,Mars/Olympus",
        "tim@example.org,Tim",
    ]
    file = ready.folder / "readers.csv"
    file.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    status, document = ready.json("subscribers", "import", str(file))
    assert (status, document["added"]) == (1, 2)
    assert [problem.split(":")[1] for problem in document["problems"]] == ["3", "4", "5", "6", "7"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name\nAda",
        "email;name\nx@example.org;y",
        '"email\n',
        '{"email": 3}\n',
        "{\n",
        "{" * 9000,
        "\x00",
        '{"email":"a@b.org","age":3}',
    ],
)
def test_no_file_breaks_the_import(ready, text):
    file = ready.folder / "readers"
    file.write_text(text, encoding="utf-8")
    status, _, err = ready.digest("subscribers", "import", str(file))
    assert status in {0, 1, 2}
    assert "Traceback" not in err


def test_match_ranks_a_file(ready):
    papers = ready.folder / "papers.jsonl"
    rows = [
        {
            "id": "1",
            "title": "Graph neural networks",
            "abstract": "",
            "authors": [],
            "categories": [],
            "listed": "2026-01-01",
        },
        {"id": "2", "title": "Bread", "abstract": "A graph neural network bakes.", "listed": "2026-01-02"},
        {"id": "3", "title": "Rye", "abstract": ""},
    ]
    papers.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    status, out, _ = ready.digest("match", str(papers), str(ready.config))
    assert status == 0
    [line] = map(json.loads, out.splitlines())
    assert (line["profile"], line["day"]) == ("graphs", None)
    assert [paper["id"] for paper in line["papers"]] == ["1", "2"]
    for paper in line["papers"]:
        assert paper["score"] == sum(reason["points"] for reason in paper["matched"])
    _, out, _ = ready.digest("match", str(papers), str(ready.config), "--daily", "--top", "1")
    days = [(line["day"], [paper["id"] for paper in line["papers"]]) for line in map(json.loads, out.splitlines())]
    assert days == [(None, []), ("2026-01-01", ["1"]), ("2026-01-02", ["2"])]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.jsonl", '{"name": "x", "keywords": ["ok"]}\n{"name": "y", "keywords": ["a*"]}', "p.jsonl:2"),
        ("p.jsonl", '{"name": "x"}\n{"name": "x"}', "p.jsonl:2"),
        ("p.jsonl", '{"nam": "x"}', "p.jsonl:1"),
        ("p.jsonl", "nonsense", "p.jsonl:1"),
        ("p.toml", "[[profile]]\nname = 'x'\nkeywords = ['a*']", "p.toml:3"),
        ("p.toml", "", "holds no [[profile]]"),
    ],
)
def test_a_wrong_profile_is_named_with_its_line(ready, name, text, words):
    papers = ready.folder / "papers.jsonl"
    papers.write_text('{"id": "1", "title": "t"}\n', encoding="utf-8")
    (ready.folder / name).write_text(text, encoding="utf-8")
    status, out, err = ready.digest("match", str(papers), str(ready.folder / name))
    assert (status, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"title": "x"}', '{"id": "1", "title": 3}', '{"id": "1", "title": "t", "listed": "x"}']
)
def test_a_wrong_paper_is_named_with_its_line(ready, line):
    papers = ready.folder / "papers.jsonl"
    papers.write_text('{"id": "1", "title": "t"}\n' + line, encoding="utf-8")
    status, _, err = ready.digest("match", str(papers), str(ready.config))
    assert status == 2
    assert "papers.jsonl:2" in err


def test_match_reads_compressed_files_and_says_when_one_is_broken(ready):
    import lzma

    packed = ready.folder / "papers.jsonl.xz"
    packed.write_bytes(lzma.compress(b'{"id": "1", "title": "A graph neural network"}\n'))
    assert '"id": "1"' in ready.digest("match", str(packed), str(ready.config))[1]
    packed.write_bytes(packed.read_bytes()[:40])
    status, _, err = ready.digest("match", str(packed), str(ready.config))
    assert (status, "papers.jsonl.xz" in err) == (1, True)
    assert ready.digest("match", "nowhere.jsonl", str(ready.config))[0] == 2


def test_db_upgrade_makes_and_checks_the_database(ready):
    assert ready.digest("db", "upgrade")[0] == 0
    assert (ready.folder / "digest.db").exists()


def test_a_newer_database_is_refused_by_every_command(ready):
    import sqlite3

    ready.digest("db", "upgrade")
    with sqlite3.connect(ready.folder / "digest.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in (("send",), ("fetch",), ("papers",), ("status",), ("db", "upgrade")):
        status, _, err = ready.digest(*command)
        assert (status, "newer version" in err, "Traceback" in err) == (2, True, False)


def test_help_and_version_need_no_configuration(instance):
    for arguments in (("--help",), ("--version",), ("send", "--help"), ("subscribers", "--help")):
        status, out, _ = instance.digest(*arguments)
        assert (status, bool(out)) == (0, True)


def test_an_unknown_command_or_option_is_wrong_usage(instance):
    assert instance.digest("sned")[0] == 2
    assert instance.digest("send", "--dryrun")[0] == 2


def test_shell_completion_knows_the_commands():
    import subprocess
    import sys

    program = Path(sys.executable).parent / "digest"
    environment = {**os.environ, "_DIGEST_COMPLETE": "complete_bash", "COMP_WORDS": "digest su", "COMP_CWORD": "1"}
    result = subprocess.run([program], env=environment, capture_output=True, text=True, check=False)
    assert "subscribers" in result.stdout


def test_the_demo_sends_three_different_digests_and_ends_by_itself(instance):
    out = instance.folder / "demo"
    status, text, err = instance.digest("demo", "--out", str(out))
    assert (status, "Traceback" in err) == (0, False)
    assert "The inbox holds 3 messages" in text
    files = sorted(path.name for path in out.iterdir())
    assert len(files) == 9
    pages = {path.read_text(encoding="utf-8") for path in out.glob("*.html")}
    assert len(pages) == 3


def test_adding_a_known_address_changes_only_what_is_named(ready):
    ready.digest("subscribers", "add", "p@example.org", "--profile", "graphs", "--timezone", "Asia/Tokyo")
    ready.digest("subscribers", "add", "p@example.org", "--name", "Pat", "--cadence", "weekly", "--weekday", "fri")
    rows = {row["email"]: row for row in ready.json("subscribers", "list")[1]["subscribers"]}
    pat = rows["p@example.org"]
    assert (pat["name"], pat["profiles"], pat["timezone"], pat["days"]) == ("Pat", ["graphs"], "Asia/Tokyo", ["fri"])


def test_who_a_toml_file_names_is_changed_there(ready):
    status, _, err = ready.digest("subscribers", "add", "Ada@example.org", "--keyword", "bread")
    assert (status, "config.toml:" in err) == (2, True)


def test_who_left_stays_away_through_export_and_import(ready, tmp_path_factory):
    ready.digest("subscribers", "add", "bob@example.org", "--keyword", "bread")
    ready.digest("subscribers", "remove", "bob@example.org")
    out = ready.folder / "all.jsonl"
    ready.digest("subscribers", "export", "--out", str(out))
    ready.folder = tmp_path_factory.mktemp("other")
    ready.write()
    ready.json("subscribers", "import", str(out), "--again")
    rows = {row["email"]: row["status"] for row in ready.json("subscribers", "list")[1]["subscribers"]}
    assert rows == {"ada@example.org": "active", "bob@example.org": "unsubscribed"}


@pytest.mark.parametrize("until", ["20270101", "2027-W01-1", "soon", "2027-13-01"])
def test_a_pause_takes_only_a_plain_day(ready, until):
    ready.digest("subscribers", "add", "bob@example.org")
    assert ready.digest("subscribers", "pause", "bob@example.org", "--until", until)[0] == 2
    assert ready.digest("subscribers", "list")[0] == 0


def test_a_pause_to_the_end_of_the_calendar_stops_nobody_else(ready):
    ready.digest("subscribers", "add", "bob@example.org", "--cadence", "weekly")
    assert ready.digest("subscribers", "pause", "bob@example.org", "--until", "9999-12-31")[0] == 0
    status, document = ready.send("--dry-run")
    assert (status, document["totals"]["ready"]) == (0, 2)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_at_the_edge_of_the_calendar_is_refused(ready, at):
    status, _, err = ready.digest("send", "--dry-run", "--no-fetch", "--at", at)
    assert (status, "Traceback" in err) == (2, False)


def test_closed_and_narrow_outputs_do_no_harm(ready):
    import subprocess
    import sys

    ready.digest("subscribers", "add", "zo\u00eb@example.org", "--name", "Zo\u00eb")
    program = [sys.executable, "-c", "from digest.cli import main; main()", "--config", str(ready.config)]
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *program, "papers", "--json"], capture_output=True, text=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (0, "")
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    listed = subprocess.run([*program, "subscribers", "list", "--json"], capture_output=True, env=narrow, check=False)
    names = [row["name"] for row in json.loads(listed.stdout.decode("utf-8"))["subscribers"]]
    assert "Zo\u00eb" in names


def test_init_on_a_full_disk_leaves_nothing_half_made(instance, monkeypatch):
    def full(*_arguments, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    status, _, err = instance.digest("init", str(instance.folder / "new"))
    assert (status, "No space left" in err) == (1, True)
    assert list((instance.folder / "new").iterdir()) == []


def test_a_locked_database_is_a_sentence_also_in_the_middle_of_a_fetch(ready, monkeypatch):
    import sqlite3

    ready.digest("db", "upgrade")
    monkeypatch.setattr("digest.store.open_store.__wrapped__.__kwdefaults__", {"upgrade": False, "busy_seconds": 0.05})
    other = sqlite3.connect(ready.folder / "digest.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        status, _, err = ready.digest("fetch")
    finally:
        other.close()
    assert (status, "locked by another process" in err, "Traceback" in err) == (1, True, False)
