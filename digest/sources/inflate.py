"""Compressed bodies → bytes, under a cap. Pure.

What the bytes are decides, not what the header says: feeds are served as gzip without saying so, and plain although
they say gzip. A bomb stops at the cap, before it is in memory.
"""

from __future__ import annotations

import zlib

from digest.errors import FetchError

_GZIP_NAMES = frozenset({"gzip", "x-gzip"})
_GZIP = b"\x1f\x8b\x08"
_LAYERS = 2  # a body that is still compressed after this many layers is not meant for us
_MEMBERS = 100  # each member costs a copy of the rest: more of them are an attack, not a feed


def inflate(body: bytes, encoding: str, cap: int, host: str) -> bytes:
    """`body` without its Content-Encoding; FetchError when it is broken, unreadable or larger than `cap` bytes."""
    names = [part.strip().lower() for part in encoding.split(",")]
    for name in [*reversed(names[-_LAYERS:]), "gzip", "gzip"][:_LAYERS]:
        if name not in {"", "identity", "deflate", *_GZIP_NAMES}:
            raise FetchError(f"{host} sent a compression that was not asked for ({name[:20]})")
        if body.startswith(_GZIP):
            body = _members(body, zlib.MAX_WBITS | 16, cap, host)
        elif name == "deflate":
            body = _members(body, _deflate_bits(body), cap, host)
    if len(body) > cap:
        raise FetchError(f"{host} sent more than {cap // 1_000_000} MB")
    return body


def _deflate_bits(body: bytes) -> int:
    """RFC 9110 means zlib by "deflate"; some servers send the bare stream."""
    zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS


def _members(body: bytes, bits: int, cap: int, host: str) -> bytes:
    """Every member of a compressed stream; what follows the last one is ignored."""
    pieces: list[bytes] = []
    room = cap
    for _ in range(_MEMBERS):
        stream = zlib.decompressobj(bits)
        try:
            pieces.append(stream.decompress(body, room + 1))
        except zlib.error:
            raise FetchError(f"{host} sent a compressed answer that is damaged") from None
        room -= len(pieces[-1])
        if room < 0:
            raise FetchError(f"{host} sent an answer that unpacks to more than {cap // 1_000_000} MB")
        if not stream.eof:
            raise FetchError(f"{host} broke off in the middle of a compressed answer")
        body = stream.unused_data
        if not body.startswith(_GZIP):
            return b"".join(pieces)
    raise FetchError(f"{host} sent a compressed answer in more than {_MEMBERS} pieces")
