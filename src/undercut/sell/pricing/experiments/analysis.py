"""What a price test says: revenue and profit a visitor at each price, against today's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undercut.core.errors import InputError
from undercut.core.money import Money
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.experiments.confidence import always_valid, wilson
from undercut.sell.pricing.experiments.counts import Belief, Counts, belief

_FEW = 30
_UNEVEN = 0.001


@dataclass(frozen=True, slots=True)
class PriceResult:
    """One price. Figures a visitor, in money of the price.

    interval: of profit, for a size fixed beforehand. always: of profit, at every moment and for
    all prices at once. gain, gain_always: profit over that at today's price, None for that price.
    best_chance: that it earns most. expected_loss: of choosing it.
    """

    price: Money
    visitors: int
    sales: int
    bought: float
    revenue: float
    profit: float
    interval: tuple[float, float]
    always: tuple[float, float]
    gain: tuple[float, float, float] | None
    gain_always: tuple[float, float] | None
    best_chance: float
    expected_loss: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """best: place of the price with the most profit a visitor. proven: whether it beats today's
    price at every moment, or, where today's is best, beats all others. notes: what to mind.
    """

    prices: tuple[PriceResult, ...]
    control: int
    best: int
    proven: bool
    confidence: float
    notes: tuple[Note, ...]


def analyse(
    prices: Sequence[Money],
    counts: Counts,
    *,
    cost: Money,
    control: int,
    confidence: float = 0.95,
    evenly: bool = False,
    seed: int = 0,
) -> Analysis:
    """The analysis of a test, finished or not.

    evenly: customers were meant to be spread evenly over prices; counts that cannot be so are
    reported. Raises InputError for nothing observed, two currencies, or prices at or below cost.
    """
    margins = _margins(prices, cost, counts, control)
    known = belief(counts, margins, np.random.default_rng(seed))
    # a union bound over prices: all intervals hold at once
    each_always = 1.0 - (1.0 - confidence) / len(prices)
    always = [
        tuple(margin * end for end in always_valid(int(s), int(n), each_always))
        for margin, s, n in zip(margins, counts.sales, counts.visitors, strict=True)
    ]
    results = tuple(
        _result(place, prices, counts, margins, always, known, control, confidence)
        for place in range(len(prices))
    )
    best = int(np.argmax([each.profit for each in results]))
    return Analysis(
        results,
        control,
        best,
        _proven(always, best, control),
        confidence,
        tuple(_notes(counts, evenly=evenly)),
    )


def _margins(prices: Sequence[Money], cost: Money, counts: Counts, control: int) -> FloatArray:
    if len(prices) != counts.visitors.size or not prices:
        raise InputError(f"{len(prices)} prices for {counts.visitors.size} counts")
    if not 0 <= control < len(prices):
        raise InputError("today's price must be one of the prices of the test")
    if counts.visitors.sum() == 0:
        raise InputError(
            "nobody has been shown a price yet: there is nothing to analyse",
            hint="wait until customers have seen the prices",
        )
    margins = np.array([float((price - cost).amount) for price in prices])
    if margins.min() <= 0.0:
        raise InputError(
            f"a sale at {prices[int(margins.argmin())]} costs {cost}: it earns nothing",
            hint="--cost is what one more sale costs, in the currency of the prices",
        )
    return margins


def _result(
    place: int,
    prices: Sequence[Money],
    counts: Counts,
    margins: FloatArray,
    always: list[tuple[float, ...]],
    known: Belief,
    control: int,
    confidence: float,
) -> PriceResult:
    visitors, sales = int(counts.visitors[place]), int(counts.sales[place])
    margin = float(margins[place])
    bought = sales / visitors if visitors else float("nan")
    low, high = wilson(sales, visitors, confidence)
    gain = gain_always = None
    if place != control:
        gain = _gain(counts, margins, place, control, confidence)
        gain_always = (
            always[place][0] - always[control][1],
            always[place][1] - always[control][0],
        )
    return PriceResult(
        prices[place],
        visitors,
        sales,
        bought,
        bought * float(prices[place].amount),
        bought * margin,
        (margin * low, margin * high),
        (always[place][0], always[place][1]),
        gain,
        gain_always,
        float(known.best_chance[place]),
        float(known.expected_loss[place]),
    )


def _gain(
    counts: Counts, margins: FloatArray, place: int, control: int, confidence: float
) -> tuple[float, float, float]:
    """Profit over today's price with its interval: Newcombe (1998), from the Wilson ends."""
    ends = []
    for each in (place, control):
        sales, visitors = int(counts.sales[each]), int(counts.visitors[each])
        share = sales / visitors if visitors else 0.5
        low, high = wilson(sales, visitors, confidence)
        ends.append(margins[each] * np.array([share, low, high]))
    (one, one_low, one_high), (two, two_low, two_high) = ends
    gap = one - two
    low = gap - np.hypot(one - one_low, two_high - two)
    high = gap + np.hypot(one_high - one, two - two_low)
    return float(gap), float(low), float(high)


def _proven(always: list[tuple[float, ...]], best: int, control: int) -> bool:
    if best != control:
        return always[best][0] > always[control][1]
    return all(
        always[control][0] > ends[1] for place, ends in enumerate(always) if place != control
    )


def _notes(counts: Counts, *, evenly: bool) -> list[Note]:
    notes = []
    if int(counts.visitors.min()) < _FEW:
        text = f"a price was seen by {counts.visitors.min()} customers only: wait for more"
        values = {"least": f"{counts.visitors.min()}"}
        notes.append(Note(Caution.FEW_OBSERVATIONS, text, Says.PRICE_SEEN_BY_FEW, values))
    if evenly and counts.visitors.size > 1:
        from scipy.stats import chisquare

        if chisquare(counts.visitors).pvalue < _UNEVEN:
            text = (
                "customers are not spread evenly over the prices, as they were meant to be: look "
                "for what decides who is counted before believing any figure"
            )
            notes.append(Note(Caution.INCONSISTENT, text, Says.NOT_EVEN))
    return notes
