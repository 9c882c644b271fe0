"""CSS moved from the style sheet into the tags of a template, once, before Jinja sees it.

Many mail programs drop style sheets, so every rule has to stand on its tag; people would rather read classes.
Jinja's own syntax would confuse an HTML parser (inside a table, bare text is moved out of it), so each `{% … %}` and
`{# … #}` travels through the inliner as a comment and each `{{ … }}` as a private character sequence.
"""

from __future__ import annotations

import re
from typing import Any

import css_inline

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_TRAVELLER = re.compile("<!--\ue000(\\d+)\ue001-->|\ue000(\\d+)\ue001")
_WHOLE_PAGE = re.compile(r"<html\b|<body\b", re.IGNORECASE)
_INDENT = re.compile(r"\n[ \t]+")


def inline(source: str, style: str) -> str:
    """The template with the style sheet, and its own, in `style` attributes; a `<style data-css-inline="keep">` stays.

    Rules: statements stand between tags, never inside one, and a loop holds whole tables or whole rows of a
    written-out tbody.
    """
    source = source.translate({0xE000: None, 0xE001: None})
    parts: list[str] = []

    def hide(found: re.Match[str]) -> str:
        parts.append(found.group())
        number = f"\ue000{len(parts) - 1}\ue001"
        return number if found.group().startswith("{{") else f"<!--{number}-->"

    def show(found: re.Match[str]) -> str:
        return parts[int(found.group(1) or found.group(2))]

    hidden = _JINJA.sub(hide, source)
    if _WHOLE_PAGE.search(hidden):
        done = _inliner(extra_css=style).inline(hidden).replace(' data-css-inline="keep"', "")
    else:
        done = _inliner().inline_fragment(hidden, style)
    return _TRAVELLER.sub(show, _INDENT.sub("\n", done))


def _inliner(**options: Any) -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True, **options)
