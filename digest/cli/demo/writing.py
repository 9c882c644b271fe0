"""The few words that every wire format of the demo is written with: elements, documents, moments, invented ids."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

ARXIV_ZONE = ZoneInfo("America/New_York")
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
UNWRITABLE = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)} - {9, 10, 13})
"""Characters that XML 1.0 cannot hold (section 2.2)."""


def add(parent: ET.Element, tag: str, text: str | None = None, /, **attributes: str) -> None:
    """Put an element into `parent`; prefixes stand in the tag, their declarations on the root."""
    clean = {name: value.translate(UNWRITABLE) for name, value in attributes.items()}
    ET.SubElement(parent, tag, clean).text = text.translate(UNWRITABLE) if text else None


def document(root: ET.Element) -> bytes:
    """The element as a document in UTF-8, indented by two spaces."""
    ET.indent(root)
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + body + b"\n"


def midnight_utc(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def seconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def object_id(*parts: str) -> str:
    """Twenty-four hexadecimal digits, like the ids of a document database."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
