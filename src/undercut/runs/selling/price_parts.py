"""What was found about a price, written down as a document."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import undercut
from undercut.core.money import Money, exact
from undercut.runs.selling import price_document as parts
from undercut.runs.selling.price_job import Priced
from undercut.sell.pricing.cost.break_even import break_even_answers, cut_table
from undercut.sell.pricing.cost.floor import tenant_floors
from undercut.sell.pricing.cost.sensitivity import tornado
from undercut.sell.pricing.cost.unit_cost import unit_cost
from undercut.sell.pricing.recommend.options import Option
from undercut.sell.pricing.tiers.propose import Tier, Tiers


def price_document(priced: Priced, *, language: str, created: datetime) -> parts.PriceDocument:
    """The document of a price."""
    situation = priced.situation
    own = situation.own
    return parts.PriceDocument.model_validate(
        {
            "undercut_version": undercut.__version__,
            "created": created,
            "language": language,
            "plan": str(priced.request.plan),
            "plan_digest": priced.plan.digest,
            "market_file": str(priced.request.market),
            "firm": own.firm,
            "product": own.product.name,
            "as_of": situation.as_of,
            "currency": situation.currency,
            "figures": _figures(priced),
            "unit": _unit(priced),
            "today": _margins(priced, own.product.price, None),
            "at_recommended": _at_recommended(priced),
            "tornado": [
                parts.SwingPart(
                    input=each.input,
                    floor_low=amount(each.floor_low),
                    floor_high=amount(each.floor_high),
                )
                for each in tornado(priced.serving, own)
            ],
            "tenants": _tenants(priced),
            "metered": _metered(priced),
            "products": _products(priced),
            "demand": _demand(priced),
            "recommendation": _recommendation(priced),
            "plans": _plans(priced),
            "tiers": None if priced.tiers is None else tiers_part(priced.tiers),
            "what_ifs": _what_ifs(priced),
            "notes": [
                parts.NotePart(
                    caution=note.caution.value,
                    text=note.text,
                    says=note.says,
                    values=dict(note.values),
                )
                for note in (*priced.notes, *priced.recommendation.notes)
            ],
        }
    )


def amount(money: Money) -> str:
    """Exact digits of an amount."""
    return exact(money.amount)


def tiers_part(tiers: Tiers) -> parts.TiersPart:
    """Tiers, prices for a million answers."""
    return parts.TiersPart(
        tiers=tuple(_tier(each, tiers) for each in tiers.tiers),
        profit=tiers.profit,
        usage_only_profit=tiers.usage_only.profit,
        usage_only_price=1e6 * tiers.usage_only.price,
        two_part_profit=tiers.two_part.profit,
        two_part_fee=tiers.two_part.fee,
        two_part_price=1e6 * tiers.two_part.price,
        free_cost_per_user=tiers.free_cost,
    )


def _tier(tier: Tier, tiers: Tiers) -> parts.TierPart:
    version = next(each for each in tiers.versions if each.name == tier.version)
    return parts.TierPart(
        kind=tier.kind.value,
        version=tier.version,
        fee=_digits(tier.fee),
        allowance=_digits(tier.allowance),
        price=None if tier.price is None else _digits(1e6 * tier.price),
        discount=tier.discount,
        segments=tier.segments,
        lowest_bill=_digits(version.lowest_bill(tier.allowance)),
    )


def _digits(value: float) -> str:
    return exact(Decimal(f"{value:.10g}"))


def _figures(priced: Priced) -> list[parts.Figure]:
    serving, own = priced.serving, priced.situation.own
    rows = [
        ("measured_cost", serving.per_million, "million", serving.source),
        (f"machine_rent {serving.host}", serving.hourly, "hour", serving.price_source),
        *((each.name, each.monthly, "month", each.source) for each in own.fixed_costs),
    ]
    if own.payment is not None:
        rows.append(("payment_fee", own.payment.per_invoice, "invoice", own.payment.source))
    if own.support is not None:
        rows.append(("support", own.support.per_customer, "customer_month", own.support.source))
        rows.append(("support", own.support.per_million, "million", own.support.source))
    found = [
        parts.Figure(
            what=what, amount=amount(money), unit=unit, source=source.text, date=source.as_of
        )
        for what, money, unit, source in rows
    ]
    if own.payment is not None:
        source = own.payment.source
        found.append(
            parts.Figure(
                what="payment_fraction",
                amount=exact(own.payment.fraction),
                unit="fraction",
                source=source.text,
                date=source.as_of,
            )
        )
    return found


def _unit(priced: Priced) -> parts.UnitPart:
    unit = priced.unit
    return parts.UnitPart(
        monthly_answers=exact(unit.monthly_answers),
        customers=exact(unit.customers),
        machines=unit.machines,
        utilisation=unit.utilisation,
        basis=priced.serving.basis.value,
        host=priced.serving.host,
        busy=amount(unit.busy),
        growing=amount(unit.growing),
        serving=amount(unit.serving),
        support=amount(unit.support),
        per_customer_month=amount(unit.per_customer),
        customers_per_million=amount(unit.customers_per_million),
        payment_fraction=exact(unit.payment_fraction),
        fixed=amount(unit.fixed),
        floor=amount(unit.floor),
        marginal=amount(unit.marginal),
        full_cost=amount(unit.full_cost),
    )


def _margins(priced: Priced, price: Money, answers: Decimal | None) -> parts.MarginPart:
    own = priced.situation.own
    unit = unit_cost(priced.serving, own, monthly_answers=answers)
    paid = break_even_answers(priced.serving, own, unit, price)
    return parts.MarginPart(
        price=amount(price),
        cogs=amount(unit.cogs(price)),
        gross_margin=unit.gross_margin(price),
        contribution_margin=unit.contribution_margin(price),
        monthly_profit=amount(unit.monthly_profit(price)),
        break_even_answers=None if paid is None else exact(paid),
        cuts=tuple((each.cut, each.more_volume) for each in cut_table(unit, price)),
    )


def _at_recommended(priced: Priced) -> parts.MarginPart | None:
    chosen, price = priced.recommendation.chosen, priced.recommendation.price
    if chosen is None or price is None:
        return None
    return _margins(priced, price, chosen.monthly_answers)


def _tenants(priced: Priced) -> list[parts.FloorPart]:
    ratios = {} if priced.traffic is None else priced.traffic.ratios()
    return [
        parts.FloorPart(
            tenant=each.name,
            monthly_answers=exact(each.monthly_answers),
            floor=amount(each.floor),
            bill=amount(each.bill),
            cost_ratio=each.cost_ratio,
        )
        for each in tenant_floors(priced.unit, priced.situation.own, ratios)
    ]


def _metered(priced: Priced) -> parts.MeteredPart | None:
    traffic = priced.traffic
    if traffic is None:
        return None
    cost = traffic.per_million
    ratio = None if cost is None else float(cost.amount / priced.serving.per_million.amount)
    return parts.MeteredPart(
        first=traffic.first,
        last=traffic.last,
        answers=traffic.answers,
        unknown_cost_answers=traffic.unknown,
        per_million=None if cost is None else amount(cost),
        ratio=ratio,
        monthly_answers=exact(traffic.monthly_answers),
    )


def _products(priced: Priced) -> list[parts.ProductPart]:
    model = priced.model
    return [
        parts.ProductPart(
            name=each.name,
            firm=each.firm,
            price=amount(each.price),
            share=each.share,
            quality=each.quality if place else each.quality or priced.plan.quality_percent,
            cost=None if each.cost is None else amount(each.cost),
            implied_cost=None if model.cost_known[place] else float(model.costs[place]),
            source=each.source.text,
            date=each.source.as_of,
        )
        for place, each in enumerate(priced.situation.products)
    ]


def _demand(priced: Priced) -> parts.DemandPart:
    coefficient = priced.model.price_coefficient
    return parts.DemandPart(
        evidence=priced.model.evidence.value,
        own_elasticity=priced.model.own_elasticity,
        price_coefficient=coefficient.value,
        coefficient_low=coefficient.low,
        coefficient_high=coefficient.high,
    )


def _option(option: Option) -> parts.OptionPart:
    return parts.OptionPart(
        move=option.move.value,
        price=option.price,
        share=option.share,
        monthly_answers=float(option.monthly_answers),
        monthly_profit=float(option.monthly_profit.amount),
        prices=tuple(option.prices.tolist()),
    )


def _recommendation(priced: Priced) -> parts.RecommendationPart:
    found = priced.recommendation
    return parts.RecommendationPart(
        price=None if found.price is None else amount(found.price),
        low=None if found.low is None else amount(found.low),
        high=None if found.high is None else amount(found.high),
        mass=found.spread.mass,
        draws=priced.request.ranges.draws,
        settled_draws=int(found.spread.prices.size),
        failed_draws=found.spread.failed,
        unsettled_draws=found.spread.unsettled,
        holds=found.settled.holds,
        said=found.settled.said,
        shadow_price=found.settled.shadow_price,
        why=tuple(each.value for each in found.why),
        options=tuple(_option(each) for each in found.options),
    )


def _plans(priced: Priced) -> list[parts.PlanPart]:
    joint = priced.joint
    if joint is None:
        return []
    buyers = priced.situation.buyers
    kept = 1.0 - float(priced.unit.payment_fraction)
    scale = None if buyers is None else float(buyers) / 1e6 * kept
    return [
        parts.PlanPart(
            name=each.plan.name,
            quality=each.plan.quality,
            cost=each.plan.cost,
            price=each.price,
            share=each.share,
            monthly_profit=None if scale is None else each.profit * scale,
            profit_index=each.profit / joint.best.profit,
            certified=each.plan.certified,
            present=each.plan.certified,
            best=each is joint.best,
            cheapest=each is joint.cheapest_first,
            holds=each.holds,
        )
        for each in joint.tried
    ]


def _what_ifs(priced: Priced) -> list[parts.WhatIfPart]:
    return [
        parts.WhatIfPart(
            what=each.supposition.text,
            prices_before=tuple(each.outcome.before.prices.tolist()),
            prices_after=tuple(each.outcome.after.prices.tolist()),
            own_profit_change=each.own_profit_after / each.own_profit_before - 1.0,
            surplus_change=each.outcome.surplus_change,
            hhi_before=each.outcome.hhi_before,
            hhi_after=each.outcome.hhi_after,
            shadow_price=each.shadow_price,
            converged=each.outcome.converged,
        )
        for each in priced.what_ifs
    ]
