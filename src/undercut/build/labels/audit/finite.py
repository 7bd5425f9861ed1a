"""Exact limits from a simple random sample of a finite set: the hypergeometric distribution.

The binomial treats a sample of half the labels as if it came from endlessly many. Of few labels a
sample is much of all there is, and what was sampled and mended is wrong no longer.
"""

from __future__ import annotations

import numpy as np

from undercut.build.labels.audit.binomial import check_confidence
from undercut.core.errors import InputError


def most_wrong(wrong: int, sample: int, population: int, *, confidence: float) -> int:
    """One-sided upper limit of the number of wrong items among all, `wrong` of a sample being so.

    Covers it in at least `confidence` of all samples: the largest number with which so few in the
    sample have a chance above 1 - confidence. Raises InputError for impossible counts, ConfigError
    for a confidence that is none. Source: Buonaccorsi, A note on confidence intervals for
    proportions in finite populations, The American Statistician 41 (1987).
    """
    _check(wrong, sample, population)
    check_confidence(confidence)
    from scipy.stats import hypergeom

    low, high = wrong, population - sample + wrong
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(wrong, population, middle, sample) > 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def allowed_in_sample(sample: int, population: int, left: int, *, alpha: float) -> int:
    """Most wrong items in a sample that still show at most `left` wrong ones outside it.

    -1 where not even none does. Agrees with `most_wrong`: with the number returned, and with no
    larger one, `most_wrong(...) - wrong <= left`. All are allowed where `left` are outside.
    """
    _check(0, sample, population)
    if population - sample <= left:
        return sample
    from scipy.stats import hypergeom

    # `left` + 1 wrong ones outside the sample get likelier with every one inside
    inside = np.arange(min(sample, population - left - 1) + 1)
    chance = hypergeom.cdf(inside, population, left + 1 + inside, sample)
    return int(np.searchsorted(chance, alpha, side="right")) - 1


def _check(wrong: int, sample: int, population: int) -> None:
    if not 0 <= wrong <= sample <= population:
        raise InputError(
            f"of {population} items {sample} were sampled and {wrong} of these are wrong: "
            "each number must be at least 0 and at most the one before it"
        )
