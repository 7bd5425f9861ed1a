"""How long until a price has halved: of a level of quality, and of one and the same model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from undercut.sell.market.interval import Measured
from undercut.sell.market.months import months_between
from undercut.sell.market.resampling import Resampling, grouped
from undercut.sell.market.steps import Steps
from undercut.sell.market.tiers import RatedPrices, tier_prices

_LEAST_POINTS = 6
# log price per month: a slope below this is the rounding of a price that stood still
_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class HalfLife:
    """months: half-life; its `high` is None where the data do not exclude that prices stand still.

    None for a price that does not fall. fall_per_year: by how many times the price falls in a
    year, by the same trend. start, end: the days it was read over.
    """

    months: Measured | None
    fall_per_year: Measured
    start: date
    end: date


def tier_half_life(
    rated: RatedPrices, tier: float, *, resampling: Resampling, since: date | None = None
) -> HalfLife | None:
    """Of the cheapest price of a tier, by a straight line through its logarithm.

    Intervals resample makers whole: who makes the cheapest model is luck to a part. None where
    the tier was on sale on fewer than six of the days.
    """
    prices = tier_prices(rated, tier)
    seen = ~np.isnan(prices) & np.array([since is None or day >= since for day in rated.days])
    if seen.sum() < _LEAST_POINTS:
        return None
    first, last = np.flatnonzero(seen)[[0, -1]]
    days = rated.days[first : last + 1]
    times = np.array([months_between(days[0], day) for day in days])
    lowest = _lowest_by_maker(rated, tier)[:, first : last + 1]
    weights = resampling.weights(len(lowest))
    draws = np.array(
        [_slope(times, np.min(lowest[w > 0], axis=0)) for w in weights if (w > 0).any()]
    )
    slope = _slope(times, np.where(np.isnan(prices), np.inf, prices)[first : last + 1])
    return _half_life(slope, draws, int(seen.sum()), days[0], days[-1], resampling)


def model_half_life(steps: Steps, *, resampling: Resampling) -> HalfLife | None:
    """Of a model that stays on sale: the mean change of its log price per month.

    Raises count against cuts. None without steps. Intervals resample vendors whole.
    """
    if not len(steps.models) or steps.start is None or steps.end is None:
        return None
    names, group = grouped(steps.vendors)
    change = np.bincount(group, weights=np.log(steps.after / steps.before), minlength=len(names))
    months = np.bincount(group, weights=steps.months, minlength=len(names))
    weights = resampling.weights(len(names)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = (weights @ change) / (weights @ months)
    slope = float(change.sum() / months.sum())
    return _half_life(slope, draws, len(steps.models), steps.start, steps.end, resampling)


def _lowest_by_maker(rated: RatedPrices, tier: float) -> NDArray[np.float64]:
    good = np.flatnonzero(rated.scores >= tier)
    names, group = grouped([rated.offers[n].maker for n in good])
    prices = np.where(np.isnan(rated.prices[good]), np.inf, rated.prices[good])
    return np.array([prices[group == number].min(axis=0) for number in range(len(names))])


def _slope(times: NDArray[np.float64], prices: NDArray[np.float64]) -> float:
    """Change of the log price per month; NaN for fewer than six prices."""
    seen = np.isfinite(prices)
    if seen.sum() < _LEAST_POINTS:
        return math.nan
    away = times[seen] - times[seen].mean()
    return float(away @ np.log(prices[seen]) / (away @ away))


def _half_life(
    slope: float,
    draws: NDArray[np.float64],
    observations: int,
    start: date,
    end: date,
    resampling: Resampling,
) -> HalfLife:
    low, high = resampling.interval(draws)
    months = None
    if slope < -_STILL:
        slowest = None if high is None or high >= -_STILL else -math.log(2) / high
        fastest = None if low is None else -math.log(2) / low
        months = Measured(-math.log(2) / slope, fastest, slowest, observations)
    yearly = Measured(
        math.exp(-12 * slope),
        None if high is None else math.exp(-12 * high),
        None if low is None else math.exp(-12 * low),
        observations,
    )
    return HalfLife(months, yearly, start, end)
