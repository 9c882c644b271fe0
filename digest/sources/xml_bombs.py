"""Refuses XML that is made to be slow: entity bombs, endless nesting, endless elements and attributes. Pure, linear.

One pass over the markup. Comments and CDATA sections are stepped over; what is not well-formed counts as an element that
stays open.
"""

from __future__ import annotations

import re
from collections import Counter

from digest.errors import FeedError

MOST_ELEMENTS = 400_000
DEEPEST = 200
MOST_ATTRIBUTES = 300  # reading them takes time that grows with their square
MOST_ENTITIES = 1000
GROWN = 1_000_000  # characters that the entities of one document may add to it
_LONGEST_DECLARATION = 2000
_LONG = 2000  # characters of an element's tag from which on its attributes are counted
_MARKUP = re.compile(
    r"<(?:(?P<close>/)|(?P<entity>!ENTITY)|(?P<skip>!--|!\[CDATA\[)"
    r"|(?P<open>[^\s<>!?/](?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+))"
)
_ENDS = {"!--": "-->", "![CDATA[": "]]>"}
_ENTITY = re.compile(r"<!ENTITY\s++(%\s++)?+([\w.:-]{1,100}+)\s++(?:\"([^\"]*+)\"|'([^']*+)'|[^>]*+)\s*+>")
_USED = re.compile(r"&([\w.:-]{1,100});")
_NESTED = re.compile(r"[&%][A-Za-z_]")


def refuse_bombs(text: str) -> None:
    """FeedError for a document that would take time or room out of proportion to its size."""
    at, elements, depth = 0, 0, 0
    entities: list[str] = []
    while match := _MARKUP.search(text, at):
        at = match.end()
        if match["open"]:
            elements += 1
            depth += match["open"][-1] != "/"
            _refuse_excess(match["open"], elements, depth)
        elif match["close"]:
            depth = max(0, depth - 1)
        elif match["skip"]:
            end = text.find(_ENDS[match["skip"]], at)
            at = end if end > 0 else len(text)
        else:
            entities.append(text[match.start() : match.start() + _LONGEST_DECLARATION])
            if len(entities) > MOST_ENTITIES:
                raise FeedError("a document with more than a thousand entities (an entity bomb), not a feed")
    if entities:
        _refuse_growth(entities, text)


def _refuse_excess(tag: str, elements: int, depth: int) -> None:
    if elements > MOST_ELEMENTS:
        raise FeedError(f"a document with more than {MOST_ELEMENTS} elements, not a feed")
    if depth > DEEPEST:
        raise FeedError(f"a document with elements nested more than {DEEPEST} deep, not a feed")
    if len(tag) > _LONG and tag.count('"') + tag.count("'") > 2 * MOST_ATTRIBUTES:
        raise FeedError("a document with hundreds of attributes on one element, not a feed")


def _refuse_growth(declarations: list[str], text: str) -> None:
    """Entities may stand for a few characters each, and not for one another."""
    used = Counter(_USED.findall(text))
    grown = 0
    for declaration in declarations:
        match = _ENTITY.match(declaration)
        if match is None:
            raise FeedError("a document with an entity that cannot be read, not a feed")
        value = match[3] or match[4] or ""
        if match[1] or _NESTED.search(value):
            raise FeedError("a document whose entities are made of entities (an entity bomb), not a feed")
        grown += used[match[2]] * len(value)
        if grown > GROWN:
            raise FeedError("a document whose entities grow out of proportion (an entity bomb), not a feed")
