"""Cuts, raises, persistence, half-lives, followers."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_samples import change, market, offer, rating, sighting

from undercut.core.errors import ConfigError, InputError
from undercut.sell.market.blend import Blend
from undercut.sell.market.count_cuts import ALL, UNRATED, cut_histories
from undercut.sell.market.followers import FollowConfig, cut_days, who_follows
from undercut.sell.market.half_life import model_half_life, tier_half_life
from undercut.sell.market.months import first_days
from undercut.sell.market.persistence import cuts_kept
from undercut.sell.market.resampling import Resampling
from undercut.sell.market.router_names import rated_router_ids
from undercut.sell.market.steps import price_steps
from undercut.sell.market.tiers import rated_prices

START = date(2026, 1, 1)
FEW = Resampling(rounds=200)


def days_on(*days: int) -> list[date]:
    return [START + timedelta(days=day) for day in days]


def test_hazards_sizes_and_exposure_of_a_small_market() -> None:
    first, second, third = days_on(0, 30, 91)
    snapshot = market(
        ratings=[rating("x", 1350, maker="meta")],
        sightings=[
            sighting(first, {"meta-llama/x": 4, "acme/y": 1, "acme/free": 0}),
            sighting(second, {"meta-llama/x": 2, "acme/y": 1.2, "acme/free": 0, "acme/new": 1}),
            sighting(third, {"meta-llama/x": 2, "acme/new": 1}),
        ],
    )
    histories = cut_histories(snapshot, resampling=FEW)
    everything = histories[ALL]
    months = (30 + 30 + 61 + 61) / (365.25 / 12)
    assert everything.model_months == pytest.approx(months)
    assert everything.models == 3
    assert everything.cut_fractions == (0.5,)
    assert everything.raise_fractions == pytest.approx((0.2,))
    assert everything.cuts_per_model_month.value == pytest.approx(1 / months)
    assert everything.cuts_per_model_month.observations == 1
    assert histories["1300 to 1400"].models == 1
    assert histories["1300 to 1400"].raises_per_model_month.value == 0
    assert histories[UNRATED].models == 2
    assert (everything.start, everything.end) == (first, third)
    assert "the router" in everything.source


def test_no_event_gives_the_poisson_bound() -> None:
    one, two = days_on(0, 365)
    snapshot = market(sightings=[sighting(one, {"a/m": 1}), sighting(two, {"a/m": 1})])
    hazard = cut_histories(snapshot, resampling=FEW)[ALL].cuts_per_model_month
    assert (hazard.value, hazard.low) == (0.0, 0.0)
    assert hazard.high == pytest.approx(-math.log(0.05) / (365 / (365.25 / 12)))


def test_one_observation_is_a_level_not_a_history() -> None:
    with pytest.raises(InputError, match="one observation is a level, not a history"):
        cut_histories(market(sightings=[sighting(START, {"a/m": 1})]))


def test_kept_cuts_are_counted_as_far_as_they_are_seen() -> None:
    # three cuts: one undone after 60 days, one kept to the end of 200 days, one seen for 30 days
    days = days_on(0, 30, 60, 90, 230)
    series = {
        "a/back": [4, 2, 2, 4, 4],
        "b/kept": [4, 2, 2, 2, 2],
        "c/gone": [4, 2, 2],
    }
    seen = [
        sighting(day, {key: prices[n] for key, prices in series.items() if n < len(prices)})
        for n, day in enumerate(days)
    ]
    steps = price_steps(seen, blend=Blend())
    kept = cuts_kept(steps, resampling=FEW)
    assert kept is not None
    # at 60 days two are still followed, one of them rises: 1/2
    assert kept.value == pytest.approx(0.5)
    assert kept.observations == 3
    assert cuts_kept(steps.only(~steps.cut), resampling=FEW) is None


def test_intervals_of_hazards_cover_the_truth() -> None:
    """Forty vendors, each with its own hazard around 10%: nine in ten intervals or more cover."""
    rng = np.random.default_rng(5)
    covered = 0
    days = days_on(*range(0, 30 * 13, 30))
    for _ in range(30):
        rates = rng.beta(4, 36, size=40)
        level = np.ones(40)
        seen = []
        for day in days:
            seen.append(sighting(day, {f"v{n}/m": round(p, 9) for n, p in enumerate(level)}))
            level = np.where(rng.random(40) < rates, level * 0.9, level)
        hazard = cut_histories(market(sightings=seen), resampling=FEW)[ALL].cuts_per_model_month
        truth = 0.1 / (30 / (365.25 / 12))
        assert hazard.low is not None
        assert hazard.high is not None
        covered += hazard.low <= truth <= hazard.high
    assert covered >= 26


@given(st.floats(0.5, 0.99), st.integers(3, 8))
def test_half_life_of_a_steady_fall_is_exact(factor: float, months: int) -> None:
    days = days_on(*range(0, 30 * (months + 1), 30))
    seen = [sighting(day, {"a/m": round(100 * factor**n, 12)}) for n, day in enumerate(days)]
    found = model_half_life(price_steps(seen, blend=Blend()), resampling=FEW)
    assert found is not None
    assert found.months is not None
    step = 30 / (365.25 / 12)
    assert found.months.value == pytest.approx(step * math.log(2) / -math.log(factor), rel=1e-6)


def test_a_price_that_stands_still_has_no_half_life() -> None:
    seen = [sighting(day, {"a/m": 3}) for day in days_on(0, 30, 60)]
    found = model_half_life(price_steps(seen, blend=Blend()), resampling=FEW)
    assert found is not None
    assert found.months is None
    assert found.fall_per_year.value == 1.0


def test_half_life_of_a_tier_and_too_short_a_record() -> None:
    days = first_days(date(2025, 1, 1), date(2026, 1, 1))
    history = [
        change(day, "input", str(2.0 ** (12 - n)), str(2.0 ** (11 - n)))
        for n, day in enumerate(days[1:])
    ]
    snapshot = market(
        [offer("a", given="1", taken="1", listed=days[0])],
        changes={"a": history},
        ratings=[rating()],
    )
    rated = rated_prices(snapshot, days, blend=Blend(1.0, 0.0))
    found = tier_half_life(rated, 1300, resampling=FEW)
    assert found is not None
    assert found.months is not None
    assert found.months.value == pytest.approx(1.0, rel=0.01)
    assert found.fall_per_year.value == pytest.approx(2**12, rel=0.2)
    assert tier_half_life(rated, 1300, resampling=FEW, since=days[-3]) is None
    assert tier_half_life(rated, 1400, resampling=FEW) is None


def test_router_ids_find_their_rating_and_guess_nothing() -> None:
    ratings = [rating("llama-4", maker="meta"), rating("gpt-9", maker="openai")]
    ids = ["meta-llama/llama-4", "meta-llama/llama-4:free", "openai/gpt-9-2026", "acme/gpt-9"]
    assert set(rated_router_ids(ids, ratings)) == {"meta-llama/llama-4", "meta-llama/llama-4:free"}


def test_a_seller_that_follows_is_found_and_a_random_one_is_not() -> None:
    rng = np.random.default_rng(1)
    leader = sorted(START + timedelta(days=int(day)) for day in rng.choice(900, 14, replace=False))
    follower = [day + timedelta(days=int(rng.integers(1, 15))) for day in leader]
    other = sorted(START + timedelta(days=int(day)) for day in rng.choice(900, 14, replace=False))
    pairs = who_follows({"leader": leader, "follower": follower, "other": other})
    found = {(pair.leader, pair.follower): pair for pair in pairs}
    assert len(found) == 6
    assert found["leader", "follower"].significant
    assert found["leader", "follower"].followed == 14
    assert not found["leader", "other"].significant
    assert pairs[0].p_value <= pairs[-1].p_value


def test_chance_is_seldom_called_following() -> None:
    """Twenty markets of five sellers that cut at random: 400 pairs, few false alarms."""
    rng = np.random.default_rng(2)
    config = FollowConfig(rounds=300)
    alarms = 0
    for _ in range(20):
        days = {
            f"s{n}": sorted(
                START + timedelta(days=int(day)) for day in rng.choice(900, 12, replace=False)
            )
            for n in range(5)
        }
        alarms += sum(pair.significant for pair in who_follows(days, config))
    assert alarms <= 8


def test_the_same_day_is_not_following() -> None:
    days = days_on(*range(0, 1000, 100))
    pairs = who_follows({"a": days, "b": days})
    assert [pair.followed for pair in pairs] == [0, 0]


def test_cut_days_leave_corrections_out() -> None:
    history = [
        change(START, "input", "4", "2"),
        change(START + timedelta(days=9), "input", "2", "0.002", "unit"),
        change(START + timedelta(days=40), "input", "2", "3"),
        change(START + timedelta(days=50), "output", "3", "1", "likely"),
    ]
    snapshot = market([offer("a", host="azure_ai")], changes={"a": history})
    assert cut_days(snapshot) == {"azure": [START, START + timedelta(days=50)]}
    assert cut_days(snapshot, keep_likely=False) == {"azure": [START]}


def test_settings_out_of_range() -> None:
    with pytest.raises(ConfigError, match="window_days"):
        FollowConfig(window_days=100, jitter_days=90)
    with pytest.raises(ConfigError, match="100 rounds"):
        Resampling(rounds=5)
