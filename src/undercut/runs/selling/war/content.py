"""The report of a war as plain JSON values; page and terminal say nothing that is not in it."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import datetime
from typing import Any

import undercut
from undercut.runs.selling.war.facts import WarFacts, market_name
from undercut.runs.selling.war.job import Fought, Supposed
from undercut.sell.market.cuts import CutHistory
from undercut.sell.pricing.cost.break_even import volume_after_cut
from undercut.sell.pricing.war.doubts import Doubts
from undercut.sell.pricing.war.outcome import QUANTILES, Fan, Outcome, PolicyOutcome
from undercut.sell.pricing.war.ranges import Range
from undercut.sell.pricing.war.scene import Behaviour, Policy

SCHEMA = "undercut-war/1"


def war_content(fought: Fought, *, created: datetime, language: str) -> dict[str, Any]:
    """Everything that the report shows. Money is in the market file's currency, prices a million
    answers; a figure that does not exist is None."""
    facts, outcome, request = fought.facts, fought.outcome, fought.facts.request
    return {
        "schema": SCHEMA,
        "undercut_version": undercut.__version__,
        "created": created.isoformat(timespec="seconds"),
        "language": language,
        "question": _question(facts),
        "answer": _answer(outcome),
        "cash": _cash(facts),
        "cost": _cost(facts),
        "quantiles": list(QUANTILES),
        "policies": [_policy(each) for each in outcome.policies],
        "behaviours": [
            {
                "behaviour": each.behaviour,
                "best": each.best,
                "value": dict(each.value),
                "survival": dict(each.survival),
            }
            for each in outcome.behaviours
        ],
        "turns": [
            {
                "doubt": each.doubt,
                "low": each.low,
                "high": each.high,
                "best_at_low": each.best_at_low,
                "best_at_high": each.best_at_high,
                "swing": each.swing,
            }
            for each in outcome.turns
        ],
        "supposed": [_supposed(each) for each in fought.supposed],
        "doubts": _doubts(facts),
        "history": _history(facts.history),
        "notes": [
            {
                "caution": note.caution,
                "text": note.text,
                "says": note.says,
                "values": dict(note.values),
            }
            for note in facts.notes
        ],
        "sources": _sources(facts),
        "simulation": {
            "demand": _demand(facts),
            "paths": fought.config.paths,
            "months": fought.config.months,
            "worlds": min(fought.config.worlds, fought.config.paths),
            "seed": fought.config.seed,
            "discount_annual": fought.config.discount_annual,
            "weights": {each: request.weights.get(each, 0.0) for each in Behaviour},
        },
    }


def _demand(facts: WarFacts) -> str:
    """Which model: a key of the sentences."""
    if facts.scene.kinds is not None:
        return "kinds"
    return "logit" if facts.scene.nests is None else "nests"


def _question(facts: WarFacts) -> dict[str, Any]:
    scene, situation = facts.scene, facts.situation
    theirs = [each for each in situation.rivals if each.firm == scene.rival]
    return {
        "rival": scene.rival,
        "cut": scene.cut,
        "rival_products": [
            {
                "name": each.name,
                "before": float(each.price.amount),
                "now": float(each.price.amount) * (1.0 - scene.cut),
            }
            for each in theirs
        ],
        "product": situation.own.product.name,
        "price": float(scene.own.prices[0]),
        "share": float(scene.own.shares.sum()),
        "currency": situation.currency,
        "market": market_name(facts.request.market),
        "as_of": situation.as_of.isoformat(),
        "plan": facts.plan.description.name,
        "version": None if facts.version is None else facts.version.name,
        "versions_considered": list(facts.considered),
        "version_certified": None if facts.version is None else facts.version.certified,
    }


def _answer(outcome: Outcome) -> dict[str, Any]:
    return {
        "best": outcome.best,
        "next_best": outcome.next_best,
        "safest": outcome.safest,
        "clear": outcome.clear,
        "perfect_information": outcome.perfect_information,
    }


def _cash(facts: WarFacts) -> dict[str, Any]:
    own, monthly = facts.scene.own, facts.monthly_costs
    return {
        "amount": own.cash,
        "months_of_costs": own.cash / monthly if monthly > 0.0 else None,
        "monthly_costs": monthly,
        "spread": own.cash_spread,
        "notice_months": own.notice_months,
    }


def _cost(facts: WarFacts) -> dict[str, Any]:
    unit, request = facts.unit, facts.request
    price = facts.situation.own.product.price
    matched = float(price.amount) * (1.0 - request.cut)
    floor = float(unit.floor.amount)
    return {
        "floor": floor,
        "marginal": float(unit.marginal.amount),
        "match_price": matched,
        "match_below_floor": matched < floor,
        "match_growth": volume_after_cut(request.cut, unit.contribution_margin(price)),
        "override": None
        if request.override is None
        else {"by": request.override.by, "why": request.override.why},
    }


def _policy(found: PolicyOutcome) -> dict[str, Any]:
    price = [None if math.isnan(each) else float(each) for each in found.price]
    return {
        "policy": found.policy,
        "value": found.value,
        "value_low": found.value_low,
        "value_high": found.value_high,
        "value_error": found.value_error,
        "regret": found.regret,
        "worst_regret": found.worst_regret,
        "best_in": found.best_in,
        "survival": {
            "value": found.survival.value,
            "low": found.survival.low,
            "high": found.survival.high,
            "monte_carlo_error": found.survival.error,
            "by_month": found.survival.curve.tolist(),
        },
        "profit": _fan(found.profit),
        "cash": _fan(found.cash),
        "share": _fan(found.share),
        "price": price,
        "floored": found.floored,
    }


def _fan(fan: Fan) -> dict[str, Any]:
    return {"mean": fan.mean.tolist(), "quantiles": fan.quantiles.tolist()}


def _supposed(each: Supposed) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "value": each.value,
        "best": each.best,
        "gain": each.gain,
        "survival": each.survival,
    }


def _doubts(facts: WarFacts) -> list[dict[str, Any]]:
    doubts, law = facts.scene.doubts, facts.scene.law
    ranges = {each.name: getattr(doubts, each.name) for each in fields(Doubts)}
    ranges |= {"cuts": law.cuts, "raises": law.raises, "kept_half_year": law.kept_half_year}
    return [
        {
            "doubt": name,
            "low": each.low,
            "median": each.median,
            "high": each.high,
            "source": each.source or None,
        }
        for name, each in ranges.items()
        if isinstance(each, Range)
    ]


def _history(history: CutHistory) -> dict[str, Any]:
    sizes = sorted(history.cut_fractions)
    return {
        "tier": history.tier,
        "start": history.start.isoformat(),
        "end": history.end.isoformat(),
        "models": history.models,
        "cuts": len(sizes),
        "raises": len(history.raise_fractions),
        "median_cut": sizes[len(sizes) // 2],
        "half_or_more": sum(size >= 0.5 for size in sizes) / len(sizes),
        "source": history.source,
    }


def _sources(facts: WarFacts) -> list[str]:
    products = [each.source for each in facts.situation.products]
    said = dict.fromkeys(f"{each}" for each in products)
    return [*said, facts.history.source]


def policy_of(content: dict[str, Any], policy: Policy | str) -> dict[str, Any]:
    """The part of the report on one policy."""
    found: dict[str, Any] = next(p for p in content["policies"] if p["policy"] == policy)
    return found
