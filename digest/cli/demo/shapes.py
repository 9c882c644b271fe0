"""The sample day in the wire formats of its sources. Pure: papers and a day in, bytes out; nothing is served here.

What a real server renders at the moment of asking (clock times, database ids) is derived from the day and the paper,
so that the same day always gives the same bytes.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from xml.etree import ElementTree as ET

from digest.cli.demo.arxiv_shapes import arxiv_atom, arxiv_atom_error, arxiv_query, arxiv_query_error
from digest.cli.demo.sample import Author, SampleDay, SamplePaper
from digest.cli.demo.writing import ARXIV_ZONE, DUBLIN_CORE, add, document, midnight_utc, object_id

__all__ = ["arxiv_atom", "arxiv_atom_error", "arxiv_query", "arxiv_query_error", "huggingface_day", "preprint_rdf"]

PREPRINT_SERVER = "Driftwood Preprints"
PREPRINT_HOST = "https://preprints.example.org"
PRISM = "http://purl.org/rss/1.0/modules/prism/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RSS = "http://purl.org/rss/1.0/"
PARTICLES = frozenset({"de", "der", "di", "la", "van", "von"})


def huggingface_day(day: SampleDay, on: date, *, page: int = 0, limit: int = 50) -> bytes:
    """The Daily Papers list of the day `on` as `/api/daily_papers` gives it; pages count from 0."""
    entries = [_daily_entry(paper, on) for paper in day.papers if paper.huggingface]
    return json.dumps(entries[page * limit : (page + 1) * limit], ensure_ascii=False, separators=(",", ":")).encode()


def _daily_entry(paper: SamplePaper, on: date) -> dict[str, object]:
    entry = paper.huggingface
    assert entry
    arxiv_id = paper.arxiv_id(on)
    published = midnight_utc(on - timedelta(days=entry.days))
    # The real server takes New York's clock for UTC's here.
    shifted = published + (published.replace(tzinfo=ARXIV_ZONE).utcoffset() or timedelta())
    inner: dict[str, object] = {
        "id": arxiv_id,
        "authors": [
            {"_id": object_id(paper.id, author.name), "name": author.name, "hidden": False} for author in paper.authors
        ],
        "publishedAt": _json_time(published),
        "submittedOnDailyAt": _json_time(midnight_utc(on)),
        "title": paper.title,
        "submittedOnDailyBy": _account(paper),
        "summary": paper.abstract,
        "upvotes": entry.upvotes,
        "discussionId": object_id(paper.id, "discussion"),
    }
    if entry.project:
        inner["projectPage"] = entry.project
    if entry.github:
        inner |= {"githubRepo": entry.github, "githubRepoAddedBy": "user", "githubStars": entry.stars}
    return {
        "paper": inner,
        "publishedAt": _json_time(shifted),
        "title": paper.title,
        "summary": paper.abstract,
        "thumbnail": f"https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{arxiv_id}.png",
        "numComments": entry.comments,
        "submittedBy": _account(paper) | {"isHf": False, "isHfAdmin": False, "isMod": False, "isUserFollowing": False},
        "isAuthorParticipating": entry.comments > 0,
    }


def _json_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _account(paper: SamplePaper) -> dict[str, object]:
    """Who put the paper on the list: its first author."""
    number, user = object_id(paper.id, "account"), f"invented--{paper.id}"
    return {
        "_id": number,
        "avatarUrl": f"/avatars/{number}.svg",
        "isPro": False,
        "fullname": paper.authors[0].name,
        "user": user,
        "type": "user",
        "name": user,
    }


def preprint_rdf(day: SampleDay, on: date) -> bytes:
    """The RSS 1.0 feed of the invented preprint server, in the manner of bioRxiv."""
    root = ET.Element("rdf:RDF", {"xmlns:rdf": RDF, "xmlns": RSS, "xmlns:dc": DUBLIN_CORE, "xmlns:prism": PRISM})
    posted = [paper for paper in day.papers if paper.preprint]
    channel = ET.SubElement(root, "channel", {"rdf:about": PREPRINT_HOST})
    add(channel, "title", f"{PREPRINT_SERVER}: All Subjects")
    add(channel, "link", PREPRINT_HOST)
    add(channel, "description", f"The newest articles of {PREPRINT_SERVER}")
    sequence = ET.SubElement(ET.SubElement(channel, "items"), "rdf:Seq")
    for paper in posted:
        ET.SubElement(sequence, "rdf:li", {"rdf:resource": _preprint_url(paper, on)})
    add(channel, "prism:publicationName", PREPRINT_SERVER)
    root.extend(_preprint_item(paper, on) for paper in posted)
    return document(root)


def _preprint_item(paper: SamplePaper, on: date) -> ET.Element:
    assert paper.preprint
    posted = (on - timedelta(days=paper.preprint.day)).isoformat()
    item = ET.Element("item", {"rdf:about": _preprint_url(paper, on)})
    add(item, "title", f"\n{paper.title}\n")
    add(item, "link", f"\n{_preprint_url(paper, on)}\n")
    add(item, "description", f"\n{paper.abstract}\n")
    add(item, "dc:creator", f" {', '.join(map(_indexed, paper.authors))} ")
    add(item, "dc:date", posted)
    add(item, "dc:identifier", f"doi:{paper.doi(on)}")
    add(item, "dc:title", paper.title)
    add(item, "dc:publisher", PREPRINT_SERVER)
    add(item, "prism:publicationDate", posted)
    add(item, "prism:section", paper.preprint.subject)
    return item


def _preprint_url(paper: SamplePaper, on: date) -> str:
    return f"{PREPRINT_HOST}/content/short/{paper.doi(on).partition('/')[2]}v1?rss=1"


def _indexed(author: Author) -> str:
    """Family name first, given names as initials: "Bhattacharjee, Y. P."."""
    words = author.name.split()
    split = next((place for place, word in enumerate(words) if word in PARTICLES), len(words) - 1)
    return f"{' '.join(words[split:])}, {' '.join(word[0] + '.' for word in words[:split])}"
