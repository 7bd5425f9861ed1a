"""The rows of a run on few labels: which fold each is in, and the classes' names as texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from undercut.core.dataset import Dataset, IntArray

FOLDS: Final = 4
# The fold of a row that is held out of none: it is judged nowhere and says what no judged row says.
EVERY_FOLD: Final = -1
HELD_OUT: Final = "held_out.safetensors"


@dataclass(frozen=True, slots=True)
class FewRows:
    """rows: all that train. folds: (rows,) of each. judged: the first so many count where models
    are judged; rows that were chosen for what they teach and edited copies follow, and only train.
    """

    rows: Dataset
    folds: IntArray
    judged: int

    def train(self, fold: int) -> IntArray:
        """Rows outside the fold."""
        return np.flatnonzero(self.folds != fold)

    def held(self, fold: int) -> IntArray:
        """Judged rows of the fold."""
        return np.flatnonzero(self.folds[: self.judged] == fold)


def with_names(rows: Dataset) -> Dataset:
    """The rows, and at their end each class's name as a text of the class, in order of the ids."""
    classes = len(rows.classes)
    weights = rows.weights
    if weights is not None:
        weights = np.concatenate([weights, np.ones(classes, np.float32)])
    return replace(
        rows,
        texts=(*rows.texts, *map(spelt, rows.classes)),
        labels=np.concatenate([rows.labels, np.arange(classes)]),
        lines=np.concatenate([rows.lines, np.zeros(classes, np.int64)]),
        weights=weights,
    )


def spelt(name: str) -> str:
    """A class's name in words: `card_arrival` says what its texts are about."""
    return name.replace("_", " ").replace("-", " ").strip() or name
