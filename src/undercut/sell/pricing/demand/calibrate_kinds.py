"""Demand of kinds of buyers from one look at a market: prices, shares and at least one margin.

As `calibrate.py`, but a markup is no longer in proportion to 1 / price coefficient: how far kinds
lie apart, in money, weighs more where buyers mind money more. The coefficient is searched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.calibrate import (
    CalibratedLogit,
    calibrate_logit,
    known_margins,
    notes_on,
    optimal_markups,
)
from undercut.sell.pricing.demand.estimate import Estimate
from undercut.sell.pricing.demand.kinds import Kinds, mixed_logit
from undercut.sell.pricing.demand.model import FloatArray, elasticities

_FAR = 3.0  # e-foldings of the coefficient on either side of plain logit's


def calibrate_kinds(
    prices: FloatArray,
    shares: FloatArray,
    firms: Sequence[str],
    margins: FloatArray,
    *,
    kinds: Kinds,
    margin_error: float = 0.1,
) -> CalibratedLogit:
    """Mixed logit from (J,) prices, shares and margins, nan where not known.

    The price coefficient is the mean over kinds. Raises InputError as `calibrate_logit` does, and
    where no coefficient within a factor of twenty of plain logit's explains the margins.
    """
    plain = calibrate_logit(prices, shares, firms, margins, margin_error=margin_error)
    known = known_margins(margins, len(prices))
    start = float(np.log(-plain.price_coefficient.value))

    def sized(factor: float) -> float:
        aims = np.minimum(margins[known] * factor, 0.999)
        return _size(prices, shares, firms, known, aims, kinds, start)

    size = sized(1.0)
    ends = (size, size)
    if margin_error > 0.0:
        ends = (sized(1.0 - margin_error), sized(1.0 + margin_error))
    demand = mixed_logit(kinds, prices, shares, size)
    markups = optimal_markups(demand.response(prices), firms)
    low, high = -max(*ends, size), -min(*ends, size)
    estimate = Estimate("price coefficient", -size, float("nan"), low, high, 1.0)
    implied = markups / prices
    notes = notes_on(implied, margins, known)
    return CalibratedLogit(demand, estimate, prices - markups, implied, notes)


def size_of_elasticity(
    prices: FloatArray, shares: FloatArray, elasticity: float, kinds: Kinds
) -> float:
    """The size of the price coefficient at which product 0 has this own elasticity.

    Raises InputError where none in a wide range about its natural size has it.
    """
    from scipy.optimize import brentq

    def gap(log_size: float) -> float:
        demand = mixed_logit(kinds, prices, shares, float(np.exp(log_size)))
        return float(elasticities(demand, prices)[0, 0]) - elasticity

    centre = float(np.log(-elasticity / prices[0]))
    low, high = centre - 2.0, centre + _FAR
    if not gap(low) > 0.0 > gap(high):
        raise InputError(
            f"no demand of these kinds of buyers has an own elasticity of {elasticity:g}",
            hint="check its sign; or demand: {segments: no} in the market file",
        )
    return float(np.exp(brentq(gap, low, high, xtol=1e-13)))


def _size(
    prices: FloatArray,
    shares: FloatArray,
    firms: Sequence[str],
    known: NDArray[np.int64],
    aims: FloatArray,
    kinds: Kinds,
    start: float,
) -> float:
    """The coefficient's size whose margins are nearest to `aims` in least squares."""
    from scipy.optimize import least_squares

    def gaps(log_size: FloatArray) -> FloatArray:
        demand = mixed_logit(kinds, prices, shares, float(np.exp(log_size[0])))
        implied = optimal_markups(demand.response(prices), firms) / prices
        found: FloatArray = implied[known] - aims
        return found

    bounds = (start - _FAR, start + _FAR)
    found = least_squares(gaps, [start], bounds=bounds, xtol=1e-14, ftol=1e-15, gtol=1e-15)
    at = float(found.x[0])
    if min(at - bounds[0], bounds[1] - at) < 1e-3:
        raise InputError(
            "these kinds of buyers differ too much: no price coefficient explains the margins",
            hint="willingness that differs less between segments, or a smaller price_spread",
        )
    return float(np.exp(at))
