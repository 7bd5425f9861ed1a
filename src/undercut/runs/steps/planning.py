"""Choose and certify a plan from stored predictions and measured costs, and pack its folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from undercut import __version__
from undercut.build.planning.decide import (
    DecideConfig,
    Decision,
    Judged,
    best_without_certificate,
    decide,
)
from undercut.core.artefacts import write_manifest
from undercut.models.plan import PLAN_FILE, PLAN_KIND, PlanDescription, read_description
from undercut.models.plan_cost import PlanCost
from undercut.runs.config import RunConfig
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import Candidate
from undercut.runs.steps.costs import Cost
from undercut.runs.steps.data import RunData
from undercut.runs.steps.licences import licence_notes
from undercut.runs.steps.predictions import Predictions

PLAN = "plan"
# A mixture that serves as yardstick is made of full models, not of copies of each other.
TEACHER_FAMILIES = frozenset({"ngram", "frozen", "transformer"})


def make_decision(
    data: RunData,
    predictions: Predictions,
    candidates: Sequence[Candidate],
    costs: Mapping[str, Cost],
    config: RunConfig,
) -> Decision:
    """What the tune split chooses and the certify split confirms; quick and deterministic."""
    tune, certify = predictions.of("tune"), predictions.of("certify")
    teachers = [
        c.name for c in candidates if c.family in TEACHER_FAMILIES and not c.facts.get("thin")
    ]
    if data.few:
        return best_without_certificate(
            Judged(data.tune.labels, tune), teachers, keep=config.keep, confidence=config.confidence
        )
    return decide(
        Judged(data.tune.labels, tune),
        Judged(data.certify.labels, certify),
        {name: cost.seconds_per_text for name, cost in costs.items()},
        teachers,
        DecideConfig(
            keep=config.keep, confidence=config.confidence, copies=int8_copies(candidates)
        ),
    )


def int8_copies(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Candidate → its int8 copy."""
    names = {candidate.name for candidate in candidates}
    return {name: f"{name}-int8" for name in names if f"{name}-int8" in names}


def make_plan(
    stages: Stages,
    data: RunData,
    predictions: Predictions,
    candidates: Sequence[Candidate],
    costs: tuple[Made, Mapping[str, Cost]],
    config: RunConfig,
    *,
    now: datetime,
) -> tuple[Made, Decision]:
    """The plan stage: decide, then copy what the plan needs into one folder."""
    decisions: list[Decision] = []

    def build(folder: Path) -> None:
        decision = make_decision(data, predictions, candidates, costs[1], config)
        decisions.append(decision)
        (folder / PLAN).mkdir()
        _pack(folder / PLAN, decision, data, candidates, config, now)

    made = stages.run(
        "plan",
        "search and certify plans",
        build,
        version="1",
        config=[config.keep, config.confidence],
        inputs={"costs": costs[0], **predictions.made},
    )
    if decisions:
        return made, decisions[0]
    return made, make_decision(data, predictions, candidates, costs[1], config)


def _pack(
    folder: Path,
    decision: Decision,
    data: RunData,
    candidates: Sequence[Candidate],
    config: RunConfig,
    now: datetime,
) -> None:
    by_name = {candidate.name: candidate for candidate in candidates}
    places: dict[str, str] = {}
    for name in decision.plan.models:
        places[name] = f"models/{name}"
        shutil.copytree(by_name[name].folder, folder / places[name])
    description = PlanDescription(
        name=" → ".join(stage.name for stage in decision.plan.stages),
        undercut_version=__version__,
        created=now.isoformat(timespec="seconds"),
        classes=data.classes,
        cascade=decision.plan,
        models=places,
        teacher=decision.teacher.stages[0].name,
        certified_keep=config.keep if decision.certificate.met and not data.few else None,
        confidence=config.confidence,
    )
    _write_description(folder, description)
    used = [by_name[name] for name in decision.plan.models]
    (folder / "LICENCES.md").write_text(licence_notes(used), encoding="utf-8")
    _freeze(folder)


def publish_plan(made: Made, out: Path, card: str, cost: PlanCost) -> Path:
    """Put the plan with its cost and model card into the output folder, whole or not at all."""
    target, fresh, old = out / PLAN, out / f".{PLAN}-new", out / f".{PLAN}-old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(made.path / PLAN, fresh)
    (fresh / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    _write_description(fresh, read_description(fresh).model_copy(update={"cost": cost}))
    _freeze(fresh)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _write_description(folder: Path, description: PlanDescription) -> None:
    (folder / PLAN_FILE).write_text(
        json.dumps(description.model_dump(mode="json"), ensure_ascii=False, indent=1),
        encoding="utf-8",
    )


def _freeze(folder: Path) -> None:
    write_manifest(folder, kind=PLAN_KIND, created_by=f"undercut {__version__}")
