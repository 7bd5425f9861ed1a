"""What a labelling job will cost, before it does: the same decisions on made-up answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from undercut.build.labels.deciding.simulation import coins, simulate
from undercut.build.labels.workers import WorkerFacts
from undercut.core.money import Money, exact
from undercut.runs.labelling.config import LabelConfig

MOST_ITEMS = 1500
RUNS = 3


class WorkerForecast(BaseModel):
    """asked: expected answers; cost: of them, exact digits of a rounded figure."""

    model_config = ConfigDict(frozen=True)

    name: str
    asked: int
    cost: str


class Forecast(BaseModel):
    """cost_low, cost_high: over simulated jobs, none above the budget. status: the usual end."""

    model_config = ConfigDict(frozen=True)

    texts: int
    classes: int
    currency: str
    budget: str
    cost_low: str
    cost_high: str
    status: str
    statuses: tuple[str, ...]
    workers: tuple[WorkerForecast, ...]
    assumes: str = (
        "workers as accurate as the workers file expects, wrong answers over a few classes,"
        " no student"
    )


def forecast(
    config: LabelConfig, facts: Sequence[WorkerFacts], *, texts: int, classes: int
) -> Forecast:
    """Simulate the job on at most `MOST_ITEMS` items and scale all but audits to all texts."""
    items = min(texts, MOST_ITEMS)
    scale = texts / items
    budget = float(config.budget_money.amount)
    found: list[tuple[str, Any, Any]] = []
    for seed in range(RUNS):
        truth = np.random.default_rng([config.seed, seed]).integers(0, classes, items)
        done = simulate(
            facts,
            coins(facts, truth, classes, config.seed + seed),
            items=items,
            classes=[str(k) for k in range(classes)],
            config=config.market(),
            budget=budget / scale if scale > 1 else budget,
        )
        asked = np.round((done.asked - done.audited) * scale + done.audited)
        price = np.array([float(f.price.amount) for f in facts])
        found.append((done.reason, asked, asked * price))
    currency = config.budget_money.currency
    costs = sorted(min(float(cost.sum()), budget) for _, _, cost in found)
    reasons = [reason for reason, _, _ in found]
    return Forecast(
        texts=texts,
        classes=classes,
        currency=currency,
        budget=exact(config.budget_money.amount),
        cost_low=_digits(costs[0], currency),
        cost_high=_digits(costs[-1], currency),
        status=max(set(reasons), key=reasons.count),
        statuses=tuple(reasons),
        workers=tuple(
            WorkerForecast(
                name=each.name,
                asked=int(np.mean([asked[n] for _, asked, _ in found])),
                cost=_digits(float(np.mean([cost[n] for _, _, cost in found])), currency),
            )
            for n, each in enumerate(facts)
        ),
    )


def _digits(amount: float, currency: str) -> str:
    return exact(Money.parse(f"{amount:.4f} {currency}").amount)
