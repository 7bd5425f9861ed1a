"""What each policy charges in a month, given what the rivals charge now.

No price goes below its floor, whatever the policy says; how often a floor held a price up is
reported. Where selling below the floor has been decided and recorded, the caller lowers the floors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Buyers, nested
from undercut.sell.pricing.war.scene import Policy, Version


@dataclass(frozen=True, slots=True)
class Charged:
    """Own prices (J, P); the version's (P,), None where it is not sold; where a floor held (P,)."""

    prices: FloatArray
    version: FloatArray | None
    floored: FloatArray


def charge(
    policy: Policy,
    buyers: Buyers,
    elsewhere: FloatArray,
    rival_factor: FloatArray,
    *,
    selling_version: bool,
) -> Charged:
    """Prices of one month.

    elsewhere: (P,) as `Buyers.elsewhere`. rival_factor: (P,) the cutting rival's price over its
    price before. LEAVE charges nothing of interest: it does not sell.
    """
    own = buyers.own
    before = np.broadcast_to(own.prices[:, None], (own.prices.size, rival_factor.size))
    if policy is Policy.MATCH:
        return _above_floor(before * rival_factor, None, buyers)
    if policy is Policy.ANSWER:
        markup = best_markup(buyers, elsewhere, None)
        return _above_floor(own.costs[:, None] + markup, None, buyers)
    if policy is Policy.DIFFERENTIATE and selling_version:
        assert own.version is not None
        markup = best_markup(buyers, elsewhere, own.version)
        version = np.full_like(markup, own.version.cost) + markup
        return _above_floor(own.costs[:, None] + markup, version, buyers)
    return Charged(before, None, np.zeros(rival_factor.size))


def best_markup(buyers: Buyers, elsewhere: FloatArray, version: Version | None) -> FloatArray:
    """(P,) the markup over unit cost, the same on all own products, that earns most at once.

    A firm that owns its nests whole puts equal markups on all its products under (nested) logit
    (Anderson & de Palma 1992), so the answer has Lambert's closed form.
    """
    from scipy.special import wrightomega

    own = buyers.own
    costs = np.broadcast_to(own.costs[:, None], (own.costs.size, elsewhere.size))
    pull = buyers.own_pull(costs)
    if version is None:
        at_cost = pull.sum(axis=0)
    else:
        alone = buyers.version_pull(version, np.full(elsewhere.size, version.cost))
        at_cost = nested(pull[0], alone, version)[1] + pull[1:].sum(axis=0)
    exponent = np.log(at_cost / elsewhere) - 1.0
    found: FloatArray = (1.0 + wrightomega(exponent)) / buyers.coefficient
    return found


def _above_floor(prices: FloatArray, version: FloatArray | None, buyers: Buyers) -> Charged:
    own = buyers.own
    floors = own.floors[:, None]
    held = np.asarray((prices < floors).any(axis=0))
    if version is not None and own.version is not None:
        held |= version < own.version.floor
        version = np.maximum(version, own.version.floor)
    return Charged(np.maximum(prices, floors), version, held.astype(np.float64))
