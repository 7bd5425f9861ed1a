"""Buyers to integrate over: nodes and weights of a standard normal in several dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from undercut.core.errors import ConfigError
from undercut.sell.pricing.demand.model import FloatArray

_MOST_NODES = 1_000_000


@dataclass(frozen=True, slots=True)
class Nodes:
    """points: (I, D) of a standard normal. weights: (I,), sum to 1."""

    points: FloatArray
    weights: FloatArray


def gauss_hermite(dimensions: int, points: int) -> Nodes:
    """The product rule with `points` nodes a dimension, exact for polynomials of 2 points - 1.

    Raises ConfigError where there would be none or over a million nodes.
    Source: Abramowitz & Stegun (1964), 25.4.46, with the normal's weight.
    """
    if dimensions < 1 or points < 1 or points**dimensions > _MOST_NODES:
        raise ConfigError(
            f"{points} points in {dimensions} dimensions are not between 1 and {_MOST_NODES} nodes",
            hint="sobol_normal(dimensions, draws, seed) in many dimensions",
        )
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    weights = weights / weights.sum()
    grid = np.array(list(product(nodes, repeat=dimensions)))
    mass = np.array([np.prod(row) for row in product(weights, repeat=dimensions)])
    return Nodes(grid, mass)


def sobol_normal(dimensions: int, draws: int, *, seed: int) -> Nodes:
    """Equally weighted scrambled Sobol points; a power of two of them keeps their balance.

    Raises ConfigError for a number of draws that is no power of two.
    Source: Owen (1998); recommended for demand by Conlon & Gortmaker (2020), section 5.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    if dimensions < 1 or draws < 2 or draws & (draws - 1):
        raise ConfigError(
            f"draws must be a power of two and dimensions above 0, got {draws} and {dimensions}",
            hint="256, 512 or 1024 draws",
        )
    # newer scipy names the argument `rng`; `seed` is understood by all that we support
    uniform = qmc.Sobol(dimensions, scramble=True, seed=seed).random(draws)
    return Nodes(ndtri(np.clip(uniform, 1e-12, 1.0 - 1e-12)), np.full(draws, 1.0 / draws))
