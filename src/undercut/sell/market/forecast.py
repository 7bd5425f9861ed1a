"""What a level of quality will cost some months on.

Models get better at a price faster than sellers cut the price of a model. So the forecast moves
the frontier along the quality axis: in `months` months a rating of T costs what a rating of
T - months * points_per_month costs on the day of the forecast. Where lower quality is already
near the commodity floor, nothing is left to fall to, and the forecast says so.

The interval comes from the errors that the same rule made inside the record known that day, each
divided by how steep the frontier was there (split conformal prediction with scaled errors; Lei et
al. 2018, section 5.2), pooled over tiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError
from undercut.sell.market.months import add_months
from undercut.sell.market.tiers import RatedPrices, tier_prices

TRAINING_TIERS: Final = tuple(float(tier) for tier in range(1150, 1475, 25))


@dataclass(frozen=True, slots=True)
class ForecastConfig:
    """months: how far ahead. points_per_month: rating points that a price gains each month.

    softness: added to the steepness (log price over `span` rating points below the tier) before
    errors are divided by it. confidence: of the interval. least_errors: fewer past errors than
    this give no interval. points_per_month and softness are what the back-test's early windows
    choose; a test holds them to that.
    """

    months: int = 6
    points_per_month: float = 8.0
    softness: float = 1.0
    span: float = 100.0
    confidence: float = 0.8
    least_errors: int = 8

    def __post_init__(self) -> None:
        good = (
            self.months >= 1
            and self.points_per_month >= 0
            and self.softness > 0
            and self.span > 0
            and 0 < self.confidence < 1
            and self.least_errors >= 2
        )
        if not good:
            raise ConfigError(
                f"forecast settings out of range: {self}",
                hint="months >= 1, softness > 0, confidence between 0 and 1",
            )


@dataclass(frozen=True, slots=True)
class Forecast:
    """The price of a tier on `day`, per million tokens; low, high: None with too short a record.

    now: the price on the day of the forecast, `made`. errors: past errors behind the interval.
    """

    tier: float
    made: date
    day: date
    now: float
    price: float
    low: float | None
    high: float | None
    errors: int


class Frontier:
    """Log prices of tiers over the first days of months, computed once for each tier."""

    def __init__(self, rated: RatedPrices) -> None:
        self._rated = rated
        self._rows: dict[float, NDArray[np.float64]] = {}

    @property
    def days(self) -> tuple[date, ...]:
        return self._rated.days

    def row(self, tier: float) -> NDArray[np.float64]:
        """(days,) log price of the cheapest offer rated at least `tier`; NaN where none is."""
        if tier not in self._rows:
            self._rows[tier] = np.log(tier_prices(self._rated, tier))
        return self._rows[tier]

    def below(self, tier: float, points: float) -> NDArray[np.float64]:
        """The same for a lower tier; the tier's own where nobody sells lower quality."""
        return self.row(tier - points)


def forecast_tier(frontier: Frontier, tier: float, config: ForecastConfig) -> Forecast | None:
    """The forecast from the last day of the frontier; None where the tier is not on sale then.

    The days must be the first of consecutive months: a step is a month.
    """
    now = frontier.row(tier)[-1]
    if np.isnan(now):
        return None
    centre = frontier.below(tier, config.months * config.points_per_month)[-1]
    errors = past_errors(frontier, config)
    low = high = None
    if len(errors) >= config.least_errors:
        tail = (1.0 - config.confidence) / 2.0
        reach = np.quantile(errors, (tail, 1.0 - tail)) * _steepness(frontier, tier, config)[-1]
        low, high = (float(np.exp(centre + each)) for each in reach)
    made = frontier.days[-1]
    return Forecast(
        tier=tier,
        made=made,
        day=add_months(made, config.months),
        now=float(np.exp(now)),
        price=float(np.exp(centre)),
        low=low,
        high=high,
        errors=len(errors),
    )


def past_errors(frontier: Frontier, config: ForecastConfig) -> NDArray[np.float64]:
    """(windows,) truth minus forecast in units of steepness, of all windows inside the record."""
    ahead, shift = config.months, config.months * config.points_per_month
    if len(frontier.days) <= ahead:
        return np.empty(0)
    found = []
    for tier in TRAINING_TIERS:
        truth = frontier.row(tier)[ahead:]
        said = frontier.below(tier, shift)[:-ahead]
        scaled = (truth - said) / _steepness(frontier, tier, config)[:-ahead]
        # a tier that was not on sale when the forecast would have been made gives no error
        found.append(scaled[np.isfinite(scaled) & np.isfinite(frontier.row(tier)[:-ahead])])
    return np.concatenate(found)


def _steepness(frontier: Frontier, tier: float, config: ForecastConfig) -> NDArray[np.float64]:
    fall = frontier.row(tier) - frontier.below(tier, config.span)
    return config.softness + np.where(np.isnan(fall), 0.0, fall)
