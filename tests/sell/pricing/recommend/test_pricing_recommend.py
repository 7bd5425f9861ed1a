"""The recommended price: what it rests on, its range, the floor, what-ifs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from pricing_situations import SOURCE, own, serving, situation, usd

from undercut.core.errors import ConfigError, InputError
from undercut.sell.pricing.cost.unit_cost import unit_cost
from undercut.sell.pricing.equilibrium.bertrand import settle
from undercut.sell.pricing.equilibrium.ownership import ownership
from undercut.sell.pricing.recommend.market_facts import Evidence
from undercut.sell.pricing.recommend.market_model import market_model
from undercut.sell.pricing.recommend.options import settle_market
from undercut.sell.pricing.recommend.recommendation import Recommendation, Why, recommend
from undercut.sell.pricing.recommend.suppose import parse_supposition, suppose
from undercut.sell.pricing.recommend.uncertainty import RangeConfig, price_range
from undercut.sell.pricing.situation.products import Offered
from undercut.sell.pricing.situation.running import Load
from undercut.sell.pricing.situation.situation import Elasticity, Situation

FEW = RangeConfig(draws=40)


def advice(of: Situation, per_million: str = "0.40") -> Recommendation:
    cost = serving(per_million)
    unit = unit_cost(cost, of.own)
    return recommend(of, market_model(of, unit.marginal), cost, unit, FEW)


def test_only_the_own_margin_repeats_todays_price_and_says_so() -> None:
    rivals = tuple(replace(each, cost=None) for each in situation().rivals)
    of = situation(rivals=rivals)
    unit = unit_cost(serving(), of.own)
    model = market_model(of, unit.marginal)
    assert model.evidence is Evidence.OWN_PRICE
    assert any("today's own price" in note.text for note in model.notes)
    found = recommend(of, model, serving(), unit, FEW)
    assert Why.HOLD in found.why


def test_a_rivals_margin_leaves_the_own_price_free() -> None:
    found = advice(situation())
    assert found.settled.holds
    assert Why.CUT in found.why
    assert found.price is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.price <= found.high
    hold = found.options[0]
    assert hold.price == 60.0
    assert found.chosen is not None
    assert found.chosen.monthly_profit > hold.monthly_profit


def test_a_given_elasticity_is_that_of_the_model() -> None:
    of = situation(own=own(elasticity=Elasticity(-2.1, -2.9, -1.6, SOURCE)))
    model = market_model(of, usd(4))
    assert model.evidence is Evidence.ELASTICITY
    assert model.own_elasticity == pytest.approx(-2.1)


def test_more_doubt_gives_a_wider_range() -> None:
    sure = advice(situation(own=own(margin_error=0.02), share_error=0.01))
    unsure = advice(situation(own=own(margin_error=0.3), share_error=0.2))
    assert unsure.spread.high - unsure.spread.low > 2 * (sure.spread.high - sure.spread.low)


def test_the_same_seed_gives_the_same_range() -> None:
    first, again = advice(situation()), advice(situation())
    assert np.array_equal(first.spread.prices, again.spread.prices)


def test_never_below_the_floor() -> None:
    # few answers on a dear machine: the market's price lies far below the rent of one
    load = Load(monthly_answers=Decimal(200_000), customers=1, utilisation=0.5)
    of = situation(own=own(load=load), buyers=Decimal(2_000_000))
    cost = serving("0.40", "0.50")
    unit = unit_cost(cost, of.own)
    assert float(unit.floor.amount) > 100
    found = recommend(of, market_model(of, unit.marginal), cost, unit, FEW)
    assert Why.FLOOR in found.why
    assert found.price is not None
    assert found.price >= unit.floor
    assert found.chosen is not None
    assert found.price.amount >= found.chosen.floor.amount * Decimal("0.999999")


def test_capacity_raises_the_price() -> None:
    tight = Load(monthly_answers=Decimal(40_000_000), customers=10, capacity=Decimal(42_000_000))
    free, bound = advice(situation()), advice(situation(own=own(load=tight)))
    assert Why.CAPACITY in bound.why
    assert bound.settled.shadow_price > 0
    assert free.price is not None
    assert bound.price is not None
    assert bound.price > free.price
    assert bound.chosen is not None
    assert bound.chosen.monthly_answers <= Decimal(42_000_000)


def test_a_price_below_cost_needs_another_margin() -> None:
    rivals = tuple(replace(each, cost=None) for each in situation().rivals)
    with pytest.raises(InputError, match="lies below what one more million answers costs"):
        market_model(situation(rivals=rivals), usd(61))
    assert market_model(situation(), usd(61)).evidence is Evidence.MARGINS


def test_a_rival_sold_at_a_loss_is_named() -> None:
    rivals = (Offered("acme", "acme", usd(20), SOURCE, share=0.3, cost=usd(25)),)
    with pytest.raises(InputError, match="acme is priced at 20 USD and said to cost 25 USD"):
        market_model(situation(rivals=rivals), usd(4))


def test_an_unknown_share_is_named() -> None:
    rivals = (Offered("acme", "acme", usd(20), SOURCE, cost=usd(5)),)
    with pytest.raises(InputError, match="share of acme is not known"):
        market_model(situation(rivals=rivals), usd(4))


def test_an_elasticity_that_no_best_price_has_is_refused() -> None:
    weak = own(elasticity=Elasticity(-0.2, -0.3, -0.1, SOURCE))
    with pytest.raises(InputError, match="too small for any price"):
        market_model(situation(own=weak), usd(4))
    with pytest.raises(InputError, match="below 0"):
        Elasticity(0.5, 0.1, 0.9, SOURCE)


def test_nests_make_neighbours_closer() -> None:
    base = situation()
    rivals = tuple(
        replace(each, nest="near" if each.firm == "acme" else None) for each in base.rivals
    )
    mine = own(product=replace(base.own.product, nest="near"))
    nested = situation(own=mine, rivals=rivals, nest_correlation={"near": 0.6})
    model = market_model(nested, usd(4))
    assert abs(model.own_elasticity) > abs(market_model(base, usd(4)).own_elasticity)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("cost=+20%", -1),
        ("cost=-20%", 1),
        ("cost:bolt=+30%", 1),
        ("price:acme=-50%", -1),
        ("merge=acme+bolt", 1),
        ("capacity=5%", -1),
    ],
)
def test_what_ifs_move_profit_the_right_way(text: str, sign: int) -> None:
    model = market_model(situation(), usd(4))
    found = suppose(model, parse_supposition(text, "us"))
    assert np.sign(found.own_profit_after - found.own_profit_before) == sign
    assert found.outcome.converged


def test_a_merger_raises_prices_and_concentration() -> None:
    found = suppose(market_model(situation(), usd(4)), parse_supposition("merge=acme+bolt", "us"))
    assert (found.outcome.price_change > 0).all()
    assert found.outcome.hhi_after > found.outcome.hhi_before
    assert found.outcome.surplus_change is not None
    assert found.outcome.surplus_change < 0


@pytest.mark.parametrize("text", ["cost", "cost=20", "price=-10%", "merge=a", "cost=-100%", ""])
def test_a_what_if_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_supposition(text, "us")


def test_a_firm_that_sells_nothing() -> None:
    with pytest.raises(InputError, match="no product is sold by 'nobody'"):
        suppose(market_model(situation(), usd(4)), parse_supposition("cost:nobody=+1%", "us"))


# one rival sells nearly all in two nests, and a thin own margin says that buyers mind prices much
HARD = situation(
    own=own(
        product=Offered("tickets", "us", usd("13.90"), SOURCE, share=0.0012, nest="b"),
        margin=0.02,
        margin_error=0.3,
    ),
    rivals=(
        Offered("one", "acme", usd("16.2"), SOURCE, share=0.7722, nest="b"),
        Offered("two", "acme", usd("13.73"), SOURCE, share=0.0330, nest="b"),
        Offered("three", "acme", usd("30.3"), SOURCE, share=0.1438, nest="a"),
        Offered("four", "acme", usd("19.29"), SOURCE, share=0.0305, nest="a"),
    ),
    nest_correlation={"a": 0.9, "b": 0.9},
    share_error=0.2,
)


def test_a_market_that_the_map_never_settles_has_its_range_at_a_bounded_cost() -> None:
    """Drawn one by one with the map of the equilibrium, all draws used up their 500 steps."""
    marginal = usd("13.20")
    model = market_model(HARD, marginal)
    alone = settle(
        model.demand, model.prices, model.costs, ownership(model.firms), most_iterations=5000
    )
    assert not alone[2] <= 1e-12
    assert settle_market(model, HARD).equilibrium.converged
    found = price_range(HARD, model, marginal, FEW)
    assert found.failed == 0.0
    assert found.prices.size == FEW.draws
    assert found.evaluations <= FEW.draws * 60
