"""The four price questions, cleaned: answers that contradict themselves are dropped and counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.model import FloatArray


@dataclass(frozen=True, slots=True)
class PriceAnswers:
    """too_cheap, cheap, expensive, too_expensive: (N,) prices, rising in each row.

    kept: (N,) places of the rows among those given. dropped: rows out of order; unanswered: rows
    with a missing price.
    """

    too_cheap: FloatArray
    cheap: FloatArray
    expensive: FloatArray
    too_expensive: FloatArray
    kept: NDArray[np.int64]
    dropped: int
    unanswered: int

    @property
    def count(self) -> int:
        """N."""
        return int(self.kept.size)

    def columns(self) -> FloatArray:
        """(N, 4), cheapest question first."""
        return np.column_stack([self.too_cheap, self.cheap, self.expensive, self.too_expensive])


def price_answers(
    too_cheap: ArrayLike, cheap: ArrayLike, expensive: ArrayLike, too_expensive: ArrayLike
) -> PriceAnswers:
    """Answers with too cheap < cheap < expensive < too expensive; all others are counted out.

    nan is a missing answer. Raises InputError for unequal lengths, prices below 0, or no row left.
    """
    columns = [
        np.array(each, dtype=np.float64) for each in (too_cheap, cheap, expensive, too_expensive)
    ]
    if len({each.shape for each in columns}) != 1 or columns[0].ndim != 1:
        raise InputError(
            f"the four answers must be of the same people, got {[c.shape for c in columns]}"
        )
    table = np.column_stack(columns)
    answered = np.isfinite(table).all(axis=1)
    if (table[answered] < 0.0).any():
        raise InputError("prices in answers must not be below 0")
    rising = answered & (np.diff(table, axis=1) > 0.0).all(axis=1)
    kept = np.flatnonzero(rising)
    if kept.size == 0:
        raise InputError(
            f"none of {len(table)} answers has too cheap < cheap < expensive < too expensive",
            hint="check that the columns are not swapped",
        )
    good = table[kept]
    return PriceAnswers(
        good[:, 0],
        good[:, 1],
        good[:, 2],
        good[:, 3],
        kept,
        int(answered.sum()) - kept.size,
        int((~answered).sum()),
    )


def one_currency(answers: list[Money]) -> tuple[FloatArray, str]:
    """Money answers as floats and their currency; InputError for none or for two currencies."""
    currencies = sorted({each.currency for each in answers})
    if len(currencies) != 1:
        raise InputError(
            f"answers must be in one currency, got {currencies or 'none'}",
            hint="convert at a rate and a date that you can name",
        )
    return np.array([float(each.amount) for each in answers]), currencies[0]
