"""What a policy leads to: the cash of every path month by month, and what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.war.draws import Chances, Float32Array, IntArray
from undercut.sell.pricing.war.ruin import touched_between
from undercut.sell.pricing.war.scene import Policy


@dataclass(frozen=True, slots=True)
class Course:
    """What one policy led to. T months, N paths, money in the scene's unit.

    profit, cash, share: (T, N), share of all buyers served; after ruin all are 0.
    ruined_in: (N,) month of ruin from 1, T + 1 where there was none. value: (N,) discounted profit
    until the end or ruin. price: (T,) mean price of the first own product while sold, nan after
    leaving. floored: part of all path-months in which a floor held a price up.
    """

    policy: Policy
    profit: Float32Array
    cash: Float32Array
    share: Float32Array
    ruined_in: IntArray
    value: FloatArray
    price: FloatArray
    floored: float


@dataclass(frozen=True, slots=True)
class Sheets:
    """What blocks write into: as `Course`; price and floored as sums over the paths of a block.

    price, floored: (T, blocks).
    """

    profit: Float32Array
    cash: Float32Array
    share: Float32Array
    ruined_in: IntArray
    value: FloatArray
    price: FloatArray
    floored: FloatArray

    @classmethod
    def empty(cls, months: int, paths: int, blocks: int) -> Sheets:
        """Before any block has run; nobody is ruined."""

        def sheet() -> Float32Array:
            return np.empty((months, paths), dtype=np.float32)

        return cls(
            profit=sheet(),
            cash=sheet(),
            share=sheet(),
            ruined_in=np.full(paths, months + 1, dtype=np.int64),
            value=np.zeros(paths),
            price=np.zeros((months, blocks)),
            floored=np.zeros((months, blocks)),
        )

    def course(self, policy: Policy) -> Course:
        """All blocks together."""
        months, paths = self.profit.shape
        price = self.price.sum(axis=1) / paths
        return Course(
            policy,
            self.profit,
            self.cash,
            self.share,
            self.ruined_in,
            self.value,
            price,
            float(self.floored.sum() / (months * paths)),
        )


@dataclass(slots=True)
class Till:
    """The cash of one block of paths: books a month, and writes down who is ruined.

    cash, alive: (P,). monthly: discount factor of a month.
    """

    cash: FloatArray
    alive: FloatArray
    monthly: float
    chances: Chances
    sheets: Sheets
    rows: slice

    @classmethod
    def of(
        cls, cash: float, discount_annual: float, chances: Chances, sheets: Sheets, rows: slice
    ) -> Till:
        """Before the first month."""
        paths = rows.stop - rows.start
        monthly = (1.0 - discount_annual) ** (1.0 / 12.0)
        return cls(np.full(paths, cash), np.ones(paths), monthly, chances, sheets, rows)

    def take(self, earned: FloatArray, spread: float, month: int) -> None:
        """Profit (P,) and chance of one month."""
        sheets, rows = self.sheets, self.rows
        after = self.cash + earned + spread * self.chances.cash[month]
        touched = touched_between(self.cash, after, spread)
        ruined = (self.alive > 0.0) & (self.chances.touched[month] < touched)
        booked = earned * self.alive
        sheets.profit[month, rows] = booked
        sheets.value[rows] += self.monthly ** (month + 1) * booked
        sheets.ruined_in[rows][ruined] = month + 1
        self.alive[ruined] = 0.0
        self.cash = after * self.alive
        sheets.cash[month, rows] = self.cash
