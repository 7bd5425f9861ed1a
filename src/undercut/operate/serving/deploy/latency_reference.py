"""How long the current plan takes for requests of a size: what a candidate is measured against."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW: Final = 256
FEWEST: Final = 40
QUANTILE: Final = 0.95
_FRESH: Final = 16


class LatencyReference:
    """95th percentile of the latest requests, by doubling size classes.

    A percentile does not heed how large the largest values are, so one stall spoils nothing.
    """

    def __init__(self) -> None:
        self._latest: dict[int, deque[float]] = {}
        self._known: dict[int, tuple[int, float]] = {}
        self._seen: dict[int, int] = {}

    def saw(self, characters: int, seconds: float) -> None:
        """The current plan answered a request of this size."""
        size = characters.bit_length()
        self._latest.setdefault(size, deque(maxlen=WINDOW)).append(seconds)
        self._seen[size] = self._seen.get(size, 0) + 1

    def seconds(self, characters: int) -> float | None:
        """The percentile for requests of this size; None while fewer than 40 were seen."""
        size = characters.bit_length()
        latest = self._latest.get(size)
        if latest is None or len(latest) < FEWEST:
            return None
        at, value = self._known.get(size, (-_FRESH, 0.0))
        if self._seen[size] - at >= _FRESH:
            at, value = self._seen[size], sorted(latest)[int(QUANTILE * (len(latest) - 1))]
            self._known[size] = (at, value)
        return value
