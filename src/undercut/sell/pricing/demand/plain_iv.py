"""Logit and nested logit from market shares by linear regression with instruments: Berry (1994)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.panel import PRICES, Panel
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, normal_estimate
from undercut.sell.pricing.demand.fixed_effects import absorb
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.moments import (
    Concentrated,
    first_weight,
    moment_covariance,
    sandwich,
)
from undercut.sell.pricing.demand.nested import NestedLogit
from undercut.sell.pricing.demand.two_stage import WEAK_F, effective_f

WITHIN = "log share within nest"


@dataclass(frozen=True, slots=True)
class PlainResult:
    """parameters: of mean utility, then 'log share within nest' where there are nests.

    objective: N g'Wg. first_stage_f: effective F of the price, nan where it is not linear.
    """

    parameters: tuple[Estimate, ...]
    objective: float
    first_stage_f: float
    residual: FloatArray
    notes: tuple[Note, ...]
    panel: Panel
    nests: NDArray[np.int64] | None

    def parameter(self, name: str) -> Estimate:
        """One estimate by name; InputError where there is none."""
        for each in self.parameters:
            if each.name == name:
                return each
        raise InputError(f"no parameter {name!r}", hint=str([p.name for p in self.parameters]))

    def demand_in(self, market: object) -> tuple[Logit | NestedLogit, FloatArray]:
        """Demand of one market of the panel, and the prices observed there.

        Raises InputError for a market not in the panel, or estimates that no demand can have.
        """
        rows = self.panel.rows_of(market)
        prices, shares = self.panel.prices[rows], self.panel.shares[rows]
        coefficient = self.parameter(PRICES).value
        levels = np.log(shares) - np.log1p(-shares.sum()) - coefficient * prices
        if self.nests is None:
            return Logit(levels, coefficient), prices
        correlation = self.parameter(WITHIN).value
        nests = np.unique(self.nests[rows], return_inverse=True)[1]
        levels = levels - correlation * np.log(shares / np.bincount(nests, shares)[nests])
        spread = np.full(int(nests.max()) + 1, correlation)
        return NestedLogit(levels, coefficient, nests, spread), prices


def plain_logit(
    panel: Panel, *, nests: NDArray[np.int64] | None = None, confidence: float = 0.95
) -> PlainResult:
    """Logit, or nested logit with one correlation for all (N,) nests, by two-stage least squares.

    The share within the nest is endogenous too: with nests the panel needs an instrument for it,
    such as the number of products in the nest. Raises InputError where instruments are too few.
    """
    outcome = np.log(panel.shares) - np.log(panel.outside_shares())
    design, names = panel.design()
    if nests is not None:
        design = np.column_stack([design, np.log(_within(panel, nests))])
        names = (*names, WITHIN)
    columns = absorb(np.column_stack([outcome, design, panel.all_instruments()]), panel.absorb)
    left, design = columns[:, 0], columns[:, 1 : 1 + len(names)]
    instruments = columns[:, 1 + len(names) :]
    linear = Concentrated.of(design, instruments, first_weight(instruments))
    residual, rows = linear.residual(left), panel.rows
    spread = moment_covariance(residual, instruments, clusters=panel.clusters)
    slopes = -(instruments.T @ design) / rows
    errors = np.sqrt(np.diag(sandwich(slopes, linear.weight, spread, rows)))
    parameters = tuple(
        normal_estimate(name, float(value), float(error), confidence)
        for name, value, error in zip(names, linear.fit(left), errors, strict=True)
    )
    moment = instruments.T @ residual / rows
    strength = _strength(panel, columns, len(names))
    return PlainResult(
        parameters,
        float(rows * moment @ linear.weight @ moment),
        strength,
        residual,
        _notes(parameters, strength),
        panel,
        nests,
    )


def _within(panel: Panel, nests: NDArray[np.int64]) -> FloatArray:
    nests = np.asarray(nests)
    if nests.shape != panel.shares.shape:
        raise InputError(f"nests must have {panel.rows} entries, got {nests.shape}")
    pair = np.unique(np.column_stack([panel.markets, nests]), axis=0, return_inverse=True)[1]
    within: FloatArray = panel.shares / np.bincount(pair.ravel(), panel.shares)[pair.ravel()]
    return within


def _strength(panel: Panel, columns: FloatArray, linear: int) -> float:
    if not panel.price_is_linear:
        return float("nan")
    characteristics = columns[:, 1 : 1 + panel.linear.shape[1]]
    price = columns[:, 1 + panel.linear.shape[1]]
    excluded = columns[:, 1 + linear : 1 + linear + panel.instruments.shape[1]]
    return effective_f(price, excluded, characteristics, panel.clusters)


def _notes(parameters: tuple[Estimate, ...], strength: float) -> tuple[Note, ...]:
    notes = []
    if strength < WEAK_F:
        notes.append(
            Note(
                Caution.WEAK_INSTRUMENTS, f"effective first-stage F of the price is {strength:.3g}"
            )
        )
    for each in parameters:
        if each.name == PRICES and each.high >= 0.0:
            notes.append(Note(Caution.WRONG_SIGN, f"the price coefficient may be above 0: {each}"))
        if each.name == WITHIN and not (each.low >= 0.0 and each.high < 1.0):
            notes.append(
                Note(Caution.INCONSISTENT, f"the correlation in nests may leave [0, 1): {each}")
            )
    return tuple(notes)
