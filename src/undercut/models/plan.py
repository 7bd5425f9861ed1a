"""The plan folder: what is deployed, complete in itself.

plan/
  plan.json          classes, stages, thresholds, where it came from
  manifest.json      sha256 of every file, checked at load
  models/<name>/     model.json + weights in safetensors or ONNX + tokenizer.json
  MODEL_CARD.md, LICENCES.md
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from undercut.core.artefacts import verify_folder
from undercut.core.errors import ArtefactError, InputError
from undercut.models.cascade import Answers, Cascade, CascadeSpec
from undercut.models.folder import load_model
from undercut.models.plan_cost import PlanCost
from undercut.models.threads import available_cores

PLAN_KIND: Final = "plan"
PLAN_FILE: Final = "plan.json"


class PlanDescription(BaseModel):
    """plan.json, schema version 1.

    models: model name -> its folder below the plan folder. certified_keep: share of the teacher's
    accuracy that is certified, None where nothing is. cost: None where it was not measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    name: str
    undercut_version: str
    created: str
    classes: tuple[str, ...] = Field(min_length=2)
    cascade: CascadeSpec
    models: dict[str, str]
    teacher: str
    certified_keep: float | None = None
    confidence: float | None = None
    cost: PlanCost | None = None

    @model_validator(mode="after")
    def _each_stage_has_its_cost(self) -> PlanDescription:
        if self.cost is not None:
            self.cost.check(tuple(stage.name for stage in self.cascade.stages))
        return self


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the label, its mixed probability, and the stage that gave it."""

    label: str
    confidence: float
    stage: str


class Plan:
    """A loaded plan, ready to answer."""

    def __init__(self, description: PlanDescription, cascade: Cascade, digest: str) -> None:
        self.description = description
        self.cascade = cascade
        self.digest = digest

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; `Answers.labels` are positions in them."""
        return self.description.classes

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages in order; `Answers.stages` are positions in them."""
        return tuple(stage.name for stage in self.description.cascade.stages)

    def predict(self, texts: Sequence[str], *, threads: int | None = None) -> list[Answer]:
        """Answers for texts, in their order. threads: all cores where None.

        Raises InputError where `texts` is one string or holds something else than strings.
        """
        answers = self.answer(texts, threads=threads)
        return [
            Answer(self.classes[label], float(confidence), self.stages[stage])
            for label, confidence, stage in zip(
                answers.labels, answers.confidence, answers.stages, strict=True
            )
        ]

    def answer(self, texts: Sequence[str], *, threads: int | None = None) -> Answers:
        """The same as arrays: class ids, confidence, stage numbers."""
        if isinstance(texts, str):
            raise InputError(
                "predict takes a list of texts, got one string", hint="predict([text])"
            )
        for position, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(
                    f"text {position} is a {type(text).__name__}, expected a string",
                    hint="texts that are missing must be left out or given as ''",
                )
        return self.cascade.answer(texts, threads=threads or available_cores())


def load_plan(folder: str | Path) -> Plan:
    """Check a plan folder's hashes and load its models; needs no torch and no network.

    Raises ArtefactError where a file is missing, changed, or from a newer version.
    """
    root = find_plan(folder)
    description = read_description(root)
    # Hashing and loading wait for the disk and release the interpreter lock: do them together.
    with ThreadPoolExecutor(max_workers=4) as pool:
        verified = pool.submit(verify_folder, root)
        loading = {
            name: pool.submit(load_model, model_folder(root, description, name))
            for name in description.models
        }
        manifest = verified.result()
        models = {name: future.result() for name, future in loading.items()}
    for name, model in models.items():
        if model.classes != description.classes:
            raise ArtefactError(f"{root}: the model {name} has other classes than the plan")
    return Plan(
        description, Cascade(description.cascade, models, description.classes), manifest.digest
    )


def find_plan(folder: str | Path) -> Path:
    """The plan folder itself, given it or the folder of its run; ArtefactError where none is."""
    root = Path(folder)
    if not (root / PLAN_FILE).is_file() and (root / "plan" / PLAN_FILE).is_file():
        root = root / "plan"
    if not (root / PLAN_FILE).is_file():
        raise ArtefactError(
            f"{folder}: holds no {PLAN_FILE}", hint="the plan folder of a run: OUT/plan"
        )
    return root


def read_description(root: Path) -> PlanDescription:
    """plan.json of a plan folder, its files unchecked; ArtefactError where it cannot be read."""
    path = root / PLAN_FILE
    try:
        return PlanDescription.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ArtefactError(
            f"{path}: not a plan this version can read: {where}: {first['msg']}",
            hint="pip install -U undercut, or run `undercut run` again",
        ) from error


def model_folder(root: Path, description: PlanDescription, name: str) -> Path:
    """Where a plan keeps one of its models; ArtefactError for none of it, or outside of it."""
    place = description.models.get(name)
    if place is None:
        raise ArtefactError(f"{root}: plan.json has a stage with the model {name}, but no folder")
    folder = (root / place).resolve()
    if not folder.is_relative_to(root.resolve()):
        raise ArtefactError(f"{root}: plan.json points outside the plan folder: {place}")
    return folder
