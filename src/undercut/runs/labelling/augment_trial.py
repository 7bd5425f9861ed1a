"""What edited copies of the labelled texts would gain, measured on labels left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.augmentation import AugmentConfig, augment
from undercut.build.data.keys import loose_key
from undercut.runs.labelling.joint_curve import Known
from undercut.runs.labelling.student_trial import (
    Further,
    Rows,
    Trial,
    folds,
    paired_trial,
)

Ints = NDArray[np.int64]

# Four copies gain no more on real texts than one, and large models would learn five times as long.
COPIES = AugmentConfig(copies=1)
# What one counts in training; its text counts 1.
COPY_WEIGHT = 1.0


def augment_trial(
    known: Known, texts: Sequence[str], *, seed: int, beside: Sequence[Further] = ()
) -> Trial:
    """The small model taught with and without copies of the texts that it is taught.

    texts: of the labels. beside: rows that are taught on both sides. A copy that says what any
    labelled text says is left out: it would tell the model what it is asked.
    """
    fold = folds(known, seed)
    tried = edited_copies(known, texts, seed=seed)
    return paired_trial(known, texts, tried, beside=beside, fold_of=fold, seed=seed)


def edited_copies(known: Known, texts: Sequence[str], *, seed: int) -> Further:
    """Copies of the taught texts."""
    said = {loose_key(text) for text in texts}

    def rows(taught: Ints) -> Rows:
        own = [texts[row] for row in taught.tolist()]
        made = copies_of(own, said, seed=seed)
        labels = known.labels[taught][[origin for _, origin in made]]
        return Rows([text for text, _ in made], labels, np.full(len(made), COPY_WEIGHT))

    return rows


def copies_of(texts: Sequence[str], said: set[str], *, seed: int) -> list[tuple[str, int]]:
    """(copy, position of its text), none of which says what `said` does, up to case."""
    rng = np.random.default_rng([seed, 104729])
    made = augment(texts, [""] * len(texts), COPIES, rng)
    pairs = zip(made.texts, made.origins, strict=True)
    return [(text, origin) for text, origin in pairs if loose_key(text) not in said]
