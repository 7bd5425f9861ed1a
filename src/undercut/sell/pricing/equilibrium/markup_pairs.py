"""The first-order conditions of (nested) logit in as few unknowns as they have: one markup for
each firm in each nest.

All products that one firm sells in one nest carry the same markup in money (Anderson & de Palma
1992 for plain logit). With w the part of a nest that a firm holds, s its share of all buyers and
rho the nest's correlation, the conditions of Bertrand-Nash prices say
    markup = k / (1 - K) / |coefficient|,  k = (1 - rho) / (1 - rho w),  K = the firm's sum of s k,
which follows from adding up s + (O * D)' markup = 0 over the firm's products of a nest. 1 - w and
1 - K are summed from what they consist of, so that they stay exact where a firm holds nearly all.
Many markets with the same products (draws of one that is not known well) are looked at together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.model import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which firm sells in which nest: P pairs. firm, nest: (P,) numbers. of: (J,) each product's.

    same_firm, same_nest: (P, P). correlation: (P,) of the pair's nest.
    """

    firm: IntArray
    nest: IntArray
    of: IntArray
    same_firm: FloatArray
    same_nest: FloatArray
    correlation: FloatArray


def pairs_of(firms: Sequence[str], nests: IntArray, correlation: FloatArray) -> Pairs:
    """The pairs of J products. firms, nests: (J,). correlation: (G,)."""
    numbers = {name: place for place, name in enumerate(dict.fromkeys(firms))}
    keys = [(numbers[firm], int(nest)) for firm, nest in zip(firms, nests, strict=True)]
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    firm = np.array([key[0] for key in places], dtype=np.int64)
    nest = np.array([key[1] for key in places], dtype=np.int64)
    return Pairs(
        firm,
        nest,
        np.array([places[key] for key in keys], dtype=np.int64),
        np.equal.outer(firm, firm).astype(np.float64),
        np.equal.outer(nest, nest).astype(np.float64),
        np.asarray(correlation, dtype=np.float64)[nest],
    )


@dataclass(frozen=True, slots=True)
class Markets:
    """D markets of the same pairs. at_cost: (D, P) log of the sum over a pair's products of
    exp(utility / (1 - correlation)) at prices that equal costs. size: (D,) of the price
    coefficient. outside: utility of buying nothing.
    """

    pairs: Pairs
    at_cost: FloatArray
    size: FloatArray
    outside: float

    def at(self, rows: IntArray | BoolArray) -> Markets:
        """Some of the markets."""
        return Markets(self.pairs, self.at_cost[rows], self.size[rows], self.outside)


def markets_of(
    pairs: Pairs, values: FloatArray, size: FloatArray, costs: FloatArray, outside: float
) -> Markets:
    """D markets from (D, J) values and costs and (D,) sizes of the price coefficient."""
    scaled = (values - size[:, None] * costs) / (1.0 - pairs.correlation[pairs.of])
    sums = [
        np.logaddexp.reduce(scaled[:, pairs.of == place], axis=1)
        for place in range(pairs.firm.size)
    ]
    return Markets(pairs, np.stack(sums, axis=1), size, outside)


@dataclass(frozen=True, slots=True)
class Held:
    """What each pair holds: (D, P) within: part of its nest; share: of all buyers; nest_share:
    of its nest. k: as above; lost: (D, P) 1 - K of the pair's firm. gap: (D, P) log markup less
    log of what the conditions ask for.
    """

    within: FloatArray
    share: FloatArray
    nest_share: FloatArray
    k: FloatArray
    lost: FloatArray
    gap: FloatArray


def held(markets: Markets, log_markups: FloatArray) -> Held:
    """Shares and the gap in the first-order conditions at (D, P) log markups."""
    pairs, rho = markets.pairs, markets.pairs.correlation
    fall = markets.size[:, None] * np.exp(log_markups) / (1.0 - rho)
    pull = markets.at_cost - fall
    sums = np.stack(
        [np.logaddexp.reduce(pull[:, pairs.nest == nest], axis=1) for nest in _nests(pairs)], axis=1
    )
    place = np.searchsorted(_nests(pairs), pairs.nest)
    spread = np.array([1.0 - rho[pairs.nest == nest][0] for nest in _nests(pairs)])
    worth = spread * sums
    total = np.logaddexp(np.logaddexp.reduce(worth, axis=1), markets.outside)[:, None]
    within, nest_share = np.exp(pull - sums[:, place]), np.exp(worth - total)[:, place]
    share = within * nest_share
    others = within @ (pairs.same_nest - np.eye(rho.size))
    uncorrelated = 1.0 - rho + rho * others
    k = (1.0 - rho) / uncorrelated
    nothing = np.exp(markets.outside - total)
    lost = nothing + share @ (1.0 - pairs.same_firm)
    lost = lost + (share * rho * others / uncorrelated) @ pairs.same_firm
    wanted = np.log(k) - np.log(np.maximum(lost, 1e-300)) - np.log(markets.size)[:, None]
    return Held(within, share, nest_share, k, lost, log_markups - wanted)


def slopes(markets: Markets, log_markups: FloatArray, at: Held) -> FloatArray:
    """(D, P, P) d gap_q / d log markup_p."""
    pairs, rho = markets.pairs, markets.pairs.correlation
    fall = -markets.size[:, None] * np.exp(log_markups) / (1.0 - rho)  # d pull / d log markup
    eye, nest = np.eye(rho.size), pairs.same_nest
    within = eye - nest * at.within[:, None, :]
    own_nest = nest - at.nest_share[:, None, :]
    share = within + own_nest * ((1.0 - rho) * at.within)[:, None, :]
    bend = rho * at.within * at.k / (1.0 - rho)
    log_k = bend[:, :, None] * within
    weight = (at.share * at.k)[:, :, None]
    total = pairs.same_firm @ (weight * (share + log_k))
    found: FloatArray = eye - (log_k + total / at.lost[:, :, None]) * fall[:, None, :]
    return found


def _nests(pairs: Pairs) -> IntArray:
    return np.unique(pairs.nest)
