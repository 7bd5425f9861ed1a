"""The cost a plan states: exact, complete, and old plans load without it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from undercut.core.errors import ArtefactError
from undercut.models.plan import PlanDescription, read_description

COST = {
    "currency": "USD",
    "per_million_answers": {"first": "0.50", "second": "12.125"},
    "host": "two cores",
    "measured": "2026-11-01",
    "threads": 1,
}
PLAN: dict[str, Any] = {
    "schema_version": 1,
    "name": "tiny",
    "undercut_version": "0",
    "created": "2026-01-01",
    "classes": ["a", "b"],
    "cascade": {
        "stages": [
            {"name": "first", "weights": {"small": 1.0}, "threshold": 0.5},
            {"name": "second", "weights": {"large": 1.0}},
        ]
    },
    "models": {"small": "models/small", "large": "models/large"},
    "teacher": "large",
}


def read(folder: Path, **cost: Any) -> PlanDescription:
    document = {**PLAN, **({"cost": {**COST, **cost}} if cost else {})}
    (folder / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    return read_description(folder)


def test_a_plan_of_before_has_no_cost(tmp_path: Path) -> None:
    assert read(tmp_path).cost is None


def test_amounts_are_exact_and_survive(tmp_path: Path) -> None:
    description = read(tmp_path, currency="EUR")
    assert description.cost is not None
    assert description.cost.per_million_answers["second"] == Decimal("12.125")
    again = PlanDescription.model_validate_json(description.model_dump_json())
    assert again == description
    assert '"0.50"' in description.model_dump_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"per_million_answers": {"first": 0.5, "second": "1"}}, "decimal string"),
        ({"per_million_answers": {"first": "0.5"}}, "must name the stages"),
        ({"per_million_answers": {"first": "2", "second": "1"}}, "costs what 'first' spent"),
        ({"per_million_answers": {"first": "-1", "second": "1"}}, "greater than or equal to 0"),
        ({"per_million_answers": {"first": "NaN", "second": "1"}}, "finite"),
        ({"currency": "dollars"}, "pattern"),
        ({"threads": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_no_cost_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ArtefactError, match=message):
        read(tmp_path, **change)
