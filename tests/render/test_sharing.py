"""What readers share is what each would have got alone: many digests through one renderer, each against a fresh one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.models import Digest, Match, Reason, Span
from digest.render import Renderer
from digest.render.blocks import Blocks
from digest.render.sample import sample_digest
from digest.render.templates import environment

SAMPLE = sample_digest(date(2026, 11, 23))
PAPERS = [
    replace(SAMPLE.papers[0].paper, seq=n, id=f"arxiv:2611.{n:05}", title=f"Paper {n} on graphs and more", upvotes=n)
    for n in range(4)
]
REASONS = [
    Reason(keyword=keyword, field=field, points=points, partial=partial, spans=spans)
    for keyword in ("graph", "molecule")
    for points in (1.0, 2.5)
    for field, partial, spans in (
        ("title", False, (Span(0, 5),)),
        ("title", False, (Span(11, 17),)),
        ("abstract", False, (Span(3, 12),)),
        ("abstract", True, (Span(20, 30),)),
        ("related", False, ()),
    )
]


@st.composite
def digests(draw: st.DrawFn) -> Digest:
    papers = []
    for paper in draw(st.lists(st.sampled_from(PAPERS), max_size=4, unique_by=id)):
        matched = tuple(draw(st.lists(st.sampled_from(REASONS), max_size=3, unique_by=id)))
        profile = draw(st.sampled_from(["", "graphs", "chemistry"]))
        score = sum(reason.points for reason in matched)
        papers.append(Match(paper=paper, profile=profile, score=score, matched=matched))
    cadence = replace(SAMPLE.subscriber.cadence, name=draw(st.sampled_from(["daily", "weekly"])))
    profiles = draw(st.sampled_from([("graphs",), ("graphs", "chemistry")]))
    subscriber = replace(SAMPLE.subscriber, cadence=cadence, profiles=profiles, keywords=())
    return replace(SAMPLE, subscriber=subscriber, papers=tuple(papers), trending=draw(st.booleans()))


@settings(max_examples=25)
@given(st.lists(digests(), min_size=2, max_size=8), st.sampled_from([16_000, 92_000]))
def test_a_shared_part_is_what_each_reader_would_have_got_alone(several: list[Digest], limit: int) -> None:
    shared = Renderer(None, limit)
    for digest in several:
        assert shared.render(digest) == Renderer(None, limit).render(digest)


def test_parts_are_kept_up_to_a_number_and_no_further() -> None:
    blocks = Blocks(environment(None), most=7)
    for size in range(50):
        blocks.of(SAMPLE.papers[0], 0, size)
    assert len(blocks._parts._values) == 7
