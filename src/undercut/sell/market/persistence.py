"""Whether a price cut stays: Kaplan & Meier (1958) on the time until the price rises again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undercut.sell.market.interval import Measured
from undercut.sell.market.resampling import Resampling, grouped
from undercut.sell.market.steps import Steps

KEPT_DAYS = 180
_ROUNDING = 1.01


def cuts_kept(steps: Steps, *, days: int = KEPT_DAYS, resampling: Resampling) -> Measured | None:
    """Share of cuts whose price has not risen by more than 1% within so many days; None for none.

    A model that is no longer seen is followed to its last sighting. The rise is dated to the
    sighting that first shows it, so times are too long by up to a month.
    """
    times, risen, vendors = _followed(steps)
    if not len(times):
        return None
    names, group = grouped(vendors)
    once = np.ones((1, len(names)), dtype=np.int64)
    value = _surviving(times, risen, group, once, days)
    draws = _surviving(times, risen, group, resampling.weights(len(names)), days)
    low, high = resampling.interval(draws)
    return Measured(float(value[0]), low, high, len(times))


def _followed(steps: Steps) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    by_model: dict[str, list[int]] = {}
    for row, model in enumerate(steps.models):
        by_model.setdefault(model, []).append(row)
    times, risen, vendors = [], [], []
    for row in map(int, np.flatnonzero(steps.cut)):
        later = [n for n in by_model[steps.models[row]] if steps.days[n] > steps.days[row]]
        rise = next((n for n in later if steps.after[n] > steps.after[row] * _ROUNDING), None)
        last = rise if rise is not None else (later[-1] if later else None)
        if last is None:
            continue
        times.append(float(steps.days[last] - steps.days[row]))
        risen.append(rise is not None)
        vendors.append(steps.vendors[row])
    return np.array(times), np.array(risen, dtype=bool), vendors


def _surviving(
    times: NDArray[np.float64],
    risen: NDArray[np.bool_],
    group: NDArray[np.int64],
    weights: NDArray[np.int64],
    days: int,
) -> NDArray[np.float64]:
    """(rounds,) shares under (rounds, groups) weights. times, risen, group: of each cut."""
    share = np.ones(len(weights))
    for time in np.unique(times[risen & (times <= days)]):
        at_risk, rose = (
            weights @ np.bincount(group[of], minlength=weights.shape[1])
            for of in (times >= time, risen & (times == time))
        )
        share *= 1.0 - rose / np.maximum(at_risk, 1)
    return share
