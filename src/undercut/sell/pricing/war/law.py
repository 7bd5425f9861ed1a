"""What market history says of price cuts, as the war needs it."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.core.errors import InputError
from undercut.sell.pricing.war.ranges import Kind, Range


@dataclass(frozen=True, slots=True)
class CutLaw:
    """How rivals change prices by themselves.

    cuts, raises: a month and product, as ranges of 95% intervals. cut_fractions: sizes seen,
    1 - new / old, in (0, 1). raise_fractions: new / old - 1, above 0. kept_half_year: share of
    cuts that still stand after six months. source: where the numbers come from, with the day.
    Raises InputError for sizes out of range or none.
    """

    cuts: Range
    raises: Range
    cut_fractions: tuple[float, ...]
    raise_fractions: tuple[float, ...]
    kept_half_year: Range
    source: str

    def __post_init__(self) -> None:
        if not self.cut_fractions or not self.raise_fractions:
            raise InputError("a history of price changes needs sizes of cuts and of raises")
        if not all(0.0 < size < 1.0 for size in self.cut_fractions):
            raise InputError("sizes of cuts must lie between 0 and 1: 1 - new / old")
        if not all(0.0 < size < float("inf") for size in self.raise_fractions):
            raise InputError("sizes of raises must be above 0: new / old - 1")
        for name, fraction in (("cuts", self.cuts), ("kept_half_year", self.kept_half_year)):
            if fraction.kind is not Kind.FRACTION:
                raise InputError(f"{name} must be a range of fractions")
