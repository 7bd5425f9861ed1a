"""The price sensitivity meter of Van Westendorp (1976): four curves and where they cross.

At price p: 'too cheap' and 'cheap' are shares of answers above p, they fall; 'expensive' and
'too expensive' are shares at or below p, they rise. 'Not cheap' and 'not expensive' are what is
missing to 1. Definitions as the R package pricesensitivitymeter documents them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.model import FloatArray
from undercut.sell.pricing.demand.survey.answers import PriceAnswers
from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig, bootstrap

POINTS = (
    "marginal cheapness",
    "marginal expensiveness",
    "indifference price",
    "optimal price",
    "marginal cheapness, narrow",
    "marginal expensiveness, narrow",
)
_WANTED = 30


@dataclass(frozen=True, slots=True)
class Curves:
    """Shares of respondents, all (P,) at `prices`."""

    prices: FloatArray
    too_cheap: FloatArray
    cheap: FloatArray
    expensive: FloatArray
    too_expensive: FloatArray


@dataclass(frozen=True, slots=True)
class VanWestendorp:
    """The crossing points with bootstrap intervals; nan where two curves do not cross.

    marginal_cheapness, marginal_expensiveness: the acceptable range, where 'too cheap' meets 'not
    cheap' and 'too expensive' meets 'not expensive'. indifference: 'cheap' meets 'expensive'.
    optimal: 'too cheap' meets 'too expensive'. narrow_range: the ends that some agencies use, 'too
    cheap' with 'expensive' and 'too expensive' with 'cheap'.
    """

    marginal_cheapness: Estimate
    marginal_expensiveness: Estimate
    indifference: Estimate
    optimal: Estimate
    narrow_range: tuple[Estimate, Estimate]
    curves: Curves
    respondents: int
    dropped: int
    notes: tuple[Note, ...]


def van_westendorp(answers: PriceAnswers, config: BootstrapConfig | None = None) -> VanWestendorp:
    """All crossing points of the four curves, read at prices that somebody named.

    A crossing is the lowest named price at which the falling curve is no longer above the rising
    one. Intervals resample respondents.
    """
    config = config or BootstrapConfig()
    table = answers.columns()
    estimates, missing = bootstrap(
        POINTS, lambda places: _crossings(table[places]), answers.count, config
    )
    return VanWestendorp(
        estimates[0],
        estimates[1],
        estimates[2],
        estimates[3],
        (estimates[4], estimates[5]),
        curves(table),
        answers.count,
        answers.dropped,
        _notes(answers, missing),
    )


def curves(table: FloatArray) -> Curves:
    """The four curves at every price named in (N, 4) answers."""
    prices = np.unique(table)
    rows = table.shape[0]
    falling = [_above(np.sort(table[:, place]), prices) / rows for place in (0, 1)]
    rising = [
        np.searchsorted(np.sort(table[:, place]), prices, side="right") / rows for place in (2, 3)
    ]
    return Curves(prices, falling[0], falling[1], rising[0], rising[1])


def _above(answers: FloatArray, prices: FloatArray) -> NDArray[np.int64]:
    found: NDArray[np.int64] = answers.size - np.searchsorted(answers, prices, side="right")
    return found


def _crossings(table: FloatArray) -> FloatArray:
    found = curves(table)
    return np.array(
        [
            _meet(found.prices, found.too_cheap, 1.0 - found.cheap),
            _meet(found.prices, 1.0 - found.expensive, found.too_expensive),
            _meet(found.prices, found.cheap, found.expensive),
            _meet(found.prices, found.too_cheap, found.too_expensive),
            _meet(found.prices, found.too_cheap, found.expensive),
            _meet(found.prices, found.cheap, found.too_expensive),
        ]
    )


def _meet(prices: FloatArray, falling: FloatArray, rising: FloatArray) -> float:
    below = np.flatnonzero(falling <= rising + 1e-12)
    return float(prices[below[0]]) if below.size else float("nan")


def _notes(answers: PriceAnswers, missing: FloatArray) -> tuple[Note, ...]:
    notes = []
    given = answers.count + answers.dropped + answers.unanswered
    if answers.dropped + answers.unanswered:
        notes.append(
            Note(
                Caution.DROPPED_ANSWERS,
                f"{answers.dropped} of {given} answers contradict themselves and "
                f"{answers.unanswered} are incomplete: left out",
                Says.CONTRADICTORY,
                {
                    "dropped": f"{answers.dropped}",
                    "given": f"{given}",
                    "incomplete": f"{answers.unanswered}",
                },
            )
        )
    if answers.count < _WANTED:
        notes.append(
            Note(
                Caution.FEW_OBSERVATIONS,
                f"{answers.count} respondents; want {_WANTED} or more",
                Says.FEW_RESPONDENTS,
                {"count": f"{answers.count}", "wanted": f"{_WANTED}"},
            )
        )
    for name, share in zip(POINTS, missing, strict=True):
        if share > 0.0:
            text, values = f"{name} is missing in {share:.0%} of draws", {"share": f"{share:.0%}"}
            found = Note(Caution.NOT_IDENTIFIED, text, Says.MISSING_POINT, {"name": name, **values})
            notes.append(found)
    return tuple(notes)
