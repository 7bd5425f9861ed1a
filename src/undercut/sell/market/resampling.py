"""Intervals by resampling groups whole: one vendor's prices move together, so do its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn. rounds: resamples; confidence: of the interval, in (0, 1)."""

    rounds: int = 1_000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rounds < 100 or not 0 < self.confidence < 1:
            raise ConfigError(
                f"resampling needs 100 rounds or more and a confidence between 0 and 1, got "
                f"{self.rounds} and {self.confidence}"
            )

    def weights(self, groups: int) -> NDArray[np.int64]:
        """(rounds, groups) how often each group stands in each resample."""
        rng = np.random.default_rng(self.seed)
        drawn = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=self.rounds)
        return np.asarray(drawn, dtype=np.int64)

    def interval(self, draws: NDArray[np.float64]) -> tuple[float | None, float | None]:
        """The middle `confidence` of the finite draws; None, None where fewer than half are."""
        finite = draws[np.isfinite(draws)]
        if 2 * len(finite) < len(draws) or not len(finite):
            return None, None
        tail = (1.0 - self.confidence) / 2.0
        low, high = np.quantile(finite, (tail, 1.0 - tail))
        return float(low), float(high)


def grouped(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The different names, sorted, and the number of each row's name among them."""
    distinct = sorted(set(names))
    number = {name: n for n, name in enumerate(distinct)}
    return distinct, np.array([number[name] for name in names], dtype=np.int64)
