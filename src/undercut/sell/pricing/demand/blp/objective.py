"""The GMM objective of random-coefficient logit and its exact gradient.

For given tastes the mean utilities follow by inversion, the linear parameters by linear GMM, and
the objective is N g'Wg with g = Z'xi / N (Nevo 2000, appendix). By the envelope theorem the linear
parameters do not enter the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.buyers import Buyers
from undercut.sell.pricing.demand.blp.contraction import Inverted, invert
from undercut.sell.pricing.demand.blp.layout import Layout
from undercut.sell.pricing.demand.blp.mixing import taste_slopes, utility_slopes
from undercut.sell.pricing.demand.blp.panel import Panel
from undercut.sell.pricing.demand.blp.parameters import Free, Tastes
from undercut.sell.pricing.demand.fixed_effects import absorb
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.moments import Concentrated


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The objective at one point.

    delta: (N,) mean utilities. delta_slopes: (N, P) their derivatives, fixed effects taken out.
    residual: (N,) structural error, fixed effects taken out. beta: (K,) linear parameters.
    inverted: how the inversion went.
    """

    value: float
    gradient: FloatArray
    delta: FloatArray
    delta_slopes: FloatArray
    residual: FloatArray
    beta: FloatArray
    inverted: Inverted


@dataclass(frozen=True, slots=True)
class Objective:
    """Everything that stays the same from one evaluation to the next."""

    panel: Panel
    buyers: Buyers
    free: Free
    layout: Layout
    log_shares: FloatArray
    characteristics: FloatArray

    @classmethod
    def of(cls, panel: Panel, buyers: Buyers, free: Free) -> Objective:
        """Raises InputError where buyers are of other rows or markets than the panel."""
        if buyers.characteristics.shape[0] != panel.rows:
            raise InputError(
                f"buyers' characteristics are of {buyers.characteristics.shape[0]} rows, "
                f"the panel has {panel.rows}"
            )
        if buyers.weights.shape[0] != panel.market_count:
            raise InputError(
                f"buyers are of {buyers.weights.shape[0]} markets, the panel has "
                f"{panel.market_count}"
            )
        if free.shape != (len(buyers.names), len(buyers.demographic_names)):
            raise InputError(
                f"tastes are of shape {free.shape}, buyers have {len(buyers.names)} "
                f"characteristics and {len(buyers.demographic_names)} demographics"
            )
        layout = Layout.of(panel.markets)
        return cls(
            panel,
            buyers,
            free,
            layout,
            layout.block(np.log(panel.shares)),
            layout.block(buyers.characteristics),
        )

    def plain_delta(self) -> FloatArray:
        """(T, J) mean utilities if nobody differed: where the first inversion starts."""
        return self.layout.block(np.log(self.panel.shares) - np.log(self.panel.outside_shares()))

    def differences(self, tastes: Tastes) -> FloatArray:
        """(T, J, I) what buyers' utilities differ by, -inf where there is no product."""
        taste = tastes.sigma @ self.buyers.nodes + tastes.pi @ self.buyers.demographics
        found: FloatArray = np.matmul(self.characteristics, taste)
        found[~self.layout.mask] = -np.inf
        return found

    def at(self, values: FloatArray, linear: Concentrated, start: FloatArray) -> Evaluated:
        """Value and gradient at (P,) free parameters; the inversion begins at (T, J) `start`."""
        weights, mask = self.buyers.weights, self.layout.mask
        inverted = invert(
            start, self.log_shares, self.differences(self.free.tastes(values)), weights, mask
        )
        if not inverted.converged:
            nothing = np.full(self.free.count, np.nan)
            empty = np.empty((0, 0))
            return Evaluated(np.inf, nothing, nothing, empty, nothing, nothing, inverted)
        delta = self.layout.rows(inverted.delta)
        slopes = self._delta_slopes(inverted)
        left = absorb(np.column_stack([delta, slopes]), self.panel.absorb)
        residual = linear.residual(left[:, 0])
        rows = self.panel.rows
        moments = linear.instruments.T @ residual / rows
        pulled = linear.weight @ moments
        gradient = 2.0 * (linear.instruments.T @ left[:, 1:]).T @ pulled
        value = float(rows * moments @ pulled)
        return Evaluated(
            value, gradient, delta, left[:, 1:], residual, linear.fit(left[:, 0]), inverted
        )

    def _delta_slopes(self, inverted: Inverted) -> FloatArray:
        """(N, P) d delta / d parameter by the implicit function theorem."""
        places, tastes = self.free.factors(self.buyers)
        weights, mask = self.buyers.weights, self.layout.mask
        by_taste = taste_slopes(
            inverted.probabilities, weights, self.characteristics[:, :, places], tastes
        )
        by_delta = utility_slopes(inverted.probabilities, weights, mask)
        slopes = np.linalg.solve(by_delta, by_taste).astype(np.float64)
        return self.layout.rows(-slopes)
