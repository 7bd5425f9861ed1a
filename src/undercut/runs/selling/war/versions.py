"""Cheaper plans that could be sold beside the own one: of the run's frontier, and those named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from undercut.core.errors import InputError
from undercut.runs.selling.plan_facts import PlanFacts, read_plan, serving_cost
from undercut.runs.selling.war.request import WarRequest
from undercut.sell.pricing.cost.serving import ServingCost
from undercut.sell.pricing.cost.unit_cost import UnitCost, unit_cost
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.recommend.market_model import MarketModel
from undercut.sell.pricing.situation.situation import Situation
from undercut.sell.pricing.war.buying_models import buying_of
from undercut.sell.pricing.war.policies import charge
from undercut.sell.pricing.war.scene import Policy, Scene, Version


@dataclass(frozen=True, slots=True)
class Cheaper:
    """One plan that could be the version. certified: False for a plan that was only measured."""

    name: str
    version: Version
    certified: bool


@dataclass(frozen=True, slots=True)
class Seller:
    """What versions are made from: the plan with its costs, and what buyers want."""

    request: WarRequest
    situation: Situation
    model: MarketModel
    plan: PlanFacts
    serving: ServingCost
    unit: UnitCost

    def worth(self, name: str, unit: UnitCost, gap: float, *, certified: bool) -> Cheaper:
        """A plan that is `gap` points of quality below the own one."""
        value = self.situation.mean_quality_value
        assert value is not None  # the caller has looked
        by_kind = None if self.model.kinds is None else self.model.kinds.quality_value
        floor = 0.0 if self.request.override is not None else float(unit.floor.amount)
        version = Version(
            cost=float(unit.marginal.amount),
            floor=floor,
            worth_less=value * gap,
            worth_less_by_kind=None if by_kind is None else by_kind * gap,
        )
        return Cheaper(name, version, certified)


def cheaper_plans(seller: Seller) -> tuple[tuple[Cheaper, ...], tuple[Note, ...]]:
    """Plans that cost less than the own one, and notes on why there are none.

    Raises InputError for a named plan where its quality or the worth of quality is not known.
    """
    named = seller.request.also
    if seller.situation.mean_quality_value is None:
        if named:
            raise InputError(
                "what quality is worth to buyers is not known, so a cheaper version has no value",
                file=str(seller.request.market),
                hint="quality_value: 0.12 (money for one more right answer in a hundred)",
            )
        text = "quality_value is not given: what a cheaper version is worth to buyers is not known"
        return (), (Note(Caution.NOT_IDENTIFIED, text, Says.NO_VERSION_VALUE),)
    found = [*(_named(seller, folder) for folder in named), *_frontier(seller)]
    if not found:
        text = "the run left no cheaper plan to sell as a version; --also PLAN names one"
        return (), (Note(Caution.NOT_IDENTIFIED, text, Says.NO_VERSION),)
    return tuple(found), ()


def best_version(scene: Scene, plans: tuple[Cheaper, ...], coefficient: float) -> Cheaper | None:
    """The plan that earns most beside the own one once all have seen the cut, None of none.

    scene: without a version. coefficient: size of the price coefficient at best guess.
    """
    return max(plans, key=lambda each: _earns(scene, each.version, coefficient), default=None)


def version_notes(chosen: Cheaper) -> tuple[Note, ...]:
    """What to mind of the version that was taken."""
    if chosen.certified:
        return ()
    text = (
        f"the cheaper version {chosen.name!r} is a plan of the run's frontier: measured on the "
        "tune split, not certified; make it with `undercut run --keep` before it is sold"
    )
    return (Note(Caution.NOT_IDENTIFIED, text, Says.UNCERTIFIED_VERSION, {"name": chosen.name}),)


def _earns(scene: Scene, version: Version, coefficient: float) -> float:
    """Profit a buyer of the own products and the version at their best prices above the floors."""
    own = replace(scene.own, version=version)
    buyers = buying_of(replace(scene, own=own), np.array([coefficient]))
    factors = np.ones((len(scene.rivals.names), 1))
    factors[scene.named] = 1.0 - scene.cut
    elsewhere, named = buyers.elsewhere(factors, np.ones(1))
    asked = charge(
        Policy.DIFFERENTIATE, buyers, elsewhere, factors[scene.named], selling_version=True
    )
    assert asked.version is not None
    wanted = buyers.wanted(asked.prices, elsewhere, named, version, asked.version)
    margin = (wanted.own * (asked.prices - own.costs[:, None])).sum()
    return float(margin + (wanted.version * (asked.version - version.cost)).sum())


def _named(seller: Seller, folder: Path) -> Cheaper:
    also, situation = read_plan(folder), seller.situation
    serving = serving_cost(also, situation.currency, seller.request.prices)
    better = situation.own.product.quality or seller.plan.quality_percent
    worse = also.quality_percent
    if better is None or worse is None:
        raise InputError(
            f"{folder}: a version needs its measured quality beside that of the plan",
            hint="give the folders that `undercut run` wrote, not copies of the plans alone",
        )
    unit = unit_cost(serving, situation.own)
    return seller.worth(also.description.name, unit, better - worse, certified=True)


def _frontier(seller: Seller) -> Iterator[Cheaper]:
    """Plans of the run's frontier below the one that was made, by the tune split."""
    report = seller.plan.report
    points = () if report is None else report.plan.frontier
    made = next((each for each in points if each.chosen), None)
    if made is None or not made.usd_per_million:
        return
    for each in points:
        if each.usd_per_million is None or each.usd_per_million >= made.usd_per_million:
            continue
        # priced in proportion to the plan that was timed as a whole
        ratio = Decimal(repr(each.usd_per_million / made.usd_per_million))
        serving = replace(seller.serving, per_million=seller.serving.per_million * ratio)
        unit = unit_cost(serving, seller.situation.own)
        gap = 100.0 * (made.tune_accuracy - each.tune_accuracy)
        yield seller.worth(each.name, unit, gap, certified=False)
