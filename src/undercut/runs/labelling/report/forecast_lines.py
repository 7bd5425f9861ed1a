"""The forecast of a labelling job as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from undercut.runs.labelling.forecast import Forecast
from undercut.runs.labelling.report.page import PAGE
from undercut.runs.report import formats
from undercut.runs.report.words import Words


def forecast_lines(found: Forecast, language: str) -> Iterator[str]:
    """What is expected, and of whom."""
    words = Words(language, PAGE)
    money = found.currency
    yield words("forecast")
    yield words(
        "forecast_cost",
        low=formats.money(found.cost_low, money),
        high=formats.money(found.cost_high, money),
        budget=formats.money(found.budget, money),
    )
    yield words("forecast_end", status=words.named("status", found.status))
    for worker in found.workers:
        asked = formats.count(worker.asked)
        yield f"  {worker.name}: {asked} = {formats.money(worker.cost, money)}"
