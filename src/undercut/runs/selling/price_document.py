"""`price.json`, schema version 1: what a price rests on. Unknown is null, never 0.

Amounts are exact decimals as strings, in `currency`, for a million answers unless the name says
otherwise. Estimates of the market model are JSON numbers.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import AwareDatetime, Field

from undercut.runs.report.fields import Count, ExactAmount, Frozen, SafeText, UserText


class Figure(Frozen):
    """One input: what, how much, who says so, as of when. unit: 'month' or 'million' or ''."""

    what: UserText
    amount: ExactAmount
    unit: str
    source: SafeText
    date: dt.date


class UnitPart(Frozen):
    """Cost of goods sold for a million answers at a load, and what follows."""

    monthly_answers: ExactAmount
    customers: ExactAmount
    machines: Count
    utilisation: float
    basis: Literal["mix", "dearest", "metered"]
    host: str
    busy: ExactAmount
    growing: ExactAmount
    serving: ExactAmount
    support: ExactAmount
    per_customer_month: ExactAmount
    customers_per_million: ExactAmount
    payment_fraction: ExactAmount
    fixed: ExactAmount
    floor: ExactAmount
    marginal: ExactAmount
    full_cost: ExactAmount


class MarginPart(Frozen):
    """At one price. break_even_answers: a month; None where no number of answers pays."""

    price: ExactAmount
    cogs: ExactAmount
    gross_margin: float
    contribution_margin: float
    monthly_profit: ExactAmount
    break_even_answers: ExactAmount | None
    cuts: tuple[tuple[float, float | None], ...]


class SwingPart(Frozen):
    """The floor with one input a fifth lower and higher."""

    input: str
    floor_low: ExactAmount
    floor_high: ExactAmount


class FloorPart(Frozen):
    """Floor of one tenant. bill: a month. cost_ratio: metered cost of its answers to average."""

    tenant: UserText
    monthly_answers: ExactAmount
    floor: ExactAmount
    bill: ExactAmount
    cost_ratio: float


class MeteredPart(Frozen):
    """Traffic in the books beside the forecast. ratio: metered over measured cost."""

    first: dt.date
    last: dt.date
    answers: Count
    unknown_cost_answers: Count
    per_million: ExactAmount | None
    ratio: float | None
    monthly_answers: ExactAmount


class ProductPart(Frozen):
    """One product of the market. cost: None where nobody knows; implied_cost: by the model."""

    name: UserText
    firm: UserText
    price: ExactAmount
    share: float | None
    quality: float | None
    cost: ExactAmount | None
    implied_cost: float | None
    source: SafeText
    date: dt.date


class OptionPart(Frozen):
    """One way to set the price and what follows."""

    move: str
    price: float
    share: float
    monthly_answers: float
    monthly_profit: float
    prices: tuple[float, ...]


class DemandPart(Frozen):
    """How buyers react. evidence: what says so. price_coefficient: with its range."""

    evidence: Literal["elasticity", "margins", "own_price"]
    own_elasticity: float
    price_coefficient: float
    coefficient_low: float
    coefficient_high: float


class RecommendationPart(Frozen):
    """price: None where none can be defended. mass: of the range low to high.

    settled_draws: drawn markets whose prices settled. failed_draws: share of those left out;
    unsettled_draws: share that did not settle; the rest had margins that no demand explains.
    """

    price: ExactAmount | None
    low: ExactAmount | None
    high: ExactAmount | None
    mass: float
    draws: Count
    settled_draws: int
    failed_draws: float
    unsettled_draws: float
    holds: bool
    said: str
    shadow_price: float
    why: tuple[str, ...]
    options: tuple[OptionPart, ...]


class PlanPart(Frozen):
    """A plan of the cost-quality frontier at the prices that settle around it."""

    name: UserText
    quality: float
    cost: float
    price: float
    share: float
    monthly_profit: float | None
    profit_index: float
    certified: bool
    present: bool
    best: bool
    cheapest: bool
    holds: bool


class TierPart(Frozen):
    """fee: a month for `allowance` answers; price: of a million more; None: no more are sold."""

    kind: Literal["free", "usage", "committed"]
    version: UserText
    fee: ExactAmount
    allowance: ExactAmount
    price: ExactAmount | None
    discount: float
    segments: tuple[UserText, ...]
    lowest_bill: ExactAmount


class TiersPart(Frozen):
    """profit: a month and customer; of the best single tariffs to compare."""

    tiers: tuple[TierPart, ...]
    profit: float
    usage_only_profit: float
    usage_only_price: float
    two_part_profit: float
    two_part_fee: float
    two_part_price: float
    free_cost_per_user: float


class WhatIfPart(Frozen):
    """Two equilibria beside each other; prices in product order."""

    what: UserText
    prices_before: tuple[float, ...]
    prices_after: tuple[float, ...]
    own_profit_change: float
    surplus_change: float | None
    hhi_before: float
    hhi_after: float
    shadow_price: float
    converged: bool


class NotePart(Frozen):
    """A caution, by its code, with its English sentence.

    says, values: which sentence it is and what stands in it, for other languages.
    """

    caution: str
    text: SafeText
    says: str | None = None
    values: dict[str, SafeText] = Field(default_factory=dict)


class PriceDocument(Frozen):
    """Everything a price rests on."""

    schema_version: Literal[1] = 1
    undercut_version: str
    created: AwareDatetime
    language: Literal["en", "zh"]
    plan: UserText
    plan_digest: str
    market_file: UserText
    firm: UserText
    product: UserText
    as_of: dt.date
    currency: str
    figures: tuple[Figure, ...]
    unit: UnitPart
    today: MarginPart
    at_recommended: MarginPart | None
    tornado: tuple[SwingPart, ...]
    tenants: tuple[FloorPart, ...]
    metered: MeteredPart | None
    products: tuple[ProductPart, ...]
    demand: DemandPart
    recommendation: RecommendationPart
    plans: tuple[PlanPart, ...]
    tiers: TiersPart | None
    what_ifs: tuple[WhatIfPart, ...]
    notes: tuple[NotePart, ...]
