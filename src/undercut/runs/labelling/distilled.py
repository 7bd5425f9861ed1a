"""Where a joint budget chose to distil: `pseudo.csv`, a model's labels to train on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.labelled import PSEUDO_FILE
from undercut.build.labels.deciding.pseudo import PSEUDO_WEIGHT, pseudo_labels
from undercut.build.labels.deciding.standing import Standing
from undercut.build.labels.workers import Ask
from undercut.core.tabular.writer import open_writer

COLUMNS = ("id", "text", "label", "weight")


def write_pseudo(
    folder: Path,
    standing: Standing,
    everything: Sequence[Ask],
    vectors: NDArray[np.float64] | None,
    classes: Sequence[str],
    drawn: frozenset[str] | None = None,
) -> int:
    """Write the labels of texts outside the labelled ones; how many the model was sure of.

    everything: the texts, those that `standing` is about first; vectors: (everything, width) or
    None, then and where it is sure of none the file is taken away. drawn: ids of the labelled texts
    that say how sure is enough, where not all are a random sample.
    """
    rows = [] if vectors is None else _rows(standing, everything, vectors, classes, drawn)
    file = folder / PSEUDO_FILE
    if not rows:
        file.unlink(missing_ok=True)
        return 0
    with open_writer(file, COLUMNS, types={"weight": "float64"}) as writer:
        for row in rows:
            writer.write(row)
    return len(rows)


def _rows(
    standing: Standing,
    everything: Sequence[Ask],
    vectors: NDArray[np.float64],
    classes: Sequence[str],
    drawn: frozenset[str] | None,
) -> list[tuple[str, str, str, float]]:
    known = np.flatnonzero(standing.labels >= 0)
    labelled = set(known.tolist())
    others = np.array([n for n in range(len(everything)) if n not in labelled], dtype=np.int64)
    if not len(known) or not len(others):
        return []
    belief = 1 - np.minimum(standing.error[known], 1.0)
    if drawn is not None and any(everything[n].item in drawn for n in known.tolist()):
        belief = belief * [everything[n].item in drawn for n in known.tolist()]
    guessed = pseudo_labels(
        vectors[known],
        standing.labels[known],
        belief,
        vectors[others],
        max(len(classes), 2),
    )
    return [
        (everything[n].item, everything[n].text, classes[label], PSEUDO_WEIGHT)
        for n, label in zip(others.tolist(), guessed.tolist(), strict=True)
        if label >= 0
    ]
