"""The theory that the simulator stands on: published figures and definitions checked directly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from undercut.core.errors import InputError
from undercut.sell.pricing.war.attrition import war_of_attrition
from undercut.sell.pricing.war.edgeworth import (
    best_deviation,
    homogeneous,
    mixed_at,
    relent_chance,
    strategy_of,
    values,
)
from undercut.sell.pricing.war.learning import learned_cost, learning_exponent, wright_unit_cost
from undercut.sell.pricing.war.ruin import ruin_probability
from undercut.sell.pricing.war.switching import (
    implied_switching_costs,
    undercut_proof_prices,
    undercutting_gain,
)

CLASSIC = np.arange(7) / 6.0
EDGEWORTH = {6: 4, 5: 4, 4: 3, 3: 2, 2: 1, 1: 0, 0: 0}
KINKED = {6: 3, 5: 3, 4: 3, 3: 3, 2: 1, 1: 1, 0: 3}


def test_ruin_to_the_digits_given() -> None:
    """Brownian ruin with cash 12, drift -1 and spread 1 a month."""
    assert round(ruin_probability(12.0, -1.0, 1.0, 12.0), 5) == 0.55645
    assert round(ruin_probability(12.0, -1.0, 1.0, 18.0), 5) == 0.94171


@given(
    cash=st.floats(0.01, 1e4),
    drift=st.floats(-1e3, 1e3),
    spread=st.floats(0.0, 1e3),
    months=st.floats(0.0, 200.0),
)
def test_ruin_is_a_probability_that_grows_with_time(cash, drift, spread, months) -> None:
    now = ruin_probability(cash, drift, spread, months)
    later = ruin_probability(cash, drift, spread, months * 1.5)
    assert 0.0 <= now <= 1.0
    assert later >= now - 1e-9
    assert ruin_probability(2.0 * cash, drift, spread, months) <= now + 1e-9


def test_ruin_refuses_what_has_no_answer() -> None:
    with pytest.raises(InputError, match="cash must be above 0"):
        ruin_probability(0.0, -1.0, 1.0, 12.0)
    with pytest.raises(InputError, match="finite"):
        ruin_probability(1.0, float("nan"), 1.0, 12.0)
    assert ruin_probability(12.0, -1.0, 0.0, 11.9) == 0.0
    assert ruin_probability(12.0, -1.0, 0.0, 12.0) == 1.0


@pytest.mark.parametrize("discount", [0.75, 0.85, 0.9, 0.95, 0.99, 0.999])
def test_the_kinked_demand_curve_of_maskin_and_tirole(discount: float) -> None:
    """Econometrica 56(3), 1988, their example: demand 1 - p, no cost, prices i/6.

    At 1/2 and above a firm answers with 1/2, at 1/3 with 1/6, at 0 with 1/2. At 1/6 there is a war
    of attrition: it holds with probability (5 + d) / (5 d + 9 d^2) and else goes back to 1/2.
    """
    game = homogeneous(CLASSIC, 1.0 - CLASSIC, discount=discount)
    hold = (5.0 + discount) / (5.0 * discount + 9.0 * discount**2)
    published = strategy_of(game, KINKED)
    published[1] = 0.0
    published[1, [1, 3]] = hold, 1.0 - hold
    assert 0.0 < hold < 1.0
    assert best_deviation(game, published) < 1e-12 / (1.0 - discount)
    found, ours = mixed_at(game, KINKED, 1, 1, 3)
    assert found == pytest.approx(hold, abs=1e-11)
    np.testing.assert_allclose(ours, published, atol=1e-11)
    # profits stay away from the competitive 0: half the monopoly profit at the kink, for good
    moving, _ = values(game, published)
    assert moving[3] * (1.0 - discount) == pytest.approx(0.125)


@pytest.mark.parametrize("discount", [0.75, 0.85, 0.9, 0.95, 0.99, 0.999])
def test_the_edgeworth_cycle_of_maskin_and_tirole(discount: float) -> None:
    """The same example. Step by step down to cost; there a firm holds with probability
    (3 d^2 - 1)(1 + d^2 + d^4) / (8 + 7 d^2 + 2 d^4 + 3 d^6) and else starts again at 5/6.
    """
    game = homogeneous(CLASSIC, 1.0 - CLASSIC, discount=discount)
    once, twice, thrice = discount**2, discount**4, discount**6
    hold = (3.0 * once - 1.0) * (1.0 + once + twice)
    hold /= 8.0 + 7.0 * once + 2.0 * twice + 3.0 * thrice
    published = strategy_of(game, EDGEWORTH)
    published[0] = 0.0
    published[0, [0, 5]] = hold, 1.0 - hold
    assert 0.0 < hold < 1.0
    assert best_deviation(game, published) < 1e-12 / (1.0 - discount)
    assert relent_chance(discount) == pytest.approx(1.0 - hold, abs=1e-11)
    assert values(game, published)[0].min() > 0.0
    # what a firm at cost is worth: it starts again and sells at 1/2 and at 1/6 on the way down
    start_again = (9.0 * once + 5.0 * twice) / 36.0 / (1.0 - thrice)
    assert values(game, published)[0][0] == pytest.approx(start_again, rel=1e-10)


@pytest.mark.parametrize("where", [(KINKED, 1, 1, 3), (EDGEWORTH, 0, 0, 5)])
def test_a_little_more_or_less_mixing_is_no_equilibrium(where) -> None:
    replies, place, first, second = where
    game = homogeneous(CLASSIC, 1.0 - CLASSIC, discount=0.95)
    chance, strategy = mixed_at(game, replies, place, first, second)
    assert best_deviation(game, strategy) < 1e-11
    for change in (-0.01, 0.01):
        off = strategy.copy()
        off[place, [first, second]] = chance + change, 1.0 - chance - change
        assert best_deviation(game, off) > 1e-4


def test_an_impatient_firm_never_relents_and_a_wrong_strategy_is_no_equilibrium() -> None:
    game = homogeneous(CLASSIC, 1.0 - CLASSIC, discount=0.9)
    assert best_deviation(game, strategy_of(game, dict.fromkeys(range(7), 6))) > 0.01
    with pytest.raises(InputError, match="indifferent"):
        relent_chance(0.3)
    with pytest.raises(InputError, match="needs one reply"):
        strategy_of(game, {0: 1})


@given(
    customers=st.tuples(st.floats(0.1, 50.0), st.floats(0.1, 50.0)),
    switching=st.tuples(st.floats(0.1, 9.0), st.floats(0.1, 9.0)),
    costs=st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)),
)
def test_undercut_proof_prices_leave_nobody_a_gain_and_no_room_above(
    customers, switching, costs
) -> None:
    """Shy's definition, and back from prices to switching costs."""
    who, held, spent = np.array(customers), np.array(switching), np.array(costs)
    prices = undercut_proof_prices(who, held, spent)
    gain = undercutting_gain(prices, who, held, spent)
    np.testing.assert_allclose(gain, 0.0, atol=1e-6 * max(1.0, who.sum() * prices.max()))
    dearer = prices + np.array([0.1, 0.0])
    assert undercutting_gain(dearer, who, held, spent)[0, 1] > 0.0
    np.testing.assert_allclose(implied_switching_costs(prices, who, spent), held, atol=1e-7)


def test_undercut_proof_prices_of_equal_switching_costs_have_shys_closed_form() -> None:
    one, two, held = 3.0, 1.0, 2.0
    total, below = one + two, one**2 + one * two + two**2
    expected = np.array([one + 2 * two, 2 * one + two]) * total * held / below
    found = undercut_proof_prices(np.array([one, two]), np.array([held, held]))
    np.testing.assert_allclose(found, expected)
    # equal firms: twice the switching cost each
    same = undercut_proof_prices(np.ones(2), np.full(2, held))
    np.testing.assert_allclose(same, 2.0 * held)


def test_more_firms_fear_the_smallest_and_the_smallest_the_largest() -> None:
    prices, customers = np.array([10.0, 9.0, 8.0]), np.array([5.0, 3.0, 2.0])
    found = implied_switching_costs(prices, customers)
    expected = [10 - 8 * 2 / 7, 9 - 8 * 2 / 5, 8 - 10 * 5 / 7]
    np.testing.assert_allclose(found, expected)
    with pytest.raises(InputError, match="two firms"):
        implied_switching_costs(np.ones(1), np.ones(1))
    with pytest.raises(InputError, match="customers must be above 0"):
        implied_switching_costs(np.ones(2), np.array([1.0, 0.0]))


def test_learning_curves_to_the_digits_of_the_r_package() -> None:
    """R learningCurve 1.1.2, examples of ca_unit, unit_curve and unit_cum_exact."""
    assert wright_unit_cost(110.0, 2200.0, progress_ratio=0.885) == pytest.approx(
        23.34001, abs=5e-6
    )
    units = learned_cost(100.0, np.arange(1, 126), progress_ratio=0.85)
    assert units[-1] == pytest.approx(32.23647, abs=5e-6)
    assert units.sum() == pytest.approx(5201.085, abs=5e-4)
    hundredth = learned_cost(100.0, 125.0, progress_ratio=0.85, known_at=100.0)
    assert float(hundredth) == pytest.approx(94.90257, abs=5e-6)
    assert learning_exponent(1.0) == 0.0
    with pytest.raises(InputError, match="progress ratio"):
        learning_exponent(1.2)


def test_attrition_leaves_each_side_indifferent() -> None:
    losses, prizes = (1.0, 2.5), (30.0, 40.0)
    found = war_of_attrition(losses, prizes)

    def worth(side: int, months: float) -> float:
        """Of staying for `months` against the other's hazard, then leaving."""
        hazard = found.hazards[1 - side]
        won = 1.0 - np.exp(-hazard * months)
        return prizes[side] * won - losses[side] * won / hazard

    for side in (0, 1):
        assert [worth(side, m) for m in (0.0, 3.0, 50.0)] == pytest.approx([0.0] * 3, abs=1e-9)
    assert found.expected_months == pytest.approx(1.0 / sum(found.hazards))
    with pytest.raises(InputError, match="no reason to leave"):
        war_of_attrition((0.0, 1.0), prizes)


def test_calvano_with_unequal_costs_and_more_firms() -> None:
    """The design of Calvano et al. (2020), sections on cost asymmetry and more firms.

    Their tables of Nash prices could not be read here: each equilibrium is compared with a direct
    search for the best price of every firm.
    """
    from undercut.sell.pricing.demand.logit import Logit
    from undercut.sell.pricing.equilibrium.bertrand import bertrand_nash

    designs = [np.array([1.0, c]) for c in (0.875, 0.75, 0.625, 0.5, 0.25)]
    designs += [np.ones(3), np.ones(4)]
    prices = []
    for costs in designs:
        demand = Logit(np.full(costs.size, 8.0), -4.0)
        found = bertrand_nash(demand, costs, [str(n) for n in range(costs.size)])
        prices.append(found.prices)
        for firm in range(costs.size):

            def loss(price, firm=firm, found=found, demand=demand, costs=costs):
                moved = found.prices.copy()
                moved[firm] = price[0]
                return -(price[0] - costs[firm]) * demand.shares(moved)[firm]

            best = minimize(loss, [costs[firm] + 0.2], tol=1e-12)
            assert best.x[0] == pytest.approx(found.prices[firm], abs=1e-5)
    cheaper = [each[1] for each in prices[:5]]
    assert cheaper == sorted(cheaper, reverse=True)  # the more efficient, the cheaper it sells
    assert 1.472927 > prices[5][0] > prices[6][0]  # more firms, lower prices


@pytest.mark.parametrize("place", [0.45, 0.5, 0.6])
def test_undercut_proof_prices_on_shys_line(place: float) -> None:
    """The undercut-proof conditions as Shy writes them for two shops on Hotelling's line.

    Equations (7) and (8) of his paper on shops that are close to each other, as they stand in its
    code (GitHub, ozshy/hotel, hotel_2022_2_26.R; b = 0.25, transport cost 1): each shop earns as
    much as by underselling the other by the way between them and serving everybody. Solved here
    for themselves, then compared at the customers that they give.
    """
    from scipy.optimize import root

    other = 0.25
    way = 1.0 - other - place

    def first_shop(price: np.ndarray) -> float:
        return float((1.0 + place - other - price[0] + price[1]) / 2.0)

    def conditions(price: np.ndarray) -> list[float]:
        served = first_shop(price)
        return [
            price[1] * (1.0 - served) - (price[0] - way),
            price[0] * served - (price[1] - way),
        ]

    found = root(conditions, [0.5, 0.5], tol=1e-13)
    assert found.success
    served = first_shop(found.x)
    assert 0.0 < served < 1.0
    customers, switching = np.array([served, 1.0 - served]), np.full(2, way)
    assert undercut_proof_prices(customers, switching) == pytest.approx(found.x, abs=1e-10)
    gains = undercutting_gain(found.x, customers, switching)
    assert gains == pytest.approx(np.zeros((2, 2)), abs=1e-10)
    assert implied_switching_costs(found.x, customers) == pytest.approx(switching, abs=1e-10)
