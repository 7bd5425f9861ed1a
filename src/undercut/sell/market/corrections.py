"""Which lines of a catalogue's history are price changes, and which only mend the catalogue.

Catalogues are edited by people: a price is entered per thousand tokens instead of per token and
mended a week later, or changed by mistake and changed back. Taken for market moves these would be
thousandfold cuts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from undercut.sell.market.snapshot import Change, MarketSnapshot

PRICE_KINDS = ("input", "output")


@dataclass(frozen=True, slots=True)
class CorrectionShares:
    """Dated changes of input and output prices by what the catalogue's keeper says of them.

    real: no flag. likely: probably a correction (the keeper states a precision of 92%).
    """

    changes: int
    unit: int
    reverted: int
    likely: int
    real: int


def correction_shares(snapshot: MarketSnapshot) -> CorrectionShares:
    """How many price changes of the record are none."""
    flags = Counter(
        change.flag
        for changes in snapshot.changes.values()
        for change in changes
        if change.kind in PRICE_KINDS
    )
    return CorrectionShares(
        changes=flags.total(),
        unit=flags["unit"],
        reverted=flags["reverted"],
        likely=flags["likely"],
        real=flags[""],
    )


def real_changes(
    changes: Sequence[Change], kind: str, *, known: date | None = None, keep_likely: bool = True
) -> list[Change]:
    """The changes of one kind of price to believe, oldest first.

    known: believe as on that day: later changes are not there, and what is flagged as reverted
    counts as real until the reversal. A wrong unit is a factor of a thousand and seen at once.
    `likely` needs hindsight, so a back-test keeps those.
    """
    seen = [c for c in changes if c.kind == kind and (known is None or c.day <= known)]
    undone = [c for c in seen if c.flag == "reverted"]
    # they come in pairs, there and back: an odd one out is not yet undone
    still_open = undone[-1] if known is not None and len(undone) % 2 else None
    return [
        change
        for change in seen
        if change.flag == "" or change is still_open or (keep_likely and change.flag == "likely")
    ]
