"""Two firms that take turns in setting prices: Markov perfect equilibria and Edgeworth cycles.

A firm's move depends on nothing but the other's current price. Some equilibria rest at one price
(a kinked demand curve), others undercut each other step by step until one of them relents and
raises: an Edgeworth cycle. A strategy is an equilibrium where no move, now or later, pays better;
that is checked here by dynamic programming instead of being taken on trust.
Source: Maskin & Tirole (1988), "A theory of dynamic oligopoly II", Econometrica 56, 571-599, for
the game; the equilibria in the tests are verified by this file's own check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.model import FloatArray, vector


@dataclass(frozen=True, slots=True)
class Turns:
    """Prices to choose from and what the mover earns.

    prices: (n,) ascending. profits: (n, n), row own price, column the other's.
    discount: of one turn, in (0, 1).
    """

    prices: FloatArray
    profits: FloatArray
    discount: float


def homogeneous(
    prices: FloatArray, buyers: FloatArray, *, cost: float = 0.0, discount: float = 0.95
) -> Turns:
    """The game in which all `buyers` (n,) at a price go to the cheaper firm, half at a tie."""
    prices = vector("prices", prices)
    if np.any(np.diff(prices) <= 0.0) or prices.size < 2:
        raise InputError("prices must be two or more, in rising order")
    if not 0.0 < discount < 1.0:
        raise InputError(f"the discount factor must lie between 0 and 1, got {discount}")
    alone = (prices - cost) * vector("buyers", buyers, prices.size)
    cheaper = prices[:, None] < prices[None, :]
    same = prices[:, None] == prices[None, :]
    share = np.where(cheaper, 1.0, np.where(same, 0.5, 0.0))
    return Turns(prices, alone[:, None] * share, discount)


def values(game: Turns, strategy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value to the firm about to move, and to the one that waits.

    strategy: (n, n), row the other's price, column the probability of the own next price; both
    firms follow it. Returns (n,) by the other's price, and (n,) by the own standing price.
    """
    count, discount = game.prices.size, game.discount
    system = np.eye(2 * count)
    system[:count, count:] -= discount * strategy
    system[count:, :count] -= discount * strategy
    now = np.concatenate(
        [(strategy * game.profits.T).sum(axis=1), (strategy * game.profits).sum(axis=1)]
    )
    solved = np.linalg.solve(system, now)
    return solved[:count], solved[count:]


def best_deviation(game: Turns, strategy: FloatArray) -> float:
    """The most that a different move gains anywhere; 0 up to rounding at an equilibrium.

    By the one-shot deviation principle no longer plan of deviations pays where this is 0.
    """
    moving, waiting = values(game, strategy)
    worth = game.profits.T + game.discount * waiting[None, :]
    return float((worth.max(axis=1) - moving).max())


def strategy_of(game: Turns, replies: Mapping[int, int]) -> FloatArray:
    """(n, n) the strategy that answers price i with price replies[i]; each price needs one."""
    count = game.prices.size
    if sorted(replies) != list(range(count)):
        raise InputError(f"each of the {count} prices needs one reply")
    found = np.zeros((count, count))
    for place, reply in replies.items():
        found[place, reply] = 1.0
    return found


def mixed_at(
    game: Turns, replies: Mapping[int, int], place: int, first: int, second: int
) -> tuple[float, FloatArray]:
    """Probability of `first` against `second` as answers to price `place` that leaves both as good.

    The other answers are as in `replies`. Returns it with the whole strategy. Raises InputError
    where no mixture does.
    """
    from scipy.optimize import brentq

    base = strategy_of(game, replies)

    def build(chance: float) -> FloatArray:
        made = base.copy()
        made[place] = 0.0
        made[place, first] += chance
        made[place, second] += 1.0 - chance
        return made

    def gap(chance: float) -> float:
        _, waiting = values(game, build(chance))
        worth = game.profits[:, place] + game.discount * waiting
        return float(worth[first] - worth[second])

    if gap(0.0) * gap(1.0) > 0.0:
        raise InputError("no mixture of these two answers leaves a firm indifferent")
    chance = float(brentq(gap, 0.0, 1.0, xtol=1e-15))
    return chance, build(chance)


def relent_chance(discount: float) -> float:
    """How likely the firm at the bottom of an Edgeworth cycle raises when its turn comes.

    In the classic example: demand 1 - price, no cost, prices 0, 1/6, ..., 1; firms undercut one
    step at a time and start again one step below the top. Raises InputError for a discount factor
    at which that is no equilibrium (impatient firms never raise).
    """
    game = homogeneous(np.arange(7) / 6.0, 1.0 - np.arange(7) / 6.0, discount=discount)
    stay, strategy = mixed_at(game, {6: 4, 5: 4, 4: 3, 3: 2, 2: 1, 1: 0, 0: 0}, 0, 0, 5)
    if best_deviation(game, strategy) > 1e-9:
        raise InputError(f"no such cycle is an equilibrium at a discount factor of {discount}")
    return 1.0 - stay
