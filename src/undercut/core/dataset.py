"""The labelled texts that rooms hand to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Texts with class ids, in the order of the source file.

    texts: (rows,) non-empty strings.
    labels: (rows,) int64 ids into `classes`.
    classes: class names, sorted; the same tuple for every split of one run.
    lines: (rows,) int64, 1-based line (or record number) in `source` of each row.
    source: path as the user gave it, for messages.
    """

    texts: tuple[str, ...]
    labels: IntArray
    classes: tuple[str, ...]
    lines: IntArray
    source: str

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
        )
