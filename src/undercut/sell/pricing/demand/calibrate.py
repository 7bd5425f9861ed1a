"""Demand from one look at a market: prices, shares and at least one margin.

A firm that priced well leaves a trace of how buyers react: its margin. This is how merger cases
(Werden & Froeb 1994; the R package `antitrust`) get a model from a single observation. The price
coefficient is the one that makes the known margins closest to those of Bertrand-Nash prices, in
least squares; one margin is met exactly. One observation has no sampling error to report: the
range that a wrong margin would give is what `margin_error` asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.mixed import MixedLogit
from undercut.sell.pricing.demand.model import FloatArray, Response, market_shares, vector
from undercut.sell.pricing.demand.nested import NestedLogit

FittedDemand = Logit | NestedLogit | MixedLogit


@dataclass(frozen=True, slots=True)
class CalibratedLogit:
    """demand: reproduces the shares at the prices. costs: (J,) that make the prices optimal.

    price_coefficient: with the range that margins off by `margin_error` would give.
    margins: (J,) that the model implies; notes: where they and the known ones disagree.
    """

    demand: FittedDemand
    price_coefficient: Estimate
    costs: FloatArray
    margins: FloatArray
    notes: tuple[Note, ...]


def calibrate_logit(
    prices: FloatArray,
    shares: FloatArray,
    firms: Sequence[str],
    margins: FloatArray,
    *,
    margin_error: float = 0.1,
) -> CalibratedLogit:
    """Logit demand from (J,) prices and shares and (J,) margins, nan where not known.

    margins: (price - cost) / price, in (0, 1). margin_error: how far off, as a share of itself, a
    margin may be; it sets the interval. Raises InputError for shares that sum to 1 or more, no
    margin, or one that is not in (0, 1).
    Source: Werden & Froeb (1994), eqs. 5 to 8.
    """
    unit = np.zeros(np.size(shares), dtype=np.int64)
    return _calibrate(prices, shares, firms, margins, unit, np.zeros(1), margin_error, plain=True)


def calibrate_nested(
    prices: FloatArray,
    shares: FloatArray,
    firms: Sequence[str],
    margins: FloatArray,
    *,
    nests: NDArray[np.int64],
    correlation: FloatArray,
    margin_error: float = 0.1,
) -> CalibratedLogit:
    """Nested logit from the same facts, with the (G,) correlation within nests taken as given.

    Raises InputError as `calibrate_logit` does.
    """
    return _calibrate(
        prices, shares, firms, margins, np.asarray(nests), correlation, margin_error, plain=False
    )


def _calibrate(
    prices: FloatArray,
    shares: FloatArray,
    firms: Sequence[str],
    margins: FloatArray,
    nests: NDArray[np.int64],
    correlation: FloatArray,
    margin_error: float,
    *,
    plain: bool,
) -> CalibratedLogit:
    shares = market_shares(shares)
    prices = vector("prices", prices, shares.size)
    if prices.min() <= 0.0:
        raise InputError(f"prices must be above 0, got {prices.min()}")
    if len(firms) != shares.size:
        raise InputError(f"firms must have {shares.size} entries, got {len(firms)}")
    known = known_margins(margins, shares.size)
    if not 0.0 <= margin_error < 1.0:
        raise InputError(f"margin_error must lie in [0, 1), got {margin_error}")

    def build(coefficient: float) -> Logit | NestedLogit:
        levels = _invert(shares, nests, np.asarray(correlation)) - coefficient * prices
        if plain:
            return Logit(levels, coefficient)
        return NestedLogit(levels, coefficient, nests, correlation)

    at_unit = optimal_markups(build(-1.0).response(prices), firms) / prices
    # Markups are those of coefficient -1 divided by its size: least squares in 1 / size.
    per_unit = at_unit[known]
    inverse = float(per_unit @ margins[known] / (per_unit @ per_unit))
    return _result(build, at_unit, inverse, prices, margins, known, margin_error)


def _result(
    build: Callable[[float], Logit | NestedLogit],
    at_unit: FloatArray,
    inverse: float,
    prices: FloatArray,
    margins: FloatArray,
    known: NDArray[np.int64],
    margin_error: float,
) -> CalibratedLogit:
    coefficient = -1.0 / inverse
    implied = at_unit * inverse
    estimate = Estimate(
        "price coefficient",
        coefficient,
        float("nan"),
        coefficient / (1.0 - margin_error),
        coefficient / (1.0 + margin_error),
        1.0,
    )
    return CalibratedLogit(
        build(coefficient),
        estimate,
        prices * (1.0 - implied),
        implied,
        notes_on(implied, margins, known),
    )


def notes_on(
    implied: FloatArray, margins: FloatArray, known: NDArray[np.int64]
) -> tuple[Note, ...]:
    """What to mind of margins that the model implies beside the known ones."""
    notes = [
        Note(
            Caution.FEW_OBSERVATIONS,
            "one market seen once: the interval is the range of wrong margins, not of chance",
            Says.ONE_MARKET,
        )
    ]
    gap = float(np.abs(implied[known] - margins[known]).max())
    if gap > 0.05:
        notes.append(
            Note(
                Caution.INCONSISTENT,
                f"known margins differ from those of the model by up to {gap:.0%} of the price",
                Says.MARGINS_DIFFER,
                {"gap": f"{gap:.0%}"},
            )
        )
    if implied.max() >= 1.0:
        notes.append(
            Note(
                Caution.INCONSISTENT,
                f"product {int(implied.argmax())} would need a cost below 0 to be priced so low",
                Says.COST_BELOW_ZERO,
                {"product": str(int(implied.argmax()))},
            )
        )
    return tuple(notes)


def known_margins(margins: FloatArray, count: int) -> NDArray[np.int64]:
    """Places of known margins; InputError where there is none or one is not in (0, 1)."""
    margins = np.asarray(margins, dtype=np.float64)
    if margins.shape != (count,):
        raise InputError(f"margins must have {count} entries, nan where not known")
    known = np.flatnonzero(~np.isnan(margins))
    if known.size == 0:
        raise InputError(
            "no margin is known: shares and prices alone do not say how buyers react",
            hint="give the cost of at least one product, your own for example",
        )
    bad = known[(margins[known] <= 0.0) | (margins[known] >= 1.0)]
    if bad.size:
        raise InputError(
            f"the margin of product {bad[0]} must lie between 0 and 1, got {margins[bad[0]]:.4g}",
            hint="a product sold at or below cost says nothing of demand: set its cost to unknown",
        )
    return known


def _invert(shares: FloatArray, nests: NDArray[np.int64], correlation: FloatArray) -> FloatArray:
    """(J,) mean utilities behind the shares: Berry (1994), eq. 27."""
    nest_shares = np.bincount(nests, weights=shares, minlength=correlation.size)
    within = shares / nest_shares[nests]
    utilities: FloatArray = np.log(shares) - np.log1p(-shares.sum())
    return utilities - correlation[nests] * np.log(within)


def optimal_markups(response: Response, firms: Sequence[str]) -> FloatArray:
    """(J,) price - cost of Bertrand-Nash: solves shares + (O * jacobian).T markup = 0."""
    names = np.array(list(firms))
    owned = names[:, None] == names[None, :]
    return np.linalg.solve((owned * response.jacobian()).T, -response.shares)
