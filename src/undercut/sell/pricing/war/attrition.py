"""Who gives up first when both lose money: the war of attrition.

Two firms each lose money a month while both stay; who stays alone earns the prize. In the mixed
equilibrium each leaves at the rate that makes the *other* indifferent between going now and
waiting: hazard of i = loss of j / prize of j. Strong firms with little to lose do not leave sooner:
they make the other wait longer.
The game is Maynard Smith's (1974); the tests check the indifference that defines the equilibrium.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from undercut.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Attrition:
    """hazards: monthly rate at which firm 1 and firm 2 give up.

    expected_months: until the first of them does. first_leaves: probability that it is firm 1.
    """

    hazards: tuple[float, float]
    expected_months: float
    first_leaves: float


def war_of_attrition(losses: tuple[float, float], prizes: tuple[float, float]) -> Attrition:
    """The mixed equilibrium of two firms that both lose by staying.

    losses: a month, above 0. prizes: present value of staying alone, above 0. In continuous time
    with value 0 outside. Raises InputError for anything else: a firm that loses nothing never has
    to leave, so there is no war to wait out.

    >>> war_of_attrition((1.0, 2.0), (20.0, 20.0)).hazards
    (0.1, 0.05)
    """
    for name, values in (("losses", losses), ("prizes", prizes)):
        if not all(math.isfinite(each) and each > 0.0 for each in values):
            raise InputError(
                f"{name} in a war of attrition must be above 0, got {values}",
                hint="a firm that earns money while both stay has no reason to leave",
            )
    hazards = (losses[1] / prizes[1], losses[0] / prizes[0])
    total = hazards[0] + hazards[1]
    return Attrition(hazards, 1.0 / total, hazards[0] / total)
