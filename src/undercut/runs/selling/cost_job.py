"""The part of a price that needs no model of the market: what an answer costs, and the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from undercut.core.errors import InputError
from undercut.runs.selling.market_file import read_market
from undercut.runs.selling.metered import Metered, metered
from undercut.runs.selling.plan_facts import PlanFacts, read_plan, serving_cost
from undercut.sell.pricing.cost.serving import ServingCost
from undercut.sell.pricing.cost.unit_cost import UnitCost, unit_cost
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.recommend.uncertainty import RangeConfig
from undercut.sell.pricing.situation.situation import Situation


@dataclass(frozen=True, slots=True)
class PriceRequest:
    """What is asked. also: further plan folders to sell as versions. prices: price lists whose
    rows win. books: of a server; the usual place where None. what_ifs: as written.
    """

    plan: Path
    market: Path
    also: tuple[Path, ...] = ()
    prices: tuple[Path, ...] = ()
    books: str | None = None
    what_ifs: tuple[str, ...] = ()
    free_allowance: float | None = None
    ranges: RangeConfig = field(default_factory=RangeConfig)


@dataclass(frozen=True, slots=True)
class Costed:
    """The part of a price that needs no market model: cost and floor."""

    plan: PlanFacts
    situation: Situation
    serving: ServingCost
    unit: UnitCost
    traffic: Metered | None
    notes: tuple[Note, ...]


def cost_plan(request: PriceRequest) -> Costed:
    """Unit cost and floor.

    Raises ArtefactError for the plan, InputError for the market file and for costs that are not
    known, ConfigError for currencies that differ.
    """
    situation = read_market(request.market)
    plan = read_plan(request.plan)
    serving = serving_cost(plan, situation.currency, request.prices)
    traffic = metered(request.books, plan.digest, situation.currency)
    notes = list(_cost_notes(serving, situation, traffic))
    if situation.own.load.monthly_answers is None and traffic is not None:
        load = replace(situation.own.load, monthly_answers=traffic.monthly_answers)
        situation = replace(situation, own=replace(situation.own, load=load))
    unit = unit_cost(serving, situation.own)
    if situation.own.load.capacity is not None and (
        unit.monthly_answers > situation.own.load.capacity
    ):
        raise InputError(
            f"{unit.monthly_answers:,} answers a month are forecast, but the capacity is "
            f"{situation.own.load.capacity:,}",
            file=str(request.market),
            hint="own: capacity or own: monthly_answers",
        )
    return Costed(plan, situation, serving, unit, traffic, tuple(notes))


def _cost_notes(
    serving: ServingCost, situation: Situation, traffic: Metered | None
) -> Sequence[Note]:
    notes = []
    if serving.basis == "dearest":
        notes.append(
            Note(
                Caution.INCONSISTENT,
                "no report.json beside the plan: every answer is costed as one of the dearest "
                "stage, an upper bound",
                Says.UPPER_BOUND,
            )
        )
    if situation.own.payment is None:
        text = "no payment costs are given: taken as none"
        notes.append(Note(Caution.NOT_IDENTIFIED, text, Says.NO_PAYMENT))
    if situation.own.support is None:
        text = "no support costs are given: taken as none"
        notes.append(Note(Caution.NOT_IDENTIFIED, text, Says.NO_SUPPORT))
    if traffic is not None and traffic.unknown:
        notes.append(
            Note(
                Caution.NOT_IDENTIFIED,
                f"{traffic.unknown:,} metered answers have no known cost in {situation.currency}",
                Says.UNKNOWN_COST,
                {"answers": f"{traffic.unknown:,}", "currency": situation.currency},
            )
        )
    if situation.own.load.monthly_answers is None and traffic is not None:
        notes.append(
            Note(
                Caution.FEW_OBSERVATIONS,
                f"the load is that of {traffic.days} metered day(s), taken as usual",
                Says.METERED_LOAD,
                {"days": f"{traffic.days:,}"},
            )
        )
    return notes
