from __future__ import annotations

import lzma
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import FeedError
from digest.sources import arxiv_calendar as calendar
from digest.sources.arxiv import LIMIT, parse_announcements
from digest.sources.arxiv_creators import split_creators
from digest.sources.reading import Parsed

NEWS = frozenset({"new", "cross"})
ALL = NEWS | {"replace", "replace-cross"}


def item(
    number: str = "2611.00001",
    *,
    version: int = 1,
    kind: str = "new",
    title: str = "A title",
    abstract: str = "We study things.",
    creator: str = "Ada Lovelace, Alan Turing",
    more: str = "",
    published: str = "2026-11-23T00:00:00-05:00",
) -> str:
    return f"""
  <entry>
    <id>oai:arXiv.org:{number}v{version}</id>
    <title>{escape(title)}</title>
    <updated>2026-11-23T05:00:12.123456+00:00</updated>
    <link href="https://arxiv.org/abs/{number}" rel="alternate" type="text/html"/>
    <summary>arXiv:{number}v{version} Announce Type: {kind} \nAbstract: {escape(abstract)}</summary>
    <category term="cs.LG"/><category term="stat.ML"/>
    <published>{published}</published>
    <arxiv:announce_type>{kind}</arxiv:announce_type>
    <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>
    <dc:creator>{escape(creator)}</dc:creator>{more}
  </entry>"""


def atom(*items: str, title: str = "cs.LG updates on arXiv.org", updated: str = "2026-11-23T05:00:12+00:00") -> bytes:
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
      xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">
  <id>http://rss.arxiv.org/atom/cs.LG</id>
  <title>{title}</title>
  <updated>{updated}</updated>
  <link href="http://rss.arxiv.org/atom/cs.LG" rel="self" type="application/atom+xml"/>{"".join(items)}
</feed>""".encode()


def parse(body: bytes, include: frozenset[str] = NEWS) -> Parsed:
    return parse_announcements(body, source="arxiv", category="cs.LG", include=include)


def test_an_entry_becomes_a_listing_without_arxivs_prefixes() -> None:
    more = "<arxiv:DOI>10.1000/ABC</arxiv:DOI><arxiv:journal_reference>J. 1 (2026)</arxiv:journal_reference>"
    parsed = parse(atom(item(more=more, abstract="Code at https://github.com/a/b.")))
    (one,) = parsed.listings
    assert (one.title, one.abstract, one.authors) == (
        "A title",
        "Code at https://github.com/a/b.",
        ("Ada Lovelace", "Alan Turing"),
    )
    assert (one.arxiv_id, one.version, one.doi) == ("2611.00001", 1, "10.1000/abc")
    assert (one.url, one.pdf_url) == ("https://arxiv.org/abs/2611.00001", "https://arxiv.org/pdf/2611.00001")
    assert (one.categories, one.source) == (("cs.LG", "stat.ML"), "arxiv")
    assert one.code_url == "https://github.com/a/b"
    assert one.listed_on == parsed.announced_on == date(2026, 11, 23)


@pytest.mark.parametrize("name", ["rss_cs.LG_2026-04-27_jmamath.xml", "rss_cs.AI_2026-04-27_jmamath.xml"])
def test_every_recorded_entry_becomes_a_paper(name: str, feeds: Path) -> None:
    body = (feeds / "arxiv_rss" / name).read_bytes()
    parsed = parse(body, ALL)
    assert (len(parsed.listings), parsed.skipped) == (body.count(b"<item>"), 0)
    assert parsed.announced_on == date(2026, 4, 27)
    for one in parsed.listings:
        assert one.title
        assert one.authors
        assert not one.abstract.startswith(("arXiv:", "Abstract"))


def test_a_recorded_weekend_is_an_empty_list(feeds: Path) -> None:
    body = (feeds / "arxiv_rss" / "rss_cs.CL_2026-08-01_weekend_empty.xml").read_bytes()
    assert parse(body) == Parsed(listings=(), announced_on=date(2026, 8, 1))


def test_recorded_odd_entries_are_read_or_counted(feeds: Path) -> None:
    parsed = parse((feeds / "arxiv_rss" / "SYNTHETIC_rss_cs.CL_cases_BuiVannn.xml").read_bytes())
    assert [(one.arxiv_id, one.version) for one in parsed.listings] == [
        ("2607.11111", 1),
        ("2607.22222", 2),
        ("2607.33333", 1),
    ]
    assert parsed.skipped == 1
    assert parsed.listings[2].abstract == "Abstract only, no arXiv prefix and no announce type at all."


def test_the_format_before_2024_is_still_read(feeds: Path) -> None:
    body = (feeds / "arxiv_rss" / "rdf_old_hep-ex_2018-05-23_physbiblio.xml").read_bytes()
    first, second = parse(body).listings
    assert (first.title, first.authors) == (
        "Measurement of Transverse Single Spin Asymmetries.",
        ("Christopher Dilks",),
    )
    assert (first.arxiv_id, first.version, first.categories) == ("1805.08875", 1, ("hep-ex",))
    assert second.arxiv_id == "1805.09166"
    assert len(parse(body, ALL).listings) == 3


def test_the_web_page_of_a_listing_is_refused(feeds: Path) -> None:
    with pytest.raises(FeedError, match=r"an HTML page came instead of arXiv's list of cs\.LG"):
        parse((feeds / "arxiv_rss" / "listing_new_cs.AI_2026-08-12_ZJU.html").read_bytes())


@pytest.mark.parametrize("body", [b"", b"  ", b"Rate exceeded.", b"{}", b"\x00\xff" * 50, b"<a/>", b"/etc/hostname"])
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError, match=r"cs\.LG"):
        parse(body)


def test_an_error_feed_is_refused_with_its_words() -> None:
    with pytest.raises(FeedError, match=r"Feed error for query: cs\.XX"):
        parse(atom(title="Feed error for query: cs.XX"))


def test_a_list_that_breaks_off_is_never_an_empty_day() -> None:
    whole = atom(item(), item("2611.00002"))
    with pytest.raises(FeedError, match="broke off before its first paper"):
        parse(whole[: whole.index(b"<entry>")])
    cut = parse(whole[: whole.rindex(b"<category")])
    assert cut.listings[0].arxiv_id == "2611.00001"
    assert "broken XML" in cut.notes[0]


def test_only_the_announce_types_asked_for_are_kept() -> None:
    kinds = ["new", "cross", "replace", "replace-cross"]
    body = atom(*(item(f"2611.0000{number}", kind=kind) for number, kind in enumerate(kinds)))
    assert [one.arxiv_id[-1] for one in parse(body).listings] == ["0", "1"]
    assert [one.arxiv_id[-1] for one in parse(body, frozenset({"replace"})).listings] == ["2"]


@pytest.mark.parametrize(
    ("number", "version", "kept"),
    [
        ("2205.06398", 2, False),
        ("2205.06398", 1, True),
        ("2609.00001", 2, True),
        ("2608.00001", 2, False),
        ("hep-th/9901001", 3, False),
        ("2611.00001", 5, True),
    ],
)
def test_an_old_paper_that_is_cross_listed_again_is_no_news(number: str, version: int, kept: bool) -> None:
    assert bool(parse(atom(item(number, version=version, kind="cross"))).listings) is kept


def test_comparisons_in_abstracts_are_not_eaten_as_html() -> None:
    abstract = "For 2<r<q-1 and a&b, if x <y then z> w."
    rss = f"""<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel><title>t</title><item>
    <title>a {escape("<b>")} c</title><link>https://arxiv.org/abs/2611.00001</link>
    <description>arXiv:2611.00001v1 Announce Type: new \nAbstract: {escape(abstract)}</description>
    </item></channel></rss>""".encode()
    for body in (atom(item(abstract=abstract)), rss):
        assert parse(body).listings[0].abstract == abstract


def test_entries_without_id_or_title_are_counted_and_doubles_are_taken_once() -> None:
    body = atom(item(title=" "), item("nonsense"), item(), item())
    parsed = parse(body)
    assert ([one.arxiv_id for one in parsed.listings], parsed.skipped) == (["2611.00001"], 2)


def test_a_list_as_long_as_arxivs_limit_says_so() -> None:
    parsed = parse(atom(*(item(f"2611.{number:05}") for number in range(LIMIT))))
    assert len(parsed.listings) == LIMIT
    assert parsed.notes == ("2000 entries in the list of cs.LG, arXiv's limit: some papers may be missing",)


def test_the_day_of_an_empty_atom_list_is_when_it_was_rendered() -> None:
    assert parse(atom(updated="2026-11-22T05:00:12+00:00")).announced_on == date(2026, 11, 22)
    assert parse(atom(updated="2026-11-22T04:59:00+00:00")).announced_on == date(2026, 11, 21)


@pytest.mark.parametrize("published", ["", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "soon"])
def test_a_date_that_is_none_does_no_harm(published: str) -> None:
    assert parse(atom(item(published=published))).listings[0].listed_on == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("creator", "names"),
    [
        ("A. B. Cee, Dee Eff", ["A. B. Cee", "Dee Eff"]),
        ("A B (MIT, CSAIL), C D (ENS (Paris, France)), E F", ["A B", "C D", "E F"]),
        ("R. Aaij, B. Adeva (909 additional authors not shown)", ["R. Aaij", "B. Adeva"]),
        ("Ann One et al.", ["Ann One"]),
        ("Ann One, et al", ["Ann One"]),
        ("John Smith, Jr., Ann Other, III", ["John Smith Jr.", "Ann Other III"]),
        ("LHCb collaboration: R. Aaij, B. Adeva", ["LHCb collaboration", "R. Aaij", "B. Adeva"]),
        ("Broken (Univ, Ann Two", ["Broken (Univ", "Ann Two"]),
        ("", []),
        (" , ,", []),
        ("(nobody)", []),
    ],
)
def test_one_creator_string_becomes_names(creator: str, names: list[str]) -> None:
    assert list(split_creators(creator)) == names


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="ab ,().:et l", max_size=60))
def test_no_creator_string_breaks(creator: str) -> None:
    assert all(name.strip() for name in split_creators(creator))


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300))
def test_no_bytes_bring_anything_but_papers_or_a_feed_error(noise: bytes) -> None:
    whole = atom(item())
    for body in (noise, whole[:700] + noise + whole[700:]):
        try:
            parse(body)
        except FeedError:
            continue


# --- the calendar


def eastern(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.EASTERN).astimezone(UTC)


@pytest.mark.parametrize(
    ("submitted", "listed"),
    [
        ("2026-11-16 13:59", "2026-11-17"),  # Monday before the cut-off: Tuesday's list
        ("2026-11-16 14:00", "2026-11-18"),
        ("2026-11-19 14:00", "2026-11-23"),  # Thursday after it: announced on Sunday, Monday's list
        ("2026-11-20 13:59", "2026-11-23"),
        ("2026-11-20 14:00", "2026-11-24"),  # over the weekend: Tuesday's list
        ("2026-11-22 23:00", "2026-11-24"),
        ("2026-11-25 15:00", "2026-11-30"),  # Thanksgiving has no mailing: Friday's list is missing
        ("2026-09-04 15:00", "2026-09-09"),  # Labour Day: Tuesday's list is missing
        ("2026-07-02 15:00", "2026-07-07"),  # a Friday holiday puts off Sunday's mailing
        ("2026-12-24 15:00", "2026-12-29"),
        ("2026-12-28 15:00", "2026-12-31"),
    ],
)
def test_a_submission_is_listed_after_its_cut_off(submitted: str, listed: str) -> None:
    assert str(calendar.announced_for(eastern(submitted))) == listed


@settings(deadline=None, max_examples=50)
@given(st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2028, 12, 31), timezones=st.just(UTC)))
def test_every_moment_lies_in_the_window_of_its_list(moment: datetime) -> None:
    day = calendar.announced_for(moment)
    start, end = calendar.window(day)
    assert start <= moment < end < calendar.appears_at(day)
    assert calendar.is_announcement_day(day)


def test_windows_follow_each_other_without_gaps() -> None:
    days = calendar.announcement_days(date(2026, 1, 1), date(2027, 1, 15))
    for before, after in pairwise(days):
        assert calendar.window(before)[1] == calendar.window(after)[0]


@pytest.mark.parametrize(
    ("now", "newest", "reason"),
    [
        ("2026-11-23T05:00Z", "2026-11-23", None),
        (
            "2026-11-23T04:59Z",
            "2026-11-20",
            "arXiv lists nothing at weekends; the next list is due on Monday 23 November",
        ),
        (
            "2026-11-21T12:00Z",
            "2026-11-20",
            "arXiv lists nothing at weekends; the next list is due on Monday 23 November",
        ),
        ("2026-11-27T12:00Z", "2026-11-26", "arXiv holiday; the next list is due on Monday 30 November"),
        ("2026-07-06T12:00Z", "2026-07-03", "arXiv holiday; the next list is due on Tuesday 7 July"),
        ("2026-07-07T04:00Z", "2026-07-07", None),
        ("2027-12-27T12:00Z", "2027-12-24", "arXiv holiday; the next list is due on Tuesday 28 December"),
    ],
)
def test_the_newest_list_that_should_be_up(now: str, newest: str, reason: str | None) -> None:
    moment = datetime.fromisoformat(now)
    assert str(calendar.expected(moment)) == newest
    assert calendar.quiet_reason(moment) == reason


def test_the_rule_of_holidays_agrees_with_recorded_listings(feeds: Path) -> None:
    with lzma.open(feeds.parent / "corpus" / "arxiv_2025.jsonl.xz", "rt") as lines:
        listed = {line.partition('"listed":')[2].strip()[1:11] for line in lines}
    weekdays = [date(2025, 3, 18) + timedelta(days=number) for number in range(180)]  # the record is whole until then
    weekdays = [day for day in weekdays if day.weekday() < 5]
    assert [day for day in weekdays if str(day) not in listed] == [
        date(2025, 6, 20),
        date(2025, 7, 7),
        date(2025, 9, 2),
    ]
    assert [day for day in weekdays if not calendar.is_announcement_day(day)] == [
        date(2025, 6, 20),
        date(2025, 7, 7),
        date(2025, 9, 2),
    ]
