"""What a plan costs: from its run's report, else the bound that the plan itself states."""

from __future__ import annotations

import importlib.util
import json
import types
from pathlib import Path
from typing import Any

import pytest

from undercut.core.artefacts import write_manifest
from undercut.core.errors import ArtefactError, ConfigError, InputError
from undercut.core.money import Money
from undercut.runs.report.files import write_reports
from undercut.runs.selling.plan_facts import read_plan, serving_cost
from undercut.sell.pricing.cost.serving import Basis

COST = {
    "currency": "USD",
    "per_million_answers": {"first": "0.5", "second": "4.25"},
    "host": "c7i.large",
    "measured": "2026-11-01",
    "threads": 1,
}


def write_plan(folder: Path, cost: dict[str, Any] | None) -> Path:
    root = folder / "plan"
    root.mkdir()
    stages = [
        {"name": "first", "weights": {"m": 1.0}, "threshold": 0.5},
        {"name": "second", "weights": {"n": 1.0}},
    ]
    description = {
        "name": "demo",
        "undercut_version": "0.1.0",
        "created": "2026-11-01",
        "classes": ["a", "b"],
        "cascade": {"stages": stages},
        "models": {"m": "models/m", "n": "models/n"},
        "teacher": "n",
        "cost": cost,
    }
    (root / "plan.json").write_text(json.dumps(description), encoding="utf-8")
    write_manifest(root, kind="plan")
    return root


@pytest.fixture(scope="module")
def samples() -> types.ModuleType:
    file = Path(__file__).parents[1] / "report_samples.py"
    spec = importlib.util.spec_from_file_location("report_samples_for_plan_facts", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_a_report_the_dearest_stage_is_the_bound(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path, COST))
    found = serving_cost(plan, "USD")
    assert found.per_million == Money.parse("4.25usd")
    assert found.basis is Basis.DEAREST
    assert (plan.description.name, found.host, found.source.as_of.isoformat()) == (
        "demo",
        "c7i.large",
        "2026-11-01",
    )


def test_the_report_beside_the_plan_says_what_the_mix_cost(
    tmp_path: Path, samples: types.ModuleType
) -> None:
    write_plan(tmp_path, COST)
    report = samples.certified()
    write_reports(report, tmp_path)
    found = serving_cost(read_plan(tmp_path), "USD")
    # from the measured speed and the hourly price, as it is printed in the report
    assert float(found.per_million.amount) == pytest.approx(report.cost.usd_per_million, rel=0.01)
    assert found.basis is Basis.MIX


def test_an_unmeasured_plan_is_not_free(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="was not measured, so it has no floor"):
        serving_cost(read_plan(write_plan(tmp_path, None)), "USD")
    with pytest.raises(ArtefactError, match=r"holds no plan\.json"):
        read_plan(tmp_path / "nowhere")


def test_no_currency_is_converted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="undercut converts nothing"):
        serving_cost(read_plan(write_plan(tmp_path, COST)), "EUR")
