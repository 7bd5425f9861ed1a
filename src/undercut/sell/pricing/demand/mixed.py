"""Random-coefficient logit: buyers who differ in tastes and income. McFadden & Train (2000)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray, Response, matrix, vector


@dataclass(frozen=True, slots=True)
class MixedLogit:
    """A weighted crowd of I logit buyers: nodes of a quadrature, draws, or segments.

    values: (J, I) utility of product j to buyer i without the price part; the outside option is 0.
    price_coefficients: (I,). weights: (I,), above 0; they need not sum to 1, as those of
    importance sampling do not. Raises InputError for other shapes, non-finite numbers, or where no
    buyer minds the price.
    """

    values: FloatArray
    price_coefficients: FloatArray
    weights: FloatArray

    def __post_init__(self) -> None:
        values = matrix("values", self.values)
        buyers = values.shape[1]
        coefficients = vector("price coefficients", self.price_coefficients)
        weights = vector("weights", self.weights)
        if coefficients.size != buyers or weights.size != buyers:
            raise InputError(
                f"values are of {buyers} buyers, but there are {coefficients.size} price "
                f"coefficients and {weights.size} weights"
            )
        if weights.min() < 0.0 or weights.sum() <= 0.0:
            raise InputError(f"weights must be above 0, got {weights.min():g} to {weights.max():g}")
        if coefficients.min() >= 0.0:
            raise InputError("no buyer's price coefficient is below 0: nobody minds the price")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "price_coefficients", coefficients)
        object.__setattr__(self, "weights", weights)

    @property
    def products(self) -> int:
        return int(self.values.shape[0])

    @property
    def all_mind_price(self) -> bool:
        """Whether every buyer's price coefficient is below 0; surplus needs that."""
        return bool(self.price_coefficients.max() < 0.0)

    def _choices(self, prices: FloatArray) -> FloatArray:
        """(J, I) choice probabilities."""
        utilities = self.values + prices[:, None] * self.price_coefficients
        top = np.maximum(utilities.max(axis=0), 0.0)
        utilities -= top
        np.exp(utilities, out=utilities)
        utilities /= utilities.sum(axis=0) + np.exp(-top)
        return utilities

    def shares(self, prices: FloatArray) -> FloatArray:
        return self._choices(prices) @ self.weights

    def response(self, prices: FloatArray) -> Response:
        choices = self._choices(prices)
        dearer = choices * (self.weights * self.price_coefficients)
        return Response(choices @ self.weights, dearer.sum(axis=1), dearer @ choices.T)

    def jacobian(self, prices: FloatArray) -> FloatArray:
        return self.response(prices).jacobian()

    def surplus(self, prices: FloatArray) -> float:
        """Each buyer's inclusive value over his marginal utility of money, weighted.

        Raises InputError where some buyer's price coefficient is not below 0: his surplus has no
        price.
        """
        if not self.all_mind_price:
            liking = int((self.price_coefficients >= 0.0).sum())
            raise InputError(
                f"{liking} of {self.weights.size} simulated buyers like a higher price: consumer "
                "surplus is not defined",
                hint="price coefficients that stay below 0 for all, such as -exp(normal)",
            )
        utilities = self.values + prices[:, None] * self.price_coefficients
        top = np.maximum(utilities.max(axis=0), 0.0)
        inclusive = top + np.log(np.exp(utilities - top).sum(axis=0) + np.exp(-top))
        return float((self.weights * inclusive / -self.price_coefficients).sum())
