"""What a model's labels on further texts would gain, measured on labels left out.

They teach what is smaller than the model that gives them (`student_trial`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.deciding.pseudo import PSEUDO_WEIGHT, pseudo_labels
from undercut.runs.labelling.joint_curve import Known
from undercut.runs.labelling.student_trial import FOLDS, Further, Rows, Trial, paired_trial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Of the further texts, to keep the trial short; more of them gain more.
MOST_OTHERS = 3000


def distil_trial(
    known: Known,
    texts: Sequence[str],
    others: Floats,
    other_texts: Sequence[str],
    *,
    seed: int,
    beside: Sequence[Further] = (),
) -> Trial:
    """The small model taught on three quarters of the labels, judged on the drawn ones of the rest.

    texts: of the labels. others: (others, width) vectors and other_texts of texts without any.
    beside: rows that are taught on both sides.
    """
    random = np.random.default_rng([seed, 7919])
    part = np.sort(random.permutation(len(others))[:MOST_OTHERS])
    fold = np.asarray(random.permutation(len(known.labels)) % FOLDS, dtype=np.int64)
    tried = model_labels(known, others[part], [other_texts[place] for place in part])
    return paired_trial(known, texts, tried, beside=beside, fold_of=fold, seed=seed)


def model_labels(known: Known, others: Floats, other_texts: Sequence[str]) -> Further:
    """Texts that a model of the taught labels is sure of, with its labels."""

    def rows(taught: Ints) -> Rows:
        guessed = pseudo_labels(
            known.vectors[taught],
            known.labels[taught],
            known.counts[taught],
            others,
            known.classes,
        )
        sure = np.flatnonzero(guessed >= 0)
        texts = [other_texts[row] for row in sure.tolist()]
        return Rows(texts, guessed[sure], np.full(len(sure), PSEUDO_WEIGHT))

    return rows
