"""`--then-run`: one budget over more labels, better labels and distilling, by a measured curve.

The job labels a part of the texts first. Each time that part is as good as planned, the curve is
measured and the money goes where the next accuracy is cheapest: a larger part, better labels on
this one, or a model's labels on the rest. It stops where nothing pays, audits, and trains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from undercut.build.labels.deciding.options import Choice, Option, choose
from undercut.build.labels.deciding.position import Step
from undercut.core.money import Money
from undercut.runs.labelling.config import LabelConfig
from undercut.runs.labelling.joint_curve import Measured, measure_options
from undercut.runs.labelling.journal import Journal

FIRST_SHARE, FIRST_LEAST = 0.25, 300
GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Joint:
    """pool: texts that are labelled now. target: share of wrong labels to reach on them by belief.
    distil: a model labels the rest. final: only the audit is left.
    """

    pool: int
    target: float
    distil: bool = False
    final: bool = False


def first(config: LabelConfig, texts: int) -> Joint:
    """Where a job starts."""
    return Joint(min(texts, max(FIRST_LEAST, int(FIRST_SHARE * texts))), config.target_error)


def load_joint(journal: Journal) -> Joint | None:
    """As the journal has it."""
    stored = journal.meta("joint")
    return None if stored is None else Joint(**stored)


def save_joint(journal: Journal, joint: Joint) -> None:
    """Write it."""
    journal.set_meta(
        "joint",
        {"pool": joint.pool, "target": joint.target, "distil": joint.distil, "final": joint.final},
    )


def decide(
    journal: Journal,
    config: LabelConfig,
    joint: Joint,
    step: Step,
    vectors: Any,
    *,
    texts: int,
    kept_for_audit: Money,
) -> Joint:
    """What comes next; the curve and the choice are written into the journal's `curve`."""
    labels = step.learnt.standing.labels
    error = np.minimum(step.learnt.standing.error, 1.0)
    known = labels >= 0
    pool_vectors = vectors[: joint.pool]
    measured = measure_options(
        pool_vectors[known],
        labels[known],
        error[known],
        vectors[joint.pool :] if not joint.distil else vectors[:0],
        max(int(labels.max(initial=0)) + 1, 2),
        seed=config.seed,
    )
    spent = float(journal.committed(config.budget_money.currency).amount)
    money = float((config.budget_money - kept_for_audit).amount) - spent
    options = list(_options(joint, step, measured, spent, texts, float(error.mean())))
    worth = None if config.point_worth is None else float(Money.parse(config.point_worth).amount)
    choice = choose(options, money=max(money, 0.0), point_worth=worth)
    _note(journal, joint, measured, options, choice, spent)
    return _moved(joint, choice, texts)


def _options(
    joint: Joint, step: Step, measured: Measured, spent: float, texts: int, error: float
) -> list[Option]:
    options = []
    if joint.pool < texts:
        wider = min(texts, int(GROWTH * joint.pool) + 1)
        gain = measured.law(joint.pool) - measured.law(wider)
        cost = spent / joint.pool * (wider - joint.pool)
        options.append(Option("more", gain, cost, f"learning curve from {joint.pool} to {wider}"))
    if step.error_price is not None or spent:
        price = step.error_price or spent / joint.pool * 3
        fewer = error / 2 * joint.pool
        options.append(
            Option("better", measured.noise_costs / 2, price * fewer, "the same noise once more")
        )
    if measured.distil_gains is not None and not joint.distil:
        options.append(
            Option("distil", measured.distil_gains, 0.0, "pseudo-labels on held-out labels")
        )
    return options


def _moved(joint: Joint, choice: Choice, texts: int) -> Joint:
    match choice.option.name if choice.option is not None else "stop":
        case "more":
            wider = min(texts, int(GROWTH * joint.pool) + 1)
            return Joint(wider, joint.target, joint.distil)
        case "better":
            return Joint(joint.pool, joint.target / 2, joint.distil)
        case "distil":
            return Joint(joint.pool, joint.target, True)
    return Joint(joint.pool, joint.target, joint.distil, final=True)


def _note(
    journal: Journal,
    joint: Joint,
    measured: Measured,
    options: list[Option],
    choice: Choice,
    spent: float,
) -> None:
    curve = list(journal.meta("curve") or ())
    curve.append(
        {
            "labels": joint.pool,
            "spent": spent,
            "sizes": list(measured.sizes),
            "errors": list(measured.errors),
            "options": [
                {"name": o.name, "gain": o.gain, "cost": o.cost, "measured": o.measured}
                for o in options
            ],
            "chosen": choice.option.name if choice.option is not None else "stop",
            "reason": choice.reason,
        }
    )
    journal.set_meta("curve", curve)
