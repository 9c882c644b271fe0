"""TeX in prose → Unicode: accents, emphasis, quotes, citations, and the formulas between dollar signs. Pure.

Only what is TeX beyond doubt is touched: an amount of money is no formula, an address, a path or snake_case stays as it
is, and what does not pair up is left as its author typed it. Each character is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from digest.sources.tex_accents import accent, split_name
from digest.sources.tex_commands import WITH_ARGUMENTS, after_options
from digest.sources.tex_dollars import CLOSERS, Formulas
from digest.sources.tex_math import DEEPEST, TooDeep, formula
from digest.sources.tex_scripts import script
from digest.sources.tex_tables import (
    ACCENTS,
    ALPHABETS,
    SILENT,
    SPACES,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    SWITCHES,
    SYMBOLS,
    TEXT_SIGNS,
    TEXT_SYMBOLS,
    WRAPPERS,
)

_REMOVED = "\x00"  # stands for a citation until the space before it is known to go
_NESTED_PROSE = 4  # \text inside $ inside \text …
# It begins with one set of characters, so that the search skips everything else at the speed of C.
_TOKEN = re.compile(
    r"""[\\${}~\-_^hfA-Z](?:
        (?<=\\)(?:(?P<word>[A-Za-z]+) | (?P<share>(?<![^\s"'(]\\)\\[A-Za-z][\w.$-]*\\[\w$.\\-]+(?!\{)) | (?P<sign>.))
      | (?<=\$)(?P<dollar>)
      | (?<=[{}])(?P<brace>)
      | (?<=[^\s~({\[<>=/\\]~)(?P<tie>)(?=[^\s~/=])
      | (?<=-)(?P<dash>-+)
      | (?<=[\w)\]][_^])\{(?P<inner>[^{}$\\]{1,24})\}
      | (?P<url>(?<=h)ttps?://(?:\\[_%#&~$]|[^\s\\{}$<>"`|^])+)
      | (?P<ftp>(?<=f)tp://(?:\\[_%#&~$]|[^\s\\{}$<>"`|^])+)
      | (?P<path>(?<=[A-Z])(?<![A-Za-z].):\\(?P<top>[\w.-]*)(?:\\[\w.-]+)*\\?)
    )""",
    re.DOTALL | re.VERBOSE,
)
_QUOTED = re.compile(r"``(?P<a>[^`]{1,600}?)''|(?<![\w'])''(?P<b>[^\s'][^']{0,600}?)''(?!')")
_SINGLE = re.compile(r"(?<![\w`])`(?P<a>[^`'$\\{}]{1,80})'(?!\w)")
_JSON_QUOTES = re.compile(r'(?<!\w)\\"([^"\\]{1,300})\\"(?![\w{\\])')
_BEFORE_REMOVED = " \t\n~\u00a0"
_MARK_AFTER = re.compile(r"[ \t\n~\u00a0]*+([,;:])(?=\s|$)")
_ESCAPED_IN_URL = re.compile(r"\\([_%#&~$])")
_TEX_MARKS = ("\\", "$", "{", "~", "`", "''", "--")


@dataclass(frozen=True, slots=True)
class _Prose:
    source: str
    tokens: list[re.Match[str]]
    starts: list[int]
    closes: dict[int, int]
    r"""Position of `{`, `$`, `\(` … → position of what closes it."""
    nested: int


def unicode_of(source: str, nested: int = 0) -> str:
    """`source` with its TeX as Unicode; text without any comes back as it is."""
    if nested > _NESTED_PROSE or not any(mark in source for mark in _TEX_MARKS):
        return source
    if "`" in source or "''" in source:
        source = _QUOTED.sub(lambda match: f"“{match['a'] or match['b']}”", source)
        source = _SINGLE.sub(r"‘\g<a>’", source)
    if '\\"' in source:
        source = _JSON_QUOTES.sub(r'"\1"', source)
    tokens = list(_TOKEN.finditer(source))
    prose = _Prose(source, tokens, [token.start() for token in tokens], _partners(source, tokens), nested)
    parts = _read(prose, 0, len(source), 0).split(_REMOVED)
    return _closed(parts) if len(parts) > 1 else parts[0]


def _closed(parts: list[str]) -> str:
    """What stood around removed citations, without the spaces and the second comma that they leave behind."""
    out: list[str] = []
    last = ""
    for number, part in enumerate(parts):
        text = part if number == len(parts) - 1 else part.rstrip(_BEFORE_REMOVED)
        if number and (mark := _MARK_AFTER.match(text)):
            text = text[mark.end() - (last != ",") :] if mark[1] == "," else text[mark.start(1) :]
        out.append(text)
        last = text[-1:] or last
    return "".join(out)


def _partners(source: str, tokens: list[re.Match[str]]) -> dict[int, int]:
    """Which brace closes which, and where the formulas end; what stands in a formula is not looked at."""
    spans = Formulas(source, tokens)
    partners: dict[int, int] = {}
    braces: list[int] = []
    inside = -1  # where the formula that we are in ends
    for token in tokens:
        start, opener = token.start(), token[0]
        if start <= inside:
            continue
        if opener == "{":
            braces.append(start)
        elif opener == "}" and braces:
            partners[braces.pop()] = start
        elif opener in CLOSERS and (end := spans.end_of(start, opener)) is not None:
            partners[start] = end
            inside = end + len(CLOSERS[opener]) - 1 + (source[start : start + 2] == "$$")
    return partners


def _read(prose: _Prose, start: int, end: int, depth: int) -> str:
    if depth > DEEPEST:
        return prose.source[start:end]
    out: list[str] = []
    at = start
    index = bisect_left(prose.starts, start)
    while index < len(prose.tokens) and (token := prose.tokens[index]).start() < end:
        index += 1
        if token.start() < at:
            continue
        out.append(prose.source[at : token.start()])
        piece, at = _READERS[token.lastgroup or ""](prose, token, depth)
        out.append(piece)
    out.append(prose.source[at:end])
    return "".join(out)


_Read = tuple[str, int]
"""A piece of Unicode, and the position after what it stands for."""


def _url(_prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    return _ESCAPED_IN_URL.sub(r"\1", token[0]), token.end()


def _path(_prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    r"""A Windows path, unless it is a label before a command (`X:\textbf{…}`)."""
    top = token["top"]
    command = top in WRAPPERS or top in SYMBOLS or top in ALPHABETS or top in SWITCHES or not top
    return (token[0][:2], token.start() + 2) if command else (token[0], token.end())


def _verbatim(_prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    return token[0], token.end()


def _dollar(prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    """A formula; a dollar sign that opens none is a dollar sign."""
    start, source = token.start(), prose.source
    close = prose.closes.get(start)
    if close is None:
        stray = token[0] == "$" and source[start + 1 : start + 2] == "$" and start + 1 in prose.closes
        return "" if stray else token[0], token.end()
    mark = "$$" if source[start : start + 2] == "$$" else token[0]
    after = close + len(CLOSERS[mark])
    try:
        return formula(source[start + len(mark) : close], lambda text: unicode_of(text, prose.nested + 1)), after
    except TooDeep:
        return source[start:after], after


def _brace(prose: _Prose, token: re.Match[str], depth: int) -> _Read:
    r"""A group: TeX's own braces go ({\em x}, {B}ayesian), all others are part of the text."""
    start = token.start()
    close = prose.closes.get(start) if token[0] == "{" else None
    if close is None:
        return token[0], token.end()
    inner = prose.source[start + 1 : close]
    around = prose.source[start - 1 : start] + prose.source[close + 1 : close + 2]
    grouped = inner.lstrip()[:1] == "\\" or (inner.isalnum() and inner[0].isupper() and any(map(str.isalpha, around)))
    text = _read(prose, start + 1, close, depth + 1)
    return (text if grouped else f"{{{text}}}"), close + 1


def _tie(_prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    return " ", token.end()


def _dash(prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    """-- and ---, but not --option, --> or a ruled line."""
    before, after = prose.source[token.start() - 1 : token.start()], prose.source[token.end() : token.end() + 1]
    option = (not before or before in " \n\"'`([“") and after.isalpha() and len(token[0]) == 2
    if not 2 <= len(token[0]) <= 3 or option or after == ">" or before in {"<", "!"}:
        return token[0], token.end()
    return "—" if len(token[0]) == 3 else "–", token.end()


def _scripted(_prose: _Prose, token: re.Match[str], _depth: int) -> _Read:
    """10^{-3} outside dollars: only where all of it has a form in Unicode."""
    sign, inner = token[0][0], token["inner"]
    table = SUPERSCRIPTS if sign == "^" else SUBSCRIPTS
    whole = all(ord(character) in table for character in inner)
    return script(sign, inner) if whole else token[0], token.end()


def _sign(prose: _Prose, token: re.Match[str], depth: int) -> _Read:
    """A backslash before something that is no letter."""
    name = token["sign"]
    if name in "([":
        return _dollar(prose, token, depth)
    if name in ACCENTS:
        return accent(prose.source, token.end(), name) or (name, _after_empty(prose.source, token.end()))
    if name == "\\":
        return " ", token.end()
    if name in ",;: \n\t":
        return " ", token.end()
    if name in "-/!@":
        return "", token.end()
    return name if name in "%&_#${}" else token[0], token.end()


def _word(prose: _Prose, token: re.Match[str], depth: int) -> _Read:
    """A command."""
    name, end = token["word"], token.end()
    if name in ACCENTS and (found := accent(prose.source, end, name) or split_name(prose.source, end, name)):
        return found
    at = after_options(prose.source, end)
    if prose.source[at : at + 1] == "{" and at not in prose.closes:
        return token[0], end  # its argument never ends: left as it is
    if name in WITH_ARGUMENTS:
        return WITH_ARGUMENTS[name](prose.source, name, end, lambda at: _group(prose, at, depth))
    if name in SILENT:
        return _REMOVED, prose.closes.get(at, at - 1) + 1
    if name in SPACES or name in SWITCHES:
        return " " if name in SPACES else "", end + prose.source[end : end + 1].isspace()
    return _sign_named(prose.source, name, end) or _unknown(prose, token, depth)


def _sign_named(source: str, name: str, end: int) -> _Read | None:
    """A letter or sign that has a name; in TeX the space after a letter's name only ends the name."""
    if name in TEXT_SYMBOLS:
        swallow = source[end : end + 1].isspace() and source[end + 1 : end + 2].islower()
        return TEXT_SYMBOLS[name], end + 1 if swallow else _after_empty(source, end)
    if name in TEXT_SIGNS or name in SYMBOLS:
        return TEXT_SIGNS.get(name) or SYMBOLS[name][0], _after_empty(source, end)
    return None


def _unknown(prose: _Prose, token: re.Match[str], depth: int) -> _Read:
    r"""A command of the author's own: a name of something, or a wrapper around text; \n and \d are code."""
    name, end = token["word"], token.end()
    inner, after = _group(prose, end, depth)
    if len(name) == 1 and name.islower() and (after == end or name in ACCENTS):
        return token[0], end
    return inner if inner.strip() else name, after


def _group(prose: _Prose, at: int, depth: int) -> _Read:
    """The group at a position as Unicode, or "" and the same position."""
    close = prose.closes.get(at) if prose.source[at : at + 1] == "{" else None
    return ("", at) if close is None else (_read(prose, at + 1, close, depth + 1), close + 1)


def _after_empty(source: str, at: int) -> int:
    """The position after `{}`, which ends a command without a space."""
    return at + 2 if source.startswith("{}", at) else at


_READERS: dict[str, Callable[[_Prose, re.Match[str], int], _Read]] = {
    "url": _url,
    "ftp": _url,
    "path": _path,
    "share": _verbatim,
    "word": _word,
    "sign": _sign,
    "dollar": _dollar,
    "brace": _brace,
    "tie": _tie,
    "dash": _dash,
    "inner": _scripted,
}
