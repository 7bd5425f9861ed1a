"""Trial and revenue from the four price questions and two purchase intents.

Each respondent says how likely a purchase is at the own 'cheap' and 'expensive' price. In between
the probability is a straight line, beyond it falls to the value at 'too cheap' and 'too expensive',
0 unless told otherwise, and stays 0 outside (Newton, Miller & Smith 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.estimate import Caution, Estimate, Note, Says
from undercut.sell.pricing.demand.model import FloatArray, vector
from undercut.sell.pricing.demand.survey.answers import PriceAnswers
from undercut.sell.pricing.demand.survey.bootstrap import BootstrapConfig, bootstrap

# Five-point intent, 5 = would certainly buy: what such answers are worth, as the R package
# pricesensitivitymeter takes it by default.
FIVE_POINTS = {5: 0.7, 4: 0.5, 3: 0.3, 2: 0.1, 1: 0.0}


@dataclass(frozen=True, slots=True)
class Trial:
    """trial: (P,) expected share that buys at `prices`; revenue: price times trial, a respondent.

    best_trial_price, best_revenue_price: named prices with the highest trial and revenue (the lower
    of equals), with bootstrap intervals; best_trial, best_revenue: what they reach.
    """

    prices: FloatArray
    trial: FloatArray
    revenue: FloatArray
    best_trial_price: Estimate
    best_trial: Estimate
    best_revenue_price: Estimate
    best_revenue: Estimate
    notes: tuple[Note, ...]


def calibrated(intents: ArrayLike, scale: dict[int, float] | None = None) -> FloatArray:
    """(N,) probabilities behind intents on a scale; InputError for an intent that is not on it."""
    scale = FIVE_POINTS if scale is None else scale
    given = np.asarray(intents).tolist()
    for place, each in enumerate(given):
        if each not in scale:
            raise InputError(f"intent {each!r} of respondent {place} is not on {sorted(scale)}")
    return np.array([scale[each] for each in given], dtype=np.float64)


def newton_miller_smith(
    answers: PriceAnswers,
    chance_cheap: ArrayLike,
    chance_expensive: ArrayLike,
    *,
    chance_too_cheap: float = 0.0,
    chance_too_expensive: float = 0.0,
    config: BootstrapConfig | None = None,
) -> Trial:
    """Trial and revenue curves at every named price.

    chance_cheap, chance_expensive: probabilities of purchase, one a respondent as given, before
    answers were dropped. Raises InputError for other lengths or values outside [0, 1].
    """
    config = config or BootstrapConfig()
    given = answers.count + answers.dropped + answers.unanswered
    chances = np.column_stack(
        [
            np.full(answers.count, chance_too_cheap),
            _chance("chance_cheap", chance_cheap, given)[answers.kept],
            _chance("chance_expensive", chance_expensive, given)[answers.kept],
            np.full(answers.count, chance_too_expensive),
        ]
    )
    if chances.min() < 0.0 or chances.max() > 1.0:
        raise InputError("purchase probabilities must lie in [0, 1]")
    table = answers.columns()
    prices = np.unique(table)
    buys = _buys(table, chances, prices)
    best, _ = bootstrap(
        ("price of most trial", "most trial", "price of most revenue", "most revenue"),
        lambda places: _best(buys[places].mean(axis=0), prices),
        answers.count,
        config,
    )
    trial = buys.mean(axis=0)
    return Trial(
        prices, trial, prices * trial, best[0], best[1], best[2], best[3], _notes(answers, chances)
    )


def _chance(name: str, values: ArrayLike, count: int) -> FloatArray:
    found = vector(name, values)
    if found.size != count:
        raise InputError(f"{name} must have {count} entries, one a respondent, got {found.size}")
    return found


def _buys(table: FloatArray, chances: FloatArray, prices: FloatArray) -> FloatArray:
    """(N, P) probability that each respondent buys at each price."""
    return np.stack(
        [
            np.interp(prices, row, chance, left=0.0, right=0.0)
            for row, chance in zip(table, chances, strict=True)
        ]
    )


def _best(trial: FloatArray, prices: FloatArray) -> FloatArray:
    revenue = prices * trial
    most, richest = int(trial.argmax()), int(revenue.argmax())
    return np.array([prices[most], trial[most], prices[richest], revenue[richest]])


def _notes(answers: PriceAnswers, chances: FloatArray) -> tuple[Note, ...]:
    notes = []
    odd = int((chances[:, 1] < chances[:, 2]).sum())
    if odd:
        notes.append(
            Note(
                Caution.INCONSISTENT,
                f"{odd} respondents would rather buy when it is expensive",
                Says.BUY_DEAR,
                {"count": f"{odd}"},
            )
        )
    if answers.count < 30:
        notes.append(
            Note(
                Caution.FEW_OBSERVATIONS,
                f"{answers.count} respondents; want 30 or more",
                Says.FEW_RESPONDENTS,
                {"count": f"{answers.count}", "wanted": "30"},
            )
        )
    return tuple(notes)
