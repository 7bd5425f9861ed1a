"""Elasticity from logs by cross-fitted double machine learning: Chernozhukov et al. (2018).

outcome = effect * price + g(controls) + noise, price = m(controls) + noise. What the controls say
of both is learnt on other folds and taken out; the effect is the slope of what is left. Right
where the controls hold everything that moves price and demand together; where they do not, use
`two_stage` with an instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says, normal_estimate
from undercut.sell.pricing.demand.learners import SplineRidge
from undercut.sell.pricing.demand.model import FloatArray, matrix, vector
from undercut.sell.pricing.demand.two_stage import check_variation


class Learner(Protocol):
    """Learns a regression and predicts it elsewhere."""

    def fit_predict(self, known: FloatArray, outcome: FloatArray, new: FloatArray) -> FloatArray:
        """(M,) predictions at (M, K) `new` from (N, K) `known` and (N,) `outcome`."""
        ...


@dataclass(frozen=True, slots=True)
class DoubleMlConfig:
    """folds: of cross-fitting. splits: random splits whose median is reported. seed: of splits."""

    folds: int = 5
    splits: int = 5
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.folds < 2 or self.splits < 1:
            raise ConfigError(f"folds must be at least 2 and splits 1, got {self}")


@dataclass(frozen=True, slots=True)
class DoubleMl:
    """effect: of the price. price_explained, outcome_explained: out-of-fold R squared of controls.

    by_split: the effect in each random split; they should agree to a standard error.
    """

    effect: Estimate
    price_explained: float
    outcome_explained: float
    by_split: tuple[float, ...]
    notes: tuple[Note, ...]


def double_ml(
    outcome: FloatArray,
    price: FloatArray,
    controls: FloatArray,
    config: DoubleMlConfig | None = None,
    *,
    learner: Learner | None = None,
) -> DoubleMl:
    """Effect of `price` on `outcome` given (N, K) controls, in logs an elasticity.

    learner: spline ridge where not given. Estimates of several splits are joined by their
    median, errors by the median of error^2 + spread^2 (their definition 3.3).
    Raises InputError for fewer rows than 5 a fold or a price that never changes.
    """
    config = config or DoubleMlConfig()
    outcome = vector("outcome", outcome)
    price = vector("price", price, outcome.size)
    known = matrix("controls", controls, outcome.size)
    check_variation(price)
    if outcome.size < 5 * config.folds:
        raise InputError(f"{outcome.size} rows are too few for {config.folds} folds of at least 5")
    learner = learner or SplineRidge()
    rng = np.random.default_rng(config.seed)
    runs = [
        _one_split(outcome, price, known, _folds(outcome.size, config.folds, rng), learner)
        for _ in range(config.splits)
    ]
    effects, variances, left_price, left_outcome = (
        np.array(each) for each in zip(*runs, strict=True)
    )
    effect = float(np.median(effects))
    error = float(np.sqrt(np.median(variances + (effects - effect) ** 2)))
    explained = float(np.median(left_price)), float(np.median(left_outcome))
    return DoubleMl(
        normal_estimate("price", effect, error, config.confidence),
        *explained,
        tuple(float(each) for each in effects),
        _notes(effects, error, explained[0], outcome.size),
    )


def _one_split(
    outcome: FloatArray,
    price: FloatArray,
    controls: FloatArray,
    fold: NDArray[np.int64],
    learner: Learner,
) -> tuple[float, float, float, float]:
    """Effect, its variance, and R squared of price and outcome, for one split into folds."""
    left_price, left_outcome = np.empty_like(price), np.empty_like(outcome)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        for left, target in ((left_price, price), (left_outcome, outcome)):
            left[out] = target[out] - learner.fit_predict(
                controls[~out], target[~out], controls[out]
            )
    strength = float(left_price @ left_price)
    if strength <= 1e-12 * price.size * max(float(price.var()), 1e-300):
        raise InputError(
            "the controls explain the price entirely: nothing is left to see its effect by",
            hint="drop controls that set the price, or run a price test",
        )
    effect = float(left_price @ left_outcome) / strength
    noise = left_outcome - effect * left_price
    variance = float((left_price * noise) @ (left_price * noise)) / strength**2
    return (
        effect,
        variance,
        1.0 - float(np.mean(left_price**2) / price.var()),
        1.0 - float(np.mean(left_outcome**2) / max(outcome.var(), 1e-300)),
    )


def _folds(rows: int, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(np.arange(rows, dtype=np.int64) % folds)


def _notes(
    effects: FloatArray, error: float, price_explained: float, rows: int
) -> tuple[Note, ...]:
    notes = []
    if price_explained > 0.98:
        notes.append(
            Note(
                Caution.NO_PRICE_VARIATION,
                f"controls explain {price_explained:.1%} of the price: little is left to see",
                Says.CONTROLS_EXPLAIN,
                {"share": f"{price_explained:.1%}"},
            )
        )
    if rows < 100:
        text, values = f"{rows} rows; double ML wants hundreds", {"rows": f"{rows}"}
        notes.append(Note(Caution.FEW_OBSERVATIONS, text, Says.FEW_ROWS, values))
    if effects.size > 1 and float(np.ptp(effects)) > 2.0 * error:
        text = "the effect depends on how rows were split"
        notes.append(Note(Caution.NOT_IDENTIFIED, text, Says.SPLITS_DISAGREE))
    return tuple(notes)
