"""Which part of an abstract is shown, and which of its words are marked as the ones that matched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from digest.models import Span
from digest.render.cleaning import clean, sentence_end, word_end

_ASIDE = 300
"""Characters given at most to the sentence that holds the first match when the beginning holds none."""


class Piece(NamedTuple):
    """A run of text; `hit` when it is what a keyword matched."""

    text: str
    hit: bool = False


def marked(text: str, spans: Iterable[Span], limit: int) -> tuple[Piece, ...]:
    """The text from its beginning, cut between words at `limit`, with matched words apart."""
    end = word_end(text, limit)
    return _pieces(text, _merged(spans, text), 0, end) + _ellipsis(text, end, sentence=False)


def excerpt(text: str, spans: Iterable[Span], limit: int) -> tuple[Piece, ...]:
    """About `limit` characters: whole sentences from the beginning, and the first matched one when it comes later."""
    if limit <= 0 or not text:
        return ()
    hits = _merged(spans, text)
    head, sentence = _cut(text, limit)
    if head == len(text) or not hits or hits[0].start < head:
        return _pieces(text, hits, 0, head) + _ellipsis(text, head, sentence=sentence)
    start, stop = _around(text, hits[0], min(limit // 2, _ASIDE))
    head, _ = _cut(text, limit - (stop - start))
    if start <= head:
        return _pieces(text, hits, 0, stop) + _ellipsis(text, stop, sentence=text[stop - 1] in ".!?。")
    aside = _pieces(text, hits, start, stop) + _ellipsis(text, stop, sentence=text[stop - 1] in ".!?。")
    return (*_pieces(text, hits, 0, head), Piece(" … "), *aside)


def _cut(text: str, limit: int) -> tuple[int, bool]:
    end = sentence_end(text, limit)
    return (end, True) if end else (word_end(text, limit), False)


def _around(text: str, hit: Span, room: int) -> tuple[int, int]:
    """The sentence around a hit, or as much of it as `room` characters hold."""
    earliest = max(0, hit.start - room // 3)
    start = earliest + sentence_end(text[earliest : hit.start], hit.start - earliest - 1)
    if start == earliest and start > 0:
        space = text.find(" ", start, hit.start)
        start = space + 1 if space >= 0 else hit.start
    stop, _ = _cut(text[start:], room)
    while start < hit.start and text[start].isspace():
        start += 1
    return start, max(start + stop, start + 1) if start + stop <= len(text) else len(text)


def _merged(spans: Iterable[Span], text: str) -> list[Span]:
    """Spans inside the text in order; those that overlap or stand one space apart become one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if not 0 <= span.start < span.end <= len(text):
            continue
        if merged and _meets(text, merged[-1].end, span.start):
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _meets(text: str, end: int, start: int) -> bool:
    return start <= end or (start == end + 1 and text[end].isspace())


def _pieces(text: str, hits: Iterable[Span], start: int, end: int) -> tuple[Piece, ...]:
    found: list[Piece] = []
    at = start
    for hit in hits:
        left, right = max(hit.start, start), min(hit.end, end)
        if left >= right:
            continue
        if left > at:
            found.append(Piece(clean(text[at:left])))
        found.append(Piece(clean(text[left:right]), hit=True))
        at = right
    if at < end:
        found.append(Piece(clean(text[at:end])))
    return tuple(found)


def _ellipsis(text: str, end: int, *, sentence: bool) -> tuple[Piece, ...]:
    return () if sentence or end >= len(text) else (Piece("…"),)
