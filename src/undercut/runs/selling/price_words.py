"""Figures of a price document as people read them."""

from __future__ import annotations

from decimal import Decimal

from undercut.core.money import Money
from undercut.runs.report.formats import UNKNOWN


def shown(amount: str | float | None, currency: str) -> str:
    """An amount for people: exact strings and model's floats alike; an en dash where unknown."""
    if amount is None:
        return UNKNOWN
    number = Decimal(amount) if isinstance(amount, str) else Decimal(f"{amount:.12g}")
    return Money(round(number, 15), currency).display()


def change(share: float | None) -> str:
    """A signed change in per cent, without decimals from 10% on."""
    if share is None:
        return UNKNOWN
    digits = 0 if abs(share) >= 0.0995 else 1
    return f"{100 * share:+.{digits}f}%".replace("-", "−")


def whole(number: str | float) -> str:
    """A count with thousands separators."""
    return f"{round(Decimal(number) if isinstance(number, str) else number):,}"


def readable(text: str) -> str:
    """A name with underscores as words."""
    return text.replace("_", " ")
