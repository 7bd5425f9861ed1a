"""One batch of one stage: what goes to the models and what comes back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.dataset import FloatArray
from undercut.models.cascade import Cascade


@dataclass(frozen=True, slots=True)
class StageBatch:
    """Texts that reached a stage; known: model name -> (texts, classes) from earlier stages.

    top: classes wanted of each answer.
    """

    stage: int
    top: int
    texts: Sequence[str]
    known: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What a stage made of a batch.

    done: (texts,) bool, answered here. classes, probabilities: (answered, top), likeliest first.
    known: model name -> (deferred, classes) of the models that this stage ran and a later one
    needs. seconds: on the clock; cpu_seconds: of the thread that ran it.
    """

    done: NDArray[np.bool_]
    classes: NDArray[np.int32]
    probabilities: FloatArray
    known: Mapping[str, FloatArray]
    seconds: float
    cpu_seconds: float


def run_batch(cascade: Cascade, batch: StageBatch) -> StageOutcome:
    """Run one stage on one batch, on one thread."""
    started, cpu_started = time.perf_counter(), time.thread_time()
    result = cascade.run_stage(batch.stage, batch.texts, batch.known)
    classes, probabilities = top_classes(result.mixed[result.done], batch.top)
    deferred = ~result.done
    kept = [m for m in cascade.spec.kept_models(batch.stage) if m not in batch.known]
    return StageOutcome(
        done=result.done,
        classes=classes,
        probabilities=probabilities,
        known={name: result.known[name][deferred] for name in kept},
        seconds=time.perf_counter() - started,
        cpu_seconds=time.thread_time() - cpu_started,
    )


def top_classes(mixed: FloatArray, top: int) -> tuple[NDArray[np.int32], FloatArray]:
    """The likeliest classes of each row and their probabilities, both (rows, top).

    Equal probabilities: the class that stands first in the plan goes first, as argmax has it.
    """
    if top == 1:
        classes = mixed.argmax(axis=1)[:, None]
    else:
        classes = np.argsort(-mixed, axis=1, kind="stable")[:, :top]
    return classes.astype(np.int32), np.take_along_axis(mixed, classes, axis=1)
