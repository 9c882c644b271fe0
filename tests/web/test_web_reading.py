"""The pages to read, as a visitor without scripts sees them."""

from __future__ import annotations

import gzip
import re
from datetime import date

import feedparser
import pytest

from digest.web.application import application
from tests.web.conftest import MONDAY, NASTY, NOW, PAPERS, Visitor, fill, text_of


async def test_the_front_page_has_the_papers_of_the_latest_day(visitor):
    answer = await visitor.get("/")
    text = text_of(answer.text)
    assert answer.status_code == 200
    assert "Daily Papers" in text
    assert "Monday, 23 November 2026 · 3 papers" in text
    assert "Get trending papers in your email inbox!" in text
    assert [text.index(title) for _, day, title, *_ in PAPERS if day == MONDAY]
    assert "sourdough" in text
    assert "at sea" not in text
    assert "2 authors" in text
    assert 'action="/subscribe"' in answer.text


async def test_it_shows_what_others_read_first_or_what_came_last(visitor):
    trending, newest = (await visitor.get("/")).text, (await visitor.get("/?sort=new")).text
    assert trending.index("Equivariant diffusion") < trending.index("Graph neural") < trending.index("sourdough")
    assert newest.index("sourdough") < newest.index("Equivariant diffusion") < newest.index("Graph neural")


async def test_days_lead_to_their_neighbours(visitor):
    monday, friday = (await visitor.get("/")).text, (await visitor.get("/?date=2026-11-20")).text
    assert 'href="/?date=2026-11-20" rel="prev"' in monday
    assert 'rel="next"' not in monday
    assert 'href="/?date=2026-10-30" rel="prev"' in friday
    assert 'href="/?date=2026-11-23" rel="next"' in friday


async def test_a_day_without_papers_says_where_there_are_some(visitor):
    text = (await visitor.get("/?date=2026-11-21")).text
    assert "No papers were listed on this day" in text
    assert 'href="/?date=2026-11-20"' in text
    assert 'href="/?date=2026-11-23"' in text


@pytest.mark.parametrize("day", ["2026-11-31", "yesterday", "0", "2026-11-23T00:00", "٢٠٢٦-١١-٢٣"])
async def test_what_is_no_day_is_not_found(visitor, day):
    assert (await visitor.get("/", params={"date": day})).status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "9999999999", "abc", "²"])
async def test_an_odd_page_number_is_no_error(visitor, page):
    assert (await visitor.get("/", params={"page": page})).status_code == 200


async def test_a_hundred_papers_stand_on_a_page(store, settings, clock):
    many = [(f"2611.{n:05}", MONDAY, f"Paper number {n}", "About things.", n, None) for n in range(1, 251)]
    await fill(store, many)
    visitor = Visitor(application(settings, store, now=clock))
    pages = [(await visitor.get(f"/?page={n}")).text for n in (1, 2, 3)]
    assert [page.count('<article class="card"') for page in pages] == [100, 100, 50]
    assert "Paper number 250" in pages[0]
    assert 'href="/?page=2" rel="next"' in pages[0]
    assert 'href="/" rel="prev"' in pages[1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("graph", ["Graph neural networks for proteins", "A graph neural network at sea"]),
        ("graph protein", ["Graph neural networks for proteins"]),
        ("equivarian*", ["Equivariant diffusion models"]),
        ('"in the wild"', ["On sourdough"]),
        ("title:diffusion", ["Equivariant diffusion models"]),
        ("diffusion -rotations", ["A graph neural network at sea"]),
        ("sourdough OR tides", ["On sourdough", "Transformers for tides"]),
        ("graph NOT (protein OR mesh)", ["A graph neural network at sea"]),
        ('"graph network"~3 sea', ["A graph neural network at sea"]),
        ("author:Lovelace tides", ["Transformers for tides"]),
        ('author:"Ada Lovelace" tides', ["Transformers for tides"]),
        ("category:cs.LG tides", ["Transformers for tides"]),
        ("category:math.AG tides", []),
        ("-category:cs.LG", []),
        ("source:arxiv tides^3", ["Transformers for tides"]),
    ],
)
async def test_the_search_knows_the_language_of_keywords(visitor, query, found):
    text = text_of((await visitor.get("/", params={"q": query})).text)
    assert [title for _, _, title, *_ in PAPERS if title in text] == [
        title for _, _, title, *_ in PAPERS if title in found
    ]


async def test_found_words_are_marked(visitor):
    page = (await visitor.get("/?q=graphs")).text
    assert "<mark>Graph</mark> neural" in page
    assert "passing on <mark>graphs</mark>" in page


async def test_an_empty_search_tells_what_would_find_more(visitor):
    page = await visitor.get("/?q=zzzz")
    assert page.status_code == 200
    assert "Nothing found" in page.text


async def test_a_paper_has_a_page_under_each_of_its_names(visitor):
    page = await visitor.get("/papers/arxiv:2611.00002")
    assert page.status_code == 200
    text = text_of(page.text)
    assert "Diffusion models that know about rotations." in text
    assert 'href="https://arxiv.org/pdf/2611.00002"' in page.text
    assert (await visitor.get("/papers/arxiv:nope")).status_code == 404
    assert (await visitor.get("/papers/doi:10.1/with/slashes")).status_code == 404


async def test_the_archive_leads_to_months_and_their_days(visitor):
    archive, november = (await visitor.get("/archive")).text, (await visitor.get("/archive/2026-11")).text
    assert 'href="/archive/2026-11"' in archive
    assert "November 2026" in archive
    assert 'href="/?date=2026-11-20"' in november
    assert "5 papers on 2 days" in text_of(november)
    assert 'href="/archive/2026-10" rel="prev"' in november
    assert (await visitor.get("/archive/2026-13")).status_code == 404
    assert (await visitor.get("/archive/2020-01")).status_code == 404


async def test_a_profile_shows_what_it_catches_and_why(visitor):
    page = await visitor.get("/profiles/graphs")
    text = text_of(page.text)
    assert "Graph neural networks for proteins" in text
    assert "A graph neural network at sea" in text
    assert "sourdough" not in text
    assert "Matches" in text
    assert (await visitor.get("/profiles/none")).status_code == 404


async def test_names_of_profiles_may_hold_anything(visitor):
    page = (await visitor.get("/profiles")).text
    path = next(path for path in re.findall(r'href="(/profiles/[^"]+)"', page) if "graphs" not in path)
    assert "Equivariant diffusion models" in text_of((await visitor.get(path)).text)
    assert feedparser.parse((await visitor.get(f"{path}/feed.xml")).content).entries


@pytest.mark.parametrize(
    ("path", "titles"),
    [
        ("/feed.xml", 3),
        ("/feed.xml?date=2026-11-20", 2),
        ("/feed.xml?q=graph", 2),
        ("/feed.xml?sort=new", 3),
        ("/archive/2026-11/feed.xml", 5),
        ("/profiles/graphs/feed.xml", 2),
    ],
)
async def test_every_list_is_an_atom_feed_too(visitor, path, titles):
    answer = await visitor.get(path)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    assert len(feed.entries) == titles
    assert len({entry.id for entry in feed.entries}) == titles
    assert all(entry.link.startswith("http://127.0.0.1:8000/papers/") for entry in feed.entries)
    assert all(entry.updated_parsed for entry in feed.entries)


@pytest.mark.parametrize(
    "path",
    [
        "/?date=2026-11-20",
        "/?q=title",
        "/papers/arxiv:2611.00005",
        "/archive/2026-11",
        "/feed.xml?date=2026-11-20",
        f"/?q={NASTY}",
        f"/papers/{NASTY}",
    ],
)
async def test_no_stored_or_asked_text_is_ever_markup(visitor, path):
    answer = await visitor.get(path)
    assert "<script>alert" not in answer.text
    assert ">49<" not in answer.text
    assert len(re.findall(r"<script", answer.text)) == (0 if "xml" in path else 1)


async def test_an_instance_without_papers_has_pages_that_say_so(store, settings, clock):
    visitor = Visitor(application(settings, store, now=clock))
    for path in ("/", "/archive", "/profiles", "/profiles/graphs", "/feed.xml", "/?q=graph", "/subscribe"):
        assert (await visitor.get(path)).status_code == 200, path
    assert "No papers yet" in (await visitor.get("/")).text


async def test_new_papers_are_shown_although_pages_are_kept(app, visitor, filled, clock):
    assert "Brand new" not in (await visitor.get("/")).text
    app.state.site.pages._looked_at = float("-inf")  # as if a second had passed
    await fill(filled, [("2611.00099", MONDAY, "Brand new", "Fresh.", 1, None)])
    assert "Brand new" in (await visitor.get("/")).text


async def test_a_compressed_page_is_the_same_page(visitor):
    plain = await visitor.get("/", headers={"accept-encoding": "identity"})
    packed = await visitor.get("/", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert gzip.compress(b"")  # httpx unpacks with the same library that checks length and sum


async def test_an_unchanged_page_is_not_sent_again(visitor):
    first = await visitor.get("/archive")
    again = await visitor.get("/archive", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_pages_stand_under_the_path_of_the_public_address(configure, filled, clock):
    settings = configure(url="https://papers.example.org/daily")
    visitor = Visitor(application(settings, filled, now=clock), base="https://papers.example.org")
    for path in ("/daily/", "/"):  # a proxy may take the path away, or not
        page = await visitor.get(path)
        assert page.status_code == 200
        assert 'href="/daily/archive"' in page.text
        style = re.search(r'href="(/daily/static/style\.[0-9a-f]+\.css)"', page.text)[1]
        assert (await visitor.get(style)).headers["content-type"].startswith("text/css")


async def test_head_answers_like_get_without_a_body(visitor):
    answer = await visitor.ask("HEAD", "/")
    assert answer.status_code == 200


async def test_trending_is_reckoned_with_today(store, settings, clock):
    await fill(store, [("2611.00001", date(2026, 11, 23), "Only one", "x", 3, None)])
    assert NOW.date() == date(2026, 11, 23)
    assert "Only one" in (await Visitor(application(settings, store, now=clock)).get("/")).text


async def test_new_searches_from_one_network_are_rationed_and_kept_ones_are_not(app, visitor, clock):
    for number in range(120):
        assert (await visitor.get(f"/?q=word{number}")).status_code == 200
    assert (await visitor.get("/?q=onemore")).status_code == 429
    assert (await visitor.get("/feed.xml?q=onemore")).status_code == 429
    assert (await visitor.get("/?q=word7")).status_code == 200
    assert (await Visitor(app, address="198.51.100.1").get("/?q=onemore")).status_code == 200
    clock.move(minutes=2)
    assert (await visitor.get("/?q=another")).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "packed"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("br", False)]
)
async def test_who_cannot_unpack_gets_plain_pages(visitor, wanted, packed):
    answer = await visitor.get("/", headers={"accept-encoding": wanted})
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert "Daily Papers" in answer.text
