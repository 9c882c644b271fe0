"""Papers rendered once for everybody who gets them with the same words marked.

The templates of a paper are made of Jinja blocks, which are rendered apart and kept: most readers of a paper differ in
why they get it, and not in its authors, its links or its abstract. A page is rendered with a short mark where each
paper stands, and the papers are put there afterwards. The marks are made of characters that `clean` lets through for
nobody, so that no text from outside can be one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from jinja2 import Environment

from digest.errors import ConfigError, Problem
from digest.models import Match, Pieced
from digest.render.items import Item, View
from digest.render.templates import PAPER_HTML, PAPER_TEXT
from digest.render.wrapping import trim

MOST = 16_384
"""Parts kept, about 2 kB each; those asked for least recently go first."""

SEES = {
    "title": ("title", "name", "url"),
    "facts": ("authors", "last_author", "author_count", "badges", "name", "url"),
    "why": ("why", "why_more", "score", "profile"),
    "abstract": ("abstract", "name", "url"),
    "links": ("links", "name", "url"),
}
"""The blocks of the templates, and what each sees of a paper: readers who share a part must differ in nothing of it."""
PARTS = tuple(SEES)
_READ = ("title", "abstract")

_MARK = re.compile("\ufdd0([0-9]+)\ufdd1\n?")
K = TypeVar("K")
V = TypeVar("V")


class Part(NamedTuple):
    """One block of both templates, rendered."""

    match: Match
    """Kept, because the `id`s of its paper and its reasons name the part."""
    html: str
    text: str
    size: int
    """Bytes of `html`."""
    words: int


class Block(NamedTuple):
    """One paper in full."""

    item: Item
    html: Sequence[str]
    """What stands between the parts, and the parts: the second, the fourth …"""
    text: Sequence[str]
    size: int
    """Bytes of its HTML, without what stands between the parts."""
    words: int


class Blocks:
    """The papers of one set of templates; at most `most` parts of them are kept."""

    def __init__(self, templates: Environment, most: int = MOST) -> None:
        self._html = Frame(templates, PAPER_HTML)
        self._text = Frame(templates, PAPER_TEXT)
        self._parts: Recent[tuple[object, ...], Part] = Recent(most)

    def of(self, match: Match, place: int, abstract: int, *, profile: str = "", trending: bool = False) -> Block:
        """The block of the paper at a place of the digest, with so many characters of abstract."""
        paper = id(match.paper)
        marked: dict[str, list[int]] = {"title": [], "abstract": []}
        for reason in match.matched:
            if reason.spans and not reason.partial and reason.field in marked:
                marked[reason.field] += [end for span in reason.spans for end in (span.start, span.end)]
        keys: tuple[tuple[object, ...], ...] = (  # what each of PARTS depends on
            ("title", paper, *marked["title"]),
            ("facts", paper),
            ("why", match.score, profile, trending, *map(id, match.matched)),
            ("abstract", paper, abstract, *marked["abstract"]),
            ("links", paper),
        )
        item = Item(match, abstract, profile, f"\ufdd0{place}\ufdd1")
        parts = [
            self._parts.get(key) or self._parts.keep(key, self._make(name, match, item, trending))
            for name, key in zip(PARTS, keys, strict=True)
        ]
        return Block(
            item,
            self._html.around([part.html for part in parts]),
            self._text.around([part.text for part in parts]),
            sum([part.size for part in parts]),
            sum([part.words for part in parts]),
        )

    def _make(self, name: str, match: Match, item: Item, trending: bool) -> Part:
        values: dict[str, Any] = {"paper": View(**{seen: getattr(item, seen) for seen in SEES[name]})}
        if name == "why":
            values["trending"] = trending
        html, text = self._html.render(name, values), self._text.render(name, values)
        pieces = getattr(item, name) if name in _READ else ()
        words = sum(len(piece.text.split()) for piece in pieces)
        return Part(match, html and html.strip("\n") + "\n", trim(text), len(html.encode()), words)


class Frame:
    """A template of one paper: what stands around its blocks, and the blocks."""

    def __init__(self, templates: Environment, name: str) -> None:
        template = templates.get_template(name)
        self._templates = templates
        # One context for all papers, whose names are set anew for each: making one costs more than a small block.
        self._values: dict[str, Any] = dict(template.globals)
        self._context = template.new_context(self._values, shared=True)
        self._blocks = template.blocks
        marked = "".join(f"{{% block {part} %}}\ufdd0{at}\ufdd1\n{{% endblock %}}" for at, part in enumerate(PARTS))
        page = templates.from_string(f"{{% extends {name!r} %}}{marked}").render()
        self._pieces = _split(page.strip("\n") + "\n")
        self._places = [int(place) for place in self._pieces[1::2]]
        wrong = ""
        if "title" not in self._blocks:
            wrong = 'has no block called "title", so nobody would see what a paper is called'
        elif sorted(self._places) != [at for at, part in enumerate(PARTS) if part in self._blocks]:
            wrong = "has a block inside another one; a paper's blocks stand side by side"
        if wrong:
            raise ConfigError(Problem(f"{wrong}.", template.filename or name))

    def render(self, part: str, values: dict[str, Any]) -> str:
        block = self._blocks.get(part)
        if block is None:
            return ""
        self._values.pop("trending", None)
        self._values.update(values)
        try:
            return "".join(block(self._context))
        except Exception:  # noqa: BLE001 - raised again, with lines of the template instead of its Python
            self._templates.handle_exception()

    def around(self, parts: Sequence[str]) -> list[str]:
        """The parts, in the order of `PARTS`, where their blocks stand."""
        pieces = self._pieces.copy()
        pieces[1::2] = [parts[place] for place in self._places]
        return pieces


class Recent(Generic[K, V]):
    """At most so many values by key; the one asked for least recently goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keep(self, key: K, value: V) -> V:
        self._values[key] = value
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value


def put_in(page: str, blocks: Sequence[Block], *, html: bool) -> Pieced:
    """The page with each paper where its mark stands."""
    before, *marked = _split(page)
    pieces = [before]
    for place, after in zip(marked[::2], marked[1::2], strict=True):
        block = blocks[int(place)]
        first, *others = block.html if html else block.text
        pieces[-1] += first
        pieces.extend(others)
        pieces[-1] += after
    return Pieced(tuple(pieces))


def _split(page: str) -> list[str]:
    """What stands around the marks, and what they name: the second, the fourth … A mark stands on a line of its own."""
    pieces = _MARK.split(page)
    for at in range(0, len(pieces) - 1, 2):
        if pieces[at] and not pieces[at].endswith("\n"):
            pieces[at] += "\n"
    return pieces
