"""How often prices are cut and raised, by how much, and whether a cut stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from undercut.sell.market.interval import Measured


@dataclass(frozen=True, slots=True)
class CutHistory:
    """What a market's history says about price changes of models in one quality tier.

    tier: its name ("all", "1300+"). start, end: first and last day observed. models: with at
    least two sightings. model_months: sum over models of the time under observation.
    cuts_per_model_month, raises_per_model_month: hazards (1/month); their 95% intervals resample
    vendors whole, because one vendor's prices move together.
    cut_fractions: size of each cut, 1 - new/old, in (0, 1), ascending; raise_fractions: size of
    each raise, new/old - 1, > 0, ascending.
    kept: share of cuts that are not undone within 180 days (price at or below the cut price but
    for 1%), by Kaplan-Meier, so that cuts near the end of the record count as far as they are
    seen. None where there were no cuts.
    source: where the numbers come from, with the day.
    """

    tier: str
    start: date
    end: date
    models: int
    model_months: float
    cuts_per_model_month: Measured
    raises_per_model_month: Measured
    cut_fractions: tuple[float, ...]
    raise_fractions: tuple[float, ...]
    kept: Measured | None
    source: str
