"""`undercut market survey`: the snapshot, the user's rivals and plan, one look at the market."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from undercut.core.errors import InputError
from undercut.core.money import exact
from undercut.runs.selling.market_report.content import survey_content
from undercut.runs.selling.market_rivals import rivals_of
from undercut.runs.selling.market_snapshots import open_market
from undercut.runs.selling.plan_facts import PlanFacts, read_plan, serving_cost
from undercut.sell.market.backtest import Backtest, backtest
from undercut.sell.market.snapshot import MarketSnapshot
from undercut.sell.market.survey import SurveyConfig, survey
from undercut.sell.market.task_cost import TaskTokens
from undercut.sell.pricing.cost.serving import Basis, ServingCost


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
    facts = None if plan is None else read_plan(plan)
    cost = None if facts is None else serving_cost(facts, market.currency)
    seen = survey(
        market,
        config,
        rivals=rivals,
        tokens=tokens,
        plan_per_million=None if cost is None else cost.per_million,
    )
    return survey_content(
        seen,
        sha256=opened.sha256,
        shipped=opened.place is None,
        created=now,
        plan=None if facts is None or cost is None else _plan(facts, cost),
        lookback=_look_back(market),
    )


def _plan(facts: PlanFacts, cost: ServingCost) -> dict[str, Any]:
    return {
        "name": facts.description.name,
        "cost": exact(cost.per_million.amount),
        "currency": cost.per_million.currency,
        "host": cost.host,
        "measured": cost.source.as_of.isoformat(),
        # with one stage there is no mix to find
        "upper_bound": cost.basis is Basis.DEAREST and len(facts.description.cascade.stages) > 1,
    }


def _look_back(market: MarketSnapshot) -> Backtest | None:
    """How good such forecasts were; None where the record is too short to say."""
    try:
        return backtest(market)
    except InputError:
        return None
