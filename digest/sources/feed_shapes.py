"""Feeds that pack an abstract together with other things, each taken apart: arXiv, Daily Papers mirrors, Nature, PubMed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from digest.sources.identity import doi

ARXIV_PREFIX = re.compile(
    r"\s*arXiv:(?P<id>\S{1,40})\s+Announce Type:\s*(?P<type>[a-z-]{1,20})\s+(?:Abstract:\s*)?", re.IGNORECASE
)
ARXIV_TITLE = re.compile(r"\s*\((?P<id>arXiv:\S{1,40})\s+\[(?P<category>[\w.-]{1,30})\](?P<state>[A-Z ]{0,20})\)\s*$")
_MIRROR = re.compile(
    r"Authors?:\s*(?P<authors>.{0,50000}?)\s+Upvotes:\s*(?P<upvotes>\d{1,9})\s+(?:Summary|Abstract):\s*"
)
_NATURE = re.compile(r"[^,;]{2,80}, Published online:\s*[^;]{4,40};\s*(?:doi:\s*(?P<doi>10\.\S+)\s*)?", re.IGNORECASE)
_PUBMED_HEAD = re.compile(r".{0,600}?\bABSTRACT\b:?\s+", re.DOTALL)
_PUBMED_TAIL = re.compile(r"\s*PMID:\s*\d{1,9}(?P<rest>\b.{0,300})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What was in a description, beside the abstract."""

    abstract: str
    authors: str = ""
    upvotes: int | None = None
    doi: str = ""


def unpacked(text: str) -> Unpacked:
    """A description as clean text, taken apart when its shape is known."""
    mirror = _MIRROR.match(text)
    if mirror:
        return Unpacked(abstract=text[mirror.end() :], authors=mirror["authors"], upvotes=int(mirror["upvotes"]))
    nature = _NATURE.match(text)
    if nature:
        return Unpacked(abstract=text[nature.end() :], doi=doi(nature["doi"] or ""))
    tail = _PUBMED_TAIL.search(text[-400:]) if "PMID:" in text[-400:] else None
    if tail:
        body = text[: len(text) - len(tail[0])]
        head = _PUBMED_HEAD.match(body)
        return Unpacked(abstract=body[head.end() :] if head else "", doi=doi(tail["rest"]))
    return Unpacked(abstract=text)
