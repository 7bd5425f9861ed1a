"""A market in which a rival with two products halves its prices."""

from __future__ import annotations

import numpy as np

from undercut.sell.pricing.war.doubts import Doubts
from undercut.sell.pricing.war.law import CutLaw
from undercut.sell.pricing.war.ranges import Kind, Range
from undercut.sell.pricing.war.scene import Own, Rivals, Scene, Version

LAW = CutLaw(
    Range(0.05, 0.075, 0.1, Kind.FRACTION),
    Range(0.04, 0.06, 0.08, Kind.FRACTION),
    (0.1, 0.2, 0.23, 0.3, 0.5, 0.6),
    (0.1, 0.2, 0.5),
    Range(0.7, 0.8, 0.9, Kind.FRACTION),
    "made up for the tests",
)
OWN = Own(
    prices=np.array([2.4]),
    costs=np.array([0.6]),
    floors=np.array([0.9]),
    shares=np.array([0.12]),
    fixed_costs=6_000.0,
    cash=72_000.0,
    cash_spread=1_500.0,
    version=Version(cost=0.25, floor=0.35, worth_less=0.6, launch_cost=3_000.0),
)
RIVALS = Rivals(
    np.array([2.6, 1.8, 1.2]),
    np.array([1.3, 0.9, 0.6]),
    np.array([0.2, 0.15, 0.1]),
    ("acme", "acme", "bolt"),
)
SCENE = Scene(OWN, RIVALS, "acme", 0.5, 60_000.0, LAW, Doubts(Range(0.6, 0.8, 1.2)))
