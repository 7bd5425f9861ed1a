"""Whose turn it is: every site at most once at a time, and not before its pause is over."""

from __future__ import annotations

import heapq


class Schedule:
    """Sites that wait, by the moment (in seconds of any clock) they may be asked again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._known: set[str] = set()
        self._tickets = 0

    def offer(self, origin: str, *, at: float) -> None:
        """Put a site in line; one that stands there, or is busy, is left where it is."""
        if origin not in self._known:
            self._known.add(origin)
            self._push(origin, at)

    def give_back(self, origin: str, *, at: float | None) -> None:
        """A site is no longer busy: in line again from `at`, or out of it where None."""
        if at is None:
            self._known.discard(origin)
        else:
            self._push(origin, at)

    def take(self, now: float) -> str | None:
        """The site that waited longest, which is busy from here; None where none is ready."""
        if not self._heap or self._heap[0][0] > now:
            return None
        return heapq.heappop(self._heap)[2]

    def ready_at(self) -> float | None:
        """When the next site is ready, None where none is in line."""
        return self._heap[0][0] if self._heap else None

    def _push(self, origin: str, at: float) -> None:
        self._tickets += 1
        heapq.heappush(self._heap, (at, self._tickets, origin))
