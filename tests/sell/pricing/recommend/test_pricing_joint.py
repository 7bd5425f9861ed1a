"""Plan and price together, against brute force in a hundred random markets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from pricing_situations import situation, usd

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.recommend.joint import JointChoice, PlanOption, joint_choice
from undercut.sell.pricing.recommend.market_model import MarketModel, market_model

MARKETS = 100


@dataclass(frozen=True)
class World:
    model: MarketModel
    plans: tuple[PlanOption, ...]
    quality_value: float


def random_world(seed: int) -> World:
    """A logit market with known costs, and a frontier on which quality costs ever more."""
    rng = np.random.default_rng(seed)
    rivals = int(rng.integers(1, 5))
    coefficient = -rng.uniform(0.02, 0.2)
    costs = rng.uniform(1.0, 30.0, rivals + 1)
    values = rng.normal(1.0, 1.5, rivals + 1) - coefficient * costs
    firms = ("us", *(f"rival {at}" for at in rng.integers(0, 3, rivals)))
    template = market_model(situation(), usd(5))
    demand = Logit(values, coefficient)
    prices = costs - 1.5 / coefficient
    model = MarketModel(
        demand,
        prices,
        demand.shares(prices),
        costs,
        np.ones(rivals + 1, dtype=np.bool_),
        firms,
        tuple(f"product {at}" for at in range(rivals + 1)),
        template.price_coefficient,
        template.evidence,
        (),
    )
    quality = np.sort(rng.uniform(80.0, 99.0, 6))
    cost = np.sort(rng.uniform(0.2, 40.0, 6))
    plans = tuple(PlanOption(f"plan {at}", quality[at], cost[at]) for at in range(6))
    return World(model, plans, float(rng.uniform(0.0, 4.0)))


def brute_profit(world: World, plan: PlanOption) -> float:
    """Own profit where all firms answer in turn on a grid that is refined, by plain sums of
    exponentials: nothing of what is tested is used.
    """
    model = world.model
    alpha = model.demand.price_coefficient
    values = model.demand.values.copy()
    values[0] -= alpha * world.quality_value * (plan.quality - 90.0)
    costs = model.costs.copy()
    costs[0] = plan.cost
    names = np.array(model.firms)
    markups = np.full(costs.size, -1.0 / alpha)

    def profit_on(mine: np.ndarray, grid: np.ndarray, at: np.ndarray) -> np.ndarray:
        rest = 1.0 + np.exp(values[~mine] + alpha * (costs + at)[~mine]).sum()
        own = np.exp(values[mine][None, :] + alpha * (costs[mine][None, :] + grid[:, None])).sum(1)
        return grid * own / (own + rest)

    for _ in range(60):
        before = markups.copy()
        for firm in dict.fromkeys(model.firms):
            mine = names == firm
            low, high = 0.0, 40.0 / -alpha
            for _ in range(6):
                grid = np.linspace(low, high, 60)
                best = int(profit_on(mine, grid, markups).argmax())
                low, high = grid[max(best - 1, 0)], grid[min(best + 1, 59)]
            markups[mine] = (low + high) / 2.0
        if np.abs(markups - before).max() < 1e-6:
            break
    return float(profit_on(names == "us", markups[:1], markups)[0])


def chosen(world: World) -> JointChoice:
    return joint_choice(
        world.model, world.plans, quality_value=world.quality_value, base_quality=90.0
    )


def test_regret_against_brute_force_in_a_hundred_markets() -> None:
    regrets, gains, not_cheapest = [], [], 0
    for seed in range(MARKETS):
        world = random_world(seed)
        found = chosen(world)
        brute = {plan.name: brute_profit(world, plan) for plan in world.plans}
        best = max(brute.values())
        regrets.append(1.0 - brute[found.best.plan.name] / best)
        gains.append(brute[found.best.plan.name] / brute[found.cheapest_first.plan.name] - 1.0)
        not_cheapest += found.best.plan.name != found.cheapest_first.plan.name
        assert found.best.profit == pytest.approx(brute[found.best.plan.name], rel=1e-3)
    assert max(regrets) <= 0.01
    # never worse than the cheapest plan and its price, and often better
    assert min(gains) >= -1e-6
    assert not_cheapest >= 30
    assert np.mean(gains) > 0.05


def test_quality_that_nobody_pays_for_leaves_the_cheapest() -> None:
    world = random_world(3)
    free = World(world.model, world.plans, 0.0)
    assert chosen(free).best.plan.name == "plan 0"


def test_no_plans_and_a_bad_value_are_refused() -> None:
    world = random_world(1)
    with pytest.raises(InputError, match="no plan"):
        joint_choice(world.model, [], quality_value=1.0, base_quality=90.0)
    with pytest.raises(InputError, match="quality_value"):
        joint_choice(world.model, world.plans, quality_value=-1.0, base_quality=90.0)
    with pytest.raises(InputError, match="needs a quality"):
        PlanOption("odd", float("nan"), 1.0)
