"""Pages that are the same for everybody, kept until new papers come in: as bytes, plain and compressed.

A page may hold one place that changes with every request (the stamp in its form): it is kept in two pieces around it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import struct
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

STAMP = "STAMP-OF-THIS-REQUEST"
"""Stands in a rendered page where the stamp goes."""

_LOOK_AGAIN = 1.0
"""Seconds between two looks at whether the store holds new papers."""
_MOST_BYTES = 48_000_000
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|\s|$))", re.IGNORECASE)
"""Among the encodings that are wanted, and not with the weight 0."""
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class Kept:
    """One page in the form in which it is sent."""

    content_type: str
    before: bytes
    after: bytes
    deflated_before: bytes
    deflated_after: bytes
    crc: int
    """Of `before`."""
    etag: str
    stamped: bool
    status: int = 200

    @property
    def size(self) -> int:
        return len(self.before) + len(self.after) + len(self.deflated_before) + len(self.deflated_after)


def keep(text: str, content_type: str = "text/html; charset=utf-8", status: int = 200) -> Kept:
    """A rendered page, ready to be sent many times."""
    first, mark, second = text.partition(STAMP)
    before, after = first.encode("utf-8", "replace"), second.encode("utf-8", "replace")
    etag = hashlib.sha256(before + after).hexdigest()[:20]
    return Kept(
        content_type,
        before,
        after,
        _deflated(before, zlib.Z_FULL_FLUSH),
        _deflated(after, zlib.Z_FINISH),
        zlib.crc32(before),
        f'W/"{etag}"',
        bool(mark),
        status,
    )


def _deflated(data: bytes, ending: int) -> bytes:
    maker = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return maker.compress(data) + maker.flush(ending)


def answer(request: Request, kept: Kept, stamp: str = "", cache_control: str = "public, max-age=60") -> Response:
    """The response to one request: not modified, compressed or plain."""
    headers = {"etag": kept.etag, "cache-control": cache_control, "vary": "accept-encoding"}
    sent = request.headers
    if not kept.stamped and kept.status == 200 and kept.etag in sent.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    filling = stamp.encode("ascii") if kept.stamped else b""
    if _GZIP.search(sent.get("accept-encoding", "")):
        crc = zlib.crc32(kept.after, zlib.crc32(filling, kept.crc))
        size = len(kept.before) + len(filling) + len(kept.after)
        block = b"\x00" + struct.pack("<HH", len(filling), len(filling) ^ 0xFFFF) + filling if filling else b""
        tail = struct.pack("<II", crc, size & 0xFFFFFFFF)
        body = b"".join((_GZIP_HEAD, kept.deflated_before, block, kept.deflated_after, tail))
        headers["content-encoding"] = "gzip"
    else:
        body = b"".join((kept.before, filling, kept.after))
    headers["content-type"] = kept.content_type
    return Response(body, kept.status, headers)


class Remembered:
    """Kept pages by what was asked, thrown away when the state of the papers changes. Bounded by bytes."""

    def __init__(self, state: Callable[[], Awaitable[Hashable]], clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._known: Hashable = None
        self._looked_at = float("-inf")
        self._pages: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0
        self._being_made: dict[Hashable, asyncio.Future[Kept]] = {}

    async def get(self, asked: Hashable, make: Callable[[], Awaitable[Kept]]) -> Kept:
        """The page for what was asked, made once even if many ask at the same time."""
        await self._look()
        found = self._pages.get(asked)
        if found is not None:
            self._pages.move_to_end(asked)
            return found
        waiting = self._being_made.get(asked)
        if waiting is None:
            waiting = asyncio.ensure_future(make())
            self._being_made[asked] = waiting
            state = self._known
            try:
                page = await asyncio.shield(waiting)
            finally:
                self._being_made.pop(asked, None)
            if state == self._known and page.status == 200:
                self._take(asked, page)
            return page
        return await asyncio.shield(waiting)

    async def _look(self) -> None:
        now = self._clock()
        if now - self._looked_at < _LOOK_AGAIN:
            return
        self._looked_at = now
        state = await self._state()
        if state != self._known:
            self._known = state
            self._pages.clear()
            self._bytes = 0

    def _take(self, asked: Hashable, page: Kept) -> None:
        self._pages[asked] = page
        self._bytes += page.size
        while self._bytes > _MOST_BYTES:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= oldest.size
