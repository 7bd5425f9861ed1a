"""The labelled texts that rooms hand to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]


def weighted_targets(targets: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Targets that cross-entropy learns from, each row times what it counts, one on average.

    targets: (rows, classes); weights: (rows,) above 0, None where all rows count alike.
    Cross-entropy is linear in its targets: weighing a row's target is weighing its loss.
    Raises InputError for another number of weights, or one that is not above 0 and finite.
    """
    if weights is None:
        return targets
    if weights.shape != (len(targets),) or not ((weights > 0) & np.isfinite(weights)).all():
        raise InputError(
            f"weights must be {len(targets)} numbers above 0, got shape {weights.shape}"
            + (f" and the least {weights.min()}" if weights.size else "")
        )
    return np.asarray(targets * (weights / weights.mean())[:, None], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Texts with class ids, in the order of the source file.

    texts: (rows,) non-empty strings.
    labels: (rows,) int64 ids into `classes`.
    classes: class names, sorted; the same tuple for every split of one run.
    lines: (rows,) int64, 1-based line (or record number) in `source` of each row.
    source: path as the user gave it, for messages.
    weights: (rows,) float32 above 0, what each row counts in training; None where all count alike.
    They say nothing of how a model is judged.
    """

    texts: tuple[str, ...]
    labels: IntArray
    classes: tuple[str, ...]
    lines: IntArray
    source: str
    weights: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | IntArray) -> Dataset:
        """The given rows (0-based positions), in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        return Dataset(
            texts=tuple(self.texts[i] for i in index),
            labels=self.labels[index],
            classes=self.classes,
            lines=self.lines[index],
            source=self.source,
            weights=None if self.weights is None else self.weights[index],
        )
