"""`undercut market backtest`: forecasts made with what was known then, held against what came."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from undercut import __version__
from undercut.core.errors import ConfigError
from undercut.runs.selling.in_file import in_file
from undercut.runs.selling.market_report.content import score_content, window_content
from undercut.runs.selling.market_report.values import without_noise
from undercut.runs.selling.market_snapshots import open_market
from undercut.sell.market.backtest import Backtest, BacktestConfig, Window, backtest
from undercut.sell.market.backtest_score import score
from undercut.sell.market.forecast import ForecastConfig

_MONTHS = (1, 12)


def backtest_market(*, snapshot: Path | None = None, months: int = 6) -> dict[str, Any]:
    """The back-test of the snapshot in use as JSON values.

    months: how far ahead. Raises ConfigError outside 1 to 12, InputError for a short record.
    """
    if not _MONTHS[0] <= months <= _MONTHS[1]:
        raise ConfigError(f"months ahead must be 1 to 12, got {months}", hint="--months 6")
    opened = open_market(snapshot)
    config = BacktestConfig(forecast=ForecastConfig(months=months))
    with in_file(opened.place) if opened.place is not None else nullcontext():
        done = backtest(opened.snapshot, config)
    return without_noise(
        {
            "undercut_version": __version__,
            "market": {
                "built": opened.snapshot.built.isoformat(),
                "sha256": opened.sha256,
                "shipped": opened.place is None,
            },
            "sources": [
                {"title": source.title, "date": source.day.isoformat(), "licence": source.licence}
                for source in opened.snapshot.sources
            ],
            "months": months,
            "confidence": done.chosen.confidence,
            "chosen_on_early_windows": {
                "points_per_month": done.chosen.points_per_month,
                "softness": done.chosen.softness,
            },
            "early": _part(done, done.early),
            "late": _part(done, done.late),
        }
    )


def _part(done: Backtest, windows: tuple[Window, ...]) -> dict[str, Any]:
    origins = sorted({window.forecast.made for window in windows})
    tiers = sorted({window.forecast.tier for window in windows})
    months = done.chosen.months
    return {
        "first_origin": origins[0].isoformat(),
        "last_origin": origins[-1].isoformat(),
        **score_content(score(windows, months=months)),
        "by_tier": [
            {
                "tier": tier,
                **score_content(
                    score([w for w in windows if w.forecast.tier == tier], months=months)
                ),
            }
            for tier in tiers
        ],
        "forecasts": [window_content(window) for window in windows],
    }
