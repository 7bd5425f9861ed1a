"""Percentile intervals by resampling respondents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError
from undercut.sell.pricing.demand.estimate import Estimate, check_confidence
from undercut.sell.pricing.demand.model import FloatArray


@dataclass(frozen=True, slots=True)
class BootstrapConfig:
    """draws: resamples of respondents. seed: of them. confidence: of the intervals."""

    draws: int = 1000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.draws < 100:
            raise ConfigError(f"at least 100 draws give an interval, got {self.draws}")
        check_confidence(self.confidence)


def bootstrap(
    names: tuple[str, ...],
    statistic: Callable[[NDArray[np.int64]], FloatArray],
    respondents: int,
    config: BootstrapConfig,
) -> tuple[tuple[Estimate, ...], FloatArray]:
    """Estimates with percentile intervals, and the share of draws in which each did not exist.

    statistic: (S,) numbers from the places of resampled respondents, nan where one does not exist.
    A statistic that is missing in a draw leaves that draw out of its interval (Efron 1979).
    """
    everyone = np.arange(respondents)
    values = statistic(everyone)
    rng = np.random.default_rng(config.seed)
    draws = np.stack(
        [statistic(rng.integers(0, respondents, respondents)) for _ in range(config.draws)]
    )
    missing = np.isnan(draws).mean(axis=0)
    estimates = tuple(
        _percentile(name, float(value), draws[:, place], config.confidence)
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    )
    return estimates, missing


def _percentile(name: str, value: float, draws: FloatArray, confidence: float) -> Estimate:
    kept = draws[~np.isnan(draws)]
    if kept.size < 2 or np.isnan(value):
        return Estimate(name, value, float("nan"), -np.inf, np.inf, confidence)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(kept, [tail, 1.0 - tail])
    return Estimate(name, value, float(kept.std(ddof=1)), float(low), float(high), confidence)
