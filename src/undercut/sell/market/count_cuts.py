"""Cut histories from a router's sightings, by tier of quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError
from undercut.sell.market.blend import Blend
from undercut.sell.market.cuts import CutHistory
from undercut.sell.market.interval import Measured
from undercut.sell.market.persistence import cuts_kept
from undercut.sell.market.resampling import Resampling, grouped
from undercut.sell.market.router_names import rated_router_ids
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.steps import Steps, price_steps

ALL, UNRATED = "all", "unrated"


@dataclass(frozen=True, slots=True)
class Band:
    """Ratings from `low` on and below `high`; None is unbounded."""

    name: str
    low: float | None
    high: float | None

    def holds(self, score: float) -> bool:
        """Whether a rating lies in the band."""
        above = self.low is None or score >= self.low
        return above and (self.high is None or score < self.high)


BANDS = (
    Band("below 1200", None, 1200),
    Band("1200 to 1300", 1200, 1300),
    Band("1300 to 1400", 1300, 1400),
    Band("1400 and above", 1400, None),
)


def cut_histories(
    snapshot: MarketSnapshot,
    *,
    blend: Blend | None = None,
    bands: Sequence[Band] = BANDS,
    resampling: Resampling | None = None,
) -> Mapping[str, CutHistory]:
    """Histories by tier name: "all" first, then each band with a model, then "unrated".

    Raises InputError where fewer than two sightings leave nothing to compare.
    """
    steps = price_steps(snapshot.sightings, blend=blend or Blend())
    if not len(steps.models):
        raise InputError(
            f"price changes need a model seen on two days, got {len(snapshot.sightings)} "
            "days of prices: one observation is a level, not a history",
            hint="a snapshot with `sightings` of several days",
        )
    how = resampling or Resampling()
    source = snapshot.source("router")
    said = f"{source.title}, {source.day.isoformat()}"
    scores = {
        router_id: rating.score
        for router_id, rating in rated_router_ids(set(steps.models), snapshot.ratings).items()
    }
    of_step = np.array([scores.get(model, np.nan) for model in steps.models])
    found = {ALL: _history(ALL, steps, said, how)}
    for band in bands:
        inside = np.array([band.holds(score) for score in of_step])
        if inside.any():
            found[band.name] = _history(band.name, steps.only(inside), said, how)
    unrated = np.isnan(of_step)
    if unrated.any():
        found[UNRATED] = _history(UNRATED, steps.only(unrated), said, how)
    return found


def _history(tier: str, steps: Steps, source: str, resampling: Resampling) -> CutHistory:
    assert steps.start is not None  # checked: there are steps
    assert steps.end is not None
    ratio = steps.after / steps.before
    return CutHistory(
        tier=tier,
        start=steps.start,
        end=steps.end,
        models=len(set(steps.models)),
        model_months=float(steps.months.sum()),
        cuts_per_model_month=_hazard(steps.cut, steps, resampling),
        raises_per_model_month=_hazard(steps.raised, steps, resampling),
        cut_fractions=tuple(float(x) for x in np.sort(1.0 - ratio[steps.cut])),
        raise_fractions=tuple(float(x) for x in np.sort(ratio[steps.raised] - 1.0)),
        kept=cuts_kept(steps, resampling=resampling),
        source=source,
    )


def _hazard(happened: NDArray[np.bool_], steps: Steps, resampling: Resampling) -> Measured:
    names, group = grouped(steps.vendors)
    months = np.bincount(group, weights=steps.months, minlength=len(names))
    events = np.bincount(group, weights=happened.astype(np.float64), minlength=len(names))
    total, observed = float(months.sum()), int(events.sum())
    if observed == 0:
        # none seen: the exact one-sided bound of a Poisson rate
        return Measured(0.0, 0.0, -np.log(0.05) / total, 0)
    weights = resampling.weights(len(names)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = (weights @ events) / (weights @ months)
    low, high = resampling.interval(draws)
    return Measured(observed / total, low, high, observed)
