"""The pages of one paper that a reader may want, each under the name a reader knows it by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from digest.models import Paper
from digest.render.cleaning import web_address

_ARXIV = re.compile(r"arxiv:([a-z.\-]+/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A word to press and where it leads."""

    label: str
    url: str


def links_of(paper: Paper) -> tuple[Link, ...]:
    """Abstract, PDF, code, project page and Hugging Face page, as far as they exist; each address once."""
    found = _ARXIV.fullmatch(paper.id)
    arxiv = found.group(1) if found else ""
    page = web_address(paper.url)
    abstract, face = page, ""
    if _host(page).endswith("huggingface.co"):
        abstract, face = f"https://arxiv.org/abs/{arxiv}" if arxiv else "", page
    elif arxiv and paper.upvotes is not None:
        face = f"https://huggingface.co/papers/{arxiv}"
    wanted = {
        "Abstract": abstract or (f"https://arxiv.org/abs/{arxiv}" if arxiv and not face else ""),
        "PDF": web_address(paper.pdf_url) or (f"https://arxiv.org/pdf/{arxiv}" if arxiv else ""),
        "Code": web_address(paper.code_url),
        "Project page": web_address(paper.project_url),
        "Hugging Face": face,
    }
    links: dict[str, Link] = {}
    for label, url in wanted.items():
        if url:
            links.setdefault(url, Link(label, url))
    return tuple(links.values())


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
