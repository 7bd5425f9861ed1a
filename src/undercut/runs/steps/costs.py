"""What every candidate, and in the end the plan, costs on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from undercut.build.planning.measure import (
    Answerer,
    Latency,
    MeasureConfig,
    Throughput,
    measure_latency,
    measure_throughput,
)
from undercut.core.dataset import Dataset
from undercut.models.cascade import Cascade, CascadeSpec
from undercut.models.folder import load_model
from undercut.models.footprint import measure_footprint
from undercut.models.plan import load_plan
from undercut.models.threads import available_cores
from undercut.runs.machine import MachineFacts
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import Candidate
from undercut.runs.steps.data import RunData

CANDIDATES = MeasureConfig(repeats=3, seconds=0.4, latency_texts=60)
# The plan takes turns with the reference, which needs seconds for a few hundred texts.
PLAN = MeasureConfig(repeats=4, seconds=0.8, fewest_batches=4, latency_texts=200)
TEXTS_FOR_MEMORY = 500
# Traffic that a model in service has seen before the texts that are timed.
TEXTS_MET = 5_000


class OnAllCores:
    """Answers with all cores; models that remember words have met other texts, and only those."""

    def __init__(
        self, models: Iterable[Any], answer: Callable[..., object], met: Sequence[str]
    ) -> None:
        self._remembering = [model for model in models if hasattr(model, "forget")]
        self._answer = answer
        self._met = met
        self._threads = available_cores()

    def __call__(self, texts: Sequence[str]) -> object:
        return self._answer(texts, threads=self._threads)

    def refresh(self) -> None:
        """Forget, then meet the texts that a model in service would have met by now."""
        for model in self._remembering:
            model.forget()
            model.predict_proba(self._met)


@dataclass(frozen=True, slots=True)
class Cost:
    """One contender's cost: batch speed, latency, memory (None where it was not measured)."""

    throughput: Throughput
    latency: Latency | None
    memory_bytes: int | None

    @property
    def seconds_per_text(self) -> float:
        """Batch, all cores, tokenising included."""
        return 1.0 / self.throughput.median


def measure_candidates(
    stages: Stages,
    data: RunData,
    candidates: Sequence[Candidate],
    machine: MachineFacts,
    *,
    seed: int,
) -> tuple[Made, dict[str, Cost]]:
    """Costs of single candidates, interleaved. A stored measurement is of this very machine."""
    texts = timing_texts([data.tune, data.certify], seed)

    def build(folder: Path) -> None:
        models = {c.name: load_model(c.folder) for c in candidates}
        met = data.train.texts[:TEXTS_MET]
        contenders = {
            name: OnAllCores([model], model.predict_proba, met) for name, model in models.items()
        }
        costs = _measure(contenders, texts, CANDIDATES, stages)
        sample = texts[:TEXTS_FOR_MEMORY]
        memory = {c.name: measure_footprint(c.folder, sample) for c in candidates}
        _write(folder, costs, memory)

    made = stages.run(
        "measure",
        "measure speed and memory",
        build,
        version="2",
        config=[_identity(machine), seed],
        inputs={c.name: c.made for c in candidates},
    )
    return made, _read(made.path)


def measure_plan(
    stages: Stages,
    data: RunData,
    candidates: Sequence[Candidate],
    plan: Made,
    teacher: CascadeSpec,
    machine: MachineFacts,
    *,
    seed: int,
) -> dict[str, Cost]:
    """Costs of 'plan', 'teacher' and 'reference' (BERT-base), taking turns on the same texts."""
    # Rows that chose nothing: training and tuning texts are answered more surely than traffic is.
    texts = timing_texts([data.certify, *([] if data.test is None else [data.test])], seed)

    def build(folder: Path) -> None:
        from undercut.neural.reference import BertBase

        cores = available_cores()
        loaded = load_plan(plan.path / "plan")
        folders = {c.name: c.folder for c in candidates}
        models = {name: load_model(folders[name]) for name in teacher.models}
        best = Cascade(teacher, models, data.classes)
        bert = BertBase(len(data.classes), threads=cores)
        met = data.train.texts[:TEXTS_MET]
        contenders: dict[str, Answerer] = {
            "plan": OnAllCores(loaded.cascade.models.values(), loaded.answer, met),
            "teacher": OnAllCores(models.values(), best.answer, met),
            "reference": bert.predict,
        }
        costs = _measure(contenders, texts, PLAN, stages)
        memory = {"plan": measure_footprint(plan.path / "plan", texts[:TEXTS_FOR_MEMORY])}
        _write(folder, costs, memory)

    made = stages.run(
        "measure-plan",
        "measure the plan against BERT-base",
        build,
        version="2",
        config=[_identity(machine), teacher, seed],
        inputs={"plan": plan},
    )
    return _read(made.path)


def timing_texts(parts: Sequence[Dataset], seed: int) -> list[str]:
    """The parts' texts, shuffled."""
    texts = [text for part in parts for text in part.texts]
    order = np.random.default_rng(seed).permutation(len(texts))
    return [texts[i] for i in order]


def _measure(
    contenders: Mapping[str, Answerer],
    texts: Sequence[str],
    config: MeasureConfig,
    stages: Stages,
) -> dict[str, tuple[Throughput, Latency]]:
    def report(done: int, total: int) -> None:
        stages.tick(done / (total + 1), f"repeat {done} of {total}")

    speeds = measure_throughput(contenders, texts, config, report=report)
    return {
        name: (speeds[name], measure_latency(contender, texts, config))
        for name, contender in contenders.items()
    }


def _identity(machine: MachineFacts) -> list[object]:
    """What makes a measurement of one machine worthless on another."""
    return [machine.cpu_model, machine.cores, machine.libraries.get("onnxruntime")]


def _write(
    folder: Path,
    costs: Mapping[str, tuple[Throughput, Latency]],
    memory: Mapping[str, int | None],
) -> None:
    content = {
        name: {
            "throughput": asdict(throughput),
            "latency": asdict(latency),
            "memory_bytes": memory.get(name),
        }
        for name, (throughput, latency) in costs.items()
    }
    (folder / "costs.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def _read(folder: Path) -> dict[str, Cost]:
    content = json.loads((folder / "costs.json").read_text(encoding="utf-8"))
    return {
        name: Cost(
            Throughput(**value["throughput"]),
            Latency(**value["latency"]) if value["latency"] else None,
            value["memory_bytes"],
        )
        for name, value in content.items()
    }
