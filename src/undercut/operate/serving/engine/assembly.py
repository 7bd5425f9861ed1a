"""A request whose texts are all answered → `Answered`."""

from __future__ import annotations

import numpy as np

from undercut.operate.serving.answering import Answered, PlanFacts, TextAnswer
from undercut.operate.serving.engine.pending import PendingRequest
from undercut.operate.serving.engine.prices import StagePrices


def assemble(
    plan: PlanFacts, prices: StagePrices, request: PendingRequest, tokens: int
) -> Answered:
    """Answers in the order of the texts; cost by how many answers each stage gave."""
    counts = np.bincount(request.stages, minlength=len(plan.stages)).tolist()
    return Answered(
        plan=plan,
        answers=tuple(_answers(plan, prices, request)),
        tokens=tokens,
        stages={name: count for name, count in zip(plan.stages, counts, strict=True) if count},
        cost=prices.total(counts),
    )


def _answers(plan: PlanFacts, prices: StagePrices, request: PendingRequest) -> list[TextAnswer]:
    names, stages, costs = plan.classes, plan.stages, prices.by_stage
    likeliest = request.probabilities.tolist()
    answers = []
    for classes, values, stage in zip(
        request.classes.tolist(), likeliest, request.stages.tolist(), strict=True
    ):
        label = names[classes[0]]
        top = (
            ((label, values[0]),)
            if len(classes) == 1
            else tuple(zip(map(names.__getitem__, classes), values, strict=True))
        )
        answers.append(TextAnswer(label, values[0], stages[stage], top, costs[stage]))
    return answers
