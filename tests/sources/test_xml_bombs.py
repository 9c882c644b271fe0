from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.errors import FeedError
from digest.sources.arxiv import parse_announcements
from digest.sources.arxiv_api import parse_query
from digest.sources.feed import parse_feed

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ITEM = b"<item><title>Post</title><link>https://a.org/1</link></item>"
HEAD = b'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Blog</title>'
TAIL = b"</channel></rss>"
NESTED = b"".join(b'<x xmlns:a%d="u%d">' % (number, number) for number in range(60_000))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE rss [<!ENTITY a" + b" " * 2_000_000 + b"]>" + HEAD + ITEM + TAIL, "cannot be read"),
        (HEAD + b"<!ENTITY a" + b" " * 2_000_000, "cannot be read"),
        (b"<!DOCTYPE rss [" + b'<!ENTITY a "b">' * 100_000 + b"]>" + HEAD + ITEM + TAIL, "more than a thousand"),
        (HEAD + b"<item/>" * 1_500_000 + TAIL, "more than 400000 elements"),
        (HEAD + b"<item>" + NESTED, "nested more than 200 deep"),
        (HEAD + NESTED.replace(b'">', b'" b="/>">'), "nested more than 200 deep"),
        (HEAD + b"<item " + b" ".join(b'a%d = "/>"' % number for number in range(100_000)) + b"/>", "attributes"),
    ],
)
def test_a_document_made_to_be_slow_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        parse_feed(body, source="s", url="https://a.org/f", now=NOW)
    with pytest.raises(FeedError, match=words):
        parse_announcements(body, source="s", category="cs.LG", include=frozenset({"new"}))
    with pytest.raises(FeedError, match=words):
        parse_query(body, source="s")


@pytest.mark.parametrize(
    "body",
    [
        HEAD + ITEM + b"<!-- " + b"<a>" * 1000 + b"<!ENTITY -->" + TAIL,
        HEAD + ITEM.replace(b"Post", b"<![CDATA[Post" + b"<p>" * 1000 + b"]]>") + TAIL,
        b"<?xml version='1.0'?>" + b"\n" * 2_000_000 + HEAD + ITEM + TAIL,
        b'<!DOCTYPE rss [<!ENTITY eacute "e">]>' + HEAD + ITEM.replace(b"Post", b"Pos&eacute;t") + TAIL,
    ],
)
def test_an_honest_document_passes(body: bytes) -> None:
    (one,) = parse_feed(body, source="s", url="https://a.org/f", now=NOW).listings
    assert one.title.startswith("Pos")


def test_an_endless_word_for_an_author_does_no_harm_in_arxivs_list() -> None:
    entry = b"<item><title>T</title><link>https://arxiv.org/abs/2611.00001</link><dc:creator>%s</dc:creator>"
    entry += b"<category>cs.LG\xe2\x80\xae</category></item>"
    body = HEAD + entry % (b"a" * 2_000_000) + TAIL
    (one,) = parse_announcements(body, source="s", category="cs.LG", include=frozenset({"new"})).listings
    assert one.categories == ("cs.LG",)


@pytest.mark.parametrize("name", ["unicode_escape", "unicode-escape", "Raw-Unicode-Escape", "utf-7", "UTF_7", "idna"])
def test_a_feed_is_never_decoded_by_a_codec_that_does_something_else(name: str) -> None:
    body = (
        b'<?xml version="1.0" encoding="%s"?>' % name.encode() + HEAD + ITEM.replace(b"Post", rb"\x41+AEE-\xe9") + TAIL
    )
    body = body.replace(rb"\xe9", b"\xe9")
    (one,) = parse_feed(body, source="s", url="https://a.org/f", now=NOW).listings
    assert "A+AEE" not in one.title
    assert "+AEE-" in one.title
