"""Two-stage least squares with one price as endogenous regressor, and what weak instruments spoil.

The usual interval trusts the first stage. The Anderson-Rubin interval does not: it holds whatever
the strength of the instruments, and is unbounded where the data cannot say (Andrews, Stock & Sun
2019 recommend it beside the effective F of Montiel Olea & Pflueger 2013).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.anderson_rubin import Interval, anderson_rubin
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says, normal_estimate
from undercut.sell.pricing.demand.fixed_effects import absorb, codes
from undercut.sell.pricing.demand.model import FloatArray, matrix, vector
from undercut.sell.pricing.demand.moments import (
    Concentrated,
    check_rank,
    first_weight,
    moment_covariance,
    sandwich,
)

WEAK_F = 10.0


@dataclass(frozen=True, slots=True)
class TwoStage:
    """effect: of the price, with the usual interval. controls: the other coefficients.

    anderson_rubin: interval that holds with weak instruments too. first_stage_f: effective F,
    robust; below 10 the usual interval misleads. plain: ordinary least squares, for comparison.
    residual: (N,). notes: what to mind.
    """

    effect: Estimate
    anderson_rubin: Interval
    controls: tuple[Estimate, ...]
    first_stage_f: float
    plain: Estimate
    residual: FloatArray
    notes: tuple[Note, ...]


def two_stage(
    outcome: FloatArray,
    price: FloatArray,
    instruments: FloatArray,
    *,
    controls: FloatArray | None = None,
    control_names: Sequence[str] = (),
    absorbed: Sequence[Sequence[Hashable] | NDArray[np.generic]] = (),
    clusters: Sequence[Hashable] | NDArray[np.generic] | None = None,
    confidence: float = 0.95,
) -> TwoStage:
    """Effect of `price` on `outcome` where both move with something unseen.

    outcome, price: (N,), in logs the effect is an elasticity. instruments: (N, M) move the price
    and nothing else (cost shifters, random discounts). controls: (N, K); a constant is added
    unless fixed effects are `absorbed`. clusters: (N,) ids of rows that share shocks.
    Raises InputError for too few rows, a price that never changes, or collinear columns.
    """
    data = _Data.of(outcome, price, instruments, controls, control_names, absorbed, clusters)
    design = np.column_stack([data.price, data.controls])
    every = np.column_stack([data.instruments, data.controls])
    check_rank("regressors", design)
    linear = Concentrated.of(design, every, first_weight(every))
    coefficients = linear.fit(data.outcome)
    residual = data.outcome - design @ coefficients
    errors = _errors(design, every, linear.weight, residual, data.clusters)
    names = ("price", *data.names)
    estimates = tuple(
        normal_estimate(name, float(value), float(error), confidence)
        for name, value, error in zip(names, coefficients, errors, strict=True)
    )
    strength = effective_f(data.price, data.instruments, data.controls, data.clusters)
    interval = anderson_rubin(
        data.outcome, data.price, data.instruments, data.controls, data.clusters, confidence
    )
    plain = _least_squares(data, design, confidence)
    notes = _notes(strength, interval, data)
    return TwoStage(estimates[0], interval, estimates[1:], strength, plain, residual, notes)


def effective_f(
    price: FloatArray,
    instruments: FloatArray,
    controls: FloatArray,
    clusters: NDArray[np.int64] | None = None,
) -> float:
    """Strength of the first stage: Montiel Olea & Pflueger (2013), eq. 8.

    With one instrument this is its squared robust t statistic in the first stage.
    """
    price = partial_out(price[:, None], controls)[:, 0]
    excluded = partial_out(instruments, controls)
    rows = price.size
    product = excluded.T @ excluded / rows
    slope = np.linalg.solve(product, excluded.T @ price / rows)
    residual = price - excluded @ slope
    spread = moment_covariance(residual, excluded, clusters=clusters)
    explained = rows * slope @ product @ slope
    return float(explained / np.trace(np.linalg.solve(product, spread)))


def partial_out(columns: FloatArray, controls: FloatArray) -> FloatArray:
    """(N, K) columns less their linear projection on the controls."""
    if controls.shape[1] == 0:
        return columns
    found: FloatArray = columns - controls @ np.linalg.lstsq(controls, columns, rcond=None)[0]
    return found


@dataclass(frozen=True, slots=True)
class _Data:
    outcome: FloatArray
    price: FloatArray
    instruments: FloatArray
    controls: FloatArray
    names: tuple[str, ...]
    clusters: NDArray[np.int64] | None

    @classmethod
    def of(
        cls,
        outcome: FloatArray,
        price: FloatArray,
        instruments: FloatArray,
        controls: FloatArray | None,
        names: Sequence[str],
        absorbed: Sequence[Sequence[Hashable] | NDArray[np.generic]],
        clusters: Sequence[Hashable] | NDArray[np.generic] | None,
    ) -> _Data:
        outcome = vector("outcome", outcome)
        rows = outcome.size
        price = vector("price", price, rows)
        excluded = matrix("instruments", instruments, rows)
        extra = np.empty((rows, 0)) if controls is None else matrix("controls", controls, rows)
        if len(names) not in (0, extra.shape[1]):
            raise InputError(f"{extra.shape[1]} controls need names, got {len(names)}")
        labels = tuple(names) or tuple(f"control {place}" for place in range(extra.shape[1]))
        check_variation(price)
        groups = [codes(each) for each in absorbed]
        if groups:
            stacked = absorb(np.column_stack([outcome, price, excluded, extra]), groups)
            outcome, price = stacked[:, 0], stacked[:, 1]
            excluded = stacked[:, 2 : 2 + excluded.shape[1]]
            extra = stacked[:, 2 + excluded.shape[1] :]
            check_variation(price, "within fixed effects ")
        else:
            extra, labels = np.column_stack([extra, np.ones(rows)]), (*labels, "constant")
        return cls(
            outcome, price, excluded, extra, labels, None if clusters is None else codes(clusters)
        )


def check_variation(price: FloatArray, where: str = "") -> None:
    """InputError for one observation, or a price that never changes."""
    if price.size < 3:
        raise InputError(
            f"{price.size} observation(s) cannot show how buyers react to prices; at least 3",
            hint="collect more periods, or calibrate from shares and one margin",
        )
    if np.ptp(price) <= 1e-12 * max(1.0, float(np.abs(price).max())):
        raise InputError(
            f"the price never changes {where}in the data: its effect cannot be seen",
            hint="run a price test, or ask buyers (Gabor-Granger, conjoint)",
        )


def _errors(
    design: FloatArray,
    instruments: FloatArray,
    weight: FloatArray,
    residual: FloatArray,
    clusters: NDArray[np.int64] | None,
) -> FloatArray:
    slopes = -(instruments.T @ design) / residual.size
    spread = moment_covariance(residual, instruments, clusters=clusters)
    return np.sqrt(np.diag(sandwich(slopes, weight, spread, residual.size)))


def _least_squares(data: _Data, design: FloatArray, confidence: float) -> Estimate:
    linear = Concentrated.of(design, design, first_weight(design))
    value = linear.fit(data.outcome)
    errors = _errors(design, design, linear.weight, data.outcome - design @ value, data.clusters)
    return normal_estimate("price", float(value[0]), float(errors[0]), confidence)


def _notes(strength: float, interval: Interval, data: _Data) -> tuple[Note, ...]:
    notes = []
    if not strength >= WEAK_F:
        notes.append(
            Note(
                Caution.WEAK_INSTRUMENTS,
                f"effective first-stage F is {strength:.3g}, below {WEAK_F:g}: use the "
                "Anderson-Rubin interval, not the usual one",
                Says.WEAK_FIRST_STAGE,
                {"strength": f"{strength:.3g}", "least": f"{WEAK_F:g}"},
            )
        )
    if not interval.bounded:
        text, values = f"the data do not bound the effect: {interval}", {"interval": f"{interval}"}
        notes.append(Note(Caution.UNBOUNDED, text, Says.NOT_BOUNDED, values))
    if interval.empty:
        notes.append(
            Note(
                Caution.INCONSISTENT,
                "no effect fits all instruments: at least one is not valid",
                Says.NO_EFFECT_FITS,
            )
        )
    if data.outcome.size < 30:
        notes.append(
            Note(
                Caution.FEW_OBSERVATIONS,
                f"{data.outcome.size} rows; intervals need about 30",
                Says.FEW_FOR_INTERVALS,
                {"rows": f"{data.outcome.size}"},
            )
        )
    return tuple(notes)
