"""`undercut offer`: a price or tiers above the floor, recorded, as a sheet for a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import undercut
from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money, exact
from undercut.runs.report.schema import Report
from undercut.runs.selling import offer_document as parts
from undercut.runs.selling.cost_job import Costed, PriceRequest, cost_plan
from undercut.runs.selling.plan_facts import PlanFacts
from undercut.runs.selling.price_job import Priced, price_plan
from undercut.runs.selling.price_parts import tiers_part
from undercut.runs.selling.quotes import Override, Quote, append_quote, check_floor, now_text
from undercut.sell.pricing.cost.floor import TenantFloor, tenant_floors


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """What is asked. price: one price for a million answers; recommended or tiers where None.

    customer: whose sheet it is; its own floor holds where the market file names it as a tenant.
    """

    pricing: PriceRequest
    quotes: Path
    price: str | None = None
    customer: str | None = None
    override: Override | None = None
    valid_days: int = 30
    months: int = 12
    notice_days: int = 30


@dataclass(frozen=True, slots=True)
class Offered:
    """document: the customer's sheet. floor: that was kept, or not. priced: what the price rests
    on, None where the price was given.
    """

    document: parts.OfferDocument
    floor: Money
    below_floor: bool
    priced: Priced | None


def make_offer(request: OfferRequest, *, language: str, now: datetime) -> Offered:
    """Decide, check against the floor, record, and write the sheet.

    Raises BelowFloorError for a price below the floor without an override; else as `price_plan`.
    """
    priced = price_plan(request.pricing) if request.price is None else None
    costed = _costed(priced) if priced is not None else cost_plan(request.pricing)
    price = _price(request, priced, costed)
    tenant = _tenant(request, costed)
    floor = costed.unit.floor if tenant is None else tenant.floor
    below = False
    if price is not None:
        whose = "" if tenant is None else f" for {tenant.name}"
        below = check_floor(price, floor, request.override, whose=whose)
    tiers = _tiers(priced, price)
    digest = append_quote(request.quotes, _quote(request, costed, price, floor, below, tiers, now))
    document = _document(request, costed, price, tiers, digest, language, now)
    return Offered(document, floor, below, priced)


def _costed(priced: Priced) -> Costed:
    return Costed(
        priced.plan, priced.situation, priced.serving, priced.unit, priced.traffic, priced.notes
    )


def _price(request: OfferRequest, priced: Priced | None, costed: Costed) -> Money | None:
    """The one price of the offer; None where tiers are offered instead."""
    currency = costed.situation.currency
    if request.price is not None:
        money = Money.parse(request.price)
        if money.currency != currency:
            raise ConfigError(
                f"--price is in {money.currency}, the market file in {currency}",
                hint=f"a price in {currency}",
            )
        if money.amount <= 0:
            raise ConfigError(f"--price must be above 0, got {money}")
        return money
    assert priced is not None  # priced wherever no price was given
    if priced.tiers is not None:
        return None
    if priced.recommendation.price is None:
        raise InputError(
            f"no price can be recommended: {priced.recommendation.settled.said}",
            hint="undercut price shows why; or give --price",
        )
    return priced.recommendation.price


def _tenant(request: OfferRequest, costed: Costed) -> TenantFloor | None:
    ratios = {} if costed.traffic is None else costed.traffic.ratios()
    floors = tenant_floors(costed.unit, costed.situation.own, ratios)
    return next((each for each in floors if each.name == request.customer), None)


def _tiers(priced: Priced | None, price: Money | None) -> tuple[parts.OfferTier, ...]:
    """The proposed tiers; what they bill was checked against their floor where they were made."""
    if price is not None or priced is None or priced.tiers is None:
        return ()
    return tuple(
        parts.OfferTier(
            kind=each.kind,
            name=each.version,
            fee=each.fee,
            allowance=each.allowance,
            price=each.price,
            discount=min(1.0, max(0.0, each.discount)),
        )
        for each in tiers_part(priced.tiers).tiers
    )


def _quote(
    request: OfferRequest,
    costed: Costed,
    price: Money | None,
    floor: Money,
    below: bool,
    tiers: tuple[parts.OfferTier, ...],
    now: datetime,
) -> Quote:
    override = request.override if below else None
    currency = costed.situation.currency
    return Quote(
        at=now_text(now),
        plan=costed.plan.digest,
        product=costed.situation.own.product.name,
        customer=request.customer,
        price=None if price is None else str(price),
        floor=str(floor),
        below_floor=below,
        by=None if override is None else override.by,
        why=None if override is None else override.why,
        market_file=str(request.pricing.market),
        terms=tuple(
            f"{each.kind} {each.name}: {each.fee} {currency} a month for {each.allowance}, "
            f"{each.price or 'no'} a million beyond"
            for each in tiers
        ),
    )


def _document(
    request: OfferRequest,
    costed: Costed,
    price: Money | None,
    tiers: tuple[parts.OfferTier, ...],
    digest: str,
    language: str,
    now: datetime,
) -> parts.OfferDocument:
    own = costed.situation.own
    return parts.OfferDocument.model_validate(
        {
            "undercut_version": undercut.__version__,
            "created": now,
            "language": language,
            "firm": own.firm,
            "product": own.product.name,
            "customer": request.customer,
            "issued": now.date(),
            "valid_until": now.date() + timedelta(days=request.valid_days),
            "currency": costed.situation.currency,
            "price": None if price is None else exact(price.amount),
            "tiers": tiers,
            "quality": _quality(costed.plan),
            "terms": parts.OfferTerms(months=request.months, notice_days=request.notice_days),
            "sources": _sources(costed, now),
            "plan_digest": costed.plan.digest,
            "quote_digest": digest,
        }
    )


def _quality(plan: PlanFacts) -> parts.OfferQuality:
    report, description = plan.report, plan.description
    found: dict[str, object] = {
        "met": description.certified_keep is not None,
        "keep": description.certified_keep,
        "bound": description.certified_keep,
        "confidence": description.confidence,
        "certified_rows": None,
        "classes": len(description.classes),
        **dict.fromkeys(
            (
                "accuracy",
                "accuracy_low",
                "accuracy_high",
                "accuracy_rows",
                "p50_seconds",
                "p99_seconds",
                "host",
            )
        ),
    }
    return parts.OfferQuality.model_validate(
        found if report is None else {**found, **_measured(report)}
    )


def _measured(report: Report) -> dict[str, object]:
    certificate, interval = report.certificate, report.plan.accuracy_interval
    bound = certificate.lower_bound
    return {
        "met": certificate.met,
        "keep": certificate.keep,
        "bound": None if bound is None else min(1.0, max(0.0, bound)),
        "confidence": certificate.confidence,
        "certified_rows": certificate.rows,
        "accuracy": report.plan.accuracy,
        "accuracy_low": None if interval is None else interval.low,
        "accuracy_high": None if interval is None else interval.high,
        "accuracy_rows": report.measured_on.rows,
        "p50_seconds": report.cost.single_p50_seconds,
        "p99_seconds": report.cost.single_p99_seconds,
        "host": report.machine.cpu_model,
    }


def _sources(costed: Costed, now: datetime) -> list[parts.OfferSource]:
    plan, own = costed.plan, costed.situation.own
    found = [
        parts.OfferSource(what="price", source=own.firm, date=now.date()),
        parts.OfferSource(what="certificate", source=plan.digest[:16], date=_made(plan)),
    ]
    if plan.report is not None:
        version = plan.report.undercut_version
        found += [
            parts.OfferSource(what="accuracy", source=version, date=_made(plan)),
            parts.OfferSource(what="latency", source=version, date=_made(plan)),
        ]
    return found


def _made(plan: PlanFacts) -> object:
    if plan.report is not None:
        return plan.report.created.date()
    return datetime.fromisoformat(plan.description.created).date()
