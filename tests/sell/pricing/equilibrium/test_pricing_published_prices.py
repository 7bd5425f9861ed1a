"""Equilibrium prices against published numbers, pyblp and the laws of the model."""

from __future__ import annotations

import numpy as np
import pytest

from undercut.core.errors import InputError
from undercut.sell.pricing.demand.logit import Logit
from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash, implied_costs
from undercut.sell.pricing.equilibrium.best_response import best_response
from undercut.sell.pricing.equilibrium.check import check_equilibrium
from undercut.sell.pricing.equilibrium.hotelling import hotelling
from undercut.sell.pricing.equilibrium.lambert import lambert_best_response

COSTS = np.ones(2)


@pytest.fixture
def calvano() -> Logit:
    """Calvano, Calzolari, Denicolo & Pastorello (2020): a = 2, c = 1, a0 = 0, mu = 1/4."""
    return Logit(np.full(2, 8.0), -4.0)


def test_competition_and_monopoly_of_calvano_and_others(calvano: Logit) -> None:
    apart = bertrand_nash(calvano, COSTS, ("one", "two"))
    together = bertrand_nash(calvano, COSTS, ("one", "one"))

    assert apart.converged
    assert together.converged
    assert apart.prices == pytest.approx([1.472927] * 2, abs=5e-7)
    assert apart.shares == pytest.approx([0.471377] * 2, abs=5e-7)
    assert apart.profits == pytest.approx([0.222927] * 2, abs=5e-7)
    assert together.prices == pytest.approx([1.924981] * 2, abs=5e-7)
    assert together.profits == pytest.approx([0.337490] * 2, abs=5e-7)
    assert check_equilibrium(calvano, apart).holds


@pytest.mark.parametrize(
    ("rival", "best", "hold", "match", "answer"),
    [
        (1.472927 / 2, 1.27842, 0.02347, -0.13135, 0.02842),
        (1.472927 * 0.8, 1.36446, 0.10821, 0.08753, 0.11446),
    ],
)
def test_the_answer_to_a_cut_and_what_holding_and_matching_earn(
    calvano: Logit, rival: float, best: float, hold: float, match: float, answer: float
) -> None:
    def profit(own: float) -> float:
        return (own - 1.0) * float(calvano.shares(np.array([own, rival]))[0])

    before = np.array([1.472927, rival])
    closed = lambert_best_response(calvano, before, COSTS, [0])
    searched = best_response(calvano, before, COSTS, [0])

    # five digits were kept of 1.364465033 and 0.114465033
    assert closed[0] == pytest.approx(best, abs=6e-6)
    assert searched.settled
    assert searched.prices == pytest.approx(closed, abs=1e-9)
    assert [profit(1.472927), profit(rival), profit(closed[0])] == pytest.approx(
        [hold, match, answer], abs=6e-6
    )


@pytest.mark.parametrize(
    ("firms", "nash", "monopoly"), [(2, 1.47293, 1.92498), (3, 1.37016, 2.0), (4, 1.33146, 2.05441)]
)
def test_more_firms_as_in_the_input_files_of_the_simulations(
    firms: int, nash: float, monopoly: float
) -> None:
    """Prices of one period that public Fortran code of that model takes as inputs (its authors had
    them from another program): GitHub, teresa-donaa/entryexit, A_mod_table_A7_3agents.txt (two and
    three firms), and teresa-donaa/baseline, mod_4agents.txt (four). a = 2, c = 1, a0 = 0, mu = 1/4.
    """
    demand, costs = Logit(np.full(firms, 8.0), -4.0), np.ones(firms)
    apart = bertrand_nash(demand, costs, [f"firm {number}" for number in range(firms)])
    together = bertrand_nash(demand, costs, ["one"] * firms)

    assert apart.prices == pytest.approx([nash] * firms, abs=5.1e-6)
    assert together.prices == pytest.approx([monopoly] * firms, abs=5.1e-6)


@pytest.mark.parametrize(
    ("cost", "share"),
    [(1.0, 0.500), (0.875, 0.545), (0.75, 0.588), (0.625, 0.627), (0.5, 0.662), (0.25, 0.722)],
)
def test_unequal_costs_as_in_table_4_of_calvano_and_others(
    calvano: Logit, cost: float, share: float
) -> None:
    """The cheaper firm's part of what both sell at Nash prices: Calvano et al. (2020), table 4.

    As quoted to three digits by GitHub, Maestro-Titarenko/QLearning-Collusion (PAPER_SHARE);
    qualities stay at 2, the first firm's cost at 1.
    """
    found = bertrand_nash(calvano, np.array([1.0, cost]), ("one", "two"))

    assert found.converged
    assert found.shares[1] / found.shares.sum() == pytest.approx(share, abs=5.1e-4)
    assert check_equilibrium(calvano, found).holds


def test_profits_of_three_firms_as_another_simulation_has_them() -> None:
    """Of N. Greber's parameters (2022) of the same market with three firms, public on GitHub."""
    demand, costs = Logit(np.full(3, 8.0), -4.0), np.ones(3)
    apart = bertrand_nash(demand, costs, ("one", "two", "three"))
    together = bertrand_nash(demand, costs, ("one", "one", "one"))

    assert apart.profits == pytest.approx([0.12016] * 3, abs=5.1e-6)
    assert together.profits == pytest.approx([0.25] * 3, abs=5.1e-6)


@pytest.mark.parametrize("firms", [2, 3, 5])
def test_unequal_costs_agree_with_a_root_of_the_first_order_conditions(firms: int) -> None:
    from scipy.optimize import root

    random = np.random.default_rng(firms)
    costs = random.uniform(0.5, 1.5, firms)
    demand = Logit(random.uniform(6.0, 9.0, firms), -4.0)

    def conditions(prices: np.ndarray) -> np.ndarray:
        # 1 / markup = slope of log share in the own price: -alpha (1 - share)
        return (prices - costs) * 4.0 * (1.0 - demand.shares(prices)) - 1.0

    found = bertrand_nash(demand, costs, [f"firm {number}" for number in range(firms)])
    independent = root(conditions, costs + 0.35, tol=1e-12)

    assert independent.success
    assert found.prices == pytest.approx(independent.x, abs=1e-10)
    back = implied_costs(demand, found.prices, found.firms)
    assert back == pytest.approx(costs, abs=1e-10)


def test_hotelling_with_unequal_costs() -> None:
    found = hotelling(1.0, 0.5, 1.0)

    assert found.prices == pytest.approx((1.8333, 1.6667), abs=5e-5)
    assert found.shares[0] == pytest.approx(0.41667, abs=5e-6)
    with pytest.raises(InputError, match="transport"):
        hotelling(1.0, 1.0, 0.0)
