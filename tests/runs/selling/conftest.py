"""Plans with a report beside them, as `undercut run` leaves them, but of nothing to answer with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from report_samples import certified

from undercut.core.artefacts import write_manifest
from undercut.models.cascade import CascadeSpec, StageSpec
from undercut.models.plan import PLAN_KIND, PlanDescription
from undercut.runs.report.documents import document_json


def write_costed_plan(folder: Path, *, accuracy: float, texts_per_second: float) -> Path:
    """A run's folder with report.json and plan/; returns plan/."""
    plan = folder / "plan"
    (plan / "models" / "only").mkdir(parents=True)
    (plan / "models" / "only" / "nothing.txt").write_text("no model", encoding="utf-8")
    description = PlanDescription(
        name=folder.name,
        undercut_version="0",
        created="2026-01-01",
        classes=("a", "b"),
        cascade=CascadeSpec(
            stages=(StageSpec(name="only", weights={"only": 1.0}),), temperatures={"only": 1.0}
        ),
        models={"only": "models/only"},
        teacher="only",
    )
    (plan / "plan.json").write_text(description.model_dump_json(), encoding="utf-8")
    write_manifest(plan, kind=PLAN_KIND)
    sample = certified()
    cost = sample.cost.model_copy(update={"texts_per_second": texts_per_second})
    quality = sample.plan.model_copy(update={"accuracy": accuracy})
    report = sample.model_copy(update={"cost": cost, "plan": quality})
    (folder / "report.json").write_text(document_json(report), encoding="utf-8")
    return plan


@pytest.fixture(scope="session")
def costed_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_costed_plan(tmp_path_factory.mktemp("good"), accuracy=0.934, texts_per_second=4.0)


@pytest.fixture(scope="session")
def cheaper_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_costed_plan(tmp_path_factory.mktemp("cheap"), accuracy=0.90, texts_per_second=40.0)


@pytest.fixture
def make_plan() -> Callable[..., Path]:
    """Writes a plan as above into a folder."""
    return write_costed_plan
