"""Several rounds as a median and a spread; ratios are made inside a round, then summarised."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float]) -> dict[str, float | list[float]]:
    """Median, least, most, and the values themselves."""
    return {
        "median": round(statistics.median(values), 4),
        "least": round(min(values), 4),
        "most": round(max(values), 4),
        "rounds": [round(value, 4) for value in values],
    }


def ratios(above: Sequence[float], below: Sequence[float]) -> dict[str, float | list[float]]:
    """Of measurements that were taken in the same round."""
    return spread([one / other for one, other in zip(above, below, strict=True)])
