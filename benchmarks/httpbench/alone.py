"""A plan of one stage: a model of another plan, alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from undercut.core.artefacts import write_manifest
from undercut.models.cascade import CascadeSpec, StageSpec
from undercut.models.plan import PLAN_FILE, PLAN_KIND, PlanDescription


def plan_of_one_model(plan: Path, model: Path, out: Path) -> Path:
    """A plan folder that answers everything with `model`, a model folder of `plan`."""
    described = PlanDescription.model_validate_json((plan / PLAN_FILE).read_bytes())
    name = model.name
    shutil.copytree(model, out / "models" / name)
    alone = PlanDescription(
        name=f"{name} alone",
        undercut_version=described.undercut_version,
        created=described.created,
        classes=described.classes,
        cascade=CascadeSpec(stages=(StageSpec(name=name, weights={name: 1.0}),)),
        models={name: f"models/{name}"},
        teacher=name,
    )
    (out / PLAN_FILE).write_text(alone.model_dump_json(), encoding="utf-8")
    write_manifest(out, kind=PLAN_KIND)
    return out
