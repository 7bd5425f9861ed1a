"""What logit has closed forms for: the best equal markup, and a version's nest."""

from __future__ import annotations

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray


def lambert(at_cost: FloatArray, elsewhere: FloatArray) -> FloatArray:
    """Best markup times the price coefficient, from exp of utility at cost and of the rest.

    1 + W(at_cost / elsewhere / e) with W of Lambert: two steps of fourth order leave rounding
    error alone (Fritsch, Shafer & Crowley 1973), for many numbers at once several times as fast
    as scipy's `wrightomega`.
    """
    with np.errstate(divide="ignore"):
        exponent = np.maximum(np.log(at_cost / elsewhere) - 1.0, -700.0)
    found = np.where(exponent > 30.0, exponent, np.log1p(np.exp(np.minimum(exponent, 30.0))))
    for _ in range(2):
        left = exponent - found - np.log(found)
        more = 1.0 + found
        bend = 2.0 * more * (more + left * (2.0 / 3.0))
        found *= 1.0 + left / more * (bend - left) / (bend - 2.0 * left)
    found += 1.0
    return found


def nested(
    parent: FloatArray, version: FloatArray, correlation: float
) -> tuple[FloatArray, FloatArray]:
    """Share of the parent within the nest, and exp of the nest's value, from both alone."""
    power = 1.0 / (1.0 - correlation)
    # relative to the larger, so that no power overflows
    top = np.maximum(parent, version)
    first, second = (parent / top) ** power, (version / top) ** power
    both = first + second
    return first / both, top * both ** (1.0 - correlation)


def nested_logs(
    parent: FloatArray, version: FloatArray, correlation: float
) -> tuple[FloatArray, FloatArray]:
    """As `nested`, from the logarithms of both."""
    spread = 1.0 - correlation
    behind = version - parent
    smaller = np.exp(np.abs(behind) / -spread)
    both = 1.0 + smaller
    nest = np.exp(np.maximum(parent, version) + spread * np.log(both))
    return np.where(behind > 0.0, smaller, 1.0) / both, nest
