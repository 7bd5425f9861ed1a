"""Nested logit: products of one nest are closer substitutes. Berry (1994), Cardell (1997)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.logit import check_price_coefficient
from undercut.sell.pricing.demand.model import FloatArray, Response, vector


@dataclass(frozen=True, slots=True)
class NestedLogit:
    """Buyers who pick a nest, then a product in it; buying nothing is a nest of its own.

    values: (J,). price_coefficient: below 0. nests: (J,) nest of each product, 0 to G - 1.
    correlation: (G,), one a nest, in [0, 1): 0 is plain logit, towards 1 products of the nest
    become perfect substitutes (`rho` in pyblp, `sigma` in Berry 1994). Raises InputError.
    """

    values: FloatArray
    price_coefficient: float
    nests: NDArray[np.int64]
    correlation: FloatArray

    def __post_init__(self) -> None:
        values = vector("values", self.values)
        check_price_coefficient(self.price_coefficient)
        nests = np.array(self.nests)
        correlation = vector("correlation", np.atleast_1d(self.correlation))
        if nests.shape != values.shape or not np.issubdtype(nests.dtype, np.integer):
            raise InputError(f"nests must be {values.size} whole numbers, got {self.nests!r}")
        if nests.min() < 0 or nests.max() >= correlation.size:
            raise InputError(
                f"nests must lie in 0 to {correlation.size - 1}, one a correlation, "
                f"got {nests.min()} to {nests.max()}"
            )
        if correlation.min() < 0.0 or correlation.max() >= 1.0:
            raise InputError(
                f"the correlation within a nest must lie in [0, 1), got {correlation.tolist()}",
                hint="at or above 1 no random utility explains the choices; check the nests",
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "nests", nests.astype(np.int64))
        object.__setattr__(self, "correlation", correlation)

    @property
    def products(self) -> int:
        return int(self.values.size)

    def _logs(self, prices: FloatArray) -> tuple[FloatArray, float, FloatArray]:
        """Log shares within the nest (J,), the inclusive value, log shares of the nests (G,)."""
        spread = 1.0 - self.correlation[self.nests]
        scaled = (self.values + self.price_coefficient * prices) / spread
        nest_sums = np.full(self.correlation.size, -np.inf)
        np.logaddexp.at(nest_sums, self.nests, scaled)
        nest_values = (1.0 - self.correlation) * nest_sums
        inclusive = float(np.logaddexp.reduce(np.append(nest_values, 0.0)))
        return scaled - nest_sums[self.nests], inclusive, nest_values - inclusive

    def inclusive_value(self, prices: FloatArray) -> float:
        """Expected utility of the best choice, without Euler's constant."""
        return self._logs(prices)[1]

    def shares(self, prices: FloatArray) -> FloatArray:
        within, _, nest = self._logs(prices)
        return np.exp(within + nest[self.nests])

    def response(self, prices: FloatArray) -> Response:
        within, _, nest = self._logs(prices)
        shares = np.exp(within + nest[self.nests])
        correlation = self.correlation[self.nests]
        slope = self.price_coefficient * shares / (1.0 - correlation)
        same = self.nests[:, None] == self.nests[None, :]
        nearer = same * np.exp(within)[None, :] * (correlation / (1.0 - correlation))[:, None]
        overlap = self.price_coefficient * shares[:, None] * (nearer + shares[None, :])
        return Response(shares, slope, overlap)

    def jacobian(self, prices: FloatArray) -> FloatArray:
        return self.response(prices).jacobian()

    def surplus(self, prices: FloatArray) -> float:
        """The inclusive value over the marginal utility of money."""
        return self.inclusive_value(prices) / -self.price_coefficient
