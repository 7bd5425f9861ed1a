"""Limits that hold at every look: the prior-posterior ratio of a draw without replacement.

Source: Waudby-Smith and Ramdas, Confidence sequences for sampling without replacement (NeurIPS
2020), theorem 2.1: for the true number of wrong rows the ratio of prior to posterior is a
martingale, so by Ville's inequality it ever reaches 1/alpha with a chance of at most alpha.
"""

from __future__ import annotations

from math import lgamma, log

from undercut.build.labels.audit.binomial import check_confidence
from undercut.core.errors import InputError

# The prior leans to few errors, as labels under audit have; any prior is valid, it only decides
# where limits are tightest.
PRIOR_WRONG, PRIOR_RIGHT = 0.5, 4.5


def anytime_interval(
    wrong: int, looked_at: int, rows: int, *, confidence: float
) -> tuple[float, float]:
    """Limits of the share of wrong rows, valid however often and whenever one looks.

    wrong of the first `looked_at` rows of a random order of all `rows`. Raises InputError for
    impossible counts.
    """
    if not 0 <= wrong <= looked_at <= rows or rows < 1:
        raise InputError(f"counts must rise: wrong {wrong}, looked at {looked_at}, rows {rows}")
    check_confidence(confidence)
    least, most = wrong, rows - (looked_at - wrong)
    best = min(max(round(wrong / looked_at * rows), least), most) if looked_at else least
    bar = -log(1 - confidence)
    mixed = _log_mixture(wrong, looked_at)

    def refuted(errors: int) -> bool:
        return mixed - _log_likelihood(errors, wrong, looked_at, rows) >= bar

    return _edge(best, least, refuted) / rows, _edge(best, most, refuted) / rows


def _edge(inside: int, outside: int, refuted: object) -> int:
    """The last count on the way from `inside` to `outside` that is not refuted."""
    assert callable(refuted)
    if not refuted(outside):
        return outside
    # The likelihood has one hill: once refuted, further out stays refuted.
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        inside, outside = (inside, middle) if refuted(middle) else (middle, outside)
    return inside


def _log_likelihood(errors: int, wrong: int, looked_at: int, rows: int) -> float:
    """Log probability of one order of the answers seen, with `errors` wrong rows in all."""
    right = looked_at - wrong
    return (
        lgamma(errors + 1)
        - lgamma(errors - wrong + 1)
        + lgamma(rows - errors + 1)
        - lgamma(rows - errors - right + 1)
        - lgamma(rows + 1)
        + lgamma(rows - looked_at + 1)
    )


def _log_mixture(wrong: int, looked_at: int) -> float:
    """The same with the number of errors beta-binomial: a Polya urn."""
    return (
        lgamma(PRIOR_WRONG + wrong)
        + lgamma(PRIOR_RIGHT + looked_at - wrong)
        - lgamma(PRIOR_WRONG + PRIOR_RIGHT + looked_at)
        - lgamma(PRIOR_WRONG)
        - lgamma(PRIOR_RIGHT)
        + lgamma(PRIOR_WRONG + PRIOR_RIGHT)
    )
