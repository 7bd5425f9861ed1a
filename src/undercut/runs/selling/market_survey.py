"""`undercut market survey`: the snapshot, the user's rivals and plan, one look at the market."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from undercut.core.errors import InputError
from undercut.core.money import exact
from undercut.runs.selling.market_plan import PlanCostFound, plan_cost_of
from undercut.runs.selling.market_report.content import survey_content
from undercut.runs.selling.market_rivals import rivals_of
from undercut.runs.selling.market_snapshots import open_market
from undercut.sell.market.backtest import Backtest, backtest
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.survey import SurveyConfig, survey
from undercut.sell.market.task_cost import TaskTokens


def survey_market(
    config: SurveyConfig,
    *,
    now: datetime,
    snapshot: Path | None = None,
    competitors: Path | None = None,
    task_tokens: str | None = None,
    plan: Path | None = None,
) -> dict[str, Any]:
    """What the report shows, as JSON values.

    Raises InputError, ConfigError or ArtefactError with what is wrong in which file.
    """
    opened = open_market(snapshot)
    market = opened.snapshot
    tokens = None if task_tokens is None else TaskTokens.parse(task_tokens)
    rivals = () if competitors is None else rivals_of(competitors, currency=market.currency)
    found = None if plan is None else plan_cost_of(plan)
    seen = survey(
        market,
        config,
        rivals=rivals,
        tokens=tokens,
        plan_per_million=None if found is None else found.per_million,
    )
    return survey_content(
        seen,
        sha256=opened.sha256,
        shipped=opened.place is None,
        created=now,
        plan=None if found is None else _plan(found),
        lookback=_look_back(market),
    )


def _plan(found: PlanCostFound) -> dict[str, Any]:
    return {
        "name": found.name,
        "cost": exact(found.per_million.amount),
        "currency": found.per_million.currency,
        "host": found.host,
        "measured": found.measured.isoformat(),
        "upper_bound": found.upper,
    }


def _look_back(market: MarketSnapshot) -> Backtest | None:
    """How good such forecasts were; None where the record is too short to say."""
    try:
        return backtest(market)
    except InputError:
        return None
