"""CSS moved from the style sheet of a template into its tags, once, before Jinja sees it.

Many mail programs drop style sheets, so every rule has to stand on its tag; people would rather read classes.
Jinja's own syntax would confuse an HTML parser (inside a table, bare text is moved out of it), so each `{% … %}` and
`{# … #}` travels through the inliner as a comment and each `{{ … }}` as a private character sequence.
"""

from __future__ import annotations

import re

import css_inline

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_TRAVELLER = re.compile("<!--\ue000(\\d+)\ue001-->|\ue000(\\d+)\ue001")
_INDENT = re.compile(r"\n[ \t]+")


def inline(source: str) -> str:
    """The template with its CSS in `style` attributes; a `<style data-css-inline="keep">` stays as well.

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

    inliner = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False, minify_css=True)
    done = inliner.inline(_JINJA.sub(hide, source)).replace(' data-css-inline="keep"', "")
    return _TRAVELLER.sub(show, _INDENT.sub("\n", done))
