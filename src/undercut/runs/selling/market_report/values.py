"""Single values of the report as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from undercut.core.money import Money, exact
from undercut.sell.market.half_life import HalfLife
from undercut.sell.market.interval import Measured


def day(value: date) -> str:
    """A day as 2026-10-21."""
    return value.isoformat()


def money(amount: Money | None) -> str | None:
    """An amount's exact digits, without its currency."""
    return None if amount is None else exact(amount.amount)


def measured(number: Measured | None) -> dict[str, Any] | None:
    """A number with its 95% interval and how many observations it rests on."""
    if number is None:
        return None
    return {
        "value": number.value,
        "low": number.low,
        "high": number.high,
        "observations": number.observations,
    }


def half_life(found: HalfLife | None) -> dict[str, Any]:
    """Half-life in months and the yearly fall; all None where the record is too short."""
    if found is None:
        return {"half_life_months": None, "fall_per_year": None, "from": None, "to": None}
    return {
        "half_life_months": measured(found.months),
        "fall_per_year": measured(found.fall_per_year),
        "from": day(found.start),
        "to": day(found.end),
    }


def without_noise(content: dict[str, Any]) -> dict[str, Any]:
    """The same with floats of ten significant digits: what is behind them is rounding."""
    return {key: _rounded(value) for key, value in content.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, dict):
        return without_noise(value)
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
