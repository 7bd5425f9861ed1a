"""Kinds of buyers in one market: what each is like is given, how many buy is observed.

Utility of product j to kind i is level_j - coefficient x sensitivity_i x (price_j - worth_ji). The
levels are those at which the crowd's shares are the observed ones, for any size of the coefficient:
Berry's inversion (1994), by Newton with the contraction of Berry, Levinsohn & Pakes (1995) where
Newton oversteps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.model import FloatArray, market_shares, matrix, vector

_NEAR = 1e-12
_MOST = 500


@dataclass(frozen=True, slots=True)
class Kinds:
    """How I kinds of buyers differ.

    weights: (I,) of all that possible buyers take; they sum to 1. sensitivity: (I,), above 0, to
    money, as a factor on the price coefficient. worth: (J, I) money a unit that product j is worth
    more to kind i than to buyers on average. quality_value: (I,) money for a unit of quality,
    None where it is not known. Raises InputError for anything else.
    """

    weights: FloatArray
    sensitivity: FloatArray
    worth: FloatArray
    quality_value: FloatArray | None = None

    def __post_init__(self) -> None:
        worth = matrix("worth", self.worth)
        weights = vector("weights of kinds", self.weights, worth.shape[1])
        sensitivity = vector("sensitivities of kinds", self.sensitivity, worth.shape[1])
        if weights.min() < 0.0 or abs(weights.sum() - 1.0) > 1e-9:
            raise InputError(f"weights of kinds of buyers must sum to 1, got {weights.tolist()}")
        if sensitivity.min() <= 0.0:
            raise InputError("each kind of buyer must mind the price: sensitivities above 0")
        object.__setattr__(self, "worth", worth)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "sensitivity", sensitivity)
        if self.quality_value is not None:
            found = vector("quality values of kinds", self.quality_value, worth.shape[1])
            object.__setattr__(self, "quality_value", found)


def utilities_behind(
    kinds: Kinds, prices: FloatArray, shares: FloatArray, coefficients: FloatArray
) -> FloatArray:
    """(W, J, I) utilities at `prices` under which the crowd has the (J,) shares.

    coefficients: (W,) sizes of the price coefficient, above 0; buying nothing has utility 0.
    Raises InputError where no utilities explain the shares, to rounding error.
    """
    shares = market_shares(shares)
    own = kinds.worth - prices[:, None]
    # what prices and worth do to each kind, relative to the crowd so that levels stay small
    tilt = coefficients[:, None, None] * kinds.sensitivity * own
    tilt -= (tilt * kinds.weights).sum(axis=2, keepdims=True)
    wanted = np.log(shares)
    levels = np.repeat((wanted - np.log1p(-shares.sum()))[None, :], coefficients.size, axis=0)
    gap = np.full_like(levels, np.inf)
    for _ in range(_MOST):
        choices = _choices(levels[:, :, None] + tilt)
        bought = choices @ kinds.weights
        now = wanted - np.log(bought)
        if np.abs(now).max() <= _NEAR:
            break
        # a Newton step that did not bring shares nearer is followed by one of the contraction
        nearer = np.abs(now).max(axis=1) < 0.5 * np.abs(gap).max(axis=1)
        slopes = -np.einsum("wji,wki,i->wjk", choices, choices, kinds.weights)
        slopes += bought[:, :, None] * np.eye(shares.size)
        newton = _newton(slopes / bought[:, :, None], now)
        steps = np.where(nearer[:, None] & np.isfinite(newton), newton, now)
        levels, gap = levels + np.clip(steps, -3.0, 3.0), now
    if not np.abs(now).max() <= 1e-9:
        raise InputError(
            "no demand of these kinds of buyers has the observed shares: they differ too much",
            hint="a smaller price_spread, or willingness that differs less between segments",
        )
    found: FloatArray = levels[:, :, None] + tilt
    return found


def _newton(slopes: FloatArray, gap: FloatArray) -> FloatArray:
    """(W, J) steps; nan, for the contraction to go on, where a product is so far off that none of
    its buyers would come or go.
    """
    try:
        found = np.linalg.solve(slopes, gap[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.full_like(gap, np.nan)
    return np.asarray(found, dtype=np.float64)


def mixed_logit(
    kinds: Kinds, prices: FloatArray, shares: FloatArray, coefficient: float
) -> MixedLogit:
    """The crowd as a demand model. coefficient: size of the mean price coefficient, above 0."""
    utilities = utilities_behind(kinds, prices, shares, np.array([coefficient]))[0]
    sizes = coefficient * kinds.sensitivity
    return MixedLogit(utilities + sizes * prices[:, None], -sizes, kinds.weights)


def _choices(utilities: FloatArray) -> FloatArray:
    """(W, J, I) choice probabilities beside an outside option of utility 0."""
    top = np.maximum(utilities.max(axis=1, keepdims=True), 0.0)
    pull = np.exp(utilities - top)
    found: FloatArray = pull / (pull.sum(axis=1, keepdims=True) + np.exp(-top))
    return found
