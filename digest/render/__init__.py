"""The render room: one `Digest` becomes a subject, a plain text and an HTML page, from templates people can read.

It decides how a digest looks and keeps the HTML below the size at which Gmail cuts a mail off. It does not choose
papers, sign links or write the bytes of a message. Templates are read once, when a `Renderer` is made; rendering
itself touches no file, no clock and no network.
"""

from __future__ import annotations

from digest.render.checking import check_templates
from digest.render.renderer import Rendered, Renderer

__all__ = ["Rendered", "Renderer", "check_templates"]
