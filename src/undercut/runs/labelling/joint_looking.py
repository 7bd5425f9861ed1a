"""One look of a joint budget: what the labels are like, and what each way on would gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undercut.build.labels.choosing.order import RANDOM, is_drawn
from undercut.build.labels.deciding.position import Step
from undercut.build.labels.votes import Floats, IntArray
from undercut.runs.labelling.augment_trial import augment_trial, edited_copies
from undercut.runs.labelling.cleaned import Cleaned, cleaned_so_far
from undercut.runs.labelling.distil_trial import distil_trial, model_labels
from undercut.runs.labelling.doubtful_labels import Doubts, find_doubts
from undercut.runs.labelling.joint import Joint
from undercut.runs.labelling.joint_curve import Known, Measured, measure_curve
from undercut.runs.labelling.open_job import Job
from undercut.runs.labelling.student_trial import FOLDS, Further, Trial
from undercut.runs.steps.parts import FEW_PER_CLASS

# Of each fold, to say anything of copies.
LEAST_A_FOLD = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at one look. given: positions in the order that have a label. distilling,
    copies: trials of a model's labels and of edited copies, each beside the other where that is
    taken already; None where no text is left for it or the labels are too few to keep any from
    training. doubts: labels that look wrong, None with too few to tell. cleaned: what asking again
    has brought so far. way: how further texts are chosen. spent: in money, so far.
    """

    given: IntArray
    known: Known
    measured: Measured
    distilling: Trial | None
    copies: Trial | None
    doubts: Doubts | None
    cleaned: Cleaned
    way: str
    spent: float


def look_at(job: Job, joint: Joint, step: Step, vectors: Floats) -> Look:
    """Measure everything; vectors: (texts, width), those first that are labelled now."""
    standing = step.learnt.standing
    given = np.flatnonzero(standing.labels >= 0)
    drawn = is_drawn(joint.order, len(job.file), job.config.seed)
    labels, error = standing.labels[given], np.minimum(standing.error, 1.0)[given]
    known = Known(vectors[given], labels, error, drawn[given], max(len(job.classes), 2))
    measured = measure_curve(known, seed=job.config.seed)
    distilling, copies = _trials(job, joint, known, given, vectors)
    items = job.items
    names = dict(zip((items[n].item for n in given.tolist()), labels.tolist(), strict=True))
    return Look(
        given,
        known,
        measured,
        distilling,
        copies,
        find_doubts(job, given),
        cleaned_so_far(job.journal, names, job.classes),
        RANDOM if measured.worse_than_random else job.config.choose,
        float(job.journal.committed(job.config.budget_money.currency).amount),
    )


def _trials(
    job: Job, joint: Joint, known: Known, given: IntArray, vectors: Floats
) -> tuple[Trial | None, Trial | None]:
    """Of a model's labels on the other texts, and of edited copies."""
    seed, everything = job.config.seed, [ask.text for ask in job.everything]
    texts = [everything[place] for place in given.tolist()]
    others = np.setdiff1d(np.arange(len(vectors)), given)
    if len(given) <= FEW_PER_CLASS * known.classes:
        others = others[:0]  # then each text that trains is also judged, and a model's are left out
    copies = edited_copies(known, texts, seed=seed)
    other_texts = [everything[place] for place in others.tolist()]
    distilling = None
    if len(others):
        beside = [copies] if joint.augment else []
        distilling = distil_trial(
            known, texts, vectors[others], other_texts, seed=seed, beside=beside
        )
    return distilling, _copies_trial(
        known,
        texts,
        [model_labels(known, vectors[others], other_texts)] if joint.distil else [],
        seed,
    )


def _copies_trial(
    known: Known, texts: Sequence[str], beside: Sequence[Further], seed: int
) -> Trial | None:
    if len(texts) < LEAST_A_FOLD * FOLDS:
        return None
    return augment_trial(known, texts, seed=seed, beside=beside)
