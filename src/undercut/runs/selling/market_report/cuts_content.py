"""Cuts, raises, and who follows whom, as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from undercut.runs.selling.market_report.values import day, measured
from undercut.sell.market.cuts import CutHistory
from undercut.sell.market.followers import Following
from undercut.sell.market.ledger_format import LEDGER, ROUTER
from undercut.sell.market.survey import Survey

SHOWN_PAIRS = 8
# Edges of the picture of sizes: shares of the old price
_EDGES = (-0.9, -0.7, -0.5, -0.3, -0.2, -0.1, 0.0, 0.1, 0.25, 0.5, 1.0)


def changes_block(survey: Survey) -> dict[str, Any]:
    """Hazards by tier, sizes, years."""
    everything = survey.cuts["all"]
    return {
        "sources": [ROUTER],
        "from": day(everything.start),
        "to": day(everything.end),
        "by_year": [
            {"year": year.year, "cuts": year.cuts, "raises": year.raises} for year in survey.years
        ],
        "by_tier": [_history(history) for history in survey.cuts.values()],
        "sizes": _sizes(everything),
    }


def _history(history: CutHistory) -> dict[str, Any]:
    cuts, raises = history.cut_fractions, history.raise_fractions
    return {
        "tier": history.tier,
        "models": history.models,
        "model_months": history.model_months,
        "cuts_per_model_month": measured(history.cuts_per_model_month),
        "raises_per_model_month": measured(history.raises_per_model_month),
        "cuts": len(cuts),
        "raises": len(raises),
        "median_cut": median(cuts) if cuts else None,
        "median_raise": median(raises) if raises else None,
        "half_or_more": sum(cut >= 0.5 for cut in cuts) / len(cuts) if cuts else None,
        "kept_180_days": measured(history.kept),
    }


def _sizes(history: CutHistory) -> list[dict[str, Any]]:
    """How many changes fall between two edges; None is open."""
    changes = np.array([*(-cut for cut in history.cut_fractions), *history.raise_fractions])
    edges = [-1.0, *_EDGES, np.inf]
    counts = np.histogram(changes, bins=edges)[0]
    return [
        {"from": low, "to": None if np.isinf(high) else high, "changes": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def following_block(survey: Survey) -> dict[str, Any]:
    """The pairs, whether any is more than chance, and the same without likely corrections."""
    return {
        "sources": [LEDGER],
        "as_of": day(survey.snapshot.built),
        "window_days": survey.config.follow.window_days,
        "pairs": len(survey.followers),
        "more_than_chance": sum(pair.significant for pair in survey.followers),
        "more_than_chance_without_likely": sum(
            pair.significant for pair in survey.followers_without_likely
        ),
        "nearest": _pairs(survey.followers),
        "nearest_without_likely": _pairs(survey.followers_without_likely),
    }


def _pairs(pairs: Sequence[Following]) -> list[dict[str, Any]]:
    return [
        {
            "leader": pair.leader,
            "follower": pair.follower,
            "cut_days": pair.days,
            "followed": pair.followed,
            "expected": pair.expected,
            "ratio": pair.ratio,
            "p_value": pair.p_value,
            "more_than_chance": pair.significant,
        }
        for pair in pairs[:SHOWN_PAIRS]
    ]
