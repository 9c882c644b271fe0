"""The render room: one `Digest` becomes a subject, a plain text and an HTML page, from templates people can read.

It decides how a digest looks and keeps the HTML below the size at which Gmail cuts a mail off. It does not choose
papers, sign links or write the bytes of a message. Templates are read once, when a `Renderer` is made; rendering
itself touches no file, no clock and no network.
"""

from __future__ import annotations

from digest.render.checking import check_templates
from digest.render.cleaning import clean, shorten, web_address
from digest.render.excerpt import Piece, excerpt, marked
from digest.render.links import Link, links_of
from digest.render.notices import Notice, Notices, check_notices
from digest.render.page import day_in_words
from digest.render.reasons import Why, whys
from digest.render.renderer import Rendered, Renderer
from digest.render.templates import builtin_folder, plural, soft

__all__ = [
    "Link",
    "Notice",
    "Notices",
    "Piece",
    "Rendered",
    "Renderer",
    "Why",
    "builtin_folder",
    "check_notices",
    "check_templates",
    "clean",
    "day_in_words",
    "excerpt",
    "links_of",
    "marked",
    "plural",
    "shorten",
    "soft",
    "web_address",
    "whys",
]
