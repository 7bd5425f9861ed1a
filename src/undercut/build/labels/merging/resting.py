"""When a loop over beliefs ends: they rest, or the bound that they climb hardly rises."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from undercut.build.labels.votes import Floats

ROUNDS = 200
REST = 1e-5
EARLY_ROUNDS = 100
RISE = 1e-5

# Takes (items, classes) beliefs, gives something made of them: the next beliefs, for one.
Round = Callable[[Floats], Floats]


class Loop(NamedTuple):
    """Where a loop ended: (items, k) beliefs, rounds made, whether it ended by itself."""

    beliefs: Floats
    rounds: int
    rested: bool


def until_beliefs_rest(
    beliefs: Floats, next_round: Round, *, rounds: int = ROUNDS, rest: float = REST
) -> Loop:
    """Repeat until no belief moves by `rest`."""
    for number in range(1, rounds + 1):
        moved = next_round(beliefs)
        change = float(np.abs(moved - beliefs).max(initial=0.0))
        beliefs = moved
        if change < rest:
            return Loop(beliefs, number, True)
    return Loop(beliefs, rounds, False)


def until_bound_rests(
    beliefs: Floats,
    next_round: Round,
    bound: Callable[[Floats], float],
    *,
    rounds: int = EARLY_ROUNDS,
    rise: float = RISE,
) -> Loop:
    """Repeat until the bound, a number a vote, rises by less than `rise` or falls."""
    last = -np.inf
    for number in range(1, rounds + 1):
        beliefs = next_round(beliefs)
        now = bound(beliefs)
        if now - last < rise:
            return Loop(beliefs, number, True)
        last = now
    return Loop(beliefs, rounds, False)
