"""With what chance an audit passes, and how many labels it takes, at about such an error."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from undercut.build.labels.audit.staged import allowed_at_looks
from undercut.build.labels.votes import Floats

# Predicted errors are off by about a third of themselves: a gamma spread of this weight.
SPREAD = 9.0
# Quantiles of that spread, and errors (of the target) between which chances are interpolated.
NODES = 25
GRID = np.geomspace(0.02, 20.0, 120)


@lru_cache(maxsize=256)
def staged_chances(
    sizes: tuple[int, ...], items: int, left: int, alpha: float
) -> tuple[tuple[int, ...], Floats, Floats, Floats]:
    """What is allowed at each look; (errors,) errors, chances of passing, labels judged on average.

    left: wrong labels that may stay outside the sample.
    """
    allowed = allowed_at_looks(sizes, items, left, alpha)
    errors = np.minimum(GRID * max(left, 1) / items, 1.0)
    passes, judged = followed(sizes, allowed, errors)
    return allowed, errors, passes, judged


def followed(
    sizes: Sequence[int],
    allowed: Sequence[int],
    errors: Floats,
    *,
    seen: int = 0,
    found: int = 0,
) -> tuple[Floats, Floats]:
    """(errors,) chance of passing at one of the looks, (errors,) labels judged from now on.

    seen, found: labels judged and found wrong so far. Treats the set as endless.
    """
    from scipy.stats import binom

    most = max(max(allowed), found)
    # chance of each number found so far; what is above `most` can pass no more and is told apart
    state = np.zeros((len(errors), most + 1))
    state[:, found] = 1.0
    beyond = np.zeros(len(errors))
    passes, judged = np.zeros(len(errors)), np.zeros(len(errors))
    for size, may in zip(sizes, allowed, strict=True):
        step = size - seen
        seen = size
        judged += step * (state.sum(axis=1) + beyond)
        more = binom.pmf(np.arange(most + 1), step, errors[:, None])
        after = np.zeros_like(state)
        for extra in range(most + 1):
            after[:, extra:] += state[:, : most + 1 - extra] * more[:, extra : extra + 1]
        beyond += state.sum(axis=1) - after.sum(axis=1)
        state = after
        if may >= size:  # whatever is found
            return passes + state.sum(axis=1) + beyond, judged
        passes += state[:, : may + 1].sum(axis=1)
        state[:, : may + 1] = 0.0
    return passes, judged


def spread_over(errors: Floats, values: Floats, around: Floats) -> Floats:
    """(around,): mean of `values`, known at `errors`, where the error is spread around each."""
    nodes = spread_nodes(SPREAD, SPREAD)
    return np.asarray(np.interp(around[:, None] * nodes, errors, values).mean(axis=1))


@lru_cache(maxsize=64)
def spread_nodes(shape: float, rate: float) -> Floats:
    """(nodes,): equally likely values of a gamma variable."""
    from scipy.stats import gamma

    return np.asarray(gamma.ppf((np.arange(NODES) + 0.5) / NODES, shape, scale=1 / rate))


def passing_from(
    sizes: Sequence[int], allowed: Sequence[int], *, predicted: float, seen: int, found: int
) -> tuple[float, float]:
    """Chance of passing at a later look, and labels to be judged for it.

    sizes, allowed: of the looks to come. predicted: error believed before; what was found since
    counts as well (gamma and Poisson are conjugate).
    """
    errors = spread_nodes(SPREAD + found, SPREAD / max(predicted, 1e-9) + seen)
    passes, judged = followed(sizes, allowed, np.minimum(errors, 1.0), seen=seen, found=found)
    return float(passes.mean()), float(judged.mean())


def found_in_sample(size: int, allowed: int, errors: Floats) -> Floats:
    """(errors,): chance of at most `allowed` wrong labels in one look; spread as above, exactly."""
    from scipy.stats import nbinom

    if allowed >= size:
        return np.ones(len(errors))
    mean = size * errors
    return np.asarray(nbinom.cdf(allowed, SPREAD, SPREAD / (SPREAD + mean)), dtype=np.float64)
