"""Intervals for a share of buyers: one for a test of fixed size, one that holds at every moment.

Looking at a running test again and again makes ordinary intervals wrong. The sequence here holds
at all times together with the stated confidence, also where an algorithm decides who sees which
price. Sources: Robbins (1970), the mixture martingale with a uniform prior and Ville's inequality;
Wilson (1927) for the fixed size.
"""

from __future__ import annotations

import math

from undercut.sell.pricing.demand.estimate import check_confidence, normal_quantile


def wilson(sales: int, visitors: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the share of buyers in a test whose size was fixed beforehand."""
    if visitors == 0:
        return 0.0, 1.0
    z = normal_quantile(confidence)
    share, weight = sales / visitors, z * z / visitors
    middle = (share + weight / 2.0) / (1.0 + weight)
    reach = z / (1.0 + weight) * math.sqrt(share * (1.0 - share) / visitors + weight / visitors / 4)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def always_valid(sales: int, visitors: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the share of buyers that holds at all times at once.

    A share p is left out when the outcomes are 1 / (1 - confidence) times as likely under shares
    drawn evenly from (0, 1) as under p.
    """
    from scipy.optimize import brentq
    from scipy.special import betaln

    check_confidence(confidence)
    if visitors == 0:
        return 0.0, 1.0
    missed = visitors - sales
    evidence = betaln(sales + 1.0, missed + 1.0) + math.log(1.0 - confidence)

    def gap(share: float) -> float:
        return float(evidence) - _log_likelihood(share, sales, missed)

    best, edge = sales / visitors, 1e-15
    low = 0.0 if sales == 0 or gap(edge) <= 0.0 else brentq(gap, edge, best, xtol=1e-12)
    high = (
        1.0 if missed == 0 or gap(1.0 - edge) <= 0.0 else brentq(gap, best, 1.0 - edge, xtol=1e-12)
    )
    return float(low), float(high)


def _log_likelihood(share: float, sales: int, missed: int) -> float:
    bought = sales * math.log(share) if sales else 0.0
    return bought + (missed * math.log1p(-share) if missed else 0.0)
