"""Prices by day, corrections, tiers, today's offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_samples import change, market, offer, rating

from undercut.core.errors import ConfigError, InputError
from undercut.sell.market.blend import Blend
from undercut.sell.market.corrections import correction_shares
from undercut.sell.market.floor import commodity_floor
from undercut.sell.market.months import add_months, first_days
from undercut.sell.market.snapshot import SecondPrice
from undercut.sell.market.tiers import rated_prices, tier_history, tier_prices
from undercut.sell.market.timeline import price_rows
from undercut.sell.market.today import best_of_each_seller, todays_offers

JAN, FEB, MAR, APR, MAY = (date(2026, month, 1) for month in range(1, 6))
DAYS = (JAN, FEB, MAR, APR, MAY)
INPUT_ONLY = Blend(1.0, 0.0)


def prices(changes: list, *, now: str = "1", **options: object) -> list[float]:
    rows = price_rows(
        [offer("a", given=now)], {"a": tuple(changes)}, DAYS, blend=INPUT_ONLY, **options
    )
    return [float(p) for p in rows[0]]


def test_a_change_counts_from_its_day_on() -> None:
    assert prices([change(MAR, "input", "4", "1")]) == [4, 4, 1, 1, 1]


def test_a_wrong_unit_leaves_no_trace_on_either_side() -> None:
    # entered a thousandfold in February, mended in April: the price was 2 throughout, then 1
    history = [
        change(FEB, "input", "2", "2000", "unit"),
        change(APR, "input", "2000", "2", "unit"),
        change(MAY, "input", "2", "1"),
    ]
    assert prices(history) == [2, 2, 2, 2, 1]


def test_a_mended_first_price_is_not_a_cut() -> None:
    assert prices([change(MAR, "input", "1000", "1", "unit")]) == [1, 1, 1, 1, 1]


def test_a_mistake_that_was_undone_was_believed_until_then() -> None:
    history = [
        change(FEB, "input", "1", "3", "reverted"),
        change(APR, "input", "3", "1", "reverted"),
    ]
    assert prices(history) == [1, 1, 1, 1, 1]
    as_in_march = prices(history, known=MAR)
    assert as_in_march[:3] == [1, 3, 3]
    assert np.isnan(as_in_march[3:]).all()


def test_the_past_is_read_without_later_changes() -> None:
    history = [change(FEB, "input", "9", "4"), change(APR, "input", "4", "1")]
    assert prices(history, known=MAR)[:3] == [9, 4, 4]


def test_likely_corrections_can_be_dropped() -> None:
    history = [change(MAR, "input", "8", "1", "likely")]
    assert prices(history) == [8, 8, 1, 1, 1]
    assert prices(history, keep_likely=False) == [1, 1, 1, 1, 1]


def test_an_offer_stands_from_listing_to_removal_and_back() -> None:
    history = [change(MAR, "removed"), change(MAY, "added")]
    found = prices(history)
    assert [np.isnan(p) for p in found] == [False, False, True, True, False]


def test_a_price_of_zero_is_no_price() -> None:
    assert np.isnan(prices([], now="0")).all()


@given(st.lists(st.tuples(st.integers(1, 27), st.sampled_from(["1", "2", "5"])), max_size=5))
def test_what_was_known_at_the_end_is_what_is_known(steps: list[tuple[int, str]]) -> None:
    days = sorted({day for day, _ in steps})
    values = ["3", *(value for _, value in steps)][: len(days) + 1]
    history = [
        change(date(2026, 3, day), "input", values[n], values[n + 1]) for n, day in enumerate(days)
    ]
    now = values[len(days)] if days else "3"
    late = prices(history, now=now, known=date(2026, 12, 1))
    assert late == prices(history, now=now)


def test_shares_of_corrections() -> None:
    history = [
        change(JAN, "added"),
        change(FEB, "input", "2", "1"),
        change(MAR, "output", "2", "2000", "unit"),
        change(MAR, "output", "1", "2", "likely"),
        change(APR, "input", "1", "2", "reverted"),
    ]
    shares = correction_shares(market([offer("a")], changes={"a": history}))
    assert (shares.changes, shares.unit, shares.likely, shares.reverted, shares.real) == (
        4,
        1,
        1,
        1,
        1,
    )


def test_a_tier_is_the_cheapest_of_those_good_enough() -> None:
    snapshot = market(
        [
            offer("good", model="good", given="4", taken="4"),
            offer("better", model="better", given="2", taken="2", listed=MAR),
            offer("bad", model="bad", given="1", taken="1"),
            offer("unrated", model="other", given="0.1", taken="0.1"),
            offer("good-latest", model="good", given="0.1", taken="0.1"),
        ],
        ratings=[rating("good", 1300), rating("better", 1400), rating("bad", 1200)],
    )
    rated = rated_prices(snapshot, DAYS, blend=Blend())
    assert tier_prices(rated, 1300).tolist() == [4, 4, 2, 2, 2]
    assert tier_prices(rated, 1200).tolist() == [1, 1, 1, 1, 1]
    assert np.isnan(tier_prices(rated, 1350)[0])
    assert np.isnan(tier_prices(rated, 1450)).all()
    point = tier_history(rated, 1300)[-1]
    assert (point.key, point.models, point.sellers) == ("better", 2, 1)


@given(st.lists(st.tuples(st.integers(1000, 1500), st.integers(1, 999)), min_size=1, max_size=8))
def test_a_higher_tier_never_costs_less(models: list[tuple[int, int]]) -> None:
    snapshot = market(
        [
            offer(f"k{n}", model=f"m{n}", given=str(price), taken=str(price))
            for n, (_, price) in enumerate(models)
        ],
        ratings=[rating(f"m{n}", score) for n, (score, _) in enumerate(models)],
    )
    rated = rated_prices(snapshot, [MAY], blend=Blend())
    ladder = [float(tier_prices(rated, tier)[0]) for tier in range(1000, 1500, 50)]
    sold = [price for price in ladder if not np.isnan(price)]
    assert sold == sorted(sold)


def test_prices_beyond_belief_are_no_offers() -> None:
    snapshot = market(
        [offer("a", given="5000", taken="5000"), offer("b", given="2", taken="2", host="other")],
        ratings=[rating()],
    )
    assert tier_prices(rated_prices(snapshot, [MAY], blend=Blend()), 1300).tolist() == [2]
    assert [row.offer.key for row in todays_offers(snapshot, 1300, blend=Blend())] == ["b"]


def test_a_market_without_ratings_says_so() -> None:
    with pytest.raises(InputError, match="no offer of the snapshot has a rating"):
        rated_prices(market([offer("a")]), DAYS, blend=Blend())


def test_todays_offers_with_day_and_second_opinion() -> None:
    snapshot = market(
        [
            offer("azure/m", host="azure", given="2", taken="6"),
            offer("azure/m2", host="azure_ai", given="3", taken="6"),
            offer("gemini/m", host="gemini", given="4", taken="4"),
            offer("gone", host="left", given="1", taken="1"),
        ],
        changes={
            "azure/m": [change(JAN, "added"), change(MAR, "input", "4", "2")],
            "gone": [change(JAN, "added"), change(MAR, "removed")],
        },
        ratings=[rating()],
        second=[SecondPrice("google", "m", Decimal(4), Decimal(5))],
    )
    offers = todays_offers(snapshot, 1300, blend=Blend())
    assert [row.offer.key for row in offers] == ["azure/m", "azure/m2", "gemini/m"]
    assert offers[0].price == Decimal("3.00")
    assert (offers[0].since, offers[0].commit, offers[0].second) == (MAR, "c0ffee", None)
    assert offers[2].second is False
    assert [row.seller for row in best_of_each_seller(offers)] == ["azure", "google"]


def test_the_floor_stands_as_long_as_the_price_stays_within_a_quarter() -> None:
    days = first_days(date(2025, 1, 1), date(2026, 5, 1))
    history = [
        change(date(2025, 3, 1), "input", "9", "1.2"),
        change(date(2025, 9, 1), "input", "1.2", "1"),
    ]
    snapshot = market([offer("a", taken="0.0001")], changes={"a": history}, ratings=[rating()])
    rated = rated_prices(snapshot, days, blend=INPUT_ONLY)
    floor = commodity_floor(rated, 1200)
    assert floor is not None
    assert (floor.price, floor.flat_since, floor.standing) == (1.0, date(2025, 3, 1), True)
    assert commodity_floor(replace(rated, prices=np.full_like(rated.prices, np.nan)), 1200) is None


def test_blends() -> None:
    assert Blend.of_tokens(300, 100) == Blend(0.75, 0.25)
    assert Blend(0.75, 0.25).price(Decimal("0.04"), Decimal("0.08")) == Decimal("0.05")
    with pytest.raises(ConfigError, match="not both 0"):
        Blend.of_tokens(0, 0)


def test_months() -> None:
    assert first_days(date(2025, 11, 15), date(2026, 2, 1)) == [date(2025, 12, 1), JAN, FEB]
    assert add_months(date(2025, 11, 1), 6) == MAY
    assert add_months(JAN, -1) == date(2025, 12, 1)
