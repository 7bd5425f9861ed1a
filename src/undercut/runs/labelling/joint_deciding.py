"""`--then-run`: one budget over more, better and cleaner labels, copies and distilling, measured.

The job labels a part of the texts first. Each time that part is as good as planned, the curve is
measured and the money goes where the next accuracy is cheapest: a larger part, better labels on
this one, another answer on those that look wrong, edited copies, or a model's labels on the rest.
It stops where nothing pays, audits, and trains.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import numpy as np

from undercut.build.labels.choosing.order import Order, widened
from undercut.build.labels.deciding.options import Choice, Option, choose
from undercut.build.labels.deciding.position import Step
from undercut.build.labels.votes import Floats
from undercut.core.money import Money
from undercut.runs.labelling.cleaned import META, with_asked
from undercut.runs.labelling.doubtful_labels import Doubts
from undercut.runs.labelling.joint import Again, Joint, kept_for_audit, stored_joint
from undercut.runs.labelling.joint_looking import Look, look_at
from undercut.runs.labelling.joint_ways import ways_on, wider_than, wrong_label_costs
from undercut.runs.labelling.open_job import Job


def decide(job: Job, joint: Joint, step: Step, vectors: Floats) -> Joint:
    """What comes next: written into the journal with the curve and the choice, all or none.

    vectors: (texts, width) of the job's texts, those first that are labelled now.
    """
    look = look_at(job, joint, step, vectors)
    joint = _without_what_no_longer_pays(joint, look)
    kept = kept_for_audit(job.config, joint)
    money = max(float((job.config.budget_money - kept).amount) - look.spent, 0.0)
    worth = point_worth(job)
    look = replace(look, doubts=_affordable(look, money, worth))
    options = list(ways_on(joint, step, look, len(job.file)))
    choice = choose(options, money=money, point_worth=worth)
    moved = _moved(job, joint, step, choice, look)
    curve = [*(job.journal.meta("curve") or ()), _line(job, joint, look, options, choice)]
    facts: dict[str, object] = {"curve": curve, "joint": stored_joint(moved)}
    if moved.again and look.doubts is not None:
        facts[META] = _asked_about(job, step, look.doubts)
    job.journal.set_metas(facts)
    return moved


def point_worth(job: Job) -> float | None:
    """What one hundredth of accuracy is worth, in the job's currency; None where nobody says."""
    worth = job.config.point_worth
    return None if worth is None else float(Money.parse(worth).amount)


def _without_what_no_longer_pays(joint: Joint, look: Look) -> Joint:
    """What paid with fewer labels may not do so with more."""
    # not at LEAST_GAIN: between the two it would be taken and left at every look, without end
    distils = joint.distil and look.distilling is not None and look.distilling.gain > 0
    augments = joint.augment and look.copies is not None and look.copies.gain > 0
    return replace(joint, distil=distils, augment=augments)


def _affordable(look: Look, money: float, worth: float | None) -> Doubts | None:
    """Of the questions about labels that look wrong, those that there is money for, and that pay
    where it is known what accuracy is worth.
    """
    if look.doubts is None:
        return None
    doubts = look.doubts.within(money)
    if worth is None:
        return doubts
    return doubts.worth(100 * worth * wrong_label_costs(look) * look.cleaned.kept_promise)


def _moved(job: Job, joint: Joint, step: Step, choice: Choice, look: Look) -> Joint:
    match choice.option.name if choice.option is not None else "stop":
        case "more":
            return replace(joint, order=_chosen(job, joint, look))
        case "better":
            return replace(joint, target=min(joint.target, step.error) / 2)
        case "clean":
            assert look.doubts is not None
            return replace(joint, again=_again(job, look.doubts))
        case "distil":
            return replace(joint, distil=True)
        case "augment":
            return replace(joint, augment=True)
    return replace(joint, final=True)


def _again(job: Job, doubts: Doubts) -> tuple[Again, ...]:
    names, items = [facts.name for facts in job.facts], job.items
    asked = Counter((put.item, put.worker) for put in job.journal.asks())
    pairs = [
        (items[place].item, names[source])
        for place, source in zip(doubts.item.tolist(), doubts.source.tolist(), strict=True)
    ]
    return tuple(Again(item, worker, asked[item, worker]) for item, worker in pairs)


def _asked_about(job: Job, step: Step, doubts: Doubts) -> list[dict[str, object]]:
    items, labels = job.items, step.learnt.standing.labels[doubts.item]
    return with_asked(
        job.journal,
        [items[place].item for place in doubts.item.tolist()],
        [job.classes[label] for label in labels.tolist()],
        doubts.drop.tolist(),
    )


def _chosen(job: Job, joint: Joint, look: Look) -> Order:
    """The order with the texts that are labelled next."""
    label = np.full(len(job.file), -1)
    label[np.array(joint.order.taken)[look.given]] = look.known.labels
    return widened(
        joint.order,
        wider_than(joint, len(job.file)),
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
        "options": [{**asdict(o), "value": o.value(point_worth(job))} for o in options],
        "chosen": choice.option.name if choice.option is not None else "stop",
        "reason": choice.reason,
    }
