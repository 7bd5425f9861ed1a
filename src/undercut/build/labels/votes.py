"""Votes: who answered what about which item, and what merging them yields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError

IntArray = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Votes:
    """Answers in long form, one row a vote; a worker may answer an item more than once.

    items, workers, classes: names, by id. item, worker, label: (votes,) int64 ids into them.
    Items without a vote are allowed. Raises InputError where an id has no name or lengths differ.
    """

    items: tuple[str, ...]
    workers: tuple[str, ...]
    classes: tuple[str, ...]
    item: IntArray
    worker: IntArray
    label: IntArray

    def __post_init__(self) -> None:
        lengths = {len(self.item), len(self.worker), len(self.label)}
        if len(lengths) > 1:
            raise InputError(f"votes need one item, worker and label each, got lengths {lengths}")
        for name, ids, names in (
            ("item", self.item, self.items),
            ("worker", self.worker, self.workers),
            ("label", self.label, self.classes),
        ):
            if len(ids) and (int(ids.min()) < 0 or int(ids.max()) >= len(names)):
                raise InputError(
                    f"{name} ids must lie in [0, {len(names)}), got {ids.min()} to {ids.max()}"
                )

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def of(
        cls, rows: Sequence[tuple[str, str, str]], *, classes: Sequence[str] | None = None
    ) -> Votes:
        """Votes from (item, worker, label) names, numbered as they first appear.

        classes: all class names where known; by default those that were voted for, sorted.
        Raises InputError for a label that is not among them.
        """
        items = {row[0]: None for row in rows}
        workers = {row[1]: None for row in rows}
        named = tuple(sorted({row[2] for row in rows}) if classes is None else classes)
        numbers = [
            {name: number for number, name in enumerate(names)} for names in (items, workers, named)
        ]
        unknown = next((row for row in rows if row[2] not in numbers[2]), None)
        if unknown is not None:
            raise InputError(f"{unknown[2]!r} is not among the {len(named)} classes")
        columns = [
            np.fromiter((number[row[at]] for row in rows), dtype=np.int64, count=len(rows))
            for at, number in enumerate(numbers)
        ]
        return cls(tuple(items), tuple(workers), named, *columns)

    def take(self, rows: NDArray[np.bool_] | IntArray) -> Votes:
        """Some of the votes, over the same items, workers and classes."""
        return Votes(
            self.items,
            self.workers,
            self.classes,
            self.item[rows],
            self.worker[rows],
            self.label[rows],
        )


@dataclass(frozen=True, slots=True)
class Merged:
    """What the votes say together.

    probabilities: (items, classes), rows sum to 1; an item without votes has the class shares
    that the method believes in. confusion: (workers, classes, classes), rows by true class, sum
    to 1; None where the method knows only `skill`. skill: (workers,) share of right answers as
    the method believes. iterations: of the method's loop; converged: it came to rest.
    """

    probabilities: Floats
    skill: Floats
    confusion: Floats | None = None
    iterations: int = 0
    converged: bool = True

    @property
    def labels(self) -> IntArray:
        """(items,) most probable class id; the lower id where two are equal."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)
