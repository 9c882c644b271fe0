"""Spreads messages evenly over time, whatever the number of connections: pure, the clock is an argument.

Slower when the server asks for it, and slowly back: half the pace each time, doubled again over some 35 messages that
went well.
"""

from __future__ import annotations

from dataclasses import dataclass

SLOWEST = 64.0
"""At most so many times slower than the settings allow."""
_RECOVERY = 0.98


@dataclass(slots=True)
class Pace:
    """Hands out moments at least `interval` seconds apart, on whatever clock the caller goes by."""

    interval: float
    slowness: float = 1.0
    _free_at: float = 0.0

    def take(self, now: float) -> float:
        """The next free moment, `now` or later; it is the caller's."""
        moment = max(self._free_at, now)
        self._free_at = moment + self.interval * self.slowness
        return moment

    def give_back(self) -> None:
        """One moment was not used."""
        self._free_at -= self.interval * self.slowness

    def halve(self) -> None:
        """The server is busy."""
        self.slowness = min(2 * self.slowness, SLOWEST)

    def recover(self) -> None:
        """One more message went well."""
        self.slowness = max(1.0, self.slowness * _RECOVERY)
