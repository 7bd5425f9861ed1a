"""A firm's best answer under logit demand, in closed form with the Lambert W function.

All products of one firm carry the same markup in money under logit, so the answer is one number:
markup = (1 + W(x)) / |price coefficient|, x = sum_own e^(v_j + alpha c_j - 1) / e^(rest). It is
the only stationary point, and the best price everywhere, not only nearby.
Source: Li & Huh (2011), theorem 1; Aravindakshan & Ratchford (2011).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.demand.model import FloatArray, vector


def lambert_best_response(
    demand: Logit, prices: FloatArray, costs: FloatArray, own: Sequence[int]
) -> FloatArray:
    """(J,) prices: those of the products `own` at their best, the others' as given.

    own: places of the firm's products. Raises InputError where there are none, or where the others
    leave a buyer nothing else to take (no outside option, no rival): no price is the highest.
    """
    prices = vector("prices", prices, demand.products)
    costs = vector("costs", costs, demand.products)
    mine = own_mask(own, demand.products)
    rest = np.append(demand.utilities(prices)[~mine], demand.outside)
    elsewhere = float(np.logaddexp.reduce(rest))
    if elsewhere == -np.inf:
        raise InputError("buyers have nowhere else to go, so no price is the best one")
    at_cost = float(np.logaddexp.reduce(demand.utilities(costs)[mine]))
    markup = (1.0 + _lambert_of_exp(at_cost - 1.0 - elsewhere)) / -demand.price_coefficient
    return np.where(mine, costs + markup, prices)


def own_mask(own: Sequence[int], products: int) -> NDArray[np.bool_]:
    """(J,) True at the places in `own`; InputError for none or one that is out of range."""
    places = np.asarray(list(own), dtype=np.int64)
    if places.size == 0 or places.min() < 0 or places.max() >= products:
        raise InputError(
            f"a firm's products must be places in 0 to {products - 1}, got {places.tolist()}"
        )
    mask = np.zeros(products, dtype=np.bool_)
    mask[places] = True
    return mask


def _lambert_of_exp(exponent: float) -> float:
    """W(e^exponent), which neither overflows nor underflows."""
    from scipy.special import wrightomega

    return float(wrightomega(exponent))
