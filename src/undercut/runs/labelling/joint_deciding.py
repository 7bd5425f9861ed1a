"""`--then-run`: one budget over more labels, better labels and distilling, by a measured curve.

The job labels a part of the texts first. Each time that part is as good as planned, the curve is
measured and the money goes where the next accuracy is cheapest: a larger part, better labels on
this one, or a model's labels on the rest. It stops where nothing pays, audits, and trains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from undercut.build.labels.choosing.order import RANDOM, Order, is_drawn, widened
from undercut.build.labels.deciding.options import Choice, Option, choose
from undercut.build.labels.deciding.position import Step
from undercut.build.labels.votes import Floats, IntArray
from undercut.core.money import Money
from undercut.runs.labelling.distil_trial import Trial, distil_trial
from undercut.runs.labelling.joint import Joint, kept_for_audit, stored_joint
from undercut.runs.labelling.joint_curve import Known, Measured, measure_curve
from undercut.runs.labelling.open_job import Job
from undercut.runs.steps.data import FEW_PER_CLASS

GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at one look. given: positions in the order that have a label. trial: of
    distilling; None where no text is left for it or the labels are too few to keep any from
    training. way: how further texts are chosen. spent: in money, so far.
    """

    given: IntArray
    known: Known
    measured: Measured
    trial: Trial | None
    way: str
    spent: float


def decide(job: Job, joint: Joint, step: Step, vectors: Floats) -> Joint:
    """What comes next: written into the journal with the curve and the choice, all or none.

    vectors: (texts, width) of the job's texts, those first that are labelled now.
    """
    look = _look(job, joint, step, vectors)
    # not at LEAST_GAIN: between the two it would be taken and left at every look, without end
    if joint.distil and (look.trial is None or look.trial.gain <= 0):
        joint = replace(joint, distil=False)  # what paid with fewer labels no longer does
    options = list(_options(job, joint, step, look))
    kept = kept_for_audit(job.config, joint)
    money = float((job.config.budget_money - kept).amount) - look.spent
    worth = job.config.point_worth
    choice = choose(
        options,
        money=max(money, 0.0),
        point_worth=None if worth is None else float(Money.parse(worth).amount),
    )
    moved = _moved(job, joint, step, choice, look)
    curve = [*(job.journal.meta("curve") or ()), _line(job, joint, look, options, choice)]
    job.journal.set_metas({"curve": curve, "joint": stored_joint(moved)})
    return moved


def _look(job: Job, joint: Joint, step: Step, vectors: Floats) -> Look:
    labels = step.learnt.standing.labels
    given = np.flatnonzero(labels >= 0)
    drawn = is_drawn(joint.order, len(job.file), job.config.seed)
    error = np.minimum(step.learnt.standing.error, 1.0)
    known = Known(
        vectors[given], labels[given], error[given], drawn[given], max(len(job.classes), 2)
    )
    measured = measure_curve(known, seed=job.config.seed)
    spent = float(job.journal.committed(job.config.budget_money.currency).amount)
    way = RANDOM if measured.worse_than_random else job.config.choose
    return Look(given, known, measured, _trial(job, known, given, vectors), way, spent)


def _trial(job: Job, known: Known, given: IntArray, vectors: Floats) -> Trial | None:
    without = np.setdiff1d(np.arange(len(vectors)), given)
    if not len(without) or len(given) <= FEW_PER_CLASS * known.classes:
        return None
    texts = [ask.text for ask in job.everything]
    return distil_trial(
        known,
        [texts[place] for place in given.tolist()],
        vectors[without],
        [texts[place] for place in without.tolist()],
        seed=job.config.seed,
    )


def _options(job: Job, joint: Joint, step: Step, look: Look) -> Iterator[Option]:
    measured, spent = look.measured, look.spent
    wider = _wider(joint, len(job.file))
    if joint.pool < wider:
        gain = measured.law(joint.pool) - measured.law(wider)
        cost = spent / joint.pool * (wider - joint.pool)
        yield Option("more", gain, cost, f"learning curve from {joint.pool} to {wider}")
    # what ended for another reason than the target has nobody to ask, or nothing to pay with
    if step.reason == "target" and step.error_price is not None:
        fewer = step.error / 2 * joint.pool
        cost = step.error_price * fewer
        yield Option("better", measured.noise_costs / 2, cost, "the same noise once more")
    if look.trial is not None and not joint.distil:
        found = look.trial
        measured_by = (
            f"small model with {found.sure} of a model's labels: {100 * found.mean:+.1f}"
            f" ± {100 * found.error:.1f} points on held-out labels"
        )
        yield Option("distil", found.gain, 0.0, measured_by)


def _wider(joint: Joint, texts: int) -> int:
    return min(texts, int(GROWTH * joint.pool) + 1)


def _moved(job: Job, joint: Joint, step: Step, choice: Choice, look: Look) -> Joint:
    match choice.option.name if choice.option is not None else "stop":
        case "more":
            return replace(joint, order=_chosen(job, joint, look))
        case "better":
            return replace(joint, target=min(joint.target, step.error) / 2)
        case "distil":
            return replace(joint, distil=True)
    return replace(joint, final=True)


def _chosen(job: Job, joint: Joint, look: Look) -> Order:
    """The order with the texts that are labelled next."""
    label = np.full(len(job.file), -1)
    label[np.array(joint.order.taken)[look.given]] = look.known.labels
    return widened(
        joint.order,
        _wider(joint, len(job.file)),
        look.way,
        texts=len(job.file),
        seed=job.config.seed,
        vectors=job.file_vectors,
        label=label,
        classes=len(job.classes),
    )


def _line(
    job: Job, joint: Joint, look: Look, options: list[Option], choice: Choice
) -> dict[str, object]:
    measured = look.measured
    return {
        "labels": joint.pool,
        "drawn": joint.order.drawn,
        "way": look.way,
        "random_error": measured.random_error,
        "spent": look.spent,
        "sizes": list(measured.sizes),
        "errors": list(measured.errors),
        "options": [
            {"name": o.name, "gain": o.gain, "cost": o.cost, "measured": o.measured}
            for o in options
        ],
        "chosen": choice.option.name if choice.option is not None else "stop",
        "reason": choice.reason,
    }
