"""Addresses: which ones may be asked, and where a redirect may lead. Pure; asks no DNS and opens no socket."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urljoin, urlsplit, urlunsplit

from digest.errors import FetchError

LONGEST = 2000  # characters; longer addresses are of no use to a reader or a mail program
# Controls, spaces, bidirectional controls, lone surrogates, noncharacters.
_UNPRINTABLE = re.compile(
    "[\x00-\x20\x7f-\x9f\\s\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\uffff"
    "\U000e0000-\U000e0fff"
    + "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


def host_of(url: str) -> str:
    """The host in lower case, without user, port or brackets; "" when there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def web_url(value: object) -> str:
    """`value` when it is an absolute http(s) address that can stand in a link, else ""."""
    if not isinstance(value, str):
        return ""
    url = value.strip()
    if len(url) > LONGEST or _UNPRINTABLE.search(url) or not host_of(url):
        return ""
    return url if url[:8].lower().startswith(("http://", "https://")) and _port_is_sound(url) else ""


def is_private(host: str) -> bool:
    """Whether `host`, as written, means this machine or a private network.

    Names other than localhost are not resolved; numbers are read as the system's resolver reads them
    (`127.1`, `0x7f000001` and `2130706433` are all loopback).
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _literal(host)
    if address is None:
        return False
    inner = getattr(address, "ipv4_mapped", None)
    return not (inner or address).is_global


def is_loopback(host: str) -> bool:
    """Whether `host`, as written, means this machine."""
    address = _literal(host)
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)


def next_hop(url: str, location: str) -> str:
    """Where the redirect `location`, met at `url`, leads; FetchError when it may not be followed."""
    host = host_of(url)
    try:
        parts = urlsplit(urljoin(url, location.strip()))
        target = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    except ValueError:
        target = ""
    if not web_url(target):
        raise FetchError(f"{host} redirects to something that is not a web address")
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise FetchError(f"{host} redirects from https to plain http, which is not followed")
    if is_private(host_of(target)) and not is_private(host):
        raise FetchError(f"{host} redirects to an address inside a private network, which is not followed")
    return target


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not re.fullmatch(r"[0-9a-fxA-FX.]+", host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _port_is_sound(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
