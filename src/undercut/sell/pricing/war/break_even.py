"""How much more must be sold for a lower price to pay."""

from __future__ import annotations

from undercut.core.errors import InputError


def break_even_growth(margin_fraction: float, cut_fraction: float) -> float | None:
    """By which share volume must grow so that a price cut leaves the contribution as it was.

    margin_fraction: contribution margin before the cut, (price - unit cost) / price, below 1.
    cut_fraction: of the price, in [0, 1). Returns cut / (margin - cut), and None where the new
    price is at or below cost: no volume makes up for it.
    Raises InputError for a margin that is 1 or more or a cut outside [0, 1).

    >>> break_even_growth(0.6, 0.1), break_even_growth(0.6, 0.5)
    (0.2, 5.0)
    """
    if not margin_fraction < 1.0:
        raise InputError(f"the margin must be a fraction below 1, got {margin_fraction}")
    if not 0.0 <= cut_fraction < 1.0:
        raise InputError(
            f"a cut must be a fraction in [0, 1), got {cut_fraction}", hint="0.5 for half the price"
        )
    if cut_fraction >= margin_fraction:
        return None
    # ten decimals: 0.1 / (0.6 - 0.1) is 0.2 to people
    return round(cut_fraction / (margin_fraction - cut_fraction), 10)
