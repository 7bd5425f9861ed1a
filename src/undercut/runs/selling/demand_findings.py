"""What own data say of demand: estimates with intervals, cautions, and the next step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from undercut.sell.pricing.demand.estimate import Estimate, Note


@dataclass(frozen=True, slots=True)
class Findings:
    """method: how; rows: of data used; estimates, notes: what came out.

    curve: (price, share that buys) where there is one. facts: further numbers by name.
    for_market_file: lines to put into market.yaml, none where the data cannot carry them.
    """

    method: str
    source: str
    rows: int
    estimates: tuple[Estimate, ...]
    notes: tuple[Note, ...]
    curve: tuple[tuple[float, float], ...] = ()
    facts: tuple[tuple[str, float], ...] = ()
    for_market_file: tuple[str, ...] = ()


def findings_json(found: Findings) -> dict[str, object]:
    """Plain JSON; what has no bound or no value is null."""
    return {
        "method": found.method,
        "source": found.source,
        "rows": found.rows,
        "estimates": [
            {
                "name": each.name,
                "value": _finite(each.value),
                "low": _finite(each.low),
                "high": _finite(each.high),
                "confidence": each.confidence,
                "standard_error": _finite(each.standard_error),
            }
            for each in found.estimates
        ],
        "curve": [{"price": price, "buys": share} for price, share in found.curve],
        "facts": {name: _finite(value) for name, value in found.facts},
        "notes": [note_json(note) for note in found.notes],
        "for_market_file": list(found.for_market_file),
    }


def note_json(note: Note) -> dict[str, object]:
    """A caution as JSON values; `says` and `values` let pages say it in another language."""
    return {
        "caution": note.caution.value,
        "text": note.text,
        "says": note.says,
        "values": dict(note.values),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
