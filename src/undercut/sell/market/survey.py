"""One look at the market: everything that the report shows, computed from a snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import ConfigError, InputError
from undercut.core.money import Money
from undercut.sell.market.blend import Blend
from undercut.sell.market.competitors import RivalPrice, RivalView, view_rivals
from undercut.sell.market.corrections import CorrectionShares, correction_shares
from undercut.sell.market.count_cuts import cut_histories
from undercut.sell.market.cuts import CutHistory
from undercut.sell.market.floor import CommodityFloor, commodity_floor
from undercut.sell.market.followers import FollowConfig, Following, cut_days, who_follows
from undercut.sell.market.forecast import Forecast, ForecastConfig, Frontier, forecast_tier
from undercut.sell.market.half_life import HalfLife, model_half_life, tier_half_life
from undercut.sell.market.months import first_days
from undercut.sell.market.resampling import Resampling
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.steps import price_steps
from undercut.sell.market.task_cost import TaskCost, TaskTokens, task_costs
from undercut.sell.market.tiers import TierPoint, rated_prices, tier_history, tier_prices
from undercut.sell.market.today import TodaysOffer, best_of_each_seller, todays_offers


@dataclass(frozen=True, slots=True)
class SurveyConfig:
    """quality: least Arena rating asked for. tiers: shown beside it. floor_tier: where the
    commodity floor is read. record: first day of the history shown.
    """

    quality: float = 1300.0
    tiers: tuple[float, ...] = (1200.0, 1300.0, 1400.0, 1450.0)
    floor_tier: float = 1200.0
    record: date = date(2023, 12, 1)
    blend: Blend = field(default_factory=Blend)
    forecast: ForecastConfig = field(default_factory=ForecastConfig)
    follow: FollowConfig = field(default_factory=FollowConfig)
    resampling: Resampling = field(default_factory=lambda: Resampling(rounds=500))

    def __post_init__(self) -> None:
        if not 0 < self.quality < 5000:
            raise ConfigError(
                f"quality is an Arena rating such as 1300, got {self.quality:g}",
                hint="--quality 1300",
            )

    @property
    def shown(self) -> tuple[float, ...]:
        """All tiers of the survey, lowest first, the one asked for among them."""
        return tuple(sorted({*self.tiers, self.quality}))


@dataclass(frozen=True, slots=True)
class TierView:
    """One tier. without_likely: today's and all months' price if likely corrections are dropped
    too, in the order of `history`; half_life: over the record; half_life_recent: last 12 months.
    """

    tier: float
    history: tuple[TierPoint, ...]
    without_likely: tuple[float | None, ...]
    half_life: HalfLife | None
    half_life_recent: HalfLife | None


@dataclass(frozen=True, slots=True)
class YearOfChanges:
    """Cuts and raises that the router's sightings show in one year."""

    year: int
    cuts: int
    raises: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a survey found. today: all offers of the quality, sellers: the cheapest of each."""

    config: SurveyConfig
    snapshot: MarketSnapshot
    today: tuple[TodaysOffer, ...]
    sellers: tuple[TodaysOffer, ...]
    tiers: tuple[TierView, ...]
    cuts: Mapping[str, CutHistory]
    years: tuple[YearOfChanges, ...]
    model_half_life: HalfLife | None
    followers: tuple[Following, ...]
    followers_without_likely: tuple[Following, ...]
    corrections: CorrectionShares
    floor: CommodityFloor | None
    forecast: Forecast | None
    tokens: TaskTokens | None
    tasks: tuple[TaskCost, ...]
    rivals: tuple[RivalView, ...]
    plan_per_million: Money | None


def survey(
    snapshot: MarketSnapshot,
    config: SurveyConfig,
    *,
    rivals: Sequence[RivalPrice] = (),
    tokens: TaskTokens | None = None,
    plan_per_million: Money | None = None,
) -> Survey:
    """Survey a market. Raises InputError where nobody ever sold the quality asked for."""
    today = todays_offers(snapshot, config.quality, blend=config.blend)
    if not today:
        best = max((rating.score for rating in snapshot.ratings), default=0.0)
        raise InputError(
            f"no offer in the snapshot of {snapshot.built} is rated {config.quality:g} or more; "
            f"the best rating is {best:g}",
            hint=f"--quality {min(config.quality, best) // 50 * 50:g}",
        )
    steps = price_steps(snapshot.sightings, blend=config.blend)
    tiers, floor = _tiers(snapshot, config)
    pairs = None if tokens is None else (tokens.read, tokens.written)
    return Survey(
        config=config,
        snapshot=snapshot,
        today=today,
        sellers=best_of_each_seller(today),
        tiers=tiers,
        cuts=cut_histories(snapshot, blend=config.blend, resampling=config.resampling),
        years=_years(steps.days, steps.cut, steps.raised),
        model_half_life=model_half_life(steps, resampling=config.resampling),
        followers=who_follows(cut_days(snapshot), config.follow),
        followers_without_likely=who_follows(cut_days(snapshot, keep_likely=False), config.follow),
        corrections=correction_shares(snapshot),
        floor=floor,
        forecast=_forecast(snapshot, config),
        tokens=tokens,
        tasks=_tasks(snapshot, config, tokens, plan_per_million),
        rivals=view_rivals(rivals, currency=snapshot.currency, tokens=pairs),
        plan_per_million=plan_per_million,
    )


def _tiers(
    snapshot: MarketSnapshot, config: SurveyConfig
) -> tuple[tuple[TierView, ...], CommodityFloor | None]:
    days = first_days(config.record, snapshot.built)
    if not days or days[-1] != snapshot.built:
        days.append(snapshot.built)
    rated = rated_prices(snapshot, days, blend=config.blend)
    bare = rated_prices(snapshot, days, blend=config.blend, keep_likely=False)
    recent = days[max(0, len(days) - 13)]
    views = []
    for tier in config.shown:
        dropped = tier_prices(bare, tier)
        views.append(
            TierView(
                tier=tier,
                history=tier_history(rated, tier),
                without_likely=tuple(None if np.isnan(p) else float(p) for p in dropped),
                half_life=tier_half_life(rated, tier, resampling=config.resampling),
                half_life_recent=tier_half_life(
                    rated, tier, resampling=config.resampling, since=recent
                ),
            )
        )
    return tuple(views), commodity_floor(rated, config.floor_tier)


def _forecast(snapshot: MarketSnapshot, config: SurveyConfig) -> Forecast | None:
    days = first_days(config.record, snapshot.built)
    frontier = Frontier(rated_prices(snapshot, days, blend=config.blend))
    return forecast_tier(frontier, config.quality, config.forecast)


def _tasks(
    snapshot: MarketSnapshot,
    config: SurveyConfig,
    tokens: TaskTokens | None,
    plan_per_million: Money | None,
) -> tuple[TaskCost, ...]:
    if tokens is None:
        return ()
    blend = Blend.of_tokens(float(tokens.read), float(tokens.written))
    offers = best_of_each_seller(todays_offers(snapshot, config.quality, blend=blend))
    return task_costs(offers, tokens, currency=snapshot.currency, plan_per_million=plan_per_million)


def _years(
    days: NDArray[np.int64], cut: NDArray[np.bool_], raised: NDArray[np.bool_]
) -> tuple[YearOfChanges, ...]:
    years = [date.fromordinal(int(day)).year for day in days]
    cuts = Counter(year for year, fell in zip(years, cut, strict=True) if fell)
    raises = Counter(year for year, rose in zip(years, raised, strict=True) if rose)
    return tuple(YearOfChanges(year, cuts[year], raises[year]) for year in sorted(set(years)))
