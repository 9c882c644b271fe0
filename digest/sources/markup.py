"""Fragments of HTML, XHTML and JATS → plain text. Pure, linear, and not a sanitiser: nothing of the markup is kept.

Feeds mix markup and plain text without saying so, so `<` counts as markup only where an element that exists opens or
closes: `2<r<q-1` and `a <b and c> d` stay as they are.
"""

from __future__ import annotations

import re
from html import unescape

from digest.sources.tex_scripts import script


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_TAG = re.compile(
    r"""<(?:!--(?P<comment>)|!\[CDATA\[(?P<cdata>)|[!?][A-Za-z\[][^<>]*>
      |(?P<close>/?)(?P<name>[A-Za-z][\w.:-]*)(?P<rest>(?:[^<>"']|"[^"<]*"|'[^'<]*')*+|[^<>]*)>)""",
    re.VERBOSE,
)
_DROPPED = _words(
    "script style head noscript template iframe svg object select textarea title-group tex-math annotation annotation-xml"
)
_INLINE = _words("""
a abbr acronym b bdi bdo big cite code del dfn em email ext-link font i ins italic bold sc kbd label mark monospace q roman s
samp sans-serif small span strike strong styled-content sub sup tt u var wbr xref named-content underline overline inline-formula
math mi mn mo mrow msub msup msubsup mfrac msqrt mroot mover munder munderover mtext mspace mstyle mfenced mpadded semantics
mprescripts mmultiscripts none ruby rt rb rp rtc time data output meter progress nobr blink tex
""")
_BLOCK = _words("""
address article aside audio base blockquote body br button canvas caption center col colgroup dd details dialog dir div dl dt embed
fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 header hgroup hr html img image input legend li link list
list-item main map menu meta nav ol optgroup option p param picture pre section sec source summary table tbody td tfoot th thead
title tr track ul video disp-formula disp-quote fig graphic inline-graphic abstract p1 break mtable mtr mtd alternatives
object select textarea template noscript iframe svg style script head annotation annotation-xml tex-math title-group
""")
_LABELS = frozenset({"abstract", "summary", "graphical abstract", "abstract:", "summary:"})
_DEEPEST = 4  # sub and sup inside each other
_HEADINGS = _words("title h1 h2 h3 h4 h5 h6")
_ESCAPED_TAG = re.compile(r"</?(?:p|i|b|em|strong|sub|sup|br|div|span|a|ul|li|jats:\w+)\b[^<>]*>", re.IGNORECASE)


def without_tags(raw: str) -> str:
    """The text of a fragment, entities decoded; a fragment that was escaped twice is read once more."""
    text, tags = _strip(raw)
    if not tags and "&" in raw and len(_ESCAPED_TAG.findall(text)) > 1:
        text, _ = _strip(text)
    return text


def _strip(raw: str) -> tuple[str, int]:
    """The text, and how many tags were in it."""
    if "<" not in raw:
        return unescape(raw), 0
    state = _Stripper(raw)
    return state.text(), state.tags


class _Stripper:
    """One pass over a fragment: `out` is what a reader sees, `raised` the sub and sup elements that are open."""

    __slots__ = ("at", "missing", "out", "raised", "raw", "tags")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.at = 0
        self.tags = 0
        self.out: list[str] = []
        self.raised: list[tuple[str, int]] = []
        self.missing: set[str] = set()  # ends that do not occur any more: not looked for twice

    def text(self) -> str:
        while (tag := _TAG.search(self.raw, self.at)) is not None:
            self._write(self.raw[self.at : tag.start()])
            self.at = tag.end()
            if tag["comment"] is not None:
                self._past("-->")
            elif tag["cdata"] is not None:
                self._cdata()
            elif tag["name"] is not None:
                self._element(tag)
        self._write(self.raw[self.at :])
        return "".join(self.out)

    def _write(self, source: str) -> None:
        if source:
            self.out.append(unescape(source) if "&" in source else source)

    def _element(self, tag: re.Match[str]) -> None:
        prefix, colon, local = tag["name"].lower().rpartition(":")
        rest = tag["rest"].rstrip("/ ")
        known = (
            local in _INLINE or local in _BLOCK or (colon and (prefix in {"jats", "mml", "m", "xhtml", "o", "w", "v"}))
        )
        prose = len(local) <= 2 and rest and "=" not in rest  # "a <b and c> d"
        if not known or prose:
            self.out.append(tag[0])
            return
        self.tags += 1
        if local in {"sub", "sup", "msub", "msup"}:
            self._shift(local, closing=bool(tag["close"]))
        elif local in _DROPPED and not tag["close"] and not tag["rest"].endswith("/"):
            self._past(f"</{tag['name']}")
        elif local in _HEADINGS and not tag["close"]:
            self._heading()
        elif local not in _INLINE:
            self.out.append(" ")

    def _shift(self, local: str, *, closing: bool) -> None:
        if local[0] == "m":
            return
        if not closing and len(self.raised) < _DEEPEST:
            self.raised.append((local, len(self.out)))
        elif closing and self.raised and self.raised[-1][0] == local:
            _, start = self.raised.pop()
            inner = "".join(self.out[start:])
            self.out[start:] = [script("_" if local == "sub" else "^", inner)]

    def _heading(self) -> None:
        """The label "Abstract" says nothing; other headings stay."""
        end = self.raw.find("<", self.at, self.at + 40)
        if end > 0 and self.raw[self.at : end].strip().lower() in _LABELS:
            self.at = end
        self.out.append(" ")

    def _past(self, end: str) -> None:
        """Go on after `end`; where it never comes, only the tag itself is dropped."""
        place = -1 if end in self.missing else self.raw.find(end, self.at)
        if place < 0:
            self.missing.add(end)
            return
        close = self.raw.find(">", place)
        self.at = close + 1 if close >= 0 else len(self.raw)

    def _cdata(self) -> None:
        place = self.raw.find("]]>", self.at)
        place = len(self.raw) if place < 0 else place
        self.out.append(self.raw[self.at : place])
        self.at = place + 3
