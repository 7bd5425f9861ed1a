"""Models mixed and chained: each text is answered by the first stage that is sure enough.

A stage mixes the calibrated probabilities of its models; a model that an earlier stage already ran
on a text is not run again. So the price of a stage is the price of the models it adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ArtefactError

SMALLEST_PROBABILITY = np.float32(1e-12)


class StageSpec(BaseModel):
    """One stage of a cascade.

    weights: model name -> share in the mixture (positive, sum to 1).
    threshold: the stage answers where the margin between its two likeliest classes reaches this
    value, in [0, 1]; the last stage answers everything (threshold 0).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weights: dict[str, float] = Field(min_length=1)
    threshold: float = Field(default=0.0, ge=0.0, le=1.0)


class CascadeSpec(BaseModel):
    """The stages in order, and the temperature that calibrates each model (1 leaves it alone)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: tuple[StageSpec, ...] = Field(min_length=1)
    temperatures: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _last_stage_answers(self) -> CascadeSpec:
        if self.stages[-1].threshold != 0.0:
            raise ValueError("the last stage must answer everything: its threshold must be 0")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Names of all models in the order in which stages first need them."""
        return tuple(dict.fromkeys(name for stage in self.stages for name in stage.weights))

    def added_models(self, stage: int) -> tuple[str, ...]:
        """Models that this stage runs and no earlier stage has run."""
        earlier = {name for spec in self.stages[:stage] for name in spec.weights}
        return tuple(name for name in self.stages[stage].weights if name not in earlier)

    def kept_models(self, stage: int) -> tuple[str, ...]:
        """Models that ran by the end of this stage and that a later stage mixes in."""
        later = {name for spec in self.stages[stage + 1 :] for name in spec.weights}
        earlier = {name for spec in self.stages[: stage + 1] for name in spec.weights}
        return tuple(name for name in self.models if name in earlier and name in later)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a cascade answers.

    labels: (rows,) class ids; confidence: (rows,) float32 in [0, 1], the mixed probability of the
    answer; stages: (rows,) the stage that answered.
    """

    labels: IntArray
    confidence: FloatArray
    stages: IntArray


class Probabilities(Protocol):
    """Gives a model's probabilities for some rows: by running it, or from a stored array."""

    def __call__(self, model: str, rows: IntArray) -> FloatArray: ...


class RunnableModel(Protocol):
    """A model that can spread its work over threads."""

    def predict_proba(self, texts: Sequence[str], *, threads: int = 1) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage makes of the rows that reach it.

    mixed: (rows, classes) its probabilities; done: (rows,) bool, where it is sure enough to answer;
    known: model name -> (rows, classes) tempered probabilities, those of earlier stages included.
    """

    mixed: FloatArray
    done: NDArray[np.bool_]
    known: Mapping[str, FloatArray]


def run_stage(
    spec: CascadeSpec,
    position: int,
    known: Mapping[str, FloatArray],
    run: Callable[[str], FloatArray],
) -> StageResult:
    """Run one stage: the models it adds, then the mixture with what is known of the others.

    known: model name -> (rows, classes) probabilities that earlier stages left (`StageResult`).
    run: gives a model's raw probabilities for the same rows; asked only for the models it adds.
    """
    stage = spec.stages[position]
    found = dict(known)
    for name in spec.added_models(position):
        found[name] = temper(run(name), spec.temperatures.get(name, 1.0))
    mixed = mix(found, stage.weights)
    return StageResult(mixed, margin(mixed) >= stage.threshold, found)


def answer(spec: CascadeSpec, rows: int, probabilities: Probabilities) -> Answers:
    """Run the cascade over `rows` rows; `probabilities` is asked only for rows still open."""
    labels = np.zeros(rows, dtype=np.int64)
    confidence = np.zeros(rows, dtype=np.float32)
    stages = np.zeros(rows, dtype=np.int64)
    open_rows = np.arange(rows, dtype=np.int64)
    known: Mapping[str, FloatArray] = {}
    for position in range(len(spec.stages)):
        result = run_stage(spec, position, known, partial(probabilities, rows=open_rows))
        mixed, done = result.mixed, result.done
        answered = open_rows[done]
        labels[answered] = mixed[done].argmax(axis=1)
        confidence[answered] = mixed[done].max(axis=1)
        stages[answered] = position
        open_rows = open_rows[~done]
        known = {name: values[~done] for name, values in result.known.items()}
        if not len(open_rows):
            break
    return Answers(labels, confidence, stages)


def temper(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Sharpen (temperature < 1) or flatten (> 1) rows of probabilities; rows sum to 1 again.

    Source: Guo et al. 2017, temperature scaling, applied to log-probabilities.
    """
    if temperature == 1.0:
        return probabilities
    logs = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY)) / np.float32(temperature)
    scaled = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True), dtype=np.float32)


def mix(known: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """Weighted mean of probabilities, (rows, classes)."""
    if len(weights) == 1:
        return known[next(iter(weights))]
    total = sum(np.float32(weight) * known[name] for name, weight in weights.items())
    return np.asarray(total, dtype=np.float32)


def margin(probabilities: FloatArray) -> FloatArray:
    """Likeliest minus second likeliest probability of each row, in [0, 1]."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities), dtype=np.float32)
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0], dtype=np.float32)


class Cascade:
    """A cascade over loaded models."""

    def __init__(
        self, spec: CascadeSpec, models: Mapping[str, RunnableModel], classes: tuple[str, ...]
    ) -> None:
        missing = [name for name in spec.models if name not in models]
        if missing:
            raise ArtefactError(f"the plan needs the models {missing}, which its folder lacks")
        self.spec = spec
        self.models = models
        self.classes = classes

    def answer(self, texts: Sequence[str], *, threads: int = 1) -> Answers:
        """Answers for texts, in their order."""

        def run(model: str, rows: IntArray) -> FloatArray:
            chosen = texts if len(rows) == len(texts) else [texts[row] for row in rows]
            return self.models[model].predict_proba(chosen, threads=threads)

        return answer(self.spec, len(texts), run)

    def run_stage(
        self,
        position: int,
        texts: Sequence[str],
        known: Mapping[str, FloatArray],
        *,
        threads: int = 1,
    ) -> StageResult:
        """Run one stage on texts that reached it, with what earlier stages know of them."""

        def run(model: str) -> FloatArray:
            return self.models[model].predict_proba(texts, threads=threads)

        return run_stage(self.spec, position, known, run)
