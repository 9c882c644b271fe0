"""The bytes of a feed → a document fit to be parsed, or a FeedError that says what came instead. Pure.

It decides the encoding (the bytes first, then HTTP, then the XML declaration), drops characters that XML forbids, and
refuses pages and other services' answers.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from digest.errors import FeedError, FetchError
from digest.sources.inflate import inflate
from digest.sources.text import from_html, shortened
from digest.sources.xml_bombs import refuse_bombs

LARGEST = 20_000_000  # bytes, unpacked
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:+-]{1,40})")
_DECLARATION = re.compile(r"<\?xml[^<>]*\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,32})|([0-9]{1,32}));?", re.IGNORECASE)
_ENTRY_TAG = re.compile(rb"<(/?)(?:[\w.-]{1,40}:)?(?:item|entry)\b(?![^<>]*/>)")
_FEED_START = re.compile(r"<\?xml|<rss\b|<feed\b|<rdf:RDF\b", re.IGNORECASE)
_MISC = re.compile(r"\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^\[<>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_ELEMENT = re.compile(r"<\w")
_BLANKS = re.compile(r"\s{2,}")
_RUN = re.compile(r"[A-Za-z0-9_.+-]{320}")  # an address has at most 320 characters
_LONG_RUN = re.compile(r"[A-Za-z0-9_.+-]{2000}")
_ODD = 100_000  # characters in such words that an honest document does not have
# Codecs of Python that no document uses and that are slow or do something else.
_STRANGE_CODECS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf_7", "undefined", "mbcs", "oem"}
)
_ALIASES = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}

_ROOTS = {
    "html": "an HTML page, not a feed",
    "head": "an HTML page, not a feed",
    "body": "an HTML page, not a feed",
    "oai-pmh": "an OAI-PMH answer, not a feed",
    "pubmedarticleset": "a PubMed efetch answer, not a feed",
    "esearchresult": "a PubMed search answer, not a feed; create an RSS feed on the search page",
    "esummaryresult": "a PubMed summary answer, not a feed",
    "opml": "an OPML list of feeds, not a feed: add the feeds it names",
    "urlset": "a sitemap, not a feed",
    "sitemapindex": "a sitemap, not a feed",
    "svg": "an image, not a feed",
    "error": "an error message, not a feed",
}
_SHAPES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"message-type", "message"}), "a Crossref answer, not a feed"),
    (frozenset({"meta", "results"}), "an OpenAlex answer, not a feed"),
    (frozenset({"hitCount", "resultList"}), "a Europe PMC answer, not a feed"),
    (
        frozenset({"messages", "collection"}),
        "an answer of the bioRxiv API, not a feed; its feeds are at connect.biorxiv.org",
    ),
    (frozenset({"notes", "count"}), "an OpenReview answer, not a feed"),
    (frozenset({"error"}), "an error message, not a feed"),
)


def unpacked(body: bytes) -> bytes:
    """The body without gzip that nobody announced; FeedError when it is empty, damaged or too large."""
    try:
        body = inflate(body, "", LARGEST, "the feed's server")
    except FetchError as error:
        raise FeedError(str(error)) from None
    if not body.strip():
        raise FeedError("an empty answer, not a feed")
    return body


def decoded(body: bytes, content_type: str) -> tuple[str, tuple[str, ...]]:
    """The body as text, and a note for the operator when characters were lost."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body.decode(encoding, "replace").lstrip("\ufeff"), ()
    try:
        return body.decode(), ()
    except UnicodeDecodeError:
        pass
    said = _CHARSET.search(content_type)
    declared = _DECLARED.search(body[:1000])
    for name in filter(None, (declared and declared[1].decode("ascii"), said and said[1])):
        encoding = _codec(name)
        if not encoding:
            continue
        try:
            return body.decode(encoding), ()
        except UnicodeDecodeError:
            return body.decode(encoding, "replace"), (f"some characters are not {name}, as the feed says",)
    return body.decode("cp1252", "replace"), ("the feed does not say its encoding: read as windows-1252",)


def json_document(text: str) -> dict[str, Any] | None:
    """The JSON Feed in a text, None when the text is not JSON; FeedError for JSON of another kind."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise FeedError("JSON that is damaged or cut off, not a feed") from None
    if isinstance(value, dict):
        if "jsonfeed.org/version" in str(value.get("version", ""))[:100] and isinstance(value.get("items"), list):
            return value
        for keys, sentence in _SHAPES:
            if keys <= value.keys():
                raise FeedError(sentence)
    if isinstance(value, list) and value and isinstance(value[0], dict) and isinstance(value[0].get("paper"), dict):
        raise FeedError('an answer of the Hugging Face API, not a feed: use kind = "huggingface"')
    raise FeedError("JSON, but not a JSON Feed")


def broke_off_inside(document: bytes) -> bool:
    """Whether broken XML ends inside an entry, so that the last one read is half of one."""
    closing = True
    for tag in _ENTRY_TAG.finditer(document):
        closing = bool(tag[1])
    return not closing


def xml_document(text: str) -> tuple[bytes, tuple[str, ...]]:
    """An XML feed as UTF-8, ready to be parsed, and notes; FeedError when the text is something else."""
    notes: tuple[str, ...] = ()
    text = text.lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        start = _FEED_START.search(text, 0, 10_000)
        if start is None:
            raise FeedError(f"plain text, not a feed: it begins “{shortened(from_html(text[:200]), 60)}”")
        text, notes = text[start.start() :], ("something stands before the feed in the answer; it was skipped",)
    refuse_bombs(text)
    root = _root(text)
    name = root.rpartition(":")[2].lower()
    if name in _ROOTS or text[:15].lower().startswith("<!doctype html"):
        raise FeedError(_ROOTS.get(name, _ROOTS["html"]))
    text = _REFERENCE.sub(_sound_reference, _FORBIDDEN.sub("", _declaration_off(text)))
    text = _without_runs(_short_prolog(text))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode("utf-8", "replace"), notes


def _declaration_off(text: str) -> str:
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _short_prolog(text: str) -> str:
    """Blank runs before the first element as one line break: feedparser reads them in time that grows with their square."""
    first = _ELEMENT.search(text)
    end = first.start() if first else len(text)
    return _BLANKS.sub("\n", text[:end]) + text[end:]


def _without_runs(text: str) -> str:
    """Break endless words: feedparser looks for an address in an author's name in time that grows with their square."""
    runs = sum(len(run) for run in _RUN.findall(text))
    if not runs:
        return text
    return (_RUN if runs > _ODD else _LONG_RUN).sub(r"\g<0> ", text)


def _root(text: str) -> str:
    at = 0
    while match := _MISC.match(text, at):
        at = match.end()
    root = _ROOT.match(text, at)
    return root[1] if root else ""


def _sound_reference(match: re.Match[str]) -> str:
    """Drop references to characters that XML forbids: the parser would reject the document, or break."""
    point = int(match[1], 16) if match[1] else int(match[2])
    if point > 0x10FFFF or _FORBIDDEN.match(chr(point)):
        return ""
    return match[0]


def _codec(name: str) -> str:
    """Python's name of a text encoding, "" when it is unknown or none."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    if found.replace("-", "_") in _STRANGE_CODECS:
        return ""
    try:
        b"x".decode(found)
    except (LookupError, UnicodeDecodeError):
        return ""
    return _ALIASES.get(found, found)
