"""Kinds of buyers: how many, how much they use, what an answer is worth to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from undercut.core.errors import InputError
from undercut.core.money import Money


@dataclass(frozen=True, slots=True)
class Segment:
    """One kind of buyer.

    share: of all customers. monthly_answers: what one customer takes in a month where an answer
    more costs nothing. willingness: money for a million of the first answers, at the quality of the
    own product. taper: by which fraction the worth of the last of `monthly_answers` lies below
    that of the first; 0: all are worth the same. quality_value: money for a million answers that
    a unit more of quality is worth, None where it is not known.
    Raises InputError for values out of range.
    """

    name: str
    share: float
    monthly_answers: Decimal
    willingness: Money
    taper: float = 0.0
    quality_value: Money | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise InputError(
                f"the share of segment {self.name} must lie above 0 and up to 1, got {self.share:g}"
            )
        if not self.monthly_answers > 0:
            raise InputError(f"monthly_answers of segment {self.name} must be above 0")
        if self.willingness.amount <= 0:
            raise InputError(
                f"the willingness of segment {self.name} must be above 0, got {self.willingness}"
            )
        if not 0.0 <= self.taper <= 1.0:
            raise InputError(
                f"the taper of segment {self.name} must lie in [0, 1], got {self.taper:g}"
            )
        if self.quality_value is not None and self.quality_value.amount < 0:
            raise InputError(f"the quality_value of segment {self.name} must not be below 0")


@dataclass(frozen=True, slots=True)
class Differing:
    """In what buyers differ, as the market's demand model has it; by default in nothing.

    segments: in what the own products and quality are worth to them, as the segments say.
    price_spread: standard deviation of the logarithm of what a unit of money means to them.
    Raises InputError for a spread that is negative or beyond what a few nodes can stand for.
    """

    segments: bool = False
    price_spread: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.price_spread <= 1.5:
            raise InputError(
                f"price_spread must lie in [0, 1.5], got {self.price_spread:g}",
                hint="0.4: for two of three buyers money means between 0.67 and 1.49 times as much",
            )

    @property
    def at_all(self) -> bool:
        """Whether buyers differ."""
        return self.segments or self.price_spread > 0.0


def check_segments(segments: Sequence[Segment]) -> None:
    """InputError where two segments have one name or the shares do not sum to 1."""
    names = [segment.name for segment in segments]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"the segment {twice!r} is named twice")
    total = sum(segment.share for segment in segments)
    if segments and abs(total - 1.0) > 1e-6:
        raise InputError(
            f"the shares of the segments must sum to 1, they sum to {total:.6g}",
            hint="a segment's share is its part of all customers",
        )
