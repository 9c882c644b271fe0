"""The sample day as arXiv tells it: the Atom feed of its announcements, and the answers of its API. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from xml.etree import ElementTree as ET

from digest.cli.demo.sample import Author, SampleDay, SamplePaper
from digest.cli.demo.writing import ARXIV_ZONE, DUBLIN_CORE, add, document, midnight_utc, object_id, seconds

ATOM = "http://www.w3.org/2005/Atom"
ARXIV = "http://arxiv.org/schemas/atom"
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
LICENCES = ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "http://creativecommons.org/licenses/by/4.0/")
ANNOUNCE_ORDER = ("new", "cross", "replace", "replace-cross")


def arxiv_atom(day: SampleDay, category: str, on: date) -> bytes:
    """The Atom feed of rss.arxiv.org for a category, an archive, or several joined by `+`."""
    address = f"http://rss.arxiv.org/atom/{category}"
    rendered = datetime.combine(on, time(4, 0, 1), UTC)
    feed = ET.Element("feed", {"xmlns:arxiv": ARXIV, "xmlns:dc": DUBLIN_CORE, "xmlns": ATOM, "xml:lang": "en-us"})
    add(feed, "id", address)
    add(feed, "title", f"{category} updates on arXiv.org")
    add(feed, "updated", (rendered + timedelta(microseconds=250113)).isoformat())
    add(feed, "link", href=address, rel="self", type="application/atom+xml")
    add(feed, "subtitle", f"{category} updates on the arXiv.org e-print archive.")
    queried = frozenset(category.lower().split("+"))
    announced = [(kind, paper) for paper in day.papers if (kind := _announce_type(paper, queried))]
    announced.sort(key=lambda pair: (ANNOUNCE_ORDER.index(pair[0]), pair[1].arxiv_id(on)))
    for row, (kind, paper) in enumerate(announced):
        feed.append(_announced(paper, kind, on, rendered + timedelta(microseconds=300_000 + 1_237 * row)))
    return document(feed)


def arxiv_atom_error(query: str, on: date) -> bytes:
    """What rss.arxiv.org answers, with status 400, to a query it does not understand: a feed without entries."""
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "en-us"})
    add(feed, "id", "http://rss.arxiv.org/atom/")
    add(feed, "title", f"Feed error for query: {query}")
    add(feed, "updated", midnight_utc(on).isoformat())
    return document(feed)


def _announce_type(paper: SamplePaper, queried: frozenset[str]) -> str:
    """What the announcement is to readers of these categories, "" when they do not see it."""
    seen = [name.lower() in queried or name.lower().partition(".")[0] in queried for name in paper.categories]
    if not paper.arxiv or not any(seen):
        return ""
    match paper.arxiv.action:
        case "new":
            return "new" if seen[0] else "cross"
        case "cross":
            return "" if seen[0] else "cross"
        case "replace":
            return "replace" if seen[0] else "replace-cross"


def _announced(paper: SamplePaper, kind: str, on: date, rendered: datetime) -> ET.Element:
    assert paper.arxiv
    versioned = f"{paper.arxiv_id(on)}v{paper.arxiv.version}"
    entry = ET.Element("entry")
    add(entry, "id", f"oai:arXiv.org:{versioned}")
    add(entry, "title", paper.title)
    add(entry, "updated", rendered.isoformat())
    add(entry, "link", href=f"https://arxiv.org/abs/{paper.arxiv_id(on)}", rel="alternate", type="text/html")
    add(entry, "summary", f"arXiv:{versioned} Announce Type: {kind} \nAbstract: {paper.abstract}")
    for category in paper.categories:
        add(entry, "category", term=category)
    add(entry, "published", datetime.combine(on, time(), ARXIV_ZONE).isoformat())
    add(entry, "arxiv:announce_type", kind)
    add(entry, "dc:rights", LICENCES[int(paper.number) % 2])
    add(entry, "dc:creator", ", ".join(map(_printed, paper.authors)))
    return entry


def arxiv_query(day: SampleDay, ids: Sequence[str], on: date, *, start: int = 0, limit: int = 10) -> bytes:
    """The answer of arXiv's API to `id_list`, in its 2026 shape; ids it does not know are left out."""
    wanted = [identifier.partition("v")[0] for identifier in ids]
    known = {paper.arxiv_id(on): paper for paper in day.papers if paper.number}
    found = [known[identifier] for identifier in dict.fromkeys(wanted) if identifier in known]
    query = f"search_query=&id_list={','.join(ids)}&start={start}&max_results={limit}"
    feed = _api_feed(f"https://arxiv.org/api/{object_id(query)}", f"arXiv Query: {query}", on)
    add(feed, "link", href=f"https://arxiv.org/api/query?{query}", type="application/atom+xml")
    _counts(feed, limit, len(found), start)
    feed.extend(_api_entry(paper, on) for paper in found[start : start + limit])
    return document(feed)


def arxiv_query_error(identifier: str, on: date) -> bytes:
    """What arXiv's API answers, with status 400, to something that is no arXiv id."""
    feed = _api_feed("https://arxiv.org/", "arXiv Search Results", on)
    _counts(feed, 1, 1, 0)
    entry = ET.SubElement(feed, "entry")
    address = f"https://arxiv.org/api/errors#incorrect_id_format_for_{identifier}"
    add(entry, "id", address)
    add(entry, "title", "Error")
    add(entry, "updated", seconds(midnight_utc(on)))
    add(entry, "link", href=address, rel="alternate", type="text/html")
    add(entry, "summary", f"incorrect id format for {identifier}")
    add(ET.SubElement(entry, "author"), "name", "arXiv api core")
    return document(feed)


def _api_feed(identifier: str, title: str, on: date) -> ET.Element:
    feed = ET.Element("feed", {"xmlns:opensearch": OPENSEARCH, "xmlns:arxiv": ARXIV, "xmlns": ATOM})
    add(feed, "id", identifier)
    add(feed, "title", title)
    add(feed, "updated", seconds(midnight_utc(on)))
    return feed


def _counts(feed: ET.Element, limit: int, total: int, start: int) -> None:
    for name, number in (("itemsPerPage", limit), ("totalResults", total), ("startIndex", start)):
        add(feed, f"opensearch:{name}", str(number))


def _api_entry(paper: SamplePaper, on: date) -> ET.Element:
    version = paper.arxiv.version if paper.arxiv else 1
    versioned = f"{paper.arxiv_id(on)}v{version}"
    # A day of the id's month for old papers, else the eve of the list; the minute tells papers apart.
    lag = paper.months_ago * 30 + (paper.huggingface.days if paper.huggingface else 1)
    minute = int(paper.number) % 60
    submitted = datetime.combine(on - timedelta(days=lag), time(17, minute, 7), UTC)
    updated = datetime.combine(on - timedelta(days=1), time(16, minute, 41), UTC) if version > 1 else submitted
    entry = ET.Element("entry")
    add(entry, "id", f"http://arxiv.org/abs/{versioned}")
    add(entry, "title", paper.title)
    add(entry, "updated", seconds(updated))
    add(entry, "link", href=f"https://arxiv.org/abs/{versioned}", rel="alternate", type="text/html")
    add(entry, "link", href=f"https://arxiv.org/pdf/{versioned}", rel="related", type="application/pdf", title="pdf")
    add(entry, "summary", paper.abstract)
    for category in paper.categories:
        add(entry, "category", term=category, scheme=ARXIV)
    add(entry, "published", seconds(submitted))
    add(entry, "arxiv:primary_category", term=paper.categories[0])
    for author in paper.authors:
        person = ET.SubElement(entry, "author")
        add(person, "name", author.name)
        if author.affiliation:
            add(person, "arxiv:affiliation", author.affiliation)
    return entry


def _printed(author: Author) -> str:
    return f"{author.name} ({author.affiliation})" if author.affiliation else author.name
