"""Multinomial logit from choices, with availability and a Gaussian prior: conjoint answers too.

Maximum a posteriori by Newton's method (the log posterior is concave), intervals from the curvature
there (Laplace) or, for repeated answers of the same person, from the clustered sandwich.
Sources: McFadden (1974); Train (2009), chapter 3.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.choice_data import ChoiceData
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says, normal_estimate
from undercut.sell.pricing.demand.fixed_effects import codes
from undercut.sell.pricing.demand.model import FloatArray, vector
from undercut.sell.pricing.demand.separation import separates

_GRADIENT = 1e-9
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Prior:
    """Independent normals: (K,) means and standard deviations, inf for no prior on one."""

    mean: FloatArray
    standard_deviation: FloatArray

    def __post_init__(self) -> None:
        if np.shape(self.mean) != np.shape(self.standard_deviation):
            raise InputError("a prior needs as many standard deviations as means")
        if not (np.asarray(self.standard_deviation) > 0.0).all():
            raise InputError("standard deviations of a prior must be above 0 (inf for none)")

    @property
    def precision(self) -> FloatArray:
        """(K,) 1 / variance."""
        return 1.0 / np.asarray(self.standard_deviation, dtype=np.float64) ** 2


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """coefficients: with Laplace intervals. covariance: (K, K) behind them.

    log_likelihood: of the choices, without the prior; at zero: when all coefficients are 0.
    robust_errors: (K,) sandwich, clustered by person where given.
    """

    coefficients: tuple[Estimate, ...]
    covariance: FloatArray
    robust_errors: FloatArray
    log_likelihood: float
    log_likelihood_at_zero: float
    converged: bool
    notes: tuple[Note, ...]

    @property
    def values(self) -> FloatArray:
        """(K,) coefficients."""
        return np.array([each.value for each in self.coefficients])

    def place(self, name: str) -> int:
        """Which coefficient has this name; InputError for none."""
        names = [each.name for each in self.coefficients]
        if name not in names:
            raise InputError(f"no coefficient {name!r}", hint=f"one of {names}")
        return names.index(name)


def fit_choices(
    data: ChoiceData,
    *,
    prior: Prior | None = None,
    persons: Sequence[Hashable] | NDArray[np.generic] | None = None,
    confidence: float = 0.95,
) -> ChoiceModel:
    """Coefficients of a multinomial logit.

    prior: shrinks towards its means; without it the answers must not separate. persons: (N,) who
    answered, where people answer more than once. Raises InputError where the prior does not fit.
    """
    count = data.attributes.shape[2]
    mean, precision = _prior(prior, count)
    values, converged = _newton(data, mean, precision)
    information = _information(data, values) + np.diag(precision)
    notes = list(_notes(data, prior, values, information, converged))
    covariance: FloatArray = np.linalg.pinv(information, hermitian=True).astype(np.float64)
    if any(each.caution in (Caution.SEPARATION, Caution.NOT_IDENTIFIED) for each in notes):
        covariance = np.full((count, count), np.nan)
    errors = np.sqrt(np.diag(covariance))
    coefficients = tuple(
        normal_estimate(name, float(value), float(error), confidence)
        for name, value, error in zip(data.names, values, errors, strict=True)
    )
    return ChoiceModel(
        coefficients,
        covariance,
        _robust(data, values, covariance, persons),
        log_likelihood(data, values),
        log_likelihood(data, np.zeros(count)),
        converged,
        tuple(notes),
    )


def probabilities(data: ChoiceData, values: FloatArray) -> FloatArray:
    """(N, J) choice probabilities at (K,) coefficients, 0 where not available."""
    utilities = np.where(data.available, data.attributes @ values, -np.inf)
    odds = np.exp(utilities - utilities.max(axis=1, keepdims=True))
    found: FloatArray = odds / odds.sum(axis=1, keepdims=True)
    return found


def log_likelihood(data: ChoiceData, values: FloatArray) -> float:
    """Log probability of the choices."""
    utilities = np.where(data.available, data.attributes @ values, -np.inf)
    rows = np.arange(data.rows)
    return float((utilities[rows, data.chosen] - np.logaddexp.reduce(utilities, axis=1)).sum())


def _prior(prior: Prior | None, count: int) -> tuple[FloatArray, FloatArray]:
    if prior is None:
        return np.zeros(count), np.zeros(count)
    return vector("prior means", prior.mean, count), vector(
        "prior precision", prior.precision, count
    )


def _scores(data: ChoiceData, values: FloatArray) -> FloatArray:
    """(N, K) gradient of each row's log probability."""
    average = np.einsum("nj,njk->nk", probabilities(data, values), data.attributes)
    found: FloatArray = data.attributes[np.arange(data.rows), data.chosen] - average
    return found


def _information(data: ChoiceData, values: FloatArray) -> FloatArray:
    """(K, K) minus the second derivative of the log likelihood."""
    chances = probabilities(data, values)
    average = np.einsum("nj,njk->nk", chances, data.attributes)
    apart = (data.attributes - average[:, None, :]) * np.sqrt(chances)[:, :, None]
    flat = apart.reshape(-1, apart.shape[2])
    found: FloatArray = flat.T @ flat
    return found


def _newton(data: ChoiceData, mean: FloatArray, precision: FloatArray) -> tuple[FloatArray, bool]:
    """The maximum of the log posterior; columns are scaled to their spread on the way."""
    values = mean.copy()

    def posterior(at: FloatArray) -> float:
        return log_likelihood(data, at) - 0.5 * float(precision @ (at - mean) ** 2)

    height = posterior(values)
    for _ in range(_MOST_STEPS):
        gradient = _scores(data, values).sum(axis=0) - precision * (values - mean)
        information = _information(data, values) + np.diag(precision)
        size = np.sqrt(np.maximum(np.diag(information), 1e-300))
        scaled = information / np.outer(size, size)
        step = np.linalg.lstsq(scaled, gradient / size, rcond=1e-12)[0] / size
        if float(gradient @ step) <= _GRADIENT**2 * data.rows:
            return values, True
        share = 1.0
        while posterior(values + share * step) < height and share > 1e-8:
            share /= 2.0
        values = values + share * step
        new = posterior(values)
        if new - height <= 1e-14 * abs(height) and float(gradient @ step) <= 1e-8:
            return values, True
        height = new
    return values, False


def _robust(
    data: ChoiceData,
    values: FloatArray,
    covariance: FloatArray,
    persons: Sequence[Hashable] | NDArray[np.generic] | None,
) -> FloatArray:
    scores = _scores(data, values)
    if persons is not None:
        if len(persons) != data.rows:
            raise InputError(f"persons must have {data.rows} entries, got {len(persons)}")
        groups = codes(persons)
        sums = np.zeros((int(groups.max()) + 1, scores.shape[1]))
        np.add.at(sums, groups, scores)
        scores = sums
    return np.sqrt(np.diag(covariance @ (scores.T @ scores) @ covariance))


def _notes(
    data: ChoiceData,
    prior: Prior | None,
    values: FloatArray,
    information: FloatArray,
    converged: bool,
) -> list[Note]:
    notes = []
    size = np.sqrt(np.maximum(np.diag(information), 1e-300))
    flat = float(np.linalg.eigvalsh(information / np.outer(size, size))[0]) < 1e-9
    far = float(np.abs(data.attributes @ values).max()) > 15.0
    if prior is None and (flat or far or not converged) and separates(data):
        notes.append(
            Note(
                Caution.SEPARATION,
                "some combination of attributes predicts every choice: coefficients have no finite "
                "best value; use a prior or ask for harder choices",
                Says.SEPARATED,
            )
        )
    elif flat:
        notes.append(
            Note(
                Caution.NOT_IDENTIFIED,
                "attributes repeat each other or never differ in a choice",
                Says.REPEATED_ATTRIBUTES,
            )
        )
    elif not converged:
        text, steps = f"not settled in {_MOST_STEPS} steps", {"steps": f"{_MOST_STEPS}"}
        notes.append(Note(Caution.NO_CONVERGENCE, text, Says.STEPS_SPENT, steps))
    if data.rows < 10 * values.size:
        notes.append(
            Note(
                Caution.FEW_OBSERVATIONS,
                f"{data.rows} choices for {values.size} coefficients: want ten each, or a prior",
                Says.FEW_CHOICES,
                {"choices": f"{data.rows}", "coefficients": f"{values.size}"},
            )
        )
    return notes
