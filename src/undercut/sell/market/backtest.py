"""An honest look back: forecasts made with what was known then, held against what came.

At each origin the record is cut off: later changes, later corrections and later models are not
there. What cannot be cut off are the ratings: the snapshot has one rating of each model, of its
own day. Settings are chosen on early windows whose targets all lie before the first later origin;
only the later windows are reported as the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.market.blend import Blend
from undercut.sell.market.forecast import (
    TRAINING_TIERS,
    Forecast,
    ForecastConfig,
    Frontier,
    forecast_tier,
)
from undercut.sell.market.months import add_months, first_days
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.tiers import rated_prices, tier_prices

_SAME = 1e-9
_TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class BacktestConfig:
    """Which windows. tiers: least ratings. record: first day of the record that is used.

    early: first and last origin that choose the settings; late: those that are reported. None
    for the last means the last whose target is inside the record. points, softness: the settings
    to choose from.
    """

    tiers: tuple[float, ...] = TRAINING_TIERS
    record: date = date(2024, 1, 1)
    early: tuple[date, date] = (date(2024, 7, 1), date(2025, 1, 1))
    late: tuple[date, date | None] = (date(2025, 7, 1), None)
    points: tuple[float, ...] = (0.0, 4.0, 8.0, 12.0, 16.0)
    softness: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    forecast: ForecastConfig = field(default_factory=ForecastConfig)


@dataclass(frozen=True, slots=True)
class Window:
    """One forecast and what came. trend: what a straight line through the log price said."""

    forecast: Forecast
    truth: float
    trend: float

    @property
    def error(self) -> float:
        """|log forecast - log truth|."""
        return abs(float(np.log(self.forecast.price / self.truth)))

    @property
    def no_change_error(self) -> float:
        return abs(float(np.log(self.forecast.now / self.truth)))

    @property
    def trend_error(self) -> float:
        return abs(float(np.log(self.trend / self.truth)))

    @property
    def inside(self) -> bool | None:
        """Whether the truth lies in the interval; None where there is none."""
        low, high = self.forecast.low, self.forecast.high
        if low is None or high is None:
            return None
        return low * (1 - _SAME) <= self.truth <= high * (1 + _SAME)


@dataclass(frozen=True, slots=True)
class Backtest:
    """early, late: the windows; chosen: the settings that the early ones chose."""

    config: BacktestConfig
    chosen: ForecastConfig
    early: tuple[Window, ...]
    late: tuple[Window, ...]


# what was known at each origin, by origin
Known = dict[date, Frontier]
DEFAULT: Final = BacktestConfig()


def backtest(
    snapshot: MarketSnapshot,
    config: BacktestConfig = DEFAULT,
    *,
    blend: Blend | None = None,
    scores: dict[date, dict[tuple[str, str], float]] | None = None,
) -> Backtest:
    """Choose settings on the early windows, forecast the late ones.

    scores: ratings as known at an origin, by origin, in place of the snapshot's.
    Raises InputError where the record is too short for one early and one late window.
    """
    how = blend or Blend()
    days = first_days(config.record, snapshot.built)
    ahead = config.forecast.months
    final = rated_prices(snapshot, days, blend=how)
    truth = {tier: dict(zip(days, tier_prices(final, tier), strict=True)) for tier in config.tiers}
    origins = [day for day in days if add_months(day, ahead) <= days[-1]]
    early = [day for day in origins if config.early[0] <= day <= config.early[1]]
    last = config.late[1] or snapshot.built
    late = [day for day in origins if config.late[0] <= day <= last]
    if not early or not late:
        raise InputError(
            f"a back-test needs origins before and after; the record from {config.record} to "
            f"{snapshot.built} has {len(early)} early and {len(late)} late ones",
            hint=f"a snapshot whose history is longer than {ahead + 1} months",
        )
    known = {
        day: Frontier(
            rated_prices(
                snapshot,
                days[: days.index(day) + 1],
                blend=how,
                known=day,
                scores=None if scores is None else scores.get(day),
            )
        )
        for day in (*early, *late)
    }
    chosen = _choose(config, known, early, truth)
    return Backtest(
        config=config,
        chosen=chosen,
        early=_windows(config.tiers, known, early, truth, chosen),
        late=_windows(config.tiers, known, late, truth, chosen),
    )


def _choose(
    config: BacktestConfig,
    known: Known,
    origins: Sequence[date],
    truth: dict[float, dict[date, float]],
) -> ForecastConfig:
    """Points by the least mean error, then softness by the least mean interval score."""

    def windows(settings: ForecastConfig) -> tuple[Window, ...]:
        return _windows(config.tiers, known, origins, truth, settings)

    tried = [replace(config.forecast, points_per_month=points) for points in config.points]
    best = min(tried, key=lambda settings: mean_error(windows(settings)))
    tried = [replace(best, softness=softness) for softness in config.softness]
    return min(tried, key=lambda settings: _interval_score(windows(settings), settings))


def _windows(
    tiers: Sequence[float],
    known: Known,
    origins: Sequence[date],
    truth: dict[float, dict[date, float]],
    settings: ForecastConfig,
) -> tuple[Window, ...]:
    found = []
    for origin in origins:
        for tier in tiers:
            said = forecast_tier(known[origin], tier, settings)
            if said is not None and np.isfinite(truth[tier][said.day]):
                trend = _trend(known[origin].row(tier), settings.months)
                found.append(Window(said, float(truth[tier][said.day]), trend))
    return tuple(found)


def _trend(row: NDArray[np.float64], months: int) -> float:
    """The last price carried on by the slope of a line through the last twelve log prices."""
    recent = row[-_TREND_MONTHS:]
    seen = np.flatnonzero(np.isfinite(recent))
    slope = np.polyfit(seen, recent[seen], 1)[0] if len(seen) >= 3 else 0.0
    return float(np.exp(row[-1] + slope * months))


def mean_error(windows: Sequence[Window]) -> float:
    """Mean of |log forecast - log truth|."""
    return float(np.mean([window.error for window in windows]))


def _interval_score(windows: Sequence[Window], settings: ForecastConfig) -> float:
    """Mean interval score of log prices (Gneiting & Raftery 2007, eq. 43); less is better."""
    scores = []
    for window in windows:
        low, high = window.forecast.low, window.forecast.high
        if low is not None and high is not None:
            bottom, top, came = np.log((low, high, window.truth))
            outside = max(bottom - came, 0.0) + max(came - top, 0.0)
            scores.append(top - bottom + 2.0 / (1.0 - settings.confidence) * outside)
    return float(np.mean(scores)) if scores else 0.0
