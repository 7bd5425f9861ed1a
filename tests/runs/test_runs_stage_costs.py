"""Costs by stage, as they go into the plan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from undercut.core.price_files import load_prices
from undercut.core.prices import cost_per_million
from undercut.models.cascade import CascadeSpec, StageSpec
from undercut.runs.steps.stage_costs import plan_cost

SPEC = CascadeSpec(
    stages=(
        StageSpec(name="words", weights={"ngram": 0.5, "static": 0.5}, threshold=0.4),
        StageSpec(name="deep", weights={"ngram": 0.2, "deep": 0.8}),
    )
)
SECONDS = {"ngram": 1e-5, "static": 1e-5, "deep": 1e-3}


def test_the_mean_over_traffic_is_what_the_plan_was_measured_to_cost() -> None:
    host = load_prices().host("c7i.large")
    stages = np.array([0] * 90 + [1] * 10)
    cost = plan_cost(SPEC, SECONDS, 1.5e-4, stages, host, measured=date(2026, 11, 23), threads=2)
    words, deep = (cost.per_million_answers[name] for name in ("words", "deep"))
    whole = cost_per_million(1 / 1.5e-4, host).amount
    assert words * Decimal("0.9") + deep * Decimal("0.1") == pytest.approx(
        whole, rel=Decimal("1e-9")
    )
    assert float(deep / words) == pytest.approx(1.02e-3 / 2e-5)
    assert cost.currency == "USD"
    assert cost.host == host.id


def test_a_plan_of_one_stage_costs_what_was_measured() -> None:
    host = load_prices().host("c7i.large")
    spec = CascadeSpec(stages=(StageSpec(name="deep", weights={"deep": 1.0}),))
    cost = plan_cost(
        spec, SECONDS, 2e-3, np.zeros(5, int), host, measured=date(2026, 11, 23), threads=2
    )
    assert float(cost.per_million_answers["deep"]) == pytest.approx(
        float(cost_per_million(500, host).amount)
    )
