"""`undercut price`: from a plan folder and a market file to a price and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from undercut.core.errors import InputError
from undercut.runs.selling.cost_job import Costed, PriceRequest, cost_plan
from undercut.runs.selling.in_file import in_file
from undercut.runs.selling.metered import Metered
from undercut.runs.selling.plan_facts import PlanFacts, read_plan, serving_cost
from undercut.sell.pricing.cost.serving import ServingCost
from undercut.sell.pricing.cost.unit_cost import UnitCost, unit_cost
from undercut.sell.pricing.demand.estimate import Caution, Note, Says
from undercut.sell.pricing.recommend.joint import JointChoice, PlanOption, joint_choice
from undercut.sell.pricing.recommend.market_model import MarketModel, market_model
from undercut.sell.pricing.recommend.recommendation import Recommendation, recommend
from undercut.sell.pricing.recommend.suppose import Supposed, parse_supposition, suppose
from undercut.sell.pricing.situation.situation import Situation
from undercut.sell.pricing.tiers.costs import Version
from undercut.sell.pricing.tiers.propose import Tiers, propose_tiers


@dataclass(frozen=True, slots=True)
class Priced:
    """Everything that was found; `price_parts` writes it down."""

    request: PriceRequest
    plan: PlanFacts
    situation: Situation
    serving: ServingCost
    unit: UnitCost
    traffic: Metered | None
    model: MarketModel
    recommendation: Recommendation
    joint: JointChoice | None
    tiers: Tiers | None
    what_ifs: tuple[Supposed, ...]
    notes: tuple[Note, ...]


def price_plan(request: PriceRequest) -> Priced:
    """Floor, equilibrium, recommended price, joint choice, tiers and what-ifs.

    Raises what `cost_plan` raises, and InputError where the market cannot carry a model.
    """
    costed = cost_plan(request)
    situation, unit = costed.situation, costed.unit
    if not situation.rivals:
        lonely = Note(
            Caution.INCONSISTENT, "no rival is named: the price is a monopolist's", Says.NO_RIVAL
        )
        costed = replace(costed, notes=(*costed.notes, lonely))
    asked = tuple(parse_supposition(each, situation.own.firm) for each in request.what_ifs)
    with in_file(request.market):
        model = market_model(situation, unit.marginal)
    joint, why_not = _joint(costed, model)
    return Priced(
        request,
        costed.plan,
        situation,
        costed.serving,
        unit,
        costed.traffic,
        model,
        recommend(situation, model, costed.serving, unit, request.ranges),
        joint,
        _tiers(request, costed),
        tuple(suppose(model, each) for each in asked),
        (*costed.notes, *why_not),
    )


def _joint(costed: Costed, model: MarketModel) -> tuple[JointChoice | None, tuple[Note, ...]]:
    """Plan and price together over the run's frontier; a note says why there is none."""
    report, situation = costed.plan.report, costed.situation
    if report is None or not report.plan.frontier:
        text = "no frontier of plans: nothing to choose"
        return None, (Note(Caution.NOT_IDENTIFIED, text, Says.NO_FRONTIER),)
    value = situation.mean_quality_value
    if value is None:
        text = "quality_value is not given: what a better plan is worth to buyers is not known"
        return None, (Note(Caution.NOT_IDENTIFIED, text, Says.NO_QUALITY_VALUE),)
    plans = plan_options(costed)
    if not plans:
        text = "no plan of the frontier has a known cost"
        return None, (Note(Caution.NOT_IDENTIFIED, text, Says.NO_PLAN_COST),)
    base = next((plan.quality for plan in plans if plan.certified), plans[0].quality)
    return joint_choice(model, plans, quality_value=value, base_quality=base), ()


def plan_options(costed: Costed) -> list[PlanOption]:
    """The frontier's plans with marginal costs at the own load. Quality: per cent right, tune.

    The plan that was made is marked certified; the others were measured, not certified.
    """
    report, unit = costed.plan.report, costed.unit
    assert report is not None  # the caller has looked
    points = [each for each in report.plan.frontier if each.usd_per_million is not None]
    made = next((each for each in points if each.chosen), None)
    if made is None or not made.usd_per_million:
        return []
    serving = float(unit.growing.amount)
    kept = 1.0 - float(unit.payment_fraction)
    rest = float((unit.variable_before_payment - unit.growing).amount)
    return [
        PlanOption(
            each.name,
            100.0 * each.tune_accuracy,
            # priced in proportion to the plan that was timed as a whole
            (serving * (each.usd_per_million or 0.0) / made.usd_per_million + rest) / kept,
            certified=each.chosen,
        )
        for each in points
    ]


def _tiers(request: PriceRequest, costed: Costed) -> Tiers | None:
    situation = costed.situation
    if not situation.segments:
        return None
    versions = [Version.of(situation.own.product.name, costed.unit)]
    own_quality = costed.plan.quality_percent
    for folder in request.also:
        plan = read_plan(folder)
        unit = unit_cost(
            serving_cost(plan, situation.currency, request.prices),
            situation.own,
        )
        quality = plan.quality_percent
        if own_quality is None or quality is None:
            raise InputError(
                f"{folder}: a version needs its measured quality, and no report.json is beside it",
                hint="give the folder that `undercut run` wrote, not a copy of its plan alone",
            )
        versions.append(Version.of(version_name(situation, plan), unit, quality - own_quality))
    return propose_tiers(situation.segments, versions, free_allowance=request.free_allowance)


def version_name(situation: Situation, plan: PlanFacts) -> str:
    """How a further plan is sold: the product with the share of the teacher's accuracy it keeps."""
    keep = plan.description.certified_keep
    name = situation.own.product.name
    return f"{name} {plan.folder.name}" if keep is None else f"{name} {100 * keep:g}%"
