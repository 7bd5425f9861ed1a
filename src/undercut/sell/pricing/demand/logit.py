"""Logit demand: McFadden (1974), with an outside option."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray, Response, vector


@dataclass(frozen=True, slots=True)
class Logit:
    """Buyers whose utility of product j is values_j + price_coefficient * price_j + Gumbel noise.

    values: (J,). price_coefficient: below 0, per unit of price. outside: utility of buying
    nothing; -inf where everybody buys. Raises InputError for anything else.

    >>> import numpy as np
    >>> Logit(np.array([8.0, 8.0]), -4.0).shares(np.array([1.472927, 1.472927])).round(6)
    array([0.471377, 0.471377])
    """

    values: FloatArray
    price_coefficient: float
    outside: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", vector("values", self.values))
        check_price_coefficient(self.price_coefficient)
        if math.isnan(self.outside) or self.outside == math.inf:
            raise InputError(f"the outside utility must be a number or -inf, got {self.outside}")

    @property
    def products(self) -> int:
        return int(self.values.size)

    def utilities(self, prices: FloatArray) -> FloatArray:
        """(J,) mean utilities at (J,) prices."""
        return self.values + self.price_coefficient * prices

    def inclusive_value(self, prices: FloatArray) -> float:
        """Expected utility of the best choice, without Euler's constant."""
        return float(np.logaddexp.reduce(np.append(self.utilities(prices), self.outside)))

    def shares(self, prices: FloatArray) -> FloatArray:
        return np.exp(self.utilities(prices) - self.inclusive_value(prices))

    def response(self, prices: FloatArray) -> Response:
        shares = self.shares(prices)
        slope = self.price_coefficient * shares
        return Response(shares, slope, slope[:, None] * shares[None, :])

    def jacobian(self, prices: FloatArray) -> FloatArray:
        return self.response(prices).jacobian()

    def surplus(self, prices: FloatArray) -> float:
        """Small & Rosen (1981): the inclusive value over the marginal utility of money."""
        return self.inclusive_value(prices) / -self.price_coefficient


def check_price_coefficient(coefficient: float) -> None:
    """InputError unless the coefficient is finite and below 0: demand must fall in the price."""
    if not (math.isfinite(coefficient) and coefficient < 0.0):
        raise InputError(
            f"the price coefficient must be below 0 (demand falls in the price), got {coefficient}",
            hint="an estimate at or above 0 says that the data do not identify demand: use "
            "instruments, more price variation, or a prior",
        )
