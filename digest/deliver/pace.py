"""Spreads messages evenly over time, whatever the number of connections: pure, the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """Hands out moments at least `interval` seconds apart, on whatever clock the caller goes by."""

    interval: float
    _free_at: float = 0.0

    def take(self, now: float) -> float:
        """The next free moment, `now` or later; it is the caller's."""
        moment = max(self._free_at, now)
        self._free_at = moment + self.interval
        return moment

    def give_back(self) -> None:
        """One moment was not used."""
        self._free_at -= self.interval
