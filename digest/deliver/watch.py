"""Looks at the answers of one batch together: what no single answer tells. Pure, the clock is an argument.

Four things it finds: the server is busy, one domain is busy or blocks us, everybody is refused the same way (then it is
about us), and one provider suddenly knows none of its own mailboxes (then they are not dead). It only says so; drain acts.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Literal

from digest.deliver import refusals
from digest.models import Delivery

FIRST = 10
"""So many first readers of several domains, refused the same way with nobody accepted, mean that it is about us."""
_DOMAINS = 3
_FIRST_OF_FEW_DOMAINS = 30
_ALIKE = 0.9
_FEW, _FEW_DOMAINS = 3, 2
"""In a small batch that ends before that, if the refusals are blocks."""

_WINDOW, _SIGNS = 20, 5
# How long a domain is left alone that is busy, and one that blocks us.
_PAUSE_SECONDS = 300.0
_BLOCKED_SECONDS = 3600.0

PROVIDER_DEAD = 20
PROVIDER_SHARE = 0.05
"""More dead addresses than this at one provider in one batch are the provider's mistake, or ours."""


@dataclass(frozen=True, slots=True)
class Dead:
    """An address of which the server said that it does not exist."""

    email: str
    reason: str
    reply: str


def domain_of(email: str) -> str:
    """What stands for the provider."""
    return email.rpartition("@")[2].casefold()


@dataclass(slots=True)
class Watch:
    """The answers of one batch so far."""

    accepted: int = 0
    warnings: list[str] = field(default_factory=list)
    _refusals: list[tuple[str, str]] = field(default_factory=list)
    _recent: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    _paused: dict[str, tuple[float, str]] = field(default_factory=dict)
    _blocks: Counter[str] = field(default_factory=Counter)
    _answers: Counter[str] = field(default_factory=Counter)
    _dead: defaultdict[str, list[Dead]] = field(default_factory=lambda: defaultdict(list))

    def took(self, email: str) -> None:
        """The server took a message for this address."""
        domain = domain_of(email)
        self.accepted += 1
        self._refusals.clear()
        self._answers[domain] += 1
        self._blocks.pop(domain, None)
        self._recent.append((domain, False))

    def put_off(self, email: str, reply: str, clock: float) -> Literal["", "slower"]:
        """The server said "later" for this address; "slower" when it says so too often."""
        domain = domain_of(email)
        self._recent.append((domain, refusals.is_busy(reply)))
        busy = [one for one, was in self._recent if was]
        if len(busy) < _SIGNS:
            return ""
        if set(busy) == {domain} and len({one for one, _ in self._recent}) > 1:
            self._pause(domain, clock + _PAUSE_SECONDS, f"{domain} is busy: {reply}")
            return ""
        self._recent.clear()
        return "slower"

    def refused(self, email: str, reply: str, clock: float) -> Literal["settle", "park", "stop"]:
        """The server refused this address for good: believe it, wait what it means, or stop because it is about us."""
        domain = domain_of(email)
        self._answers[domain] += 1
        if refusals.is_block(reply):
            self._blocks[domain] += 1
            if self.accepted and self._blocks[domain] >= FIRST:
                self.warnings.append(f"{domain} refuses our mail, whoever it is for, and was left alone: {reply}")
                self._pause(domain, clock + _BLOCKED_SECONDS, f"{domain} refuses our mail: {reply}")
        if self.accepted:
            return "settle"
        self._refusals.append((domain, refusals.way(reply)))
        return "stop" if self._about_us() else "park"

    def dead(self, delivery: Delivery, reason: str, reply: str) -> None:
        """An address that may never be mailed again, if the provider is in its right mind."""
        self._dead[domain_of(delivery.email)].append(Dead(delivery.email, reason, reply))

    def paused(self, email: str, clock: float) -> tuple[float, str] | None:
        """For how many seconds mail to this address has to wait, and why; None when it has not."""
        until, why = self._paused.get(domain_of(email), (clock, ""))
        return (until - clock, why) if clock < until else None

    def ends(self) -> Literal["settle", "stop"]:
        """What the refusals mean that are still waiting when everything has been tried."""
        domains = {domain for domain, _ in self._refusals}
        blocked = sum(self._blocks.values()) == len(self._refusals)
        few = len(self._refusals) >= _FEW and len(domains) >= _FEW_DOMAINS
        return "stop" if few and blocked and not self.accepted else "settle"

    def dead_addresses(self) -> list[Dead]:
        """Whom to suppress; a provider that refused too many at once is named in the warnings instead."""
        believed: list[Dead] = []
        for domain, dead in self._dead.items():
            if len(dead) >= PROVIDER_DEAD and len(dead) > PROVIDER_SHARE * self._answers[domain]:
                self.warnings.append(
                    f"{domain} says of {len(dead)} of {self._answers[domain]} readers that they do not exist; that is too "
                    f"many to believe, nobody was suppressed: {dead[-1].reply}"
                )
            else:
                believed += dead
        return believed

    def _about_us(self) -> bool:
        count = len(self._refusals)
        if count >= _FIRST_OF_FEW_DOMAINS:
            return True
        alike = Counter(way for _, way in self._refusals).most_common(1)[0][1]
        domains = len({domain for domain, _ in self._refusals})
        return count >= FIRST and domains >= _DOMAINS and alike >= _ALIKE * count

    def _pause(self, domain: str, until: float, why: str) -> None:
        self._paused[domain] = (until, why)
        self._recent = deque(((one, was) for one, was in self._recent if one != domain), maxlen=_WINDOW)
