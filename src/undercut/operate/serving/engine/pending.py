"""A request that is being answered, and the portions of it that wait or run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import FloatArray

if TYPE_CHECKING:
    from undercut.operate.serving.engine.stage_queue import StageQueue

Rows: TypeAlias = range | list[int]


class PendingRequest:
    """Texts of one request, and their answers as they come in.

    classes: (texts, top) int32 class ids, likeliest first; probabilities: (texts, top) float32;
    stages: (texts,) int16 the stage that answered. answered: its future, done when all are.
    """

    __slots__ = (
        "admitted_at",
        "answered",
        "background",
        "bytes",
        "classes",
        "deadline",
        "left",
        "portions",
        "probabilities",
        "settled",
        "stages",
        "texts",
        "top",
    )

    def __init__(
        self,
        texts: Sequence[str],
        *,
        top: int,
        size: int,
        deadline: float | None,
        background: bool,
        admitted_at: float,
        answered: asyncio.Future[None],
    ) -> None:
        rows = len(texts)
        self.texts = texts
        self.top = top
        self.bytes = size
        self.deadline = deadline
        self.background = background
        self.admitted_at = admitted_at
        self.answered = answered
        self.left = rows
        self.settled = False
        self.classes = np.empty((rows, top), dtype=np.int32)
        self.probabilities = np.empty((rows, top), dtype=np.float32)
        self.stages = np.empty(rows, dtype=np.int16)
        self.portions: set[Portion] = set()

    def take(
        self, rows: Rows, stage: int, classes: NDArray[np.int32], probabilities: FloatArray
    ) -> None:
        """Answers of some rows; classes and probabilities may be wider than asked."""
        where = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
        self.classes[where] = classes[:, : self.top]
        self.probabilities[where] = probabilities[:, : self.top]
        self.stages[where] = stage
        self.left -= len(rows)


class Portion:
    """Rows of one request that go through a stage together.

    known: model name -> (rows, classes) what earlier stages left. attempts: workers that died
    while they held it; then it has a worker to itself, so that a text that kills workers takes no
    other request with it.
    queue: where it waits, None where it does not.
    """

    __slots__ = ("attempts", "characters", "dropped", "known", "queue", "request", "rows")

    def __init__(
        self,
        request: PendingRequest,
        rows: Rows,
        known: Mapping[str, FloatArray],
        *,
        characters: int,
        attempts: int = 0,
    ) -> None:
        self.request = request
        self.rows = rows
        self.known = known
        self.characters = characters
        self.attempts = attempts
        self.dropped = False
        self.queue: StageQueue | None = None

    @property
    def first_characters(self) -> int:
        """Characters of its first text."""
        return len(self.request.texts[self.rows[0]])

    def texts(self) -> Sequence[str]:
        """The texts of its rows."""
        texts = self.request.texts
        if len(self.rows) == len(texts):
            return texts
        return [texts[row] for row in self.rows]

    def split(self, most_texts: int, most_characters: int) -> tuple[Portion, Portion | None]:
        """As much of it as fits, at least one text, and the rest where there is one."""
        most = min(most_texts, len(self.rows))
        if self.characters > most_characters:
            texts = self.request.texts
            sizes = accumulate(len(texts[row]) for row in self.rows[:most])
            most = max(1, sum(1 for size in sizes if size <= most_characters))
        if most == len(self.rows):
            return self, None
        texts = self.request.texts
        first = sum(len(texts[row]) for row in self.rows[:most])
        return (
            self._part(slice(0, most), first),
            self._part(slice(most, None), self.characters - first),
        )

    def _part(self, chosen: slice, characters: int) -> Portion:
        known = {name: values[chosen] for name, values in self.known.items()}
        return Portion(
            self.request, self.rows[chosen], known, characters=characters, attempts=self.attempts
        )
