"""The items to choose from, as every way of choosing sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.labels.votes import Floats, IntArray
from undercut.core.errors import InputError

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pool:
    """All items, labelled or not.

    vectors: (items, width), made unit length here. label: (items,) class id, -1 where unknown.
    probabilities: (items, classes) by a model of the labels so far; None before there is one.
    Raises InputError where lengths differ or everything is labelled.
    """

    vectors: NDArray[np.float32]
    label: IntArray
    probabilities: Floats | None = None

    def __post_init__(self) -> None:
        said = len(self.label) if self.probabilities is None else len(self.probabilities)
        if not len(self.vectors) == len(self.label) == said:
            raise InputError("a pool needs one vector, label and row of probabilities an item")
        if not (self.label < 0).any():
            raise InputError("every item of the pool is labelled: nothing is left to choose")
        length = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        unit = np.asarray(self.vectors / np.maximum(length, 1e-12), dtype=np.float32)
        object.__setattr__(self, "vectors", unit)

    @property
    def open(self) -> IntArray:
        """Positions of items without a label."""
        return np.flatnonzero(self.label < 0)

    @property
    def labelled(self) -> IntArray:
        """Positions of items with one."""
        return np.flatnonzero(self.label >= 0)

    def believed(self) -> Floats:
        """(open, classes). Raises InputError where there is no model yet."""
        if self.probabilities is None:
            raise InputError("this way of choosing needs a model's probabilities, got none")
        return np.asarray(self.probabilities[self.open])
