"""Papers rendered once for everybody who gets them with the same words marked.

A page is rendered with a short mark where each paper stands, and the papers are put there afterwards. The marks are
made of characters that `clean` lets through for nobody, so that no text from outside can be one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from jinja2 import Template

from digest.models import Match
from digest.render.items import Item, item_of
from digest.render.wrapping import tidy

MOST = 4096
"""Blocks kept, about 8 kB each; those asked for least recently go first."""

_MARK = re.compile("\ufdd0([0-9]+)\ufdd1\n?")
_Key = tuple[int, tuple[int, ...], int, str, bool]


@dataclass(frozen=True, slots=True)
class Block:
    """One paper in full: what a page knows of it, and its piece of both parts."""

    match: Match
    """Kept so that the objects that name the block in its key stay what they are."""
    item: Item
    html: str
    text: str
    size: int
    """Bytes of `html`."""
    words: int


class Blocks:
    """The blocks of one set of templates, at most `most` of them."""

    def __init__(self, html: Template, text: Template, most: int = MOST) -> None:
        self._html = html
        self._text = text
        self._most = most
        self._known: OrderedDict[_Key, Block] = OrderedDict()
        self._made = 0

    def of(self, match: Match, abstract: int, *, profile: str = "", trending: bool = False) -> Block:
        """The block of a paper with so many characters of abstract, made or found."""
        key = (id(match.paper), tuple(map(id, match.matched)), abstract, profile, trending)
        block = self._known.get(key)
        if block is not None and block.match.score == match.score:
            self._known.move_to_end(key)
            return block
        block = self._known[key] = self._make(match, abstract, profile, trending=trending)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return block

    def _make(self, match: Match, abstract: int, profile: str, *, trending: bool) -> Block:
        self._made += 1
        item = replace(item_of(match, abstract, profile), block=f"\ufdd0{self._made}\ufdd1")
        values = {"paper": item, "trending": trending}
        html, text = self._html.render(values).strip("\n") + "\n", tidy(self._text.render(values))
        return Block(match, item, html, text, len(html.encode()), item.words)


def put_in(page: str, blocks: Iterable[Block], *, html: bool) -> str:
    """The page with each block where its mark stands."""
    pieces = {block.item.block[1:-1]: block.html if html else block.text for block in blocks}
    parts = _MARK.split(page)
    for at in range(1, len(parts), 2):
        parts[at] = pieces.get(parts[at], "")
    return "".join(parts)
