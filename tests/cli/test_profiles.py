"""digest profile and the warnings of digest check, on a real store and a real SMTP server."""

import asyncio
import json
import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.models import Listing
from digest.sources import may_merge
from digest.store import Arrival, open_store

LAST = date(2026, 11, 23)
DAILY = ["Graph neural networks for proteins", "A graph neural network at sea", "On sourdough", "On rye", "On salt"]


def fill(instance, *days: list[str], last: date = LAST) -> None:
    """Papers in the store, a list of titles for each day up to the last; each is marked by its day."""

    async def work() -> None:
        async with open_store(instance.settings().store.url) as store:
            arrivals = []
            for number, titles in enumerate(days):
                day = last - timedelta(days=len(days) - 1 - number)
                for at, title in enumerate(titles):
                    name = f"arxiv:{day:%y%m}.{day:%d}{at:03}"
                    one = Listing(source="a", title=title, url="https://arxiv.org/abs/1", listed_on=day)
                    arrivals.append(Arrival(one, name, (name,)))
            await store.papers.add(arrivals, datetime.now(UTC), may_merge)

    asyncio.run(work())


@pytest.fixture
def ready(instance, mail_server):
    server = mail_server()
    instance.write(subscribers=["ada@example.org", "bob@example.org"], smtp_port=server.port)
    fill(instance, DAILY, DAILY, ["Protein folding", "On bread"])
    return instance


def edit(instance, keywords: list[str], more: str = "") -> None:
    """The profile's keywords, changed in the TOML file."""
    lines = instance.config.read_text(encoding="utf-8").splitlines()
    changed = [f"keywords = {json.dumps(keywords)}\n{more}" if line.startswith("keywords") else line for line in lines]
    instance.config.write_text("\n".join(changed), encoding="utf-8")


def kept(instance) -> list[tuple]:
    connection = sqlite3.connect(instance.folder / "digest.db")
    try:
        return connection.execute("SELECT name, fields FROM profiles").fetchall()
    finally:
        connection.close()


def test_list_shows_every_profile_with_its_filters_and_how_many_read_it(ready):
    edit(ready, ["graph", "protein"], 'exclude = ["survey"]\nauthors = ["Ada Lovelace"]\n')
    status, document = ready.json("profile", "list")
    row = {"name": "graphs", "keywords": 3, "filters": {"exclude": ["survey"]}, "subscribers": 2}
    assert (status, document) == (0, {"profiles": [row]})
    ready.digest("subscribers", "add", "eve@example.org", "--profile", "graphs")
    _, out, _ = ready.digest("profile", "list")
    assert "exclude survey" in out
    assert out.split("survey")[1].split()[0] == "3"


def test_the_document_of_a_test_holds_days_terms_and_what_it_is_compared_with(ready):
    edit(ready, ["graph neural network", "quantum", "sourdough"])
    status, document = ready.json("profile", "test", "graphs")
    assert status == 0
    assert document["profile"] == "graphs"
    assert document["days"] == [
        {"day": "2026-11-21", "papers": 5, "matched": 3, "shown": 3},
        {"day": "2026-11-22", "papers": 5, "matched": 3, "shown": 3},
        {"day": "2026-11-23", "papers": 2, "matched": 0, "shown": 0},
    ]
    assert document["papers_per_day"] == 2.0
    terms = {term.pop("keyword"): term for term in document["terms"]}
    assert {name: term["papers"] for name, term in terms.items()} == {
        "graph neural network": 4,
        "quantum": 0,
        "sourdough": 2,
    }
    assert [name for name, term in terms.items() if term["dead"]] == ["quantum"]
    assert [name for name, term in terms.items() if term["wide"]] == ["graph neural network"]
    assert terms["quantum"]["points"] == 0
    assert sum(term["points_share"] for term in terms.values()) == pytest.approx(1)
    assert (document["compared_with"], document["gained"], document["lost"]) == (None, [], [])
    assert len(document["top"]) == 6
    assert document["top"][0]["score"] >= document["top"][-1]["score"] > 0


def test_days_are_the_last_ones_on_which_something_was_listed(ready):
    _, document = ready.json("profile", "test", "graphs", "--days", "2")
    assert [one["day"] for one in document["days"]] == ["2026-11-22", "2026-11-23"]
    fill(ready, ["Graph neural networks of old"], last=date(2026, 1, 5))
    _, document = ready.json("profile", "test", "graphs", "--days", "400")
    assert [one["day"] for one in document["days"]][:2] == ["2026-01-05", "2026-11-21"]


def test_people_see_the_days_the_keywords_and_the_best_papers(ready):
    edit(ready, ["graph neural network", "quantum"])
    status, out, err = ready.digest("profile", "test", "graphs")
    assert (status, err) == (0, "")
    for words in (
        "graphs on 3 listing days, 2026-11-21 to 2026-11-23",
        "A day: 4.0 papers, 1.3 match, 1.3 are shown.",
        "Never matched: quantum",
        "Too wide, in more than 20 % of all papers: graph neural network",
        "A graph neural network at sea",
        'No mail has been sent with "graphs" yet, so there is nothing to compare it with.',
    ):
        assert words in out


def test_an_edit_is_shown_against_the_profile_with_which_mail_was_last_sent(ready):
    assert ready.send("--no-fetch")[1]["totals"]["sent"] == 2
    _, document = ready.json("profile", "test", "graphs")
    assert (document["compared_with"], document["gained"], document["lost"]) == ("2026-11-23T08:00:00+00:00", [], [])
    assert "as it was when mail was last sent" in ready.digest("profile", "test", "graphs")[1]
    edit(ready, ["protein", "rye"])
    _, document = ready.json("profile", "test", "graphs")
    assert document["compared_with"] == "2026-11-23T08:00:00+00:00"
    assert {one["title"] for one in document["gained"]} == {"On rye", "Protein folding"}
    assert {one["title"] for one in document["lost"]} == {"A graph neural network at sea"}
    assert {"id", "title", "score"} <= set(document["lost"][0])
    _, out, _ = ready.digest("profile", "test", "graphs")
    assert "3 papers gained" in out
    assert "2 papers lost" in out


def test_at_most_twenty_papers_are_named_and_the_number_is_always_told(ready):
    ready.send("--no-fetch")
    edit(ready, ["graph neural network", "loaf"], "max_papers = 100")
    ready.config.write_text("[digest]\nmax_papers = 100\n" + ready.config.read_text(encoding="utf-8"), encoding="utf-8")
    fill(ready, [f"Loaf {number}" for number in range(30)], last=date(2026, 11, 24))
    _, out, _ = ready.digest("profile", "test", "graphs")
    gained = out.split("30 papers gained")[1]
    assert gained.count("Loaf") == 20
    assert "… and 10 more" in gained


def test_a_dry_run_a_test_and_a_run_that_sends_nothing_keep_no_version(ready, closed_port):
    ready.send("--no-fetch", "--dry-run")
    ready.send("--no-fetch", "--test", "--to", "ada@example.org")
    assert kept(ready) == []
    ready.write(subscribers=["ada@example.org"], smtp_port=closed_port)
    ready.send("--no-fetch")
    assert kept(ready) == []


def test_a_profile_that_nobody_got_mail_of_keeps_its_older_version(ready):
    ready.send("--no-fetch")
    [(name, before)] = kept(ready)
    assert (name, json.loads(before)["keywords"]) == ("graphs", ["graph neural network"])
    edit(ready, ["nothing like it"])
    fill(ready, ["On bread again"], last=date(2026, 11, 24))
    ready.send("--no-fetch", at="2026-11-24T08:00:00+00:00")
    assert kept(ready) == [(name, before)]


def test_a_stored_version_that_cannot_be_read_is_a_sentence(ready):
    ready.send("--no-fetch")
    for fields in ('{"name": "graphs", "keywords": ["a*"]}', '{"name": "graphs", "colour": "red"}', "{}"):
        connection = sqlite3.connect(ready.folder / "digest.db")
        with connection:
            connection.execute("UPDATE profiles SET fields = ?", (fields,))
        connection.close()
        status, document = ready.json("profile", "test", "graphs")
        assert (status, document["compared_with"]) == (0, None)
        assert "cannot be read by this version" in ready.digest("profile", "test", "graphs")[1]


def test_an_unknown_profile_names_the_nearest(ready):
    status, _, err = ready.digest("profile", "test", "graph")
    assert (status, "did you mean graphs?" in err) == (2, True)


def test_an_empty_store_says_what_to_do(instance):
    instance.write()
    status, out, _ = instance.digest("profile", "test", "graphs")
    assert (status, "digest fetch" in out) == (0, True)
    status, document = instance.json("profile", "test", "graphs")
    assert (status, document["days"], document["papers_per_day"]) == (0, [], 0.0)


def test_a_keyword_that_cannot_be_read_is_named_with_its_place(ready):
    edit(ready, ["graph", "a*"])
    status, _, err = ready.digest("profile", "test", "graphs")
    assert (status, "config.toml:" in err, "Traceback" in err) == (2, True, False)


def test_check_warns_of_odd_keywords_with_their_place_and_is_content_all_the_same(instance):
    instance.write(keywords=["diffusion model", "Diffusion Models"])
    status, out, err = instance.digest("check")
    assert (status, "is good" in out) == (0, True)
    [line] = err.strip().splitlines()
    assert line.startswith("warning: ")
    assert "config.toml:" in line
    assert not (instance.folder / "digest.db").exists()
    _, document = instance.json("check")
    [warning] = document["warnings"]
    assert set(warning) == {"file", "line", "column", "message", "hint"}
    assert (document["ok"], document["problems"]) == (True, [])
    text = instance.config.read_text(encoding="utf-8").splitlines()[warning["line"] - 1]
    assert text[warning["column"] - 1 :].startswith('"Diffusion Models"')


def test_check_knows_from_the_store_which_keywords_find_nothing_or_too_much(instance):
    instance.write(keywords=["graph neural network", "quantum"])
    fill(instance, *[DAILY * 4] * 10)
    _, document = instance.json("check")
    assert [one["message"] for one in document["warnings"]] == [
        '"graph neural network" is in 40% of the 200 papers of the last 10 listing days',
        '"quantum" is in none of the 200 papers of the last 10 listing days',
    ]


def test_check_with_a_store_that_cannot_be_used_says_so_and_goes_on(instance):
    instance.write()
    (instance.folder / "digest.db").write_bytes(b"this is no database at all" * 100)
    status, document = instance.json("check")
    assert (status, document["ok"]) == (0, True)
    assert "is not a database" in document["warnings"][0]["message"]
    (instance.folder / "digest.db").write_bytes(b"")
    assert instance.json("check")[1]["warnings"] == []
    assert (instance.folder / "digest.db").read_bytes() == b""
