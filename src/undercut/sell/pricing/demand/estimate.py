"""What estimation hands back: numbers with intervals, and cautions where data are too thin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from undercut.core.errors import ConfigError


class Caution(StrEnum):
    """Why an estimate should not be trusted as it stands."""

    FEW_OBSERVATIONS = "few observations"
    NO_PRICE_VARIATION = "hardly any price variation"
    WEAK_INSTRUMENTS = "weak instruments"
    NO_INSTRUMENTS = "no instruments"
    UNBOUNDED = "unbounded interval"
    SEPARATION = "separation"
    WRONG_SIGN = "demand does not fall in the price"
    NO_CONVERGENCE = "no convergence"
    NOT_IDENTIFIED = "not identified"
    AT_EDGE = "at the edge of what was asked"
    DROPPED_ANSWERS = "dropped answers"
    INCONSISTENT = "inconsistent with the model"


class Says(StrEnum):
    """Which sentence a note of a report is, so that reports can say it in another language."""

    ONE_MARKET = "one_market"
    MARGINS_DIFFER = "margins_differ"
    COST_BELOW_ZERO = "cost_below_zero"
    COSTS_TAKEN_AS_ZERO = "costs_taken_as_zero"
    OWN_MARGIN_ONLY = "own_margin_only"
    NOT_SETTLED = "not_settled"
    DEVIATION_PAYS = "deviation_pays"
    NO_STRICT_MAXIMUM = "no_strict_maximum"
    CAPACITY_NOT_MET = "capacity_not_met"
    FAILED_DRAWS = "failed_draws"
    NO_RIVAL = "no_rival"
    UPPER_BOUND = "upper_bound"
    NO_PAYMENT = "no_payment"
    NO_SUPPORT = "no_support"
    UNKNOWN_COST = "unknown_cost"
    METERED_LOAD = "metered_load"
    NO_FRONTIER = "no_frontier"
    NO_QUALITY_VALUE = "no_quality_value"
    NO_PLAN_COST = "no_plan_cost"
    NO_VERSION = "no_version"
    NO_VERSION_VALUE = "no_version_value"
    UNCERTIFIED_VERSION = "uncertified_version"
    SEPARATED = "separated"
    REPEATED_ATTRIBUTES = "repeated_attributes"
    STEPS_SPENT = "steps_spent"
    FEW_CHOICES = "few_choices"
    CONTROLS_EXPLAIN = "controls_explain"
    FEW_ROWS = "few_rows"
    SPLITS_DISAGREE = "splits_disagree"
    WEAK_FIRST_STAGE = "weak_first_stage"
    NOT_BOUNDED = "not_bounded"
    NO_EFFECT_FITS = "no_effect_fits"
    FEW_FOR_INTERVALS = "few_for_intervals"
    WORTH_NOT_BOUNDED = "worth_not_bounded"
    BUY_DEAR = "buy_dear"
    FEW_RESPONDENTS = "few_respondents"
    CONTRADICTORY = "contradictory"
    MISSING_POINT = "missing_point"
    POOLED = "pooled"
    BEST_AT_END = "best_at_end"
    RISES_WITH_PRICE = "rises_with_price"
    SALES_RISE = "sales_rise"
    CONTROLS_MUST_HOLD = "controls_must_hold"
    PRICE_SEEN_BY_FEW = "price_seen_by_few"
    NOT_EVEN = "not_even"


@dataclass(frozen=True, slots=True)
class Note:
    """One caution about one result, in a sentence a user can act on.

    says, values: which sentence it is and what stands in it; None where reports never show it.
    """

    caution: Caution
    text: str
    says: Says | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error and interval.

    low, high: -inf or inf where the data do not bound it. confidence: of the interval, in (0, 1).
    """

    name: str
    value: float
    standard_error: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def normal_estimate(name: str, value: float, error: float, confidence: float = 0.95) -> Estimate:
    """An estimate with the symmetric interval of the normal; nan error gives an unbounded one."""
    reach = normal_quantile(confidence) * error
    if not np.isfinite(reach):
        return Estimate(name, value, float(error), -np.inf, np.inf, confidence)
    return Estimate(name, value, float(error), value - reach, value + reach, confidence)


def normal_quantile(confidence: float) -> float:
    """How many standard errors a two-sided interval reaches; ConfigError outside (0, 1)."""
    from scipy.special import ndtri

    check_confidence(confidence)
    return float(ndtri(0.5 + confidence / 2.0))


def check_confidence(confidence: float) -> None:
    """ConfigError unless the confidence lies in (0, 1)."""
    if not 0.0 < confidence < 1.0:
        raise ConfigError(f"confidence must lie between 0 and 1, got {confidence}", hint="0.95")
