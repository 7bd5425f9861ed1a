"""Counters of an engine, cheap to keep, and the frozen picture that metrics read."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

LATENCY_SECONDS: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0,
)  # fmt: skip
BATCH_TEXTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)


@dataclass(frozen=True, slots=True)
class Histogram:
    """counts[i]: values in (bounds[i-1], bounds[i]]; the last count: those beyond all bounds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    def quantile(self, fraction: float) -> float | None:
        """Upper bound of the bucket that holds this fraction of all values; None for none."""
        wanted, seen = fraction * sum(self.counts), 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            seen += count
            if count and seen >= wanted:
                return bound
        return None


class Tally:
    """A histogram that is being filled."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def frozen(self) -> Histogram:
        """As it is now."""
        return Histogram(self._bounds, tuple(self._counts), self._total)


@dataclass(slots=True)
class StageCounters:
    """One stage, while the engine runs."""

    texts_run: int = 0
    texts_answered: int = 0
    texts_in_flight: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    batch_texts: Tally = field(default_factory=lambda: Tally(BATCH_TEXTS))


@dataclass(slots=True)
class EngineCounters:
    """Requests of an engine, while it runs; background ones are not among them."""

    answered: int = 0
    overloaded: int = 0
    too_late: int = 0
    cancelled: int = 0
    failed: int = 0
    retried_batches: int = 0
    background_dropped: int = 0
    latency_seconds: Tally = field(default_factory=lambda: Tally(LATENCY_SECONDS))


@dataclass(frozen=True, slots=True)
class StageState:
    """One stage now: depth in texts, and totals since the start.

    texts_run: texts that reached it; texts_answered: those it answered; seconds: of its batches on
    the clock; cpu_seconds: of the threads that ran them.
    """

    name: str
    queued_texts: int
    queued_characters: int
    background_texts: int
    texts_in_flight: int
    texts_run: int
    texts_answered: int
    seconds: float
    cpu_seconds: float
    batch_texts: Histogram


@dataclass(frozen=True, slots=True)
class QueueState:
    """An engine now.

    pending_texts, pending_bytes: accepted and not yet answered, bounded by queue_texts and
    queue_bytes. wait_seconds: what a short request that came now would wait, by estimate.
    Totals since the start: requests answered, refused by overload or deadline, cancelled by their
    callers, failed by a model; batches retried because a worker died; worker restarts.
    """

    plan_digest: str
    stages: tuple[StageState, ...]
    pending_texts: int
    pending_bytes: int
    queue_texts: int
    queue_bytes: int
    wait_seconds: float
    workers: int
    restarts: int
    answered: int
    overloaded: int
    too_late: int
    cancelled: int
    failed: int
    retried_batches: int
    background_dropped: int
    latency_seconds: Histogram
