"""How often one network may do a thing: counts in a window, kept in memory and bounded. Pure but for its memory.

A restart forgets the counts; what must outlast it (one confirmation a day, so many sign-ups an hour) is in the store.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_MOST_NETWORKS = 20_000


class Limits:
    """Who did what lately."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def allow(self, what: str, network: str, most: int, within: timedelta, now: datetime) -> bool:
        """Count one more, unless there were `most` of them already."""
        key = (what, network)
        moments = self._seen.pop(key, None) or deque()
        while moments and moments[0] <= now - within:
            moments.popleft()
        allowed = len(moments) < most
        if allowed:
            moments.append(now)
        self._seen[key] = moments
        while len(self._seen) > _MOST_NETWORKS:
            self._seen.popitem(last=False)
        return allowed


def network_of(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 of an IPv6 address; "" for what is neither."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((found, 64), strict=False))
    return str(found)


def coarse(network: str) -> str:
    """What is stored of where a sign-up came from: a /24 or a /48, so that no single household is named."""
    try:
        found = ip_network(network, strict=False)
    except ValueError:
        return ""
    return str(found.supernet(new_prefix=24 if found.version == 4 else 48))


def visitor(peer: str, forwarded: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """The address a request came from: the peer's, or, where trusted proxies passed it on, the last that is not one of them."""
    address = peer
    hops = [hop.strip().strip('"[]') for hop in forwarded.split(",")] if forwarded else []
    while hops and _is_in(address, trusted):
        address = hops.pop()
    return address if network_of(address) else peer


def _is_in(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
