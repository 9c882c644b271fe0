from __future__ import annotations

import json
import re
import smtplib
import socket
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from itertools import combinations
from pathlib import Path

import feedparser
import pytest
import Stemmer

from digest.cadence import last_due, local_day
from digest.cli.demo import shapes
from digest.cli.demo.sample import SampleDay, SamplePaper, sample_day
from digest.cli.demo.world import World, demo_config
from digest.settings import Settings, cadence_of, load

ON = date(2026, 11, 23)
STEM = Stemmer.Stemmer("english")


@pytest.fixture(scope="module")
def day() -> SampleDay:
    return sample_day()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(ON) as opened:
        yield opened


def fetch(world: World, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    asked = urllib.request.Request(world.http_url + path, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def entries(body: bytes) -> list[feedparser.FeedParserDict]:
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo
    return list(parsed.entries)


# The sample day


def test_the_day_holds_forty_papers_in_three_places_that_overlap(day: SampleDay) -> None:
    places = [{paper.id for paper in day.papers if getattr(paper, at)} for at in ("huggingface", "arxiv", "preprint")]
    assert [len(place) for place in places] == [18, 26, 6]
    assert len(places[0] & places[1]) == 8
    assert len(places[1] & places[2]) == 2
    assert len(set.union(*places)) == len(day.papers) == 40


def test_every_abstract_has_the_length_of_an_abstract(day: SampleDay) -> None:
    assert all(120 <= len(paper.abstract.split()) <= 200 for paper in day.papers)


def test_no_two_papers_share_an_id_a_number_or_a_title(day: SampleDay) -> None:
    numbers = [paper.number for paper in day.papers if paper.number]
    for values in (numbers, [paper.id for paper in day.papers], [paper.title for paper in day.papers]):
        assert len(values) == len(set(values))


def test_the_text_is_as_untidy_as_real_text(day: SampleDay) -> None:
    titles, abstracts = "\n".join(p.title for p in day.papers), "\n".join(p.abstract for p in day.papers)
    names = [author.name for paper in day.papers for author in paper.authors]
    assert all(mark in titles for mark in (r"$O(n \log n)$", "  ", '"', "&"))
    assert all(mark in abstracts for mark in (r"\emph{", r"\%", r"\"{\i}", " < ", " > ", "&", "🍱", "$"))
    assert any("\n" in paper.abstract for paper in day.papers)
    assert any("\n" not in paper.abstract for paper in day.papers)
    assert any(r"\H{o}" in name for name in names)
    assert any(re.search(r"[\u0600-\u06ff]", name) for name in names)
    assert any(re.search(r"[\u4e00-\u9fff]", name) for name in names)
    assert max(len(paper.authors) for paper in day.papers) == 60
    assert any("," in author.affiliation for paper in day.papers for author in paper.authors)


@pytest.mark.parametrize(("on", "months_ago", "month"), [("2026-11-23", 0, "2611"), ("2027-01-01", 3, "2610")])
def test_ids_belong_to_the_month_of_the_day_and_to_no_real_paper(
    day: SampleDay, on: str, months_ago: int, month: str
) -> None:
    papers = [paper for paper in day.papers if paper.number and paper.months_ago == months_ago]
    assert papers
    for paper in papers:
        assert re.fullmatch(month + r"\.9\d{4}", paper.arxiv_id(date.fromisoformat(on)))


def test_it_knows_its_papers_by_id_only(day: SampleDay) -> None:
    listed = day.paper("metronome").huggingface
    assert listed is not None
    assert listed.upvotes == 0
    with pytest.raises(KeyError):
        day.paper("no-such-paper")


# The wire formats


def test_the_daily_list_says_what_the_sample_says(day: SampleDay) -> None:
    listed = [paper for paper in day.papers if paper.huggingface]
    for entry, paper in zip(json.loads(shapes.huggingface_day(day, ON)), listed, strict=True):
        inner = entry["paper"]
        assert paper.huggingface
        assert inner["id"] == paper.arxiv_id(ON)
        assert inner["title"] == entry["title"] == paper.title
        assert inner["summary"] == entry["summary"] == paper.abstract
        assert [author["name"] for author in inner["authors"]] == [author.name for author in paper.authors]
        assert inner["upvotes"] == paper.huggingface.upvotes
        assert entry["numComments"] == paper.huggingface.comments
        assert inner.get("githubRepo", "") == paper.huggingface.github
        assert inner.get("projectPage", "") == paper.huggingface.project
        assert inner["submittedOnDailyAt"] == "2026-11-23T00:00:00.000Z"


@pytest.mark.parametrize(
    ("on", "published"), [("2026-11-23", "2026-11-20T19:00:00.000Z"), ("2026-07-23", "2026-07-20T20:00:00.000Z")]
)
def test_the_outer_date_of_the_daily_list_is_wrong_by_new_yorks_offset(day: SampleDay, on: str, published: str) -> None:
    entry = json.loads(shapes.huggingface_day(day, date.fromisoformat(on)))[0]
    assert entry["paper"]["id"].endswith("90001")
    assert entry["paper"]["publishedAt"] == f"{on[:-2]}21T00:00:00.000Z"
    assert entry["publishedAt"] == published


def test_the_atom_feed_says_what_the_sample_says(day: SampleDay) -> None:
    papers = {f"oai:arXiv.org:{p.arxiv_id(ON)}v{p.arxiv.version}": p for p in day.papers if p.arxiv}
    read = entries(shapes.arxiv_atom(day, "cs.LG+q-bio.QM", ON))
    assert {entry.id for entry in read} == papers.keys()
    for entry in read:
        paper = papers[entry.id]
        assert entry.title == paper.title
        prefix = f"arXiv:{entry.id[14:]} Announce Type: {entry.arxiv_announce_type} \nAbstract: "
        assert entry.summary == prefix + paper.abstract
        assert entry.link == f"https://arxiv.org/abs/{paper.arxiv_id(ON)}"
        assert entry.published == "2026-11-23T00:00:00-05:00"
        assert [tag.term for tag in entry.tags] == list(paper.categories)
        assert [author.name.count(paper.authors[-1].name) for author in entry.authors] == [1]


def test_affiliations_stand_behind_the_name_in_the_creator(day: SampleDay) -> None:
    read = {entry.id: entry.author for entry in entries(shapes.arxiv_atom(day, "q-bio.QM", ON))}
    assert read["oai:arXiv.org:2611.90019v1"].startswith(
        "Ximena Holmgren-Adu (Centre for Molecular Carpentry, Valdivia, Chile), Torbjørn Mukherjee-Lisle ("
    )


@pytest.mark.parametrize(
    ("paper", "category", "kind"),
    [
        ("loop-budgets", "q-bio.QM", "new"),
        ("loop-budgets", "cs.LG", "cross"),
        ("loop-budgets", "cs.LG+q-bio.QM", "new"),
        ("loop-budgets", "Q-BIO", "new"),
        ("long-teachers", "cs.LG", "replace"),
        ("protein-dialects", "cs.lg", "replace-cross"),
        ("ice-edge", "cs.LG", "cross"),
        ("ice-edge", "physics", None),
        ("honest-zeros", "cs.LG", None),
        ("plot-so-far", "cs.CV", None),
    ],
)
def test_the_announce_type_is_relative_to_the_query(
    day: SampleDay, paper: str, category: str, kind: str | None
) -> None:
    number = day.paper(paper).number
    kinds = {e.id: e.arxiv_announce_type for e in entries(shapes.arxiv_atom(day, category, ON))}
    assert next((kinds[one] for one in kinds if number in one), None) == kind


def test_announcements_come_new_first_and_replacements_last(day: SampleDay) -> None:
    read = entries(shapes.arxiv_atom(day, "cs.LG", ON))
    order = [(shapes_rank(entry.arxiv_announce_type), entry.id) for entry in read]
    assert order == sorted(order)
    assert {rank for rank, _ in order} == {0, 1, 2, 3}


def shapes_rank(kind: str) -> int:
    return ["new", "cross", "replace", "replace-cross"].index(kind)


def test_the_api_gives_separate_authors_and_leaves_out_what_it_does_not_know(day: SampleDay) -> None:
    umbrellas, teachers = day.paper("sixty-umbrellas"), day.paper("long-teachers")
    ids = [umbrellas.arxiv_id(ON), "2611.00001", teachers.arxiv_id(ON) + "v2"]
    read = entries(shapes.arxiv_query(day, ids, ON))
    assert [entry.id for entry in read] == ["http://arxiv.org/abs/2611.90033v1", "http://arxiv.org/abs/2609.90007v2"]
    assert [author.name for author in read[0].authors] == [author.name for author in umbrellas.authors]
    assert read[1].published.startswith("2026-09")
    assert read[1].arxiv_primary_category["term"] == "cs.LG"


def test_the_api_answers_in_pages(day: SampleDay) -> None:
    ids = [paper.arxiv_id(ON) for paper in day.papers if paper.number]
    pages = [entries(shapes.arxiv_query(day, ids, ON, start=start, limit=20)) for start in (0, 20, 40)]
    assert [len(page) for page in pages] == [20, 16, 0]
    assert len({entry.id for page in pages for entry in page}) == 36


def test_the_preprint_feed_says_what_the_sample_says(day: SampleDay) -> None:
    posted = [paper for paper in day.papers if paper.preprint]
    for entry, paper in zip(entries(shapes.preprint_rdf(day, ON)), posted, strict=True):
        assert paper.preprint
        assert entry.title == paper.title
        assert entry.summary == paper.abstract
        assert entry.dc_identifier == f"doi:{paper.doi(ON)}"
        assert paper.doi(ON).startswith("10.99999/2026.11.2")
        assert entry.link.startswith("https://preprints.example.org/content/short/2026.11.2")
        assert entry.prism_section == paper.preprint.subject


def test_the_preprint_feed_turns_names_around(day: SampleDay) -> None:
    read = {entry.title[:8]: entry.author for entry in entries(shapes.preprint_rdf(day, ON))}
    assert read["Who Sing"] == "Grønholt, P., de la Fuensanta-Roy, A., Kaberuka, T."
    assert read["A Thermo"] == "Olusegun-Dreyer, M., Bhattacharjee, Y. P., Eriksdotter, N."


def test_the_same_day_always_gives_the_same_bytes(day: SampleDay) -> None:
    assert shapes.arxiv_atom(day, "cs.LG", ON) == shapes.arxiv_atom(sample_day(), "cs.LG", ON)
    assert shapes.huggingface_day(day, ON) == shapes.huggingface_day(sample_day(), ON)


# The servers


def test_it_serves_the_list_of_its_day_in_pages(world: World) -> None:
    whole = json.loads(fetch(world, "/api/daily_papers?date=2026-11-23&limit=100")[1])
    pages = [json.loads(fetch(world, f"/api/daily_papers?date=2026-11-23&limit=7&p={p}")[1]) for p in range(4)]
    assert [len(page) for page in pages] == [7, 7, 4, 0]
    assert [entry for page in pages for entry in page] == whole == json.loads(fetch(world, "/api/daily_papers")[1])


def test_other_days_are_empty_and_days_to_come_are_refused(world: World) -> None:
    assert fetch(world, "/api/daily_papers?date=2026-11-22")[:2] == (200, b"[]")
    assert fetch(world, "/api/daily_papers?date=2026-11-24")[0] == 400


@pytest.mark.parametrize("query", ["date=tomorrow", "date=2026-13-01", "date=", "limit=101", "limit=0", "p=-1", "p=x"])
def test_a_daily_list_that_cannot_be_meant_is_refused(world: World, query: str) -> None:
    assert fetch(world, f"/api/daily_papers?{query}")[0] == 400


@pytest.mark.parametrize(
    ("category", "number"), [("cs.LG", 25), ("q-bio.QM", 6), ("cs.LG+q-bio.QM", 26), ("math.OC", 0)]
)
def test_it_serves_the_feeds_of_arxiv(world: World, category: str, number: int) -> None:
    status, body, headers = fetch(world, f"/atom/{category}")
    assert (status, len(entries(body))) == (200, number)
    assert headers["Content-Type"].startswith("application/atom+xml")


@pytest.mark.parametrize("path", ["/atom/", "/atom/%00", "/atom/cs.LG%0d%0aX:1", "/atom/<b>", "/atom/cs++q"])
def test_a_feed_that_cannot_be_meant_is_an_error_feed(world: World, path: str) -> None:
    status, body, _ = fetch(world, path)
    assert (status, entries(body)) == (400, [])
    assert b"Feed error for query" in body


def test_it_answers_the_api_of_arxiv(world: World) -> None:
    status, body, _ = fetch(world, "/api/query?id_list=2611.90002,2611.90035&max_results=2")
    assert status == 200
    assert [entry.authors[0].name for entry in entries(body)] == ["Ilse Varghese-Holm", r"P\'al G\"ond\"or-Sz\'asz"]
    status, body, _ = fetch(world, "/api/query?id_list=2611.90002,abc")
    assert (status, entries(body)[0].summary) == (400, "incorrect id format for abc")
    assert fetch(world, "/api/query?id_list=2611.90002&max_results=many")[0] == 400
    assert entries(fetch(world, "/api/query?search_query=cat:cs.LG")[1]) == []


def test_it_serves_the_preprints_and_nothing_else(world: World) -> None:
    assert len(entries(fetch(world, "/preprints.rdf")[1])) == 6
    assert {fetch(world, path)[0] for path in ("/", "/preprints", "/atom", "/%2e%2e/etc", "//x", "/api/")} == {404}


@pytest.mark.parametrize(
    "path", ["/api/daily_papers", "/api/daily_papers?date=2026-11-20", "/atom/cs.LG", "/preprints.rdf"]
)
def test_what_has_not_changed_is_not_sent_again(world: World, path: str) -> None:
    _, body, headers = fetch(world, path)
    status, again, repeated = fetch(world, path, **{"If-None-Match": headers["ETag"]})
    assert (status, again, repeated["ETag"]) == (304, b"", headers["ETag"])
    assert fetch(world, path, **{"If-None-Match": '"another"'})[:2] == (200, body)


def test_arxivs_etag_has_no_quotes(world: World) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", fetch(world, "/atom/cs.LG")[2]["ETag"])
    assert re.fullmatch(r'W/"[0-9a-f]{64}"', fetch(world, "/api/daily_papers")[2]["ETag"])


def test_it_serves_several_readers_at_once(world: World) -> None:
    sizes: list[int] = []
    readers = [threading.Thread(target=lambda: sizes.append(len(fetch(world, "/atom/cs.LG")[1]))) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(sizes) == 12
    assert len(set(sizes)) == 1


def test_the_inbox_keeps_each_message_once_for_each_recipient() -> None:
    data = "From: a@example.org\r\nSubject: =?utf-8?b?w7g=?=\r\n\r\n.one dot\r\nénd\r\n".encode()
    with World(ON) as world:
        with smtplib.SMTP("127.0.0.1", world.smtp_port, timeout=10) as client:
            client.sendmail("bounces+1@example.org", ["x@example.org", "y@example.org"], data)
            client.sendmail("", "z@example.org", data, mail_options=["BODY=8BITMIME"])
        received = world.inbox
    assert [(one.mail_from, one.rcpt) for one in received] == [
        ("bounces+1@example.org", "x@example.org"),
        ("bounces+1@example.org", "y@example.org"),
        ("", "z@example.org"),
    ]
    assert {one.data for one in received} == {data}
    assert message_from_bytes(received[0].data, policy=policy.default)["Subject"] == "ø"


def test_the_inbox_can_be_read_after_the_world_has_ended() -> None:
    with World(ON) as world, smtplib.SMTP("127.0.0.1", world.smtp_port, timeout=10) as client:
        client.sendmail("a@example.org", "b@example.org", b"Subject: hello\r\n\r\n")
    assert len(world.inbox) == 1


def test_it_ends_while_clients_are_still_connected() -> None:
    before = set(threading.enumerate())
    with World(ON) as world:
        web = socket.create_connection(("127.0.0.1", int(world.http_url.rpartition(":")[2])), timeout=10)
        web.sendall(b"GET /preprints.rdf HTTP/1.1\r\nHost: x\r\n\r\n")
        mail = socket.create_connection(("127.0.0.1", world.smtp_port), timeout=10)
        assert web.recv(12) == b"HTTP/1.1 200"
        assert mail.recv(3) == b"220"
    with web, mail:
        while web.recv(65536):
            pass
    assert set(threading.enumerate()) <= before


def test_two_worlds_live_side_by_side() -> None:
    with World(ON) as one, World(date(2026, 12, 24)) as other:
        assert json.loads(fetch(one, "/api/daily_papers")[1])[0]["paper"]["id"] == "2611.90001"
        assert json.loads(fetch(other, "/api/daily_papers")[1])[0]["paper"]["id"] == "2612.90001"


# The configuration, and what everybody gets


@pytest.fixture(scope="module")
def settings(world: World, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("demo")
    path = folder / "config.toml"
    path.write_text(demo_config(world, folder), encoding="utf-8")
    return load(path, {})


def test_the_configuration_is_valid_and_stays_on_this_machine(world: World, settings: Settings) -> None:
    assert settings.warnings == ()
    assert "demo" in settings.secret_key()
    assert len(settings.secret_key()) >= 32
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.tls) == ("127.0.0.1", world.smtp_port, "none")
    assert all(source.url.startswith(world.http_url) for source in settings.sources)
    assert [source.kind for source in settings.sources] == ["huggingface", "arxiv", "feed"]
    assert settings.site.url.startswith("http://127.0.0.1")
    assert len(settings.profiles) == len(settings.subscribers) == 3
    assert all(5 <= len(profile.keywords) <= 8 for profile in settings.profiles)
    assert len({subscriber.timezone for subscriber in settings.subscribers}) == 3


def test_todays_issue_is_due_at_whatever_hour_the_demo_runs(settings: Settings) -> None:
    cadences = [cadence_of(subscriber, settings.schedule) for subscriber in settings.subscribers]
    for hour in range(24):
        now = datetime(2026, 11, 22, hour, tzinfo=UTC)
        for cadence in cadences:
            due = last_due(cadence, now)
            assert due is not None
            assert due.issue == local_day(now, cadence.zone)


def test_a_folder_with_quotes_in_its_name_is_no_trouble(world: World) -> None:
    folder = Path('/tmp/a "quoted" \\ folder $x')
    read = tomllib.loads(demo_config(world, folder, site_url="http://127.0.0.1:9"))
    assert read["store"]["url"] == f"sqlite:///{folder}/digest.db"
    assert read["site"]["url"] == "http://127.0.0.1:9"


def words(text: str) -> str:
    """Stemmed words between spaces, so that a phrase is a substring."""
    plain = re.sub(r"\\[a-z]+\{|[{}$\\]", "", text)
    stems = STEM.stemWords(re.findall(r"\w+", plain.lower()))
    return f" {' '.join(stems)} "


def hits(keyword: str, paper: SamplePaper) -> bool:
    """A matcher of the simplest kind, enough for the keywords of the demo."""
    keyword = re.sub(r"\^[\d.]+$", "", keyword)
    text = f"{paper.title}\n{paper.abstract}"
    if keyword.startswith("title:"):
        keyword, text = keyword.removeprefix("title:"), paper.title
    if keyword.startswith('"'):
        return keyword.strip('"') in " ".join(text.lower().split())
    if keyword.endswith("*"):
        return re.search(r"\b" + keyword[:-1], text.lower()) is not None
    if re.search(r"[A-Z].*[A-Z]", keyword):
        return re.search(rf"\b{keyword}s?\b", text) is not None
    return words(keyword) in words(text)


def digest_of(settings: Settings, number: int, day: SampleDay) -> set[str]:
    subscriber = settings.subscribers[number]
    profiles = [profile for profile in settings.profiles if profile.name in subscriber.profiles]
    found = set()
    for paper in day.papers:
        if (paper.arxiv and paper.arxiv.action == "replace") or any(hits(one, paper) for one in subscriber.exclude):
            continue
        names = {author.name for author in paper.authors}
        wanted = any(hits(one, paper) for one in subscriber.keywords) or any(
            (any(hits(one, paper) for one in profile.keywords) or names & set(profile.authors))
            and not any(hits(one, paper) for one in profile.exclude)
            for profile in profiles
        )
        if wanted:
            found.add(paper.id)
    return found


def test_every_subscriber_gets_a_digest_of_their_own(settings: Settings, day: SampleDay) -> None:
    digests = [digest_of(settings, number, day) for number in range(3)]
    assert [len(digest) for digest in digests] == [8, 8, 10]
    assert all(len(one & other) <= 1 for one, other in combinations(digests, 2))
    assert {"polite-forgetting", "lunchbox-experts", "sorted-keys"} <= digests[0]
    assert {"loop-budgets", "ice-mask", "wyckoff-grammar"} <= digests[1]
    assert {"laundry-twice", "sixty-umbrellas", "cheap-boards"} <= digests[2]


def test_every_keyword_of_the_demo_is_there_for_a_paper(settings: Settings, day: SampleDay) -> None:
    for profile in settings.profiles:
        for keyword in (*profile.keywords, *profile.exclude):
            assert any(hits(keyword, paper) for paper in day.papers), keyword
        for author in profile.authors:
            assert any(author == one.name for paper in day.papers for one in paper.authors), author


def test_the_day_is_today_for_any_today() -> None:
    leap = datetime(2028, 2, 29, tzinfo=UTC).date()
    with World(leap) as world:
        assert json.loads(fetch(world, "/api/daily_papers?date=2028-02-29")[1])[0]["paper"]["id"] == "2802.90001"
