"""Shares estimated from few audited rows and a model's word on all rows.

The rows are all there are, so what the model says of them has no sampling error; only its errors
on the audited rows have. Source: Angelopoulos et al., Prediction-powered inference (Science 2023)
and PPI++ (arXiv 2311.01453), section 6 for the power; with the whole population predicted it is
the regression estimator of survey sampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.audit.binomial import check_confidence, exact_interval
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import InputError

# With fewer surprises than this among the audited rows a Gaussian says too much.
LEAST_SURPRISES = 15


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with two-sided limits. power: how far the model was believed, 0 where not at all.

    method: 'powered', or 'exact' where there were too few surprises for a Gaussian limit.
    """

    value: float
    low: float
    high: float
    power: float
    method: str


def powered_share(
    truth: Floats, said: Floats, population: Floats, *, confidence: float
) -> Estimate:
    """The share of rows for which something holds.

    truth: (draws,) 1 where an expert says so, else 0, for rows drawn with equal chances. said:
    (draws,) the model's probability of it for the same rows. population: (rows,) that for all
    rows. Raises InputError for two draws or fewer, or another number of answers than rows.
    """
    check_confidence(confidence)
    draws = len(truth)
    if draws < 3 or len(said) != draws or not len(population):
        raise InputError(f"estimates need three draws or more with one prediction each: {draws}")
    power = _power(truth, said)
    surprises = int((np.abs(truth - said) > 0.5).sum())
    positives = round(float(truth.sum()))
    if power == 0.0 or min(surprises, positives, draws - positives) < LEAST_SURPRISES:
        low, high = exact_interval(positives, draws, confidence=confidence)
        return Estimate(positives / draws, low, high, 0.0, "exact")
    from scipy.stats import t

    left = truth - power * said
    value = power * float(population.mean()) + float(left.mean())
    spread = float(left.std(ddof=2)) / np.sqrt(draws)
    # Half an answer on either side: counts are steps, a Gaussian is smooth.
    half = float(t.ppf((1 + confidence) / 2, draws - 2)) * spread + 0.5 / draws
    return Estimate(
        min(max(value, 0.0), 1.0), max(value - half, 0.0), min(value + half, 1.0), power, "powered"
    )


def class_shares(
    truth: IntArray, drawn: IntArray, probabilities: Floats, *, confidence: float
) -> tuple[Estimate, ...]:
    """Each class's share among all rows, each at the stated confidence on its own.

    truth: (draws,) class ids, -1 for none of them; drawn: (draws,) rows; probabilities: (rows,
    classes).
    """
    return tuple(
        powered_share(
            (truth == at).astype(np.float64),
            probabilities[drawn, at],
            probabilities[:, at],
            confidence=confidence,
        )
        for at in range(probabilities.shape[1])
    )


def _power(truth: Floats, said: Floats) -> float:
    """The belief in the model that leaves the least variance, in [0, 1]."""
    variance = float(said.var())
    if variance <= 1e-12:
        return 0.0
    covariance = float(((truth - truth.mean()) * (said - said.mean())).mean())
    return min(max(covariance / variance, 0.0), 1.0)
