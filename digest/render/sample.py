"""Invented digests that use every part of a template, to find its mistakes before a reader does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from digest.cadence import EVERY_DAY, Cadence
from digest.models import Digest, Links, Match, Paper, Reason, Span, Subscriber

_ABSTRACT = (
    "Equivariant networks respect the symmetries of their input. We train one on molecular graphs and measure what it "
    "gains. On four data sets it needs a tenth of the examples, and its errors have the same symmetry as its input. "
)
_RELATED = (
    "symmetry", "molecule", "graph learning", "force field", "point cloud", "geometric deep learning", "chemistry",
    "quantum chemistry", "small data",
)  # fmt: skip
_GRAPHS = Span(_ABSTRACT.index("molecular graphs"), _ABSTRACT.index("molecular graphs") + len("molecular graphs"))


def samples(day: date) -> tuple[Digest, ...]:
    """A full digest, a weekly one, a trending one, one where nothing matched and one where nothing was new."""
    full = sample_digest(day)
    weekly = replace(full.subscriber, cadence=replace(full.subscriber.cadence, name="weekly"))
    return (
        full,
        replace(full, subscriber=weekly),
        replace(full, trending=True),
        replace(full, papers=(), listed=0),
        replace(full, papers=(), listed=0, considered=0, notes=(), postal_address=""),
    )


def sample_digest(day: date) -> Digest:
    """A digest of three papers for a subscriber of two profiles, with a note."""
    subscriber = Subscriber(
        email="ada@example.org",
        cadence=Cadence(EVERY_DAY, time(7, 30), "UTC"),
        name="Ada Lovelace",
        profiles=("graphs", "chemistry"),
        keywords=("equivariant network",),
    )
    return Digest(
        subscriber=subscriber,
        issue=day,
        papers=tuple(_match(day, number) for number in range(3)),
        considered=412,
        listed=37,
        links=Links(
            unsubscribe="https://digest.example.org/unsubscribe/sample",
            preferences="https://digest.example.org/preferences/sample",
            web_copy="https://digest.example.org/issues/sample",
            home="https://digest.example.org/",
        ),
        site_name="Papers Digest",
        postal_address="Papers Digest\n1 Example Street, Example Town",
        notes=("arXiv had not listed its papers yet; they will be in your next issue.",),
    )


def _match(day: date, number: int) -> Match:
    everything = number == 0
    paper = Paper(
        seq=number + 1,
        id=f"arxiv:2611.9000{number}",
        title=("Equivariant networks for molecular graphs", "A short survey of graph learning", "Notes")[number],
        abstract=_ABSTRACT * 4 if everything else "",
        authors=("Ada Lovelace", "Ilse Varga-Holm", "Omar Quillfeather", "Pia Lindworm", "Tove Asklund")[
            : 5 - 2 * number
        ],
        categories=("cs.LG", "stat.ML"),
        listed_on=day,
        first_seen_at=datetime.combine(day, time(6), tzinfo=UTC),
        url=f"https://arxiv.org/abs/2611.9000{number}",
        pdf_url=f"https://arxiv.org/pdf/2611.9000{number}",
        code_url="https://code.example.org/equivariant" if everything else "",
        project_url="https://equivariant.example.org" if everything else "",
        upvotes=42 if everything else None,
        comments=3 if everything else None,
        version=2 if everything else 1,
        sources=("arxiv", "huggingface"),
    )
    reasons = [Reason(keyword="equivariant network", field="title", points=3.1, spans=(Span(0, 20),))]
    if everything:
        reasons.append(Reason(keyword="molecular graph", field="abstract", points=1.2, spans=(_GRAPHS,)))
        reasons.append(Reason(keyword="message passing", field="abstract", points=0.4, partial=True))
        reasons += [Reason(keyword=keyword, field="related", points=0.1) for keyword in _RELATED]
    return Match(paper=paper, profile=("graphs", "chemistry", "")[number], score=4.7, matched=tuple(reasons))
