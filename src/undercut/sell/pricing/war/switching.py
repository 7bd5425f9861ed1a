"""Prices that no rival gains by undercutting, when customers face a cost of switching.

A firm that undercuts a rival must give the rival's customers more than their cost of switching,
and then serves both firms' customers at the lower price. Prices are undercut-proof when each firm
sets the highest price at which its rival still earns at least as much by leaving it alone.
Source: Shy (2002), "A quick-and-easy method for estimating switching costs", International Journal
of Industrial Organization 20, 71-87, for the idea (the paper itself could not be read here); the
prices are derived from the definition above, with unit costs. Without unit costs the condition is
that of equations 7 and 8 in the code of Shy's paper on Hotelling's line (GitHub, ozshy/hotel).
"""

from __future__ import annotations

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray, vector


def implied_switching_costs(
    prices: FloatArray, customers: FloatArray, costs: FloatArray | None = None
) -> FloatArray:
    """(F,) what keeps each firm's customers, if the prices are undercut-proof.

    prices: (F,). customers: (F,) numbers or shares. costs: (F,) unit costs of serving, 0 where not
    given. Each firm fears its smallest rival, who gains most by undercutting; the smallest firm
    fears the largest. A figure at or below 0 says that the prices do not need switching costs.
    Raises InputError for fewer than two firms or customers that are not above 0.
    """
    prices, customers, costs = _checked(prices, customers, costs)
    smallest, largest = int(np.argmin(customers)), int(np.argmax(customers))
    found = np.empty(prices.size)
    for firm in range(prices.size):
        foe = smallest if firm != smallest else (largest if largest != smallest else 1 - smallest)
        stays = (prices[foe] - costs[foe]) * customers[foe]
        found[firm] = prices[firm] - costs[foe] - stays / (customers[firm] + customers[foe])
    return found


def undercut_proof_prices(
    customers: FloatArray, switching: FloatArray, costs: FloatArray | None = None
) -> FloatArray:
    """(2,) the highest prices at which neither of two firms gains by undercutting the other.

    customers: (2,). switching: (2,) cost of switching of each firm's own customers, above 0.
    """
    customers = vector("customers", customers, 2)
    switching = vector("switching costs", switching, 2)
    if switching.min() <= 0.0:
        raise InputError(f"switching costs must be above 0, got {switching.min()}")
    _, customers, costs = _checked(np.ones(2), customers, costs)
    total = customers.sum()
    # rival j is indifferent: (p_j - c_j) n_j = (p_i - s_i - c_j) (n_i + n_j)
    weights = customers / total
    left = np.array([[1.0, -weights[1]], [-weights[0], 1.0]])
    right = switching + costs[::-1] * (1.0 - weights[::-1])
    return np.linalg.solve(left, right)


def undercutting_gain(
    prices: FloatArray,
    customers: FloatArray,
    switching: FloatArray,
    costs: FloatArray | None = None,
) -> FloatArray:
    """(F, F) what firm j earns more by just undercutting firm i than by leaving it alone.

    Row i is the firm that is undercut, column j the one that does it; 0 on the diagonal.
    """
    prices, customers, costs = _checked(prices, customers, costs)
    switching = vector("switching costs", switching, prices.size)
    price = (prices - switching)[:, None] - costs[None, :]
    both = customers[:, None] + customers[None, :]
    gain: FloatArray = price * both - ((prices - costs) * customers)[None, :]
    np.fill_diagonal(gain, 0.0)
    return gain


def _checked(
    prices: FloatArray, customers: FloatArray, costs: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    prices = vector("prices", prices)
    if prices.size < 2:
        raise InputError("undercutting needs two firms or more, got one")
    customers = vector("customers", customers, prices.size)
    if customers.min() <= 0.0:
        raise InputError(f"customers must be above 0, got {customers.min()}")
    costs = np.zeros(prices.size) if costs is None else vector("costs", costs, prices.size)
    return prices, customers, costs
