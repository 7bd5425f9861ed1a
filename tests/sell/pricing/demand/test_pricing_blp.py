"""Random-coefficient logit against pyblp and the published figures on real markets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.blp.buyers import same_buyers
from undercut.sell.pricing.demand.blp.estimate_blp import BlpConfig, estimate_blp
from undercut.sell.pricing.demand.blp.objective import Objective
from undercut.sell.pricing.demand.blp.panel import panel
from undercut.sell.pricing.demand.blp.parameters import Free, Tastes
from undercut.sell.pricing.demand.estimate import Caution
from undercut.sell.pricing.demand.fixed_effects import absorb, codes
from undercut.sell.pricing.demand.model import elasticities
from undercut.sell.pricing.demand.moments import Concentrated, first_weight
from undercut.sell.pricing.demand.nodes import sobol_normal

AS_GIVEN = BlpConfig(steps=1, optimise=False)


def test_nevo_comes_out_as_published(cereal) -> None:
    found = estimate_blp(cereal.panel, cereal.buyers, cereal.start, BlpConfig(steps=1))
    assert found.converged
    assert found.objective == pytest.approx(4.56, abs=0.005)
    price = found.parameter("prices")
    assert (round(price.value, 1), round(price.standard_error, 1)) == (-62.7, 14.8)
    assert found.parameter("pi prices x income").value == pytest.approx(588.3, abs=0.1)
    assert found.parameter("sigma prices").standard_error == pytest.approx(1.34, abs=0.005)
    demand, prices = found.demand_in("C01Q1")
    own = np.diag(elasticities(demand, prices))
    assert own.mean() == pytest.approx(-4.21, abs=0.005)
    rows = cereal.panel.rows_of("C01Q1")
    np.testing.assert_allclose(demand.shares(prices), cereal.panel.shares[rows], rtol=1e-10)
    assert found.hessian_eigenvalues[0] > 0.0
    assert not found.notes


def test_value_gradient_and_errors_are_those_of_pyblp(cereal, pyblp_cereal) -> None:
    theirs = pyblp_cereal.results
    best = Tastes(theirs.sigma, theirs.pi)
    ours = estimate_blp(cereal.panel, cereal.buyers, best, AS_GIVEN)
    assert ours.objective == pytest.approx(float(theirs.objective), rel=1e-8)
    assert ours.parameter("prices").value == pytest.approx(float(theirs.beta[0, 0]), rel=1e-8)
    errors = np.array([each.standard_error for each in ours.parameters])
    expected = np.concatenate([theirs.beta_se.ravel(), np.diag(theirs.sigma_se)])
    np.testing.assert_allclose(errors[:5], expected, rtol=1e-6)
    np.testing.assert_allclose(errors[5:], theirs.pi_se[best.pi != 0.0], rtol=1e-6)
    # near the optimum the gradient is small: compare in units of the objective's curvature
    size = np.abs(theirs.gradient).max()
    np.testing.assert_allclose(ours.gradient, theirs.gradient.ravel(), atol=1e-5 * max(1, size))


def test_the_gradient_is_the_slope_of_the_value(cereal) -> None:
    free = Free.of(cereal.start)
    objective = Objective.of(cereal.panel, cereal.buyers, free)
    columns = absorb(
        np.column_stack([cereal.panel.prices, cereal.panel.all_instruments()]), cereal.panel.absorb
    )
    linear = Concentrated.of(columns[:, :1], columns[:, 1:], first_weight(columns[:, 1:]))
    values, start = free.vector(cereal.start), objective.plain_delta()
    exact = objective.at(values, linear, start).gradient
    for place in range(0, values.size, 3):
        width = 1e-4 * max(1.0, abs(values[place]))
        ends = []
        for sign in (1, -1):
            moved = values.copy()
            moved[place] += sign * width
            ends.append(objective.at(moved, linear, start).value)
        assert (ends[0] - ends[1]) / (2 * width) == pytest.approx(exact[place], rel=1e-4)


@pytest.mark.slow
def test_cars_are_those_of_pyblp(cars) -> None:
    pyblp, pandas = pytest.importorskip("pyblp"), pytest.importorskip("pandas")
    pyblp.options.verbose = False
    products = pandas.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    agents = pandas.read_csv(pyblp.data.BLP_AGENTS_LOCATION)
    for place in range(5, 1, -1):
        agents[f"nodes{place}"] = agents[f"nodes{place - 1}"].copy()
    agents["nodes1"] = 0.0
    problem = pyblp.Problem(
        (
            pyblp.Formulation("1 + hpwt + air + mpd + space"),
            pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
        ),
        products.drop(columns=[name for name in products if name.startswith("supply_")]),
        pyblp.Formulation("0 + I(1 / income)"),
        agents,
    )
    theirs = problem.solve(
        cars.start.sigma,
        cars.start.pi,
        optimization=pyblp.Optimization("return"),
        method="1s",
        se_type="clustered",
        check_optimality="gradient",
    )
    ours = estimate_blp(cars.panel, cars.buyers, cars.start, AS_GIVEN)
    assert ours.objective == pytest.approx(float(theirs.objective), rel=1e-10)
    np.testing.assert_allclose(ours.gradient, theirs.gradient.ravel(), rtol=1e-6)
    errors = np.array([each.standard_error for each in ours.parameters])
    np.testing.assert_allclose(errors[:5], theirs.beta_se.ravel(), rtol=1e-5)
    assert errors[-1] == pytest.approx(theirs.pi_se[1, 0], rel=1e-5)
    two = estimate_blp(cars.panel, cars.buyers, cars.start, BlpConfig(steps=2))
    assert two.converged
    assert two.hessian_eigenvalues[0] > 0.0


def _simulated(seed: int, markets: int, products: int):
    rng = np.random.default_rng(seed)
    rows = markets * products
    ids = np.repeat(np.arange(markets), products)
    trait, shifter, shock = rng.normal(size=rows), rng.uniform(size=rows), rng.normal(size=rows)
    prices = 1.0 + shifter + 0.3 * trait + 0.3 * shock
    nodes = sobol_normal(1, 64, seed=3)
    delta = 1.0 + trait - 2.0 * prices + 0.5 * shock
    utility = delta[:, None] + 1.5 * trait[:, None] * nodes.points[:, 0]
    odds = np.exp(utility)
    total = np.zeros((markets, 64))
    np.add.at(total, ids, odds)
    shares = (odds / (1.0 + total[ids])).mean(axis=1)
    near = np.zeros(rows)
    for each in range(markets):
        own = ids == each
        near[own] = [np.abs(trait[own] - t).sum() for t in trait[own]]
    instruments = np.column_stack([shifter, near, near**2, shifter * trait])
    made = panel(
        markets=ids,
        shares=shares,
        prices=prices,
        instruments=instruments,
        linear=np.column_stack([np.ones(rows), trait]),
        linear_names=["1", "trait"],
    )
    return made, same_buyers(made, trait[:, None], ("trait",), nodes)


def test_two_steps_recover_a_known_market() -> None:
    made, buyers = _simulated(5, 150, 6)
    start = Tastes(np.array([[0.5]]), np.empty((1, 0)))
    found = estimate_blp(made, buyers, start, BlpConfig(steps=2))
    assert found.converged
    for name, truth in (("prices", -2.0), ("trait", 1.0), ("sigma trait", 1.5)):
        each = found.parameter(name)
        assert abs(each.value - truth) < 3.5 * each.standard_error
        assert each.standard_error < 0.3


def test_same_data_same_answer_and_one_market_is_said() -> None:
    made, buyers = _simulated(5, 40, 5)
    start = Tastes(np.array([[0.5]]), np.empty((1, 0)))
    one, two = (estimate_blp(made, buyers, start, BlpConfig()) for _ in range(2))
    assert one.objective == two.objective
    alone, few = _simulated(6, 1, 12)
    found = estimate_blp(alone, few, start, AS_GIVEN)
    assert Caution.FEW_OBSERVATIONS in [each.caution for each in found.notes]


def test_broken_panels_are_named(cereal) -> None:
    made, buyers = _simulated(1, 3, 4)
    with pytest.raises(InputError, match=r"market 1: shares must sum"):
        panel(
            markets=made.markets,
            shares=np.where(made.markets == 1, 0.5, made.shares),
            prices=made.prices,
            instruments=made.instruments,
        )
    with pytest.raises(InputError, match="no taste differs"):
        estimate_blp(made, buyers, Tastes(np.zeros((1, 1)), np.empty((1, 0))), AS_GIVEN)
    few = replace(made, instruments=made.instruments[:, :1])
    with pytest.raises(InputError, match="as many instruments"):
        estimate_blp(few, buyers, Tastes(np.eye(1), np.empty((1, 0))), AS_GIVEN)
    with pytest.raises(InputError, match="no market"):
        cereal.panel.rows_of("C99Q9")
    same = replace(made, instruments=np.repeat(made.instruments[:, :1], 4, axis=1))
    with pytest.raises(InputError, match="linearly dependent"):
        estimate_blp(same, buyers, Tastes(np.eye(1), np.empty((1, 0))), AS_GIVEN)


def test_several_fixed_effects_are_those_of_dummies() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, 80), rng.integers(0, 7, 80)
    columns = rng.normal(size=(80, 2))
    dummies = np.column_stack([np.eye(5)[first], np.eye(7)[second]])
    expected = columns - dummies @ np.linalg.lstsq(dummies, columns, rcond=None)[0]
    np.testing.assert_allclose(absorb(columns, [codes(first), codes(second)]), expected, atol=1e-9)
