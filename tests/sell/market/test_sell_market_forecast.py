"""Forecasts and the back-test: right on a made-up world, blind to what came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from market_samples import change, market, offer, rating

from undercut.core.errors import ConfigError, InputError
from undercut.sell.market.backtest import BacktestConfig, Window, backtest, mean_error
from undercut.sell.market.backtest_score import score
from undercut.sell.market.blend import Blend
from undercut.sell.market.forecast import Forecast, ForecastConfig, Frontier, forecast_tier
from undercut.sell.market.months import first_days
from undercut.sell.market.resampling import Resampling
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.tiers import rated_prices

START, END = date(2024, 1, 1), date(2026, 6, 1)
CONFIG = BacktestConfig(
    tiers=(1250.0, 1300.0, 1350.0),
    early=(date(2024, 9, 1), date(2025, 2, 1)),
    late=(date(2025, 8, 1), None),
)


def steady_world(points: float = 8.0) -> MarketSnapshot:
    """Each month a model arrives at every rating, at the price of one `points` lower before.

    The frontier is exp((rating - 1000) / 100), moved up by `points` a month, exactly.
    """
    offers, ratings = [], []
    for month, day in enumerate(first_days(START, END)):
        for quality in range(1000, 1480, 2):
            name = f"m{month}-{quality}"
            price = np.exp((quality - points * month - 1000) / 100)
            offers.append(
                offer(name, model=name, given=f"{price:.9f}", taken=f"{price:.9f}", listed=day)
            )
            ratings.append(rating(name, float(quality)))
    return market(offers, ratings=ratings, built=END)


@pytest.fixture(scope="module")
def world() -> MarketSnapshot:
    return steady_world()


def frontier(snapshot: MarketSnapshot, until: date = END) -> Frontier:
    return Frontier(rated_prices(snapshot, first_days(START, until), blend=Blend(), known=until))


def test_a_steady_world_is_forecast_exactly(world: MarketSnapshot) -> None:
    said = forecast_tier(frontier(world), 1300, ForecastConfig(points_per_month=8.0))
    assert said is not None
    assert said.day == date(2026, 12, 1)
    assert said.price == pytest.approx(said.now * np.exp(-0.48), rel=1e-6)
    assert said.low == pytest.approx(said.price, rel=1e-6)
    assert said.high == pytest.approx(said.price, rel=1e-6)


def test_the_early_windows_choose_the_speed_of_the_world(world: MarketSnapshot) -> None:
    done = backtest(world, CONFIG)
    assert done.chosen.points_per_month == 8.0
    late = score(done.late, months=6)
    assert late.error == pytest.approx(0.0, abs=1e-6)
    assert late.no_change_error == pytest.approx(0.48, abs=1e-6)
    assert late.coverage is not None
    assert late.coverage.value == 1.0
    assert late.origins == 5


def test_what_comes_later_changes_no_forecast(world: MarketSnapshot) -> None:
    origin = date(2025, 6, 1)
    dearer = [
        replace(o, input=o.input and o.input * 7) if n % 3 else o
        for n, o in enumerate(world.offers)
    ]
    late = offer("late", model="m0-1300", given="0.001", taken="0.001", listed=date(2025, 7, 1))
    spoiled = replace(
        world,
        offers=(*dearer, late),
        changes={
            now.key: (change(date(2025, 6, 2), "input", str(then.input), str(now.input)),)
            for then, now in zip(world.offers, dearer, strict=True)
            if then != now and then.listed <= origin
        },
    )
    settings = ForecastConfig()
    for tier in (1250.0, 1300.0):
        before = forecast_tier(frontier(world, origin), tier, settings)
        after = forecast_tier(frontier(spoiled, origin), tier, settings)
        assert before == after


def test_a_short_record_has_no_interval_and_an_unsold_tier_no_forecast(
    world: MarketSnapshot,
) -> None:
    early = forecast_tier(frontier(world, date(2024, 5, 1)), 1300, ForecastConfig())
    assert early is not None
    assert (early.low, early.high, early.errors) == (None, None, 0)
    assert forecast_tier(frontier(world), 1490, ForecastConfig()) is None


def test_where_nothing_cheaper_is_sold_the_price_stays() -> None:
    snapshot = market([offer("a", listed=START)], ratings=[rating()], built=END)
    said = forecast_tier(frontier(snapshot), 1300, ForecastConfig())
    assert said is not None
    assert said.price == said.now == 1.0


def test_too_short_a_record_for_a_backtest() -> None:
    snapshot = market([offer("a", listed=START)], ratings=[rating()], built=date(2024, 6, 1))
    with pytest.raises(InputError, match="needs origins before and after"):
        backtest(snapshot)


def window(made: date, truth: float, *, low: float | None, high: float | None) -> Window:
    said = Forecast(1300.0, made, made + timedelta(days=181), 1.0, 0.5, low, high, 20)
    return Window(said, truth, trend=0.25)


def test_scores_of_windows_worked_out_by_hand() -> None:
    windows = [
        window(date(2025, 1, 1), 0.5, low=0.4, high=0.6),
        window(date(2025, 2, 1), 1.0, low=0.4, high=0.8),
        window(date(2025, 3, 1), 0.25, low=None, high=None),
    ]
    found = score(windows, months=6, resampling=Resampling(rounds=100))
    log2 = np.log(2)
    assert found.error == pytest.approx((0 + log2 + log2) / 3)
    assert found.no_change_error == pytest.approx((log2 + 0 + 2 * log2) / 3)
    assert found.trend_error == pytest.approx((log2 + 2 * log2 + 0) / 3)
    assert found.gain.value == pytest.approx(log2 / 3)
    assert (found.windows, found.with_interval, found.origins) == (3, 2, 3)
    assert found.coverage is not None
    assert found.coverage.value == 0.5
    assert found.width == pytest.approx((0.6 / 0.4 + 0.8 / 0.4) / 2)
    assert mean_error(windows) == pytest.approx(found.error)
    with pytest.raises(InputError, match="no windows"):
        score([], months=6)


def test_intervals_hold_as_often_as_they_say_in_a_random_world() -> None:
    """Models arrive at random prices; four of five intervals should hold, within chance."""
    inside = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        offers, ratings = [], []
        for month, day in enumerate(first_days(date(2023, 1, 1), END)):
            for n in range(12):
                name, quality = f"m{month}-{n}", float(rng.uniform(1050, 1480))
                price = np.exp((quality - 8 * month - 1000) / 100 + rng.normal(1.0, 0.7))
                text = f"{max(price, 0.002):.9f}"
                offers.append(offer(name, model=name, given=text, taken=text, listed=day))
                ratings.append(rating(name, quality))
        done = backtest(
            market(offers, ratings=ratings, built=END),
            replace(CONFIG, record=date(2023, 1, 1), early=(date(2024, 1, 1), date(2025, 2, 1))),
        )
        inside += [w.inside for w in done.late if w.inside is not None]
    assert 0.6 <= np.mean(inside) <= 0.95


def test_settings_out_of_range() -> None:
    with pytest.raises(ConfigError, match="out of range"):
        ForecastConfig(months=0)
    with pytest.raises(ConfigError, match="out of range"):
        ForecastConfig(confidence=1.0)
