"""Tiers: buyers sort themselves, nobody is worse off than without, every bill covers its cost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.core.errors import ConfigError
from undercut.core.money import Money
from undercut.sell.pricing.rounding import rounded_down, rounded_up
from undercut.sell.pricing.situation.buyers import Segment
from undercut.sell.pricing.tiers.costs import Version
from undercut.sell.pricing.tiers.menu import Buyers
from undercut.sell.pricing.tiers.propose import Kind, Tiers, propose_tiers
from undercut.sell.pricing.tiers.screening import dearest_bills, sorts
from undercut.sell.pricing.tiers.tariffs import best_two_part, best_usage_price
from undercut.sell.pricing.tiers.worth import Worth

DAY = dt.date(2026, 11, 1)
FULL = Version("full", 0.0, 2e-6, 4e-6, 5.0, 0.03)
LITE = Version("lite", -6.0, 0.5e-6, 1e-6, 5.0, 0.03)


def segment(
    name: str, share: float, answers: float, worth: float, taper: float, quality: float
) -> Segment:
    def money(value: float) -> Money:
        return Money(Decimal(f"{value:.6f}"), "USD")

    return Segment(name, share, Decimal(int(answers)), money(worth), taper, money(quality))


SHOPS = (
    segment("shop", 0.5, 4e5, 75, 0.4, 0.4),
    segment("chain", 0.35, 2.5e6, 85, 0.6, 1.0),
    segment("bank", 0.15, 12e6, 90, 0.7, 3.0),
)
KINDS = st.lists(
    st.tuples(
        st.floats(0.05, 1.0),
        st.floats(1e4, 2e7),
        st.floats(1.0, 200.0),
        st.floats(0.0, 1.0),
        st.floats(0.0, 5.0),
    ),
    min_size=1,
    max_size=4,
)


def kinds(drawn: list[tuple[float, float, float, float, float]]) -> tuple[Segment, ...]:
    total = sum(each[0] for each in drawn)
    return tuple(
        segment(f"kind {at}", each[0] / total, each[1], each[2], each[3], each[4])
        for at, each in enumerate(drawn)
    )


def gain(tiers: Tiers, of: Segment, place: int, answers: float) -> float:
    """What a buyer gains by a tier with so many answers, counted from the definitions."""
    tier = tiers.tiers[place]
    version = next(each for each in tiers.versions if each.name == tier.version)
    quality = 0.0 if of.quality_value is None else float(of.quality_value.amount)
    first = max(0.0, float(of.willingness.amount) + quality * version.quality_gain) / 1e6
    most = float(of.monthly_answers)
    used = min(answers, most)
    worth = first * (used - of.taper * used**2 / 2 / most)
    beyond = max(0.0, answers - tier.allowance)
    if beyond > 0 and tier.price is None:
        return -np.inf
    return worth - tier.fee - beyond * (tier.price or 0.0)


@settings(max_examples=60, deadline=None)
@given(drawn=KINDS, versions=st.sampled_from([(FULL,), (FULL, LITE)]))
def test_buyers_sort_themselves_and_bills_cover_costs(
    drawn: list[tuple[float, float, float, float, float]], versions: tuple[Version, ...]
) -> None:
    segments = kinds(drawn)
    found = propose_tiers(segments, versions)
    for of, pick in zip(segments, found.picks, strict=True):
        # individual rationality
        assert pick.surplus >= -1e-9
        most = float(of.monthly_answers)
        grid = np.concatenate([np.linspace(0.0, most, 60), [t.allowance for t in found.tiers]])
        best = max(
            gain(found, of, place, float(answers))
            for place in range(len(found.tiers))
            for answers in grid
        )
        # incentive compatibility: no other tier and no other use of one gains more
        assert best <= pick.surplus + 1e-6 * max(1.0, abs(best))
        if pick.tier is not None:
            assert gain(found, of, pick.tier, pick.answers) == pytest.approx(pick.surplus, abs=1e-6)
            assert of.name in found.tiers[pick.tier].segments
    for tier in found.tiers:
        if tier.kind is Kind.FREE:
            continue
        version = next(each for each in versions if each.name == tier.version)
        for answers in (0.0, tier.allowance, 3.0 * tier.allowance + 1e5, 1e8):
            assert (
                tier.bill(answers)
                >= version.lowest_bill(min(answers, tier.allowance))
                + version.floor_price * max(0.0, answers - tier.allowance)
                - 1e-6
            )


def test_shops_chains_and_banks_get_a_tier_each() -> None:
    found = propose_tiers(SHOPS, [FULL])
    committed = [tier for tier in found.tiers if tier.kind is Kind.COMMITTED]
    assert [tier.segments for tier in committed] == [("shop",), ("chain",), ("bank",)]
    assert found.profit > found.two_part.profit > found.usage_only.profit > 0
    # volume discounts: an answer within a larger allowance never costs more
    each = [tier.fee / tier.allowance for tier in committed]
    assert each == sorted(each, reverse=True)
    assert all(tier.discount > 0 for tier in committed)


def test_a_cheaper_version_is_sold_to_those_who_care_less() -> None:
    found = propose_tiers(SHOPS, [FULL, LITE])
    by_segment = {name: tier.version for tier in found.tiers for name in tier.segments}
    assert by_segment["bank"] == "full"
    assert by_segment["shop"] == "lite"
    assert found.profit >= propose_tiers(SHOPS, [FULL]).profit


def test_mussa_rosen_with_two_types_by_hand() -> None:
    # worth 10 and 20 for the large contract, 6 and 8 for the small one
    worths = np.array([[6.0, 10.0], [8.0, 20.0]])
    bills = dearest_bills(worths, np.zeros(2))
    assert bills is not None
    # the low type pays all it is worth, the high type keeps what the small contract leaves it
    assert bills.tolist() == [6.0, 18.0]
    assert sorts(worths, bills, np.zeros(2))
    assert not sorts(worths, [6.0, 19.0], np.zeros(2))


def test_contracts_that_no_bills_sort() -> None:
    # each values the other's contract more than its own, by more than any bills allow
    assert dearest_bills(np.array([[1.0, 5.0], [5.0, 1.0]]), np.zeros(2)) is None


def test_one_linear_kind_pays_a_fee_and_marginal_cost() -> None:
    # Oi (1971): with one kind of buyer the price is the cost and the fee takes the surplus
    only = (segment("only", 1.0, 1e6, 100, 1.0, 0.0),)
    level = Version("flat", 0.0, 4e-6, 4e-6, 5.0, 0.0)
    buyers = Buyers.of(only, [level], 0.0)
    found = best_two_part(buyers, 0)
    worth = Worth.of(only[0])
    assert found.price == pytest.approx(4e-6, rel=1e-6)
    assert found.fee == pytest.approx(worth.surplus_at(4e-6))
    # and a single price for linear demand lies half way between worth and cost
    assert best_usage_price(buyers, 0).price == pytest.approx((100e-6 + 4e-6) / 2, rel=0.01)


def test_the_free_tier_is_small_and_its_cost_is_said() -> None:
    found = propose_tiers(SHOPS, [FULL])
    free = next(tier for tier in found.tiers if tier.kind is Kind.FREE)
    assert free.allowance == 4000
    assert found.free_cost == pytest.approx(4000 * 4e-6)
    assert all(
        tier.kind is not Kind.FREE
        for tier in propose_tiers(SHOPS, [FULL], free_allowance=0.0).tiers
    )


def test_nobody_is_served_where_nothing_pays() -> None:
    poor = (segment("poor", 1.0, 1e4, 1.0, 0.5, 0.0),)
    found = propose_tiers(poor, [FULL])
    assert found.profit <= 0
    assert [tier.kind for tier in found.tiers] == [Kind.FREE, Kind.USAGE]


def test_no_segments_or_too_many_are_refused() -> None:
    with pytest.raises(ConfigError, match="1 to 6 segments"):
        propose_tiers((), [FULL])


@given(st.floats(1e-9, 1e9), st.integers(1, 6))
def test_rounding_goes_one_way(value: float, figures: int) -> None:
    assert rounded_down(value, figures) <= value <= rounded_up(value, figures)
