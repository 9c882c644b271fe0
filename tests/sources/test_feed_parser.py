"""Any feed as listings; whatever is none is refused with a reason."""

import gzip
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import DigestError, FeedError
from digest.models import Listing
from digest.sources.feed import MOST_ENTRIES, parse_feed
from digest.sources.feed_authors import people
from digest.sources.reading import Parsed

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:arxiv="http://arxiv.org/schemas/atom"'
)


def rss(*items: str, channel: str = "") -> bytes:
    head = f'<?xml version="1.0"?><rss version="2.0" {SPACES}><channel><title>T</title><link>https://example.org/</link>{channel}'
    return (head + "".join(f"<item>{item}</item>" for item in items) + "</channel></rss>").encode()


def atom(entry: str, attributes: str = "") -> bytes:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>T</title><entry>{entry}</entry></feed>'.encode()
    )


def parse(body: bytes, **more: Any) -> Parsed:
    return parse_feed(body, source="s", now=NOW, **({"url": "https://example.org/feed.xml"} | more))


def only(body: bytes, **more: Any) -> Listing:
    (listing,) = parse(body, **more).listings
    return listing


def test_it_reads_an_rss_item() -> None:
    one = only(
        rss(
            "<title>A &amp;lt; B</title><link>https://example.org/1?utm_source=rss</link><description>&lt;p&gt;Text of CO&lt;sub&gt;2&lt;/sub&gt;, "
            "code at https://github.com/a/b.&lt;/p&gt;</description><dc:creator>Ada Lovelace</dc:creator><dc:creator>Alan Turing</dc:creator>"
            "<category>math</category><category>math</category><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>"
        )
    )
    assert (one.title, one.url) == ("A < B", "https://example.org/1")
    assert one.abstract == "Text of CO₂, code at https://github.com/a/b."
    assert one.code_url == "https://github.com/a/b"
    assert one.authors == ("Ada Lovelace", "Alan Turing")
    assert one.categories == ("math",)
    assert one.listed_on == date(2026, 11, 20)
    assert one.permalink


def test_it_reads_an_atom_entry_with_xml_base_and_xhtml() -> None:
    one = only(
        atom(
            '<title type="html">On &lt;i&gt;x&lt;/i&gt;</title><link href="a/1"/><id>tag:x</id><updated>2026-11-20T00:00:00Z</updated>'
            '<author><name>Ada</name></author><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>one</p><p>two</p></div></content>',
            'xml:base="https://base.org/x/"',
        )
    )
    assert (one.title, one.url, one.abstract) == ("On x", "https://base.org/x/a/1", "one two")
    assert one.listed_on == date(2026, 11, 20)


def test_plain_atom_text_keeps_its_signs() -> None:
    one = only(
        atom(
            "<title>1 &lt;b&gt; 2</title><id>https://example.org/1</id><summary>a &lt;b&gt; c, which is less</summary>"
        )
    )
    assert one.title == "1 <b> 2"
    assert one.abstract == "a <b> c, which is less"


def test_it_reads_a_json_feed() -> None:
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "url": "https://example.org/1",
                "title": "A",
                "content_html": "<p>b</p>",
                "authors": [{"name": "Ada"}],
                "date_published": "2026-11-20T10:00:00Z",
            },
            {"id": "2", "title": "no link"},
            "nonsense",
        ],
    }
    parsed = parse(json.dumps(body).encode())
    assert [(one.title, one.abstract, one.authors, one.listed_on) for one in parsed.listings] == [
        ("A", "b", ("Ada",), date(2026, 11, 20))
    ]
    assert parsed.skipped == 2


def test_relative_links_start_from_the_feeds_address() -> None:
    assert only(rss("<title>A</title><link>/papers/1</link>")).url == "https://example.org/papers/1"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.org", "ftp://x.org/1", "file:///etc/passwd"]
)
def test_only_web_addresses_ever_leave(link: str) -> None:
    good = "<title>B</title><link>https://example.org/2</link>"
    parsed = parse(rss(f"<title>A</title><link>{link}</link>", good))
    assert [one.title for one in parsed.listings] == ["B"]
    assert parsed.skipped == 1


def test_a_guid_that_is_an_address_is_a_link() -> None:
    assert only(rss("<title>A</title><guid>https://example.org/9</guid>")).url == "https://example.org/9"


def test_a_shared_link_is_no_permalink() -> None:
    item = "<title>{}</title><link>https://example.org/list</link>"
    parsed = parse(
        rss(
            item.format("A"),
            item.format("B"),
            "<title>C</title><link>https://example.org/</link>",
            "<title>D</title><link>https://example.org/4</link>",
        )
    )
    assert [one.permalink for one in parsed.listings] == [False, False, False, True]


def test_an_entry_without_a_title_is_called_by_its_first_words() -> None:
    one = only(rss("<link>https://example.org/1</link><description>Some first words.</description>"))
    assert one.title == "Some first words."
    assert only(rss("<link>https://example.org/1</link>")).title == "https://example.org/1"


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("Sat, 21 Nov 2026 23:00:00 GMT", date(2026, 11, 21)),
        ("2026-11-21", date(2026, 11, 21)),
        ("Fri, 01 Jan 2038 00:00:00 GMT", date(2026, 11, 23)),
        ("yesterday", None),
        ("0000-00-00", None),
        ("", None),
    ],
)
def test_dates_are_believable_or_absent(said: str, day: date | None) -> None:
    assert only(rss(f"<title>A</title><link>https://example.org/1</link><pubDate>{said}</pubDate>")).listed_on == day


@pytest.mark.parametrize(
    ("elements", "names"),
    [
        (["Kaur, M., Shukla, A."], ("M. Kaur", "A. Shukla")),
        (["Plaumann, P.-L., O'Connell, R. J."], ("P.-L. Plaumann", "R. J. O'Connell")),
        (["A B, C D and E F"], ("A B", "C D", "E F")),
        (["Ada Lovelace (London), Alan Turing (Bletchley, UK)"], ("Ada Lovelace", "Alan Turing")),
        (["Lovelace, Ada; Turing, Alan"], ("Ada Lovelace", "Alan Turing")),
        (["Lovelace, Ada", "Turing, Alan"], ("Ada Lovelace", "Alan Turing")),
        (["Lovelace, Ada"], ("Ada Lovelace",)),
        (["Ada Lovelace, Alan Turing"], ("Ada Lovelace", "Alan Turing")),
        (["Hines, P. J."], ("P. J. Hines",)),
        (["ada@example.org (Ada Lovelace)"], ("Ada Lovelace",)),
        (["Ada Lovelace <ada@example.org>", "rss-help@arxiv.org"], ("Ada Lovelace",)),
        (["Sammy Davis, Jr., Ada Lovelace"], ("Sammy Davis Jr.", "Ada Lovelace")),
        (["A. Lovelace et al."], ("A. Lovelace",)),
        (['<a href="http://arxiv.org/x">Christopher Dilks</a> (STAR Collaboration)'], ("Christopher Dilks",)),
        (["By Ada Lovelace"], ("Ada Lovelace",)),
        (["Ada Lovelace", "Ada Lovelace", ""], ("Ada Lovelace",)),
    ],
)
def test_authors_are_told_apart(elements: list[str], names: tuple[str, ...]) -> None:
    assert people(elements) == names


def test_it_recognises_arxiv_papers_and_leaves_replacements_out() -> None:
    item = (
        "<title>A $\\alpha$ title</title><link>https://rss.arxiv.org/abs/2611.{0}</link><guid isPermaLink='false'>oai:arXiv.org:2611.{0}v{1}</guid>"
        "<description>arXiv:2611.{0}v{1} Announce Type: {2} \nAbstract: If $2&lt;r&lt;q-1$ holds.</description><arxiv:announce_type>{2}</arxiv:announce_type>"
        "<dc:creator>Ada Lovelace (London, UK), Alan Turing</dc:creator><category>cs.LG</category>"
    )
    parsed = parse(
        rss(item.format("00001", 1, "new"), item.format("00002", 3, "replace"), item.format("00003", 1, "cross"))
    )
    one, other = parsed.listings
    assert (one.arxiv_id, one.version, one.url) == ("2611.00001", 1, "https://arxiv.org/abs/2611.00001")
    assert (one.title, one.abstract) == ("A α title", "If 2<r<q-1 holds.")
    assert one.authors == ("Ada Lovelace", "Alan Turing")
    assert one.pdf_url == "https://arxiv.org/pdf/2611.00001"
    assert other.arxiv_id == "2611.00003"
    assert "replacement" in parsed.notes[0]


@pytest.mark.parametrize(
    "fields",
    [
        "<link>http://evil.example/?u=arxiv.org/abs/2611.00001</link>",
        "<link>http://evil.example/1</link><guid isPermaLink='false'>http://evil.example/arxiv.org/abs/2611.00001</guid>",
        "<link>http://evil.example/1</link><description>arXiv:2611.00001v9 Announce Type: new Abstract: Mine.</description>",
        "<title>Mine (arXiv:2611.00001v9 [cs.LG])</title><link>http://evil.example/1</link>",
    ],
)
def test_an_arxiv_id_in_somebodys_link_or_text_is_not_the_papers(fields: str) -> None:
    one = only(rss(fields))
    assert (one.arxiv_id, one.version, one.pdf_url) == ("", None, "")
    assert one.url.startswith("http://evil.example/")
    assert one.authority == 0


@pytest.mark.parametrize(
    "fields",
    [
        "<link>https://huggingface.co/papers/2611.00001</link>",
        "<link>https://tldr.takara.ai/p/2611.00001</link>",
        "<link>https://doi.org/10.48550/arXiv.2611.00001</link>",
        "<link>http://evil.example/1</link><guid isPermaLink='false'>oai:arXiv.org:2611.00001v1</guid>",
    ],
)
def test_an_arxiv_paper_is_opened_at_arxiv(fields: str) -> None:
    one = only(rss(f"<title>A</title>{fields}"))
    assert (one.arxiv_id, one.url) == ("2611.00001", "https://arxiv.org/abs/2611.00001")


def test_a_json_feed_names_arxiv_papers_by_the_host_of_a_link() -> None:
    items = [
        {"url": "http://evil.example/?u=arxiv.org/abs/2611.00001", "title": "A"},
        {"url": "https://blog.example/1", "external_url": "https://arxiv.org/abs/2611.00002v3", "title": "B"},
        {"url": "https://blog.example/2", "title": "C", "tags": [f"{number}" + "x" * 999 for number in range(999)]},
    ]
    evil, linked, tagged = parse(
        json.dumps({"version": "https://jsonfeed.org/version/1", "items": items}).encode()
    ).listings
    assert (evil.arxiv_id, evil.url) == ("", "http://evil.example/?u=arxiv.org/abs/2611.00001")
    assert (linked.arxiv_id, linked.version, linked.url) == ("2611.00002", 3, "https://arxiv.org/abs/2611.00002")
    assert len(tagged.categories) == 50
    assert max(map(len, tagged.categories)) <= 100


def test_a_huge_identifier_is_read_in_time() -> None:
    for text in ("10.1000/(sici)1-&lt;" * 20_000, "10.1000/" + ")" * 400_000):
        one = only(rss(f"<title>A</title><link>https://example.org/1</link><dc:identifier>{text}</dc:identifier>"))
        assert one.title == "A"


def test_it_reads_the_old_arxiv_title() -> None:
    one = only(
        rss("<title>Hybrid Mesons. (arXiv:1805.06430v1 [nucl-th])</title><link>http://arxiv.org/abs/1805.06430</link>")
    )
    assert (one.title, one.arxiv_id, one.version, one.categories) == ("Hybrid Mesons", "1805.06430", 1, ("nucl-th",))


def test_it_takes_a_daily_papers_mirror_apart() -> None:
    html = "&lt;p&gt;&lt;b&gt;Authors:&lt;/b&gt; A B, C D&lt;/p&gt;&lt;p&gt;&lt;b&gt;Upvotes:&lt;/b&gt; 52&lt;/p&gt;&lt;p&gt;&lt;b&gt;Summary:&lt;/b&gt; We study.&lt;/p&gt;"
    one = only(rss(f"<title>A</title><link>https://arxiv.org/abs/2607.28609</link><description>{html}</description>"))
    assert (one.authors, one.upvotes, one.abstract, one.arxiv_id) == (("A B", "C D"), 52, "We study.", "2607.28609")


def test_it_strips_natures_prefix_and_reads_its_doi() -> None:
    html = "&lt;p&gt;Nature Catalysis, Published online: 12 May 2026; &lt;a href='x'&gt;doi:10.1038/s41929-026-1&lt;/a&gt;&lt;/p&gt;A teaser of the paper."
    one = only(
        rss(
            f"<title>A</title><link>https://www.nature.com/articles/s41929-026-1</link><content:encoded>{html}</content:encoded>"
        )
    )
    assert (one.abstract, one.doi) == ("A teaser of the paper.", "10.1038/s41929-026-1")


def test_it_reads_pubmeds_abstract_and_doi() -> None:
    html = (
        "&lt;p&gt;J Foo. 2026 Jul 20:1. doi: 10.1000/x.&lt;/p&gt;&lt;p&gt;&lt;b&gt;ABSTRACT&lt;/b&gt;&lt;/p&gt;&lt;p&gt;We found it.&lt;/p&gt;"
        "&lt;p&gt;PMID:&lt;a href='x'&gt;42&lt;/a&gt; | DOI:&lt;a href='y'&gt;10.1000/x&lt;/a&gt;&lt;/p&gt;"
    )
    one = only(
        rss(
            f"<title>A</title><link>https://pubmed.ncbi.nlm.nih.gov/42/?utm_source=x&amp;fc=1&amp;v=2</link><content:encoded>{html}</content:encoded>"
        )
    )
    assert (one.abstract, one.doi, one.url) == ("We found it.", "10.1000/x", "https://pubmed.ncbi.nlm.nih.gov/42/")


@pytest.mark.parametrize(
    "fields",
    [
        "<dc:identifier>doi:10.1000/AbC</dc:identifier>",
        "<prism:doi>10.1000/abc</prism:doi>",
        "<guid isPermaLink='false'>https://doi.org/10.1000/abc</guid>",
    ],
)
def test_it_finds_the_doi(fields: str) -> None:
    assert only(rss(f"<title>A</title><link>https://example.org/1</link>{fields}")).doi == "10.1000/abc"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig", "windows-1251", "koi8-r"])
def test_it_finds_the_encoding(encoding: str) -> None:
    name = encoding.removesuffix("-sig").removesuffix("-le")
    text = f'<?xml version="1.0" encoding="{name}"?><rss version="2.0"><channel><item><title>Привет</title><link>https://example.org/1</link></item></channel></rss>'
    assert only(text.encode(encoding)).title == "Привет"


def test_http_names_the_encoding_where_the_document_does_not() -> None:
    body = '<rss version="2.0"><channel><item><title>Привет</title><link>https://example.org/1</link></item></channel></rss>'.encode(
        "cp1251"
    )
    assert only(body, content_type="text/xml; charset=windows-1251").title == "Привет"


def test_it_unpacks_gzip_that_nobody_announced() -> None:
    assert only(gzip.compress(rss("<title>A</title><link>https://example.org/1</link>"))).title == "A"


def test_broken_xml_gives_what_can_be_recovered_and_a_note() -> None:
    whole = rss(
        "<title>A</title><link>https://example.org/1</link>",
        "<title>B &nbsp;&bogus; \x0b &#0; C</title><link>https://example.org/2</link>",
    )
    parsed = parse(whole[:-10])
    assert [one.title for one in parsed.listings] == ["A", "B &bogus; C"]
    assert "broken XML" in parsed.notes[0]


def test_half_an_entry_is_counted_and_left_out() -> None:
    whole = rss(
        "<title>A</title><link>https://example.org/1</link>",
        "<title>B</title><link>https://example.org/2</link><description>An abstract of which the end</description>",
    )
    parsed = parse(whole[: whole.index(b"of which")])
    assert ([one.title for one in parsed.listings], parsed.skipped) == (["A"], 1)
    assert "1 of 2 entries could be read" in parsed.notes[0]
    with pytest.raises(FeedError, match="broke off inside its first entry"):
        parse(whole[: whole.index(b"</item>")])


def test_words_before_the_feed_are_skipped_with_a_note() -> None:
    parsed = parse(b"Warning: something on line 1\n" + rss("<title>A</title><link>https://example.org/1</link>"))
    assert len(parsed.listings) == 1
    assert "before the feed" in parsed.notes[0]


def test_an_empty_feed_is_no_error() -> None:
    assert parse(rss()).listings == ()


def test_a_huge_feed_is_cut_with_a_note() -> None:
    parsed = parse(rss(*(f"<title>A</title><link>https://example.org/{n}</link>" for n in range(MOST_ENTRIES + 5))))
    assert len(parsed.listings) == MOST_ENTRIES
    assert str(MOST_ENTRIES) in parsed.notes[0]


REFUSED = {
    "empty": (b"", "an empty answer"),
    "blank": (b" \n ", "an empty answer"),
    "page": (b"<!DOCTYPE html><html><head><title>x</title></head></html>", "an HTML page, not a feed"),
    "text": (b"Rate exceeded.", "plain text, not a feed"),
    "json": (b'{"a": 1}', "JSON, but not a JSON Feed"),
    "broken json": (b'{"a": ', "damaged"),
    "deep json": (b"[" * 100_000, "damaged"),
    "crossref": (b'{"status":"ok","message-type":"work-list","message":{}}', "a Crossref answer"),
    "openalex": (b'{"meta":{},"results":[]}', "an OpenAlex answer"),
    "europe pmc": (b'{"hitCount":1,"resultList":{}}', "a Europe PMC answer"),
    "biorxiv": (b'{"messages":[],"collection":[]}', "bioRxiv API"),
    "hugging face": (b'[{"paper":{"id":"1"}}]', "huggingface"),
    "oai": (
        b'<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"></OAI-PMH>',
        "an OAI-PMH answer",
    ),
    "efetch": (
        b'<?xml version="1.0"?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM" "https://x/y.dtd"><PubmedArticleSet/>',
        "efetch",
    ),
    "opml": (b"<opml version='1.0'><body/></opml>", "an OPML list"),
    "sitemap": (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', "a sitemap"),
    "other xml": (b"<?xml version='1.0'?><things><thing/></things>", "XML that is not a feed"),
    "cut off": (rss(channel="<description>x</description>").split(b"x</desc")[0], "broke off before its first entry"),
    "no links": (rss("<title>A</title>", "<title>B</title>"), "no entry has a link"),
    "arxiv feed error": (
        b"<rss version='2.0'><channel><title>Feed error for query: cs.XX</title></channel></rss>",
        "Feed error for query",
    ),
    "arxiv api error": (
        atom(
            "<id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title><summary>incorrect id format for abc</summary>"
        ),
        "incorrect id format for abc",
    ),
    "bad gzip": (gzip.compress(rss())[:30], "compressed"),
    "gzip bomb": (gzip.compress(b" " * 21_000_000), "20 MB"),
    "laughs": (
        b'<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><rss version="2.0"><channel><item><title>&b;</title></item></channel></rss>',
        "entity bomb",
    ),
    "ten megabytes of laughs": (
        b'<!DOCTYPE l [<!ENTITY a "'
        + b"x" * 1000
        + b'">]><rss version="2.0"><channel><item><title>'
        + b"&a;" * 3_300_000
        + b"</title></item></channel></rss>",
        "entity bomb",
    ),
    "attributes": (
        b"<rss " + b" ".join(b'a%d="1"' % n for n in range(5000)) + b"><channel/></rss>",
        "hundreds of attributes",
    ),
}


@pytest.mark.parametrize(("body", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses_with_a_reason(body: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        parse(body)


def test_external_entities_are_never_read() -> None:
    body = (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + rss("<title>a &x; b</title><link>https://example.org/1</link>")[21:]
    )
    assert only(body).title == "a &x; b"


HEAD = rss()[: -len(b"</channel></rss>")]
HOSTILE = {
    "nested items": HEAD + b"<item>" * 5_000,
    "nested elements": HEAD + b"<x>" * 10_000,
    "open tags": HEAD + b"<item><title>T</title><link>https://example.org/1</link><description>" + b"<a " * 20_000,
    "ampersands": HEAD + b"<item><link>https://example.org/1</link><description>" + b"&" * 50_000,
    "author": HEAD + b"<item><link>https://example.org/1</link><author>" + b"a." * 20_000 + b"@</author></item>",
    "references": HEAD
    + b"<item><link>https://example.org/1</link><title>&#99999999999999999999;&#xD800;&#0;</title></item>",
    "entities": b"<!DOCTYPE r [" + b"".join(b'<!ENTITY a%d "x">' % n for n in range(3_000)) + b"]>" + rss()[21:],
    "dates": rss("<link>https://example.org/1</link><pubDate>" + "1" * 50_000 + "</pubDate>"),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_feeds_are_read_or_refused(body: bytes) -> None:
    try:
        parse(body)
    except FeedError as error:
        assert str(error)  # noqa: PT017


@settings(max_examples=150)
@given(
    st.binary(max_size=300),
    st.integers(0, 400),
    st.sampled_from(["", "text/xml; charset=utf-16", "charset=idna", "application/json"]),
)
def test_no_bytes_cause_anything_but_a_digest_error(noise: bytes, place: int, content_type: str) -> None:
    whole = rss("<title>A</title><link>https://example.org/1</link><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>")
    for body in (noise, whole[:place] + noise + whole[place:]):
        try:
            parse(body, content_type=content_type)
        except DigestError:
            continue
