"""The main job on a handful of labels: all train, folds judge, and nothing is called proven."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from undercut.core.dataset import Dataset
from undercut.models.plan import load_plan
from undercut.runs.config import RunConfig
from undercut.runs.main_job import run
from undercut.runs.report.html import render_html
from undercut.runs.steps.parts import has_few_labels

BANKING77 = Path(__file__).parents[2] / "src" / "undercut" / "assets" / "banking77"


def dataset(rows: int, classes: int) -> Dataset:
    return Dataset(
        tuple(f"text {row}" for row in range(rows)),
        np.arange(rows) % classes,
        tuple(map(str, range(classes))),
        np.arange(rows),
        "x.csv",
    )


def test_few_is_by_class_and_gives_way_to_the_user() -> None:
    config = RunConfig(train="x.csv")
    assert has_few_labels(dataset(160, 10), config)
    assert not has_few_labels(dataset(170, 10), config)
    assert not has_few_labels(dataset(160, 10), RunConfig(train="x.csv", certify_rows=30))


@pytest.mark.slow
def test_ten_labels_a_class_make_a_plan_without_a_certificate(tmp_path: Path) -> None:
    with (BANKING77 / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    intents = sorted({row["intent"] for row in rows})[:6]
    few = [r for name in intents for r in [r for r in rows if r["intent"] == name][:10]]
    other = [r for name in intents for r in [r for r in rows if r["intent"] == name][10:30]]
    for name, part in (("train.csv", few), ("test.csv", other)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "intent"])
            writer.writeheader()
            writer.writerows({"text": r["text"], "intent": r["intent"]} for r in part)
    report = run(RunConfig(train=str(tmp_path / "train.csv"), out=str(tmp_path / "out")))
    assert report.certificate.met is False
    assert report.measured_on.where == "folds"
    assert report.measured_on.rows == 60
    assert any("nothing is certified" in note.en for note in report.notes)
    assert {split.name for split in report.data.splits} == {"train", "folds"}
    assert "Too few labels" in render_html(report)
    plan = load_plan(tmp_path / "out" / "plan")
    assert plan.description.certified_keep is None
    texts, right = [r["text"] for r in other], [r["intent"] for r in other]
    said = [answer.label for answer in plan.predict(texts)]
    accuracy = np.mean([a == b for a, b in zip(said, right, strict=True)])
    assert accuracy > 0.85
    # what folds said of the model is what other texts find it to be, up to their noise
    assert abs(report.plan.accuracy - accuracy) < 0.12
