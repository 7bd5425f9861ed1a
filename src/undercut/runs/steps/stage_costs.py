"""What an answer of each stage of the plan costs: written into the plan, billed per request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from undercut.core.dataset import IntArray
from undercut.core.prices import PriceRow, cost_per_million
from undercut.models.cascade import CascadeSpec
from undercut.models.plan_cost import PlanCost

# A trillionth of a dollar per million answers: far below any clock's noise.
_PLACES = Decimal("1e-12")


def plan_cost(
    spec: CascadeSpec,
    model_seconds: Mapping[str, float],
    plan_seconds: float,
    stage_of_rows: IntArray,
    price: PriceRow,
    *,
    measured: date,
    threads: int,
) -> PlanCost:
    """Cost of answers by stage, such that the measured plan's cost is their mean.

    model_seconds: model -> measured seconds a text on its own; plan_seconds: of the whole plan;
    stage_of_rows: (rows,) the stage that answered each row of texts like those that were timed.
    The models' shares are kept and scaled together: batches of deferred texts are smaller and
    harder than those on which a model was timed alone.
    """
    alone = _cumulative(spec, model_seconds)
    shares = np.bincount(stage_of_rows, minlength=len(alone)) / max(1, len(stage_of_rows))
    expected = float(np.dot(shares, alone))
    factor = plan_seconds / expected if expected > 0 else 1.0
    return PlanCost(
        currency=price.currency,
        per_million_answers={
            stage.name: cost_per_million(1 / (seconds * factor), price).amount.quantize(
                _PLACES, rounding=ROUND_HALF_EVEN
            )
            for stage, seconds in zip(spec.stages, alone, strict=True)
        },
        host=price.id,
        measured=measured,
        threads=threads,
    )


def _cumulative(spec: CascadeSpec, model_seconds: Mapping[str, float]) -> Sequence[float]:
    """Seconds of all models that have run when a stage answers, by stage."""
    added = [
        sum(model_seconds[name] for name in spec.added_models(position))
        for position in range(len(spec.stages))
    ]
    return [float(value) for value in np.cumsum(added)]
