"""Which price the next customer sees, and when a test ends.

Thompson (1933): a price is shown as often as it may be the best one. Before that every price gets
its least number of outcomes; a price that the loss bound has ruled out is not shown again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.experiments.counts import Belief, Counts, belief, loss_so_far
from undercut.sell.pricing.experiments.terms import TestTerms

_CHOICE, _JUDGEMENT = 0, 1


class Verdict(StrEnum):
    """Where a test stands."""

    GOES_ON = "goes on"
    DECIDED = "decided"
    LOSS_BOUND = "loss bound reached"


@dataclass(frozen=True, slots=True)
class Standing:
    """verdict; winner: place of the price to charge from now on, None while the test goes on.

    loss: money expected to have been lost so far. belief: what is known of each price.
    """

    verdict: Verdict
    winner: int | None
    loss: float
    belief: Belief


def standing(terms: TestTerms, counts: Counts) -> Standing:
    """Whether the test is over. The same counts give the same answer, whoever asks how often."""
    margins = np.array(terms.margins)
    seen = int(counts.visitors.sum())
    known = belief(counts, margins, np.random.default_rng([terms.seed, _JUDGEMENT, seen]))
    loss = loss_so_far(counts, margins, terms.control)
    if loss >= float(terms.loss_bound.amount):
        return Standing(Verdict.LOSS_BOUND, terms.control, loss, known)
    best = int(known.expected_loss.argmin())
    enough = bool((counts.visitors >= terms.least_visitors).all())
    if enough and known.expected_loss[best] <= terms.tolerance * known.profit[best]:
        return Standing(Verdict.DECIDED, best, loss, known)
    return Standing(Verdict.GOES_ON, None, loss, known)


def next_price(terms: TestTerms, counts: Counts, shown: NDArray[np.int64]) -> int:
    """Place of the price for the next customer.

    shown: (K,) customers who were shown each price, outcomes still open included. Equal state,
    equal choice: the random numbers follow from the seed and how many were shown.
    """
    if (shown < terms.least_visitors).any():
        return int(shown.argmin())
    rng = np.random.default_rng([terms.seed, _CHOICE, int(shown.sum())])
    chance = rng.beta(counts.sales + 1.0, counts.visitors - counts.sales + 1.0)
    return int((chance * np.array(terms.margins)).argmax())
