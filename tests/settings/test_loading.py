from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from digest.cadence import WEEKDAYS
from digest.errors import ConfigError, KeywordError
from digest.settings import Place, Settings, cadence_of, find_config, load

KEY = "k" * 40


def _load(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return load(folder / "config.toml", environ)


def _problems(folder: Path, text: str, **environ: str) -> list[str]:
    """What is wrong, one line each, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        _load(folder, text, **environ)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def _warnings(folder: Path, text: str, **environ: str) -> list[str]:
    return [str(warning).replace(f"{folder}/", "") for warning in _load(folder, text, **environ).warnings]


def test_an_empty_file_is_a_configuration(tmp_path: Path) -> None:
    settings = _load(tmp_path, "")
    assert (settings.smtp.port, settings.schedule.send_at, settings.sources) == (587, time(7, 30), ())
    assert settings.warnings == ()
    assert settings.smtp_password() is None


def test_tables_become_sections(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        """
        [site]
        url = "https://papers.example.org/daily/"
        [smtp]
        sender = "Doe, Jane <jane@example.org>"
        rate = "30/min"
        [schedule]
        cadence = "weekdays"
        [[source]]
        name = "arxiv"
        kind = "arxiv"
        categories = ["cs.LG"]
        [[profile]]
        name = "graphs"
        keywords = ["graph*"]
        sources = ["arxiv"]
        min_score = 2
        [[subscriber]]
        email = "Ada@Example.ORG"
        profiles = ["graphs"]
        timezone = "Europe/Berlin"
        send_at = "6:05"
        paused_until = 2026-12-24
        """,
    )
    assert settings.site.url == "https://papers.example.org/daily"
    assert settings.smtp.sender == '"Doe, Jane" <jane@example.org>'
    assert settings.smtp.per_second == 0.5
    assert settings.profiles[0].min_score == 2.0
    reader = settings.subscribers[0]
    assert (reader.email, reader.paused_until) == ("Ada@example.org", date(2026, 12, 24))
    cadence = cadence_of(reader, settings.schedule)
    assert (cadence.at, cadence.zone, cadence.days) == (time(6, 5), "Europe/Berlin", WEEKDAYS)


EVERYTHING_WRONG = """\
mystery = 1
[smtp]
port = "587"
tls = "startls"
sender = "nobody"
rate = "fast"
timeout = true
pasword = "swordfish"
[digest]
max_papers = 0
[schedule]
timezone = "Europe/Berln"
send_at = "25:00"
cadence = "days"
[[source]]
kind = "feed"
[[source]]
name = "a"
kind = "feed"
[[profile]]
name = "graphs"
keyword = ["x"]
keywords = ["ok", 3]
sources = ["b", "zebra"]
[[profile]]
name = "graphs"
[[subscriber]]
email = "Ada@example.org"
profiles = ["graph"]
[[subscriber]]
email = "ada@EXAMPLE.org"
paused_until = 2026-13
"""


def test_everything_wrong_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    assert _problems(tmp_path, EVERYTHING_WRONG.replace("2026-13", '"2026-13"')) == [
        'config.toml:1:1: unknown key "mystery"',
        "config.toml:3:1: port must be a whole number, not text; write it without quotes",
        'config.toml:4:1: tls must be "starttls", "implicit" or "none"; did you mean "starttls"?',
        "config.toml:5:1: sender is not an e-mail address (an email address must have an @-sign)",
        'config.toml:6:1: rate must be a rate: a number above 0 and s, min or h, as "14/s"',
        "config.toml:7:1: timeout must be a number, not true or false",
        'config.toml:8:1: unknown key "pasword"; did you mean "password"?',
        "config.toml:10:1: max_papers must be at least 1",
        'config.toml:12:1: timezone is no known time zone; did you mean "Europe/Berlin"?',
        'config.toml:13:1: send_at must be a time of day: hours and minutes, as "07:30"',
        'config.toml:14:1: cadence = "days" needs days, as days = ["mon", "thu"]',
        'config.toml:15:1: [[source]] needs "name"',
        "config.toml:17:1: url is missing: a feed source needs it",
        'config.toml:22:1: unknown key "keyword"; did you mean "keywords"?',
        "config.toml:23:19: item 2 of keywords must be text in quotes, not a number",
        'config.toml:24:12: no [[source]] has the name "b"',
        'config.toml:24:17: no [[source]] has the name "zebra"',
        'config.toml:26:1: two [[profile]] tables have the name "graphs"; the first is at config.toml:21',
        'config.toml:29:13: no [[profile]] has the name "graph"; did you mean "graphs"?',
        'config.toml:31:1: two [[subscriber]] tables have the email "ada@EXAMPLE.org"; the first is at config.toml:28',
        "config.toml:32:1: paused_until must be a day, as 2026-12-24",
    ]


ONE_WRONG = [
    ("[site]\nurl = 'http://example.org'", "url must start with https:// (plain http is for loopback only)"),
    ("[site]\nurl = 'https://a.b?c'", "url must end with its path: no user, no ? and no #"),
    ("[site]\nurl = 'https://['", "url must be a URL that starts with http:// or https://"),
    ("[site]\nname = 'a\\u0007'", None),
    ('[site]\nname = "a\\u0007"', "name must be one line without control characters"),
    ("[site]\ntemplates = 'none'", "the templates folder"),
    ("[store]\nurl = 'mysql://me:swordfish@host'", "url must name a SQLite file, as sqlite:///digest.db"),
    ("[store]\nurl = 'postgresql://me:swordfish@host/x'", "url names PostgreSQL, which this version"),
    ("[smtp]\npassword = 7", "password must be text in quotes, not a number"),
    ("[smtp]\nrate = '0/s'", "rate must be a rate"),
    ("[schedule]\nfetch = 'hourly'", "fetch must have the five fields of cron"),
    ("[schedule]\nfetch = '17 25 * * *'", "fetch has a bad hour field"),
    ("[schedule]\nfetch = '*/10 17,47 * * * *'", "fetch must have the five fields of cron"),
    ("[schedule]\nfetch = '0 0 31 2 *'", "fetch has a bad day-of-month field"),
    ("[delivery]\nheartbeat_url = 'hc-ping.com/1'", "heartbeat_url must be a URL that starts with http:// or https://"),
    ("[smtp]\nport = 99999", "port must be at most 65535"),
    ("[digest]\nmin_score = nan", "min_score must be"),
    ("[digest]\nsend_empty = 1", "send_empty must be true or false, not a number"),
    ("[schedule]\ndays = 'mon'", 'days must be a list, as ["one", "two"], not text'),
    ("[schedule]\ndays = ['mun']", 'item 1 of days must be "mon", "tue"'),
    ("[[source]]\nname = 'a'\nkind = 'arxiv'", "categories is missing: an arxiv source needs it"),
    ("[[source]]\nname = 'a'\nkind = 'huggingface'\ninclude = ['new']", "include is for arxiv sources, not for"),
    ("[[source]]\nname = 'a'\nkind = 'arxiv'\ncategories=['x']\nurl = 'file:///x'", "url must be a URL that starts"),
    ("[[profile]]\nname = ''", "name must not be empty"),
    ("[[profile]]\nname = 'a'\nkeywords = ['" + "x" * 1001 + "']", "item 1 of keywords must be at most 1000"),
    ("[[subscriber]]\nemail = 'a@b.org'\ncadence = 'days'", 'cadence = "days" needs days'),
    ("[[subscriber]]\nemail = 'a@b.org'\ndays = []\ncadence = 'days'", 'cadence = "days" needs days'),
    ("[[subscriber]]\nemail = 'a@b.org'\nsend_at = 07:30:00", None),
    ("[smtp]\ndkim = 'x'", "[smtp.dkim] must be a table, not text"),
    ("smtp = 3", '"smtp" must be a table, as [smtp] on a line of its own'),
    ("[[smtp]]", '"smtp" must be a table with one bracket'),
    ("[profile]\nname = 'x'", "write [[profile]] with two brackets"),
    ("send_at = '07:30'", 'unknown key "send_at"; it belongs into [schedule]'),
    ("[sources]", 'unknown table "sources"; did you mean "source"?'),
    ("include = 'x.toml'", "include must be a list of files"),
    ("include = ['']", "an entry of include is not a file name"),
    ('include = ["\\u0000"]', "an entry of include is not a file name"),
    ("include = ['.']", '"." is a folder; write'),
    ("include = ['" + "x" * 5000 + "']", "the included file"),
]


@pytest.mark.parametrize(("text", "sentence"), ONE_WRONG)
def test_one_wrong_setting_is_one_plain_sentence(tmp_path: Path, text: str, sentence: str | None) -> None:
    if sentence is None:
        _load(tmp_path, text)
        return
    (problem,) = _problems(tmp_path, text)
    assert f": {sentence}" in problem
    assert "Input should" not in problem
    assert "swordfish" not in problem


def test_days_of_the_schedule_serve_a_subscriber_without(tmp_path: Path) -> None:
    _load(tmp_path, "[schedule]\ndays=['mon']\n[[subscriber]]\nemail='a@b.org'\ncadence='days'")


def test_addresses_written_in_two_ways_are_one(tmp_path: Path) -> None:
    text = "[[subscriber]]\nemail = 'a@bücher.example'\n[[subscriber]]\nemail = 'A@xn--bcher-kva.example'"
    assert "the first is at config.toml:2" in _problems(tmp_path, text)[0]


def test_control_characters_in_a_key_never_reach_the_terminal(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, '"\\u001b[31m\\u202e" = 1')
    assert problem == r'config.toml:1:1: unknown key "\x1b[31m\u202e"'


def test_a_file_of_profiles_alone_may_name_any_source(tmp_path: Path) -> None:
    assert _load(tmp_path, "[[profile]]\nname = 'a'\nsources = ['arxiv']").profiles[0].sources == ("arxiv",)


# --- the environment ---


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        "[smtp]\nport = 25\nhost = 'a'\n[schedule]\ndays = ['mon']",
        DIGEST_SMTP__PORT="465",
        DIGEST_SMTP__USERNAME="12345",
        DIGEST_SCHEDULE__DAYS='["tue"]',
        DIGEST_DIGEST__SEND_EMPTY="true",
        DIGEST_SCHEDULE__SEND_AT="08:00",
        DIGEST_SMTP__PASSWORD="007",
        DIGEST_SITE__NAME="",
        DIGEST_CONFIG="elsewhere.toml",
        DIGEST_WEB_PORT="tcp://10.0.0.1:80",
        PATH="/bin",
    )
    assert (settings.smtp.port, settings.smtp.host, settings.smtp.username) == (465, "a", "12345")
    assert (settings.schedule.days, settings.schedule.send_at) == (("tue",), time(8))
    assert settings.digest.send_empty
    assert settings.smtp_password() == "007"
    assert settings.site.name == "Papers Digest"
    assert settings.warnings == ()


def test_the_process_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_SMTP__PORT", "1")
    monkeypatch.setenv("SMTP", '{"port": 2}')
    assert _load(tmp_path, "").smtp.port == 587


WRONG_VARIABLES = [
    ("DIGEST_SMTP__HOTS", "x", 'is not a setting; did you mean "DIGEST_SMTP__HOST"?'),
    ("DIGEST_SMTP__PORT", "x", "must be a whole number"),
    ("DIGEST_SMTP__PORT", "[" * 100000, "must be a whole number"),
    ("DIGEST_SMTP__PORT", "9" * 5000, "must be a whole number"),
    ("DIGEST_SMTP__TLS", "ssl", 'must be "starttls", "implicit" or "none"'),
    ("DIGEST_SMTP__DKIM", "x", "names a whole table; set DIGEST_SMTP__DKIM__… for each of its keys"),
    ("DIGEST_SCHEDULE__DAYS", "mon", 'must be a list, as ["one", "two"]'),
    ("DIGEST_SCHEDULE__DAYS", '["mun"]', 'must be "mon", "tue"'),
    ("DIGEST_PROFILE__0__NAME", "x", "cannot be used: [[profile]] tables stand in files only"),
    ("DIGEST_SITE__NAME", "\udcff", "must be text in UTF-8"),
    ("DIGEST_SITE__SECRET_KEY", "hunter2", None),
    ("DIGEST_SITE__", "x", "is not a setting"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG_VARIABLES)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str, sentence: str | None) -> None:
    (problem,) = _problems(tmp_path, "", **{name: value})
    if sentence:
        assert problem.startswith(f"the environment variable {name} {sentence}")
    assert value == "x" or value not in problem


def test_a_variable_of_no_section_is_a_warning(tmp_path: Path) -> None:
    (warning,) = _warnings(tmp_path, "", DIGEST_SMPT__HOST="x")
    assert warning == 'the environment variable DIGEST_SMPT__HOST is not a setting; did you mean "DIGEST_SMTP__HOST"?'


# --- paths and secrets ---


def test_relative_paths_belong_to_the_file_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc" / "config.toml").write_text(
        "[site]\ntemplates='mine'\n[store]\nurl='sqlite:///x/digest.db'\n"
        "[[source]]\nname='f'\nkind='feed'\nurl='file:///feed.xml'",
    )
    settings = load(Path("etc/config.toml"), {})
    assert settings.site.templates == tmp_path / "etc" / "mine"
    assert settings.store.url == f"sqlite:///{tmp_path}/etc/x/digest.db"
    assert settings.sources[0].url == "file:///feed.xml"
    assert load(Path("etc/config.toml"), {"DIGEST_STORE__URL": "sqlite:////a/b"}).store.url == "sqlite:////a/b"
    assert _load(tmp_path, "").store.url == f"sqlite:///{tmp_path}/digest.db"


def test_secrets_are_read_from_files(tmp_path: Path) -> None:
    for name, text in (("key", KEY + "\n"), ("pw", " pass word \r\n")):
        (tmp_path / name).write_bytes(text.encode())
        (tmp_path / name).chmod(0o600)
    settings = _load(tmp_path, "[site]\nsecret_key_file='key'\n[smtp]\npassword_file='pw'")
    assert settings.secret_key() == KEY
    assert settings.smtp_password() == " pass word "
    assert settings.warnings == ()
    assert KEY not in repr(settings)


@pytest.mark.parametrize("variable", ["PASSWORD", "PASSWORD_FILE"])
def test_a_secret_of_the_environment_replaces_the_file(tmp_path: Path, variable: str) -> None:
    (tmp_path / "other").write_text("from the environment")
    (tmp_path / "other").chmod(0o600)
    value = {"PASSWORD": "from the environment", "PASSWORD_FILE": "other"}[variable]
    for text in ("[smtp]\npassword_file = 'absent'", "[smtp]\npassword = 'x'", ""):
        assert _load(tmp_path, text, **{f"DIGEST_SMTP__{variable}": value}).smtp_password() == "from the environment"


SECRET_FILES = [
    (None, "does not exist"),
    (b"", "is empty"),
    (b"\n", "is empty"),
    (b"\xff\xfe", "does not hold text in UTF-8"),
    (b"a\nb", "must hold one line of text"),
    (b"a" * 70_000, "is larger than 0.064 MB; is it the right file?"),
]


@pytest.mark.parametrize(("content", "sentence"), SECRET_FILES)
def test_a_useless_secret_file_is_a_problem_where_it_is_named(
    tmp_path: Path, content: bytes, sentence: str | None
) -> None:
    if content is not None:
        (tmp_path / "pw").write_bytes(content)
        (tmp_path / "pw").chmod(0o600)
    (problem,) = _problems(tmp_path, "[smtp]\n password_file = 'pw'")
    assert problem == f'config.toml:2:2: the password_file "pw" {sentence}'


def test_a_folder_is_no_secret_file(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "[site]\nsecret_key_file = '.'")
    assert problem.endswith("is a folder, not a file")


def test_a_secret_file_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("swordfish")
    (tmp_path / "pw").chmod(0o640)
    (warning,) = _warnings(tmp_path, "[smtp]\npassword_file = 'pw'")
    assert warning == 'config.toml:2:1: the password_file "pw" can be read by others; run `chmod 600 "pw"`'


def test_a_secret_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "[smtp]\npassword = 'swordfish'\npassword_file = 'pw'")
    assert problem == "config.toml:3:1: smtp.password and smtp.password_file are both set; keep one of them"
    (problem,) = _problems(tmp_path, "", DIGEST_SMTP__PASSWORD="swordfish", DIGEST_SMTP__PASSWORD_FILE="pw")
    assert problem == "smtp.password and smtp.password_file are both set; keep one of them"


def test_a_missing_secret_key_says_what_to_do(tmp_path: Path) -> None:
    settings = _load(tmp_path, "[smtp]\n[site]\n")
    with pytest.raises(ConfigError, match=r"config.toml:2:1: \[site\] has no secret_key.*`digest init`"):
        settings.secret_key()


def test_a_short_secret_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "[site]\nsecret_key = 'swordfish'")
    assert problem == "config.toml:2:1: site.secret_key needs at least 32 characters; `digest init` writes a good one"


# --- included files ---


def test_included_tables_follow_those_of_the_main_file(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.toml").write_text("[[profile]]\nname='b'\nkeywords=['ok', \"\\\"x\\\" ^\"]")
    (tmp_path / "more" / "a.toml").write_text(
        "\n[[profile]]\nname='a'\n[[subscriber]]\nemail='x@y.org'\nprofiles=['m']"
    )
    (tmp_path / "more" / "no.toml").mkdir()
    settings = _load(tmp_path, "include=['more/*.toml', './more/a.toml', '*.toml']\n[[profile]]\nname='m'")
    assert [profile.name for profile in settings.profiles] == ["m", "a", "b"]
    folder = f"{tmp_path}/more"
    assert settings.place(("profile", 1, "name")) == Place(f"{folder}/a.toml", 3, 1)
    assert settings.place(("profile", 2, "keywords", 1)) == Place(f"{folder}/b.toml", 3, 17)
    problem = settings.keyword_problem(("profile", 2, "keywords", 1), KeywordError("lost ^", 5, "write ^2"))
    assert str(problem) == f"{folder}/b.toml:3:24: lost ^; write ^2"


def test_an_included_file_holds_profiles_and_subscribers_only(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("include = []\n[smtp]\n[[source]]\n")
    assert _problems(tmp_path, "include = ['a.toml']") == [
        "a.toml:1:1: an included file cannot include others",
        'a.toml:2:1: "smtp" does not belong in an included file; only [[profile]] and [[subscriber]] do',
        'a.toml:3:1: "source" does not belong in an included file; only [[profile]] and [[subscriber]] do',
    ]


def test_a_broken_included_file_does_not_hide_other_problems_or_invent_any(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[profile]]\nname = \n")
    text = "include = ['a.toml', 'gone.toml']\n[smtp]\nport = 0\n[[subscriber]]\nemail='a@b.org'\nprofiles=['in a']"
    assert _problems(tmp_path, text) == [
        "a.toml:2:8: not valid TOML: a value is missing or misspelt here (text stands in quotes)",
        'config.toml:1:22: the included file "gone.toml" does not exist',
        "config.toml:3:1: port must be at least 1",
    ]


def test_a_pattern_without_files_is_a_warning(tmp_path: Path) -> None:
    assert _warnings(tmp_path, "include = ['no/*.toml']") == ['config.toml:1:12: no file matches "no/*.toml"']


# --- settings of a later version ---

LATER = [
    ("[delivery]\nprocesses = 1", "config.toml:2:1: delivery.processes is not followed"),
]


SENDERS = [
    (
        "[site]\nname = 'My arXiv mail'",
        "config.toml:2:1: site.name has arXiv in it, which arXiv does not allow: readers would take the mail for arXiv's",
    ),
    (
        f"[smtp]\nbounce_address = '{'b' * 30}@example.org'",
        "config.toml:2:1: smtp.bounce_address leaves no room for the reader's name: more than 29 characters before the @",
    ),
    (
        "[smtp]\nsender = 'digest@mail.example.org'\ndkim = {domain = 'o.example.org', selector = 's', private_key_file = 'k'}",
        'config.toml:3:9: smtp.dkim.domain is not the domain of the sender ("mail.example.org") or one above it',
    ),
]


@pytest.mark.parametrize(("text", "sentence"), SENDERS)
def test_a_sender_that_receivers_would_object_to_is_a_warning(tmp_path: Path, text: str, sentence: str) -> None:
    (warning,) = _warnings(tmp_path, text)
    assert warning.startswith(sentence)


def test_a_dkim_key_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    key = tmp_path / "dkim.pem"
    key.write_text("x")
    key.chmod(0o640)
    text = "[smtp]\nsender = 'd@a.org'\n[smtp.dkim]\ndomain = 'a.org'\nselector = 's'\nprivate_key_file = 'dkim.pem'"
    (warning,) = _warnings(tmp_path, text)
    assert warning.startswith('config.toml:6:1: the private_key_file "dkim.pem" can be read by others; run `chmod 600')
    key.chmod(0o600)
    assert _warnings(tmp_path, text) == []


@pytest.mark.parametrize("name", ["a b", "-a.org", "a..org", "", "ü ü", "a/b"])
def test_the_names_of_a_dkim_key_are_names_in_dns(tmp_path: Path, name: str) -> None:
    text = f"[smtp.dkim]\ndomain = '{name}'\nselector = 's'\nprivate_key_file = 'k'"
    (problem,) = _problems(tmp_path, text)
    assert "is not a name in DNS" in problem


@pytest.mark.parametrize(("text", "sentence"), LATER)
def test_a_setting_of_a_later_version_is_a_warning(tmp_path: Path, text: str, sentence: str) -> None:
    (warning,) = _warnings(tmp_path, text)
    assert warning.startswith(sentence)


def test_a_variable_of_a_later_version_is_a_warning(tmp_path: Path) -> None:
    (warning,) = _warnings(tmp_path, "", DIGEST_DELIVERY__PROCESSES="1")
    assert warning.startswith("the environment variable DIGEST_DELIVERY__PROCESSES is not followed")


@pytest.mark.parametrize(
    "text", ["[schedule]\npatience = 5", "[[profile]]\nname='a'\nlike = ['arxiv:1']\nrelated = 'off'"]
)
def test_what_is_followed_is_no_warning(tmp_path: Path, text: str) -> None:
    assert _warnings(tmp_path, text) == []


def test_the_folder_of_a_table_is_that_of_the_file_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "a.toml").write_text("[[profile]]\nname = 'a'\n")
    (tmp_path / "config.toml").write_text("include = ['profiles/*.toml']\n[[profile]]\nname = 'b'\n")
    settings = load(tmp_path / "config.toml", {})
    assert [settings.folder("profile", number) for number in (0, 1)] == [tmp_path, tmp_path / "profiles"]


# --- finding the file ---


def test_the_configuration_is_looked_for_in_order(tmp_path: Path) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    for file in (here / "config.toml", home / ".config/digest/config.toml", here / "env.toml", here / "flag.toml"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    environ = {"HOME": str(home), "DIGEST_CONFIG": "env.toml"}
    assert find_config(Path("flag.toml"), environ, here) == here / "flag.toml"
    assert find_config(None, environ, here) == here / "env.toml"
    environ["DIGEST_CONFIG"] = ""
    assert find_config(None, environ, here) == here / "config.toml"
    assert find_config(None, environ, home) == home / ".config/digest/config.toml"
    environ["XDG_CONFIG_HOME"] = "relative"
    assert find_config(None, environ, home) == home / ".config/digest/config.toml"
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    with pytest.raises(ConfigError) as caught:
        find_config(None, environ, home)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert all(
        text in sentence for text in (f"{home}/config.toml", f"{tmp_path}/xdg/digest/config.toml", "`digest init`")
    )


@pytest.mark.parametrize("explicit", [Path("no.toml"), None])
def test_a_named_configuration_must_exist(tmp_path: Path, explicit: Path | None) -> None:
    with pytest.raises(ConfigError, match=r"no.toml.* does not exist; .*`digest init`"):
        find_config(explicit, {"DIGEST_CONFIG": "no.toml"}, tmp_path)
