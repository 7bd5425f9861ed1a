"""A survey as plain JSON values: every block says which source its numbers are from, and its day.

The page and the terminal are made from this, so that no number stands in one and not the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from undercut import __version__
from undercut.core.money import exact
from undercut.runs.selling.market_report.cuts_content import changes_block, following_block
from undercut.runs.selling.market_report.values import (
    day,
    half_life,
    measured,
    money,
    without_noise,
)
from undercut.sell.market.backtest import Backtest, Window
from undercut.sell.market.backtest_score import BacktestScore, score
from undercut.sell.market.competitors import RivalView
from undercut.sell.market.forecast import Forecast
from undercut.sell.market.ledger_format import LEDGER, RATINGS, ROUTER, SECOND
from undercut.sell.market.survey import Survey, TierView
from undercut.sell.market.task_cost import TaskCost
from undercut.sell.market.today import TodaysOffer

SCHEMA_VERSION: Final = 1
SHOWN_SELLERS: Final = 15
_COMMIT = "https://github.com/BerriAI/litellm/commit/"


def survey_content(
    survey: Survey,
    *,
    sha256: str,
    shipped: bool,
    created: datetime,
    plan: Mapping[str, Any] | None = None,
    lookback: Backtest | None = None,
) -> dict[str, Any]:
    """Everything that a report of the survey shows. plan: what is said of the user's plan."""
    snapshot = survey.snapshot
    content = {
        "schema_version": SCHEMA_VERSION,
        "undercut_version": __version__,
        "created": created.isoformat(),
        "market": {
            "built": day(snapshot.built),
            "currency": snapshot.currency,
            "sha256": sha256,
            "shipped": shipped,
            "age_days": (created.date() - snapshot.built).days,
            "offers": len(snapshot.offers),
            "rated_models": len(snapshot.ratings),
            "sightings": len(snapshot.sightings),
        },
        "sources": [
            {
                "id": source.id,
                "title": source.title,
                "licence": source.licence,
                "url": source.url,
                "date": day(source.day),
                "sha256": source.sha256,
            }
            for source in snapshot.sources
        ],
        "quality": survey.config.quality,
        "blend": {"input": survey.config.blend.input, "output": survey.config.blend.output},
        "today": _today(survey),
        "tiers": [_tier(view) for view in survey.tiers],
        "tiers_sources": [LEDGER, RATINGS],
        "same_model": {
            "sources": [ROUTER],
            **half_life(survey.model_half_life),
        },
        "changes": changes_block(survey),
        "followers": following_block(survey),
        "corrections": _corrections(survey),
        "floor": _floor(survey),
        "forecast": _forecast(survey.forecast, survey, lookback),
        "task": _task(survey, plan),
        "rivals": [_rival(view) for view in survey.rivals],
    }
    return without_noise(content)


def _today(survey: Survey) -> dict[str, Any]:
    second = [offer.second for offer in survey.today if offer.second is not None]
    return {
        "sources": [LEDGER, RATINGS, SECOND],
        "as_of": day(survey.snapshot.built),
        "offers": len(survey.today),
        "sellers": len(survey.sellers),
        "models": len({(o.offer.maker, o.offer.model) for o in survey.today}),
        "checked_by_second": len(second),
        "agree_with_second": sum(second),
        "cheapest_of_each_seller": [_offer(o) for o in survey.sellers[:SHOWN_SELLERS]],
    }


def _offer(row: TodaysOffer) -> dict[str, Any]:
    offer, rating = row.offer, row.rating
    return {
        "key": offer.key,
        "seller": row.seller,
        "maker": offer.maker,
        "model": offer.model,
        "input": None if offer.input is None else exact(offer.input),
        "output": None if offer.output is None else exact(offer.output),
        "price": exact(row.price),
        "rating": rating.score,
        "rating_low": rating.low,
        "rating_high": rating.high,
        "since": day(row.since),
        "commit": _COMMIT + row.commit if row.commit else None,
        "second_agrees": row.second,
    }


def _tier(view: TierView) -> dict[str, Any]:
    seen = [point for point in view.history if point.price is not None]
    return {
        "tier": view.tier,
        "history": [
            {
                "day": day(point.day),
                "price": point.price,
                "third_seller": point.third,
                "without_likely": without,
                "offer": point.key,
                "models": point.models,
                "sellers": point.sellers,
            }
            for point, without in zip(view.history, view.without_likely, strict=True)
        ],
        "first_day": day(seen[0].day) if seen else None,
        "first_price": seen[0].price if seen else None,
        "price": view.history[-1].price,
        "fall_per_year": _end_to_end(view),
        "record": half_life(view.half_life),
        "last_year": half_life(view.half_life_recent),
        "months_that_differ_without_likely": _differing(view),
    }


def _end_to_end(view: TierView) -> float | None:
    """By how many times the price fell a year, from its first day to its last."""
    seen = [point for point in view.history if point.price is not None]
    if len(seen) < 2 or seen[-1].day != view.history[-1].day:
        return None
    years = (seen[-1].day - seen[0].day).days / 365.25
    first, last = seen[0].price, seen[-1].price
    if first is None or last is None or years <= 0:
        return None
    return float((first / last) ** (1 / years))


def _differing(view: TierView) -> int:
    return sum(
        (point.price is None) != (other is None)
        or (point.price is not None and not np.isclose(point.price, other or 0.0))
        for point, other in zip(view.history, view.without_likely, strict=True)
    )


def _corrections(survey: Survey) -> dict[str, Any]:
    shares = survey.corrections
    parts = {"unit": shares.unit, "reverted": shares.reverted, "likely": shares.likely}
    total = shares.changes or 1
    return {
        "sources": [LEDGER],
        "as_of": day(survey.snapshot.built),
        "changes": shares.changes,
        "real": shares.real,
        **parts,
        **{f"{name}_share": count / total for name, count in parts.items()},
    }


def _floor(survey: Survey) -> dict[str, Any] | None:
    floor = survey.floor
    if floor is None:
        return None
    return {
        "sources": [LEDGER, RATINGS],
        "as_of": day(survey.snapshot.built),
        "tier": floor.tier,
        "price": floor.price,
        "third_seller": floor.third,
        "flat_since": day(floor.flat_since),
        "months_flat": floor.months_flat,
        "standing": floor.standing,
    }


def _forecast(
    forecast: Forecast | None, survey: Survey, lookback: Backtest | None
) -> dict[str, Any] | None:
    if forecast is None:
        return None
    return {
        "sources": [LEDGER, RATINGS],
        "as_of": day(survey.snapshot.built),
        "made": day(forecast.made),
        "day": day(forecast.day),
        "now": forecast.now,
        "price": forecast.price,
        "low": forecast.low,
        "high": forecast.high,
        "confidence": survey.config.forecast.confidence,
        "past_errors": forecast.errors,
        **(
            _looked_back(lookback, forecast.tier) if lookback else {"backtest": None, "windows": []}
        ),
    }


def _looked_back(lookback: Backtest, tier: float) -> dict[str, Any]:
    """Scores over all tiers, and the windows of the tier nearest to the one asked for."""
    tiers = {window.forecast.tier for window in lookback.late}
    nearest = min(tiers, key=lambda each: (abs(each - tier), each))
    return {
        "backtest": score_content(score(lookback.late, months=lookback.chosen.months)),
        "windows": [
            window_content(window) for window in lookback.late if window.forecast.tier == nearest
        ],
    }


def window_content(window: Window) -> dict[str, Any]:
    """One forecast of a back-test and what came."""
    said = window.forecast
    return {
        "tier": said.tier,
        "made": day(said.made),
        "day": day(said.day),
        "now": said.now,
        "price": said.price,
        "low": said.low,
        "high": said.high,
        "trend": window.trend,
        "truth": window.truth,
        "inside": window.inside,
    }


def score_content(found: BacktestScore) -> dict[str, Any]:
    """A back-test's scores; errors are of log prices, `factor` what that means in prices."""
    return {
        "windows": found.windows,
        "with_interval": found.with_interval,
        "origins": found.origins,
        "error": found.error,
        "error_factor": float(np.exp(found.error)),
        "no_change_error": found.no_change_error,
        "no_change_factor": float(np.exp(found.no_change_error)),
        "trend_error": found.trend_error,
        "trend_factor": float(np.exp(found.trend_error)),
        "gain_over_no_change": measured(found.gain),
        "coverage": measured(found.coverage),
        "median_width_factor": found.width,
    }


def _task(survey: Survey, plan: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if survey.tokens is None:
        return None
    return {
        "sources": [LEDGER, RATINGS],
        "as_of": day(survey.snapshot.built),
        "tokens_read": exact(survey.tokens.read),
        "tokens_written": exact(survey.tokens.written),
        "per_million_requests": [_task_row(row) for row in survey.tasks[:SHOWN_SELLERS]],
        "plan": None if plan is None else dict(plan),
    }


def _task_row(row: TaskCost) -> dict[str, Any]:
    return {
        "key": row.offer.offer.key,
        "seller": row.offer.seller,
        "model": row.offer.offer.model,
        "rating": row.offer.rating.score,
        "cost": exact(row.per_million.amount),
        "times_plan": row.times_plan,
        "since": day(row.offer.since),
    }


def _rival(view: RivalView) -> dict[str, Any]:
    latest = view.latest
    return {
        "name": latest.name,
        "product": latest.product,
        "per_million_requests": money(view.per_million),
        "quality": latest.quality,
        "source": latest.source,
        "date": day(latest.date),
        "observations": view.observations,
        "first_day": day(view.first_day),
        "change_fraction": view.change_fraction,
    }


def tier_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """The block of the tier that was asked for."""
    tiers: Sequence[dict[str, Any]] = content["tiers"]
    return next(tier for tier in tiers if tier["tier"] == content["quality"])
