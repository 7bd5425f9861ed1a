"""What a back-test found, with intervals that allow for windows that overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.market.backtest import Window
from undercut.sell.market.interval import Measured
from undercut.sell.market.resampling import Resampling


@dataclass(frozen=True, slots=True)
class BacktestScore:
    """Errors are means of |log forecast - log truth|; exp(error) is the typical factor.

    gain: no-change error minus own error, above 0 where the forecast is better. coverage: share
    of truths inside the intervals, over `with_interval` windows; width: median of high / low.
    """

    windows: int
    with_interval: int
    origins: int
    error: float
    no_change_error: float
    trend_error: float
    gain: Measured
    coverage: Measured | None
    width: float | None


def score(
    windows: Sequence[Window], *, months: int, resampling: Resampling | None = None
) -> BacktestScore:
    """Scores of windows; intervals resample runs of `months` origins, as their windows overlap.

    Raises InputError for no windows.
    """
    if not windows:
        raise InputError("no windows to score")
    how = resampling or Resampling()
    origins = sorted({window.forecast.made for window in windows})
    place = {origin: n for n, origin in enumerate(origins)}
    group = np.array([place[window.forecast.made] for window in windows])
    weights = _block_weights(len(origins), months, how)[:, group].astype(np.float64)
    gain = np.array([window.no_change_error - window.error for window in windows])
    inside = [window.inside for window in windows]
    judged = np.array([answer is not None for answer in inside])
    hits = np.array([bool(answer) for answer in inside], dtype=np.float64)
    widths = [
        window.forecast.high / window.forecast.low
        for window in windows
        if window.forecast.high is not None and window.forecast.low is not None
    ]
    return BacktestScore(
        windows=len(windows),
        with_interval=int(judged.sum()),
        origins=len(origins),
        error=float(np.mean([window.error for window in windows])),
        no_change_error=float(np.mean([window.no_change_error for window in windows])),
        trend_error=float(np.mean([window.trend_error for window in windows])),
        gain=_mean(gain, weights, how),
        coverage=_mean(hits[judged], weights[:, judged], how) if judged.any() else None,
        width=float(np.median(widths)) if widths else None,
    )


def _mean(
    values: NDArray[np.float64], weights: NDArray[np.float64], resampling: Resampling
) -> Measured:
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = (weights @ values) / weights.sum(axis=1)
    low, high = resampling.interval(draws)
    return Measured(float(values.mean()), low, high, len(values))


def _block_weights(origins: int, length: int, resampling: Resampling) -> NDArray[np.int64]:
    """(rounds, origins) by the circular block bootstrap (Politis & Romano 1992)."""
    rng = np.random.default_rng(resampling.seed)
    length = min(length, origins)
    blocks = -(-origins // length)
    starts = rng.integers(0, origins, size=(resampling.rounds, blocks, 1))
    drawn = ((starts + np.arange(length)) % origins).reshape(resampling.rounds, -1)[:, :origins]
    counted = np.zeros((resampling.rounds, origins), dtype=np.int64)
    np.add.at(counted, (np.arange(resampling.rounds)[:, None], drawn), 1)
    return counted
