"""Which model of demand a scene has."""

from __future__ import annotations

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.buying import Buyers, Buying
from undercut.sell.pricing.war.buying_kinds import KindsBuyers
from undercut.sell.pricing.war.buying_nests import NestedBuyers
from undercut.sell.pricing.war.scene import Scene


def buying_of(scene: Scene, coefficient: FloatArray) -> Buying:
    """Demand that reproduces the scene's shares at its prices. coefficient: (P,), above 0."""
    if scene.kinds is not None:
        return KindsBuyers.of(scene, scene.kinds, coefficient)
    if scene.nests is not None:
        return NestedBuyers.of(scene, scene.nests, coefficient)
    return Buyers.of(scene, coefficient)
