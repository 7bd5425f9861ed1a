"""From a plan folder, a market file and the market's history to a scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np

from undercut.core.errors import ConfigError, InputError
from undercut.runs.selling.in_file import in_file
from undercut.runs.selling.market_file import read_market
from undercut.runs.selling.market_snapshots import open_market, shipped_market
from undercut.runs.selling.plan_facts import PlanFacts, read_plan, serving_cost
from undercut.runs.selling.war.origins import CALIBRATED
from undercut.runs.selling.war.request import WarRequest, parse_cash
from undercut.runs.selling.war.versions import (
    Cheaper,
    Seller,
    best_version,
    cheaper_plans,
    version_notes,
)
from undercut.sell.market.count_cuts import cut_histories
from undercut.sell.market.cuts import CutHistory
from undercut.sell.market.interval import Measured
from undercut.sell.pricing.cost.serving import MILLION
from undercut.sell.pricing.cost.unit_cost import UnitCost, unit_cost
from undercut.sell.pricing.demand.estimate import Note
from undercut.sell.pricing.demand.kinds import Kinds
from undercut.sell.pricing.recommend.market_model import MarketModel, market_model
from undercut.sell.pricing.situation.situation import Situation
from undercut.sell.pricing.war.doubts import Doubts
from undercut.sell.pricing.war.law import CutLaw
from undercut.sell.pricing.war.ranges import Kind, Range
from undercut.sell.pricing.war.scene import Nests, Own, Rivals, Scene

CASH_SPREAD = 0.25  # assumption: bills and late payers move cash by a quarter of monthly costs


@dataclass(frozen=True, slots=True)
class WarFacts:
    """A scene and where it comes from. monthly_costs: those that run whatever is sold.

    version: the cheaper plan that the scene sells beside the own one, None where there is none;
    considered: the names of all that could be.
    version_notes: what to mind of it, or why there is none.
    """

    request: WarRequest
    scene: Scene
    situation: Situation
    plan: PlanFacts
    unit: UnitCost
    model: MarketModel
    history: CutHistory
    version: Cheaper | None
    considered: tuple[str, ...]
    version_notes: tuple[Note, ...]
    monthly_costs: float

    @property
    def notes(self) -> tuple[Note, ...]:
        """Cautions of the market's model and of the version."""
        return (*self.model.notes, *self.version_notes)


def war_facts(request: WarRequest) -> WarFacts:
    """Everything that the war is simulated from.

    Raises ArtefactError for plan and snapshot, InputError for the market file, ConfigError for
    settings: each says what to give instead.
    """
    situation = read_market(request.market)
    plan = read_plan(request.plan)
    serving = serving_cost(plan, situation.currency, request.prices)
    unit = unit_cost(serving, situation.own)
    with in_file(request.market):
        model = market_model(situation, unit.marginal)
    _check_rival(request, situation)
    history = _history(request)
    monthly = _monthly_costs(unit)
    scene = Scene(
        own=_own(request, situation, unit, model, monthly),
        rivals=_rivals(model),
        rival=request.rival,
        cut=request.cut,
        volume=_volume(situation, model),
        law=law_of(history),
        doubts=Doubts(_coefficient(model)),
        weights=request.weights,
        nests=_nests(model),
        kinds=_kinds(model),
    )
    seller = Seller(request, situation, model, plan, serving, unit)
    plans, notes = cheaper_plans(seller)
    names = tuple(each.name for each in plans)
    chosen = best_version(scene, plans, abs(model.price_coefficient.value))
    if chosen is not None:
        scene = replace(scene, own=replace(scene.own, version=chosen.version))
        notes = version_notes(chosen)
    return WarFacts(
        request, scene, situation, plan, unit, model, history, chosen, names, notes, monthly
    )


def _check_rival(request: WarRequest, situation: Situation) -> None:
    firms = sorted({each.firm for each in situation.rivals})
    if not firms:
        raise InputError(
            "a war needs rivals, and the market file names none", file=str(request.market)
        )
    if request.rival not in firms:
        raise ConfigError(
            f"no product of {request.rival!r} is in {request.market}",
            hint=f"--rival {firms[0]} (the file has {', '.join(firms)})",
        )


def _own(
    request: WarRequest,
    situation: Situation,
    unit: UnitCost,
    model: MarketModel,
    monthly: float,
) -> Own:
    places = list(model.own)
    costs = model.costs[places]
    floors = np.maximum(costs, 0.0)
    floors[0] = float(unit.floor.amount)
    cash = request.cash or (None if situation.own.cash is None else str(situation.own.cash))
    if cash is None:
        raise ConfigError(
            "how much cash there is decides who survives, and nothing says it",
            hint="--cash 12months, or own: cash in the market file",
        )
    if request.override is not None:
        floors = np.zeros_like(floors)
    return Own(
        prices=model.prices[places],
        costs=costs,
        floors=floors,
        shares=model.shares[places],
        fixed_costs=monthly,
        cash=parse_cash(cash, currency=situation.currency, monthly_costs=monthly),
        cash_spread=CASH_SPREAD * monthly,
        kept_fraction=float(1 - unit.payment_fraction),
    )


def _monthly_costs(unit: UnitCost) -> float:
    """Costs a month that run whatever is sold: fixed ones, and machine time that stands idle."""
    idle = max(unit.serving.amount - unit.growing.amount, Decimal(0))
    return float((unit.fixed.amount + idle) * unit.monthly_answers / MILLION)


def _rivals(model: MarketModel) -> Rivals:
    places = _rival_places(model)
    return Rivals(
        model.prices[places],
        model.costs[places],
        model.shares[places],
        tuple(model.firms[place] for place in places),
    )


def _rival_places(model: MarketModel) -> list[int]:
    return [place for place in range(model.prices.size) if place not in model.own]


def _nests(model: MarketModel) -> Nests | None:
    if model.nests is None or model.correlation is None:
        return None
    return Nests(
        tuple(int(model.nests[place]) for place in model.own),
        tuple(int(model.nests[place]) for place in _rival_places(model)),
        tuple(float(each) for each in model.correlation),
    )


def _kinds(model: MarketModel) -> Kinds | None:
    """The kinds of buyers, with the own products first as a scene has them."""
    if model.kinds is None:
        return None
    order = [*model.own, *_rival_places(model)]
    return replace(model.kinds, worth=model.kinds.worth[order])


def _volume(situation: Situation, model: MarketModel) -> float:
    """Millions of answers a month that all possible buyers take."""
    if situation.buyers is not None:
        return float(situation.buyers / MILLION)
    load = situation.own.load.monthly_answers
    if load is None:
        raise InputError(
            "how much buyers take is not known, so no profit follows",
            hint="buyers: 400_000_000 (answers a month), or own: monthly_answers",
        )
    return float(load / MILLION) / float(model.shares[0])


def _coefficient(model: MarketModel) -> Range:
    found = model.price_coefficient
    ends = sorted(abs(each) for each in (found.low, found.value, found.high))
    return Range(ends[0], abs(found.value), ends[2], source=CALIBRATED)


def _history(request: WarRequest) -> CutHistory:
    opened = open_market(request.snapshot)
    histories = _shipped() if opened.place is None else cut_histories(opened.snapshot)
    if request.tier not in histories:
        raise ConfigError(
            f"the market's history has no tier {request.tier!r}",
            hint=f"one of {', '.join(repr(each) for each in histories)}",
        )
    return histories[request.tier]


@cache
def _shipped() -> Mapping[str, CutHistory]:
    """Of the snapshot that came with the package: the same each time, a second to compute."""
    return cut_histories(shipped_market().snapshot)


def law_of(history: CutHistory) -> CutLaw:
    """The record as ranges. Raises InputError where it holds no cut or no raise to learn from."""
    if history.kept is None or not history.cut_fractions or not history.raise_fractions:
        raise InputError(
            f"the record of {history.tier!r} holds no cut or no raise: nothing to learn from",
            hint="--tier all",
        )
    return CutLaw(
        _range(history.cuts_per_model_month, Kind.FRACTION, history.source),
        _range(history.raises_per_model_month, Kind.FRACTION, history.source),
        history.cut_fractions,
        history.raise_fractions,
        _range(history.kept, Kind.FRACTION, history.source),
        history.source,
    )


def _range(measured: Measured, kind: Kind, source: str) -> Range:
    """A 95% interval as a range; an open end is a factor of three away."""
    value = min(max(measured.value, 1e-4), 1.0 - 1e-4)
    low = value / 3.0 if measured.low is None else measured.low
    high = value * 3.0 if measured.high is None else measured.high
    return Range(min(max(low, 1e-5), value), value, max(min(high, 1.0 - 1e-5), value), kind, source)


def market_name(path: Path) -> str:
    """The market file's name without its folder, for reports that travel."""
    return path.name
