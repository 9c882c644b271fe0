"""The email as a reader gets it: what it says, what it links to, how large it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.models import Digest, Match, Paper, Reason, Span
from digest.render import Renderer
from digest.render.sample import sample_digest

DAY = date(2026, 11, 23)
VOID = {"meta", "br", "hr", "img", "link", "input"}
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
HOSTILE = '<script>alert("1")</script>&amp;\'"><img src=x>\r\nBcc: eve@example.org\x00\u202e\ud800'


class Page(HTMLParser):
    """Every tag, address and piece of text of a page; fails on a tag that closes what is not open."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.headings: dict[str, list[str]] = {"h1": [], "h2": []}
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in self.headings:
            self.headings[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)
        for heading in self.headings.keys() & set(self.open):
            self.headings[heading][-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    @property
    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]


@dataclass(frozen=True)
class Email:
    """What a reader gets, put together."""

    subject: str
    text: str
    html: str


class Reading(Renderer):
    """Renders whole texts, and checks the promises of their pieces on the way."""

    def email(self, digest: Digest) -> Email:
        rendered = self.render(digest)
        for text in (rendered.text, rendered.html):
            assert len(text.pieces) % 2
            assert all(piece.endswith("\n") for piece in text.pieces[:-1] if piece)
        assert rendered.size == len(str(rendered.html).encode())
        return Email(rendered.subject, str(rendered.text), str(rendered.html))


@pytest.fixture(scope="module")
def renderer() -> Reading:
    return Reading(None, 92_000)


def paper(number: int = 1, **changes: Any) -> Paper:
    return replace(sample_digest(DAY).papers[0].paper, seq=number, **changes)


def match(changed: Paper, **changes: Any) -> Match:
    return replace(sample_digest(DAY).papers[0], paper=changed, **changes)


def many(count: int, **changes: Any) -> Digest:
    papers = tuple(
        match(
            paper(n, id=f"arxiv:2611.{n:05}", url=f"https://arxiv.org/abs/2611.{n:05}", title=f"Paper {n}", **changes)
        )
        for n in range(count)
    )
    return replace(sample_digest(DAY), papers=papers, considered=count * 2, listed=count)


def test_the_subject_names_the_best_paper_and_counts_the_others(renderer: Reading) -> None:
    assert renderer.email(sample_digest(DAY)).subject == "Equivariant networks for molecular graphs and 2 more"
    assert renderer.email(many(1)).subject == "Paper 0"


def test_a_long_title_is_cut_between_words_in_the_subject(renderer: Reading) -> None:
    long = replace(sample_digest(DAY), papers=(match(paper(title="word " * 50)),))
    assert renderer.email(long).subject == "word word word word word word word word word word word word…"[:60].replace(
        " …", "…"
    )


def test_the_first_visible_line_is_a_preview(renderer: Reading) -> None:
    rendered = renderer.email(sample_digest(DAY))
    line = "3 of 412 new papers, led by Equivariant networks for molecular graphs"
    assert rendered.text.startswith(line + "\n")
    body = Page(rendered.html[rendered.html.index("<body") :].replace("</html>", ""))
    assert body.text.startswith(line)


def test_the_page_has_one_h1_and_an_h2_for_each_paper(renderer: Reading) -> None:
    page = Page(renderer.email(sample_digest(DAY)).html)
    assert page.headings["h1"] == ["Monday, 23 November 2026"]
    assert [" ".join(title.split()) for title in page.headings["h2"]] == [
        "Equivariant networks for molecular graphs", "A short survey of graph learning", "Notes",
    ]  # fmt: skip


def test_each_paper_says_why_it_is_there(renderer: Reading) -> None:
    rendered = renderer.email(sample_digest(DAY))
    for text in (Page(rendered.html).text, " ".join(rendered.text.split())):
        assert "(4.7 points) · equivariant network (title 3.1) · molecular graph (abstract 1.2) ·" in text
        assert "· 5 more keywords" in text
        assert "words of message passing (0.4)" in text
        assert "For your profile chemistry" in text


def test_a_single_profile_is_not_named(renderer: Reading) -> None:
    digest = sample_digest(DAY)
    alone = replace(
        digest,
        papers=digest.papers[:1],
        subscriber=replace(digest.subscriber, profiles=("graphs",), keywords=()),
    )
    assert "For your profile" not in renderer.email(alone).html


def test_matched_words_are_marked_in_title_and_abstract(renderer: Reading) -> None:
    marks = re.findall(r"<b class=\"hit\"[^>]*>([^<]*)</b>", renderer.email(sample_digest(DAY)).html)
    assert marks[:2] == ["Equivariant networks", "molecular graphs"]


def test_authors_are_the_first_three_the_last_and_a_count(renderer: Reading) -> None:
    rendered = renderer.email(sample_digest(DAY))
    byline = "Ada Lovelace, Ilse Varga-Holm, Omar Quillfeather … Tove Asklund (5 authors)"
    assert byline in rendered.text
    assert byline in Page(rendered.html).text


def test_badges_are_words(renderer: Reading) -> None:
    badges = "42 upvotes · 3 comments · code · project page · version 2 · cs.LG · arxiv · huggingface"
    rendered = renderer.email(sample_digest(DAY))
    assert badges in Page(rendered.html).text
    assert badges in " ".join(rendered.text.split())


def test_links_name_their_target_aloud(renderer: Reading) -> None:
    page = Page(renderer.email(sample_digest(DAY)).html)
    labels = {attrs["aria-label"] for tag, attrs in page.tags if tag == "a" and "aria-label" in attrs}
    named = " of Equivariant networks for molecular graphs"
    assert {kind + named for kind in ("Abstract", "PDF", "Code", "Project page", "Hugging Face")} <= labels


def test_the_text_has_every_link_of_the_html_in_the_same_order_on_lines_of_their_own(renderer: Reading) -> None:
    rendered = renderer.email(sample_digest(DAY))
    in_text = [line for line in rendered.text.splitlines() if line.startswith("https://")]
    assert in_text == list(dict.fromkeys(Page(rendered.html).links))


def test_the_text_is_wrapped_and_has_a_signature_line(renderer: Reading) -> None:
    lines = renderer.email(sample_digest(DAY)).text.split("\n")
    assert "-- " in lines
    assert max(len(line) for line in lines if not line.startswith("http")) <= 76


def test_the_footer_says_why_and_offers_the_way_out(renderer: Reading) -> None:
    digest = sample_digest(DAY)
    rendered = renderer.email(digest)
    page = Page(rendered.html)
    for text in (page.text, rendered.text):
        assert "You get this because ada@example.org is subscribed to Papers Digest." in text
        assert "1 Example Street, Example Town" in text
        assert "Thank you to arXiv for use of its open access interoperability." in text
    links = digest.links
    assert {links.unsubscribe, links.preferences, links.web_copy, links.home} <= set(page.links)


def test_arxiv_is_thanked_only_when_a_paper_is_from_there(renderer: Reading) -> None:
    elsewhere = replace(sample_digest(DAY), papers=(match(paper(id="doi:10.1/x", url="https://example.org/x")),))
    assert "Thank you to arXiv" not in renderer.email(elsewhere).html


def test_an_empty_digest_is_short_and_honest(renderer: Reading) -> None:
    none_matched = renderer.email(replace(sample_digest(DAY), papers=(), listed=0))
    assert none_matched.subject == "Nothing for your keywords among 412 new papers"
    assert "none matched your keywords" in none_matched.html
    assert "arXiv had not listed its papers yet" in none_matched.text
    nothing_new = renderer.email(replace(sample_digest(DAY), papers=(), listed=0, considered=0))
    assert nothing_new.subject == "No new papers today"
    assert "There were no new papers since your last issue." in nothing_new.text


def test_a_trending_digest_says_most_upvoted_instead_of_keywords(renderer: Reading) -> None:
    rendered = renderer.email(replace(sample_digest(DAY), trending=True))
    for text in (Page(rendered.html).text, " ".join(rendered.text.split())):
        assert "The 3 most upvoted of 412 new papers" in text
        assert "among the papers that others upvoted most" in text
        assert "points)" not in text


def test_nothing_is_loaded_and_nothing_is_an_anchor(renderer: Reading) -> None:
    html = renderer.email(sample_digest(DAY)).html
    assert not re.search(r"<(img|link|script|iframe|form|object|embed)\b|\ssrc=|url\(|@import|href=\"#", html)


def test_every_layout_table_is_for_presentation(renderer: Reading) -> None:
    tables = [attrs for tag, attrs in Page(renderer.email(sample_digest(DAY)).html).tags if tag == "table"]
    assert {attrs["role"] for attrs in tables} == {"presentation"}


def test_addresses_that_are_not_http_are_never_linked(renderer: Reading) -> None:
    bad = paper(
        id="hash:1", url="javascript:alert(1)", pdf_url="data:text/html,x", code_url="ftp://x", project_url="//x"
    )
    rendered = renderer.email(replace(sample_digest(DAY), papers=(match(bad),)))
    assert all(link.startswith("https://digest.example.org/") for link in Page(rendered.html).links)


def test_a_hugging_face_page_is_called_by_its_name_and_the_abstract_found_by_the_id(renderer: Reading) -> None:
    face = paper(id="arxiv:2611.90001", url="https://huggingface.co/papers/2611.90001", pdf_url="")
    text = renderer.email(replace(sample_digest(DAY), papers=(match(face),))).text
    assert "Abstract:\nhttps://arxiv.org/abs/2611.90001\n" in text
    assert "PDF:\nhttps://arxiv.org/pdf/2611.90001\n" in text
    assert "Hugging Face:\nhttps://huggingface.co/papers/2611.90001\n" in text


def test_a_very_long_word_may_break_in_the_html_and_stays_whole_in_the_text(renderer: Reading) -> None:
    word = "<" + "x" * 45 + ">"
    rendered = renderer.email(replace(sample_digest(DAY), papers=(match(paper(title=word), matched=()),)))
    assert f"&lt;{'x' * 9}\u200b{'x' * 10}\u200b{'x' * 10}\u200b{'x' * 10}\u200b{'x' * 6}&gt;" in rendered.html
    assert word in rendered.text


def test_the_same_digest_gives_the_same_email(renderer: Reading) -> None:
    assert renderer.email(sample_digest(DAY)) == Reading(None, 92_000).email(sample_digest(DAY))


@pytest.mark.parametrize("limit", [16_000, 20_000, 40_000, 92_000])
@pytest.mark.parametrize("count", [0, 1, 10, 60])
def test_the_html_never_exceeds_its_limit_and_both_parts_list_the_same_papers(limit: int, count: int) -> None:
    rendered = Reading(None, limit).email(many(count, abstract="All of it & more. " * 100))
    assert len(rendered.html.encode()) <= limit
    titles = [f"Paper {n}" for n in range(count)]
    text = Page(rendered.html).text
    shown = [title for title in titles if re.search(rf"{title}\b", text)]
    assert shown == titles[: len(shown)]
    assert [title for title in titles if re.search(rf"{title}\b", rendered.text)] == shown
    if len(shown) < count:
        assert f"{count - len(shown)} more paper" in text
        assert f"{count - len(shown)} more paper" in rendered.text


def test_a_large_issue_shortens_abstracts_before_it_drops_papers() -> None:
    digest = many(10, abstract="This sentence has exactly fifty characters, I say. " * 40)
    whole, small = (Reading(None, limit).email(digest) for limit in (92_000, 32_000))
    assert "abstracts are shortened" not in whole.html
    assert "abstracts are shortened" in small.html
    assert len(Page(small.html).headings["h2"]) == 10
    tiny = Reading(None, 16_000).email(digest)
    assert "lower papers are given by title" in tiny.html


def test_the_worst_frame_fits_the_smallest_limit_that_can_be_set() -> None:
    worst = replace(
        many(200, authors=("&" * 500,) * 50, abstract="&" * 5000, categories=("&" * 500,), sources=("&" * 500,) * 9),
        site_name="&" * 5000,
        notes=("&" * 5000,) * 50,
        postal_address="&" * 90_000,
    )
    assert len(Reading(None, 16_000).email(worst).html.encode()) <= 16_000


def test_a_limit_no_frame_can_meet_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="larger than 2000 bytes"):
        Renderer(None, 2000)


def check(rendered: Email) -> None:
    page = Page(rendered.html)
    assert not {"script", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert all(link.startswith(("https://", "http://")) for link in page.links)
    for part in (rendered.subject, rendered.text, rendered.html):
        part.encode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", part)
    assert "\n" not in rendered.subject


def test_hostile_words_stay_words_everywhere(renderer: Reading) -> None:
    bad = paper(
        id=HOSTILE, title=HOSTILE, abstract=HOSTILE, authors=(HOSTILE,) * 5, categories=(HOSTILE,), sources=(HOSTILE,),
        url="https://example.org/" + HOSTILE, pdf_url="https://[", code_url='https://x.org/"onclick="x', project_url=HOSTILE,
    )  # fmt: skip
    reasons = tuple(Reason(keyword=HOSTILE, field=field, points=1, spans=(Span(3, 9),)) for field in ("title", HOSTILE))
    digest = replace(
        sample_digest(DAY),
        papers=(match(bad, profile=HOSTILE, matched=reasons),),
        site_name=HOSTILE,
        postal_address=HOSTILE,
        notes=(HOSTILE,),
        subscriber=replace(sample_digest(DAY).subscriber, email=HOSTILE),
    )
    rendered = renderer.email(digest)
    check(rendered)
    assert '<script>alert("1")</script>' in Page(rendered.html).text.replace("\u200b", "")
    assert "<script" not in rendered.html
    assert unescape(rendered.html).replace("\u200b", "").count('<script>alert("1")</script>') > 5


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_text_whatsoever_breaks_the_email(renderer: Reading, data: st.DataObject) -> None:
    spans = st.tuples(st.integers(-5, 80), st.integers(-5, 80)).map(lambda pair: Span(*pair))
    reason = st.builds(
        Reason,
        keyword=ANYTHING,
        field=st.sampled_from(["title", "abstract", "like"]) | ANYTHING,
        points=st.floats(),
        partial=st.booleans(),
        spans=st.lists(spans, max_size=5).map(tuple),
    )
    changed = paper(
        id=data.draw(ANYTHING),
        title=data.draw(ANYTHING),
        abstract=data.draw(ANYTHING) * 30,
        authors=tuple(data.draw(st.lists(ANYTHING, max_size=6))),
        url=data.draw(ANYTHING.map("https://".__add__) | ANYTHING),
        project_url=data.draw(ANYTHING.map("https://x.org/".__add__)),
        upvotes=data.draw(st.none() | st.integers()),
        version=data.draw(st.none() | st.integers()),
    )
    found = match(changed, profile=data.draw(ANYTHING), matched=tuple(data.draw(st.lists(reason, max_size=4))))
    digest = replace(
        sample_digest(DAY), papers=(found,) * 2, site_name=data.draw(ANYTHING), notes=(data.draw(ANYTHING),)
    )
    check(renderer.email(digest))
