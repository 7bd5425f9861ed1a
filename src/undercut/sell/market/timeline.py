"""What each offer cost on each of a row of days, as the record says now or as it said then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from undercut.sell.market.blend import Blend
from undercut.sell.market.corrections import real_changes
from undercut.sell.market.snapshot import Change, Offer

FloatArray = NDArray[np.float64]


def price_rows(
    offers: Sequence[Offer],
    changes: dict[str, tuple[Change, ...]],
    days: Sequence[date],
    *,
    blend: Blend,
    known: date | None = None,
    keep_likely: bool = True,
) -> FloatArray:
    """(offers, days) blended prices per million tokens; NaN where an offer was not for sale.

    known: the day whose record is read, None for all of it; days after it are NaN. An offer
    without both prices, or with a price of zero, is not for sale at a price.
    """
    ordinals = np.array([day.toordinal() for day in days])
    rows = np.full((len(offers), len(days)), np.nan)
    for row, offer in zip(rows, offers, strict=True):
        history = changes.get(offer.key, ())
        listed = _listed(history, ordinals, offer.listed)
        if known is not None:
            listed &= ordinals <= known.toordinal()
        if not listed.any():
            continue
        given = _prices(history, "input", offer.input, ordinals, known, keep_likely)
        taken = _prices(history, "output", offer.output, ordinals, known, keep_likely)
        blended = blend.input * given + blend.output * taken
        sold = listed & (given > 0) & (taken > 0)
        row[sold] = blended[sold]
    return rows


def _listed(
    history: Sequence[Change], ordinals: NDArray[np.int64], listed: date
) -> NDArray[np.bool_]:
    standing = ordinals >= listed.toordinal()
    for change in history:
        if change.kind in ("added", "removed"):
            standing[ordinals >= change.day.toordinal()] = change.kind == "added"
    return standing


def _prices(
    history: Sequence[Change],
    kind: str,
    now: Decimal | None,
    ordinals: NDArray[np.int64],
    known: date | None,
    keep_likely: bool,
) -> FloatArray:
    """Backwards from the last price: before a change that is believed stood its old price.

    Backwards, because what a mended mistake left behind is right and what it replaced is not.
    """
    if known is not None:
        later = next((c for c in history if c.kind == kind and c.day > known), None)
        now = now if later is None else later.old
    believed = real_changes(history, kind, known=known, keep_likely=keep_likely)
    values = [*(change.old for change in believed), now]
    starts = np.array([change.day.toordinal() for change in believed], dtype=np.int64)
    floats = np.array([np.nan if value is None else float(value) for value in values])
    return np.asarray(floats[np.searchsorted(starts, ordinals, side="right")])
