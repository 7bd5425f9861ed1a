"""What each policy charges in a month, given what the rivals charge now.

No price goes below its floor, whatever the policy says; how often a floor held a price up is
reported. Where selling below the floor has been decided and recorded, the caller lowers the floors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Answering
from undercut.sell.pricing.war.scene import Policy


@dataclass(frozen=True, slots=True)
class Charged:
    """Own prices (J, P); the version's (P,), None where it is not sold; where a floor held (P,)."""

    prices: FloatArray
    version: FloatArray | None
    floored: FloatArray


def charge(
    policy: Policy,
    buyers: Answering,
    elsewhere: FloatArray,
    rival_factor: FloatArray,
    *,
    selling_version: bool,
) -> Charged:
    """Prices of one month.

    elsewhere: as `Buying.elsewhere`. rival_factor: (P,) the cutting rival's price over its
    price before. LEAVE charges nothing of interest: it does not sell.
    """
    own = buyers.own
    before = np.broadcast_to(own.prices[:, None], (own.prices.size, rival_factor.size))
    if policy is Policy.MATCH:
        return _above_floor(before * rival_factor, None, buyers)
    if policy is Policy.ANSWER:
        markups = buyers.best_markups(elsewhere, None)
        return _above_floor(own.costs[:, None] + markups, None, buyers)
    if policy is Policy.DIFFERENTIATE and selling_version:
        assert own.version is not None
        markups = buyers.best_markups(elsewhere, own.version)
        several = markups.shape[0] > 1
        version = own.version.cost + markups[-1]
        return _above_floor(
            own.costs[:, None] + (markups[:-1] if several else markups), version, buyers
        )
    return Charged(before, None, np.zeros(rival_factor.size))


def _above_floor(prices: FloatArray, version: FloatArray | None, buyers: Answering) -> Charged:
    own = buyers.own
    floors = own.floors[:, None]
    held = np.asarray((prices < floors).any(axis=0))
    if version is not None and own.version is not None:
        held |= version < own.version.floor
        version = np.maximum(version, own.version.floor)
    return Charged(np.maximum(prices, floors), version, held.astype(np.float64))
