"""Labels of a model: written where a joint budget distils, in training only, counted by weight."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from undercut.build.data.labelled import pseudo_table, read_training_rows
from undercut.build.labels.deciding.pseudo import CONFIDENCE, PSEUDO_WEIGHT, pseudo_labels
from undercut.build.labels.deciding.standing import Standing
from undercut.build.labels.workers import Ask
from undercut.core.errors import InputError
from undercut.runs.config import RunConfig
from undercut.runs.labelling.distilled import write_pseudo
from undercut.runs.progress import Silence
from undercut.runs.stages import open_stages
from undercut.runs.steps.data import make_data
from undercut.runs.steps.digest import digest_path

CLASSES = ("a", "b", "c")


def clouds(count: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 8) unit vectors round three corners, and (count,) which."""
    random = np.random.default_rng(seed)
    truth = random.integers(3, size=count)
    vectors = np.eye(8)[truth] + spread * random.standard_normal((count, 8))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), truth


@pytest.mark.parametrize("spread", [0.1, 0.5])
def test_labels_are_given_where_they_are_right_often_enough(spread: float) -> None:
    vectors, labels = clouds(400, spread, 0)
    others, truth = clouds(2000, spread, 1)
    guessed = pseudo_labels(vectors, labels, np.ones(400), others, 3)
    sure = guessed >= 0
    assert sure.mean() > 0.2
    assert (guessed[sure] == truth[sure]).mean() > CONFIDENCE - 0.03
    if spread == 0.5:
        assert sure.mean() < 0.99


def test_nothing_is_sure_where_labels_are_noise() -> None:
    vectors, _ = clouds(300, 0.3, 0)
    labels = np.random.default_rng(5).integers(3, size=300)
    guessed = pseudo_labels(vectors, labels, np.ones(300), clouds(100, 0.3, 1)[0], 3)
    assert (guessed >= 0).mean() < 0.2


def labelled_folder(folder: Path) -> tuple[Path, int]:
    """240 labelled texts and 160 that a model labels."""
    vectors, truth = clouds(400, 0.2, 3)
    texts = [Ask(f"t{n}", f"text {CLASSES[k]} number {n}") for n, k in enumerate(truth.tolist())]
    folder.mkdir()
    lines = [f"{ask.text},{CLASSES[truth[n]]}" for n, ask in enumerate(texts[:240])]
    (folder / "labels.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    named = np.zeros((240, 3))
    named[:, 0] = 0.99
    standing = Standing(named, np.full(240, 0.01), truth[:240], np.zeros(0))
    return folder, write_pseudo(folder, standing, texts, vectors, CLASSES)


def test_they_train_by_their_weight_and_judge_nothing(tmp_path: Path) -> None:
    folder, written = labelled_folder(tmp_path / "labelled")
    assert 100 < written <= 160
    rows = read_training_rows(pseudo_table(folder))
    assert len(rows) == written
    with (folder / "pseudo.csv").open("a", encoding="utf-8") as file:
        said = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
        file.write(f"x,{said.upper()},a,0.3\ny,fresh,unknown class,0.3\n")
    config = RunConfig(train=str(folder), out=str(tmp_path / "out"))
    with open_stages(
        tmp_path / "out", price=None, budget=None, progress=Silence(), created_by="test"
    ) as stages:
        _, data = make_data(stages, config)
    guessed = {row.text for row in rows}
    assert data.train.weights is not None
    for text, weight in zip(data.train.texts, data.train.weights, strict=True):
        assert weight == pytest.approx(PSEUDO_WEIGHT if text in guessed else 1.0)
    assert guessed <= set(data.train.texts)
    assert not {"fresh", said.upper()} & set(data.train.texts)
    assert not guessed & {*data.tune.texts, *data.certify.texts}
    assert data.tune.weights is None
    found = {finding["rule"]: finding["count"] for finding in data.facts["split_findings"]}
    assert found["pseudo_labelled_row"] == written


def test_another_table_is_other_data(tmp_path: Path) -> None:
    folder, _ = labelled_folder(tmp_path / "labelled")
    before = digest_path(folder)
    (folder / "pseudo.csv").unlink()
    assert digest_path(folder) != before


def test_a_wrong_weight_is_told_with_its_line(tmp_path: Path) -> None:
    folder, _ = labelled_folder(tmp_path / "labelled")
    with (folder / "pseudo.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label", "weight"), ("x", "a", "1"), ("y", "a", "0")])
    with pytest.raises(InputError, match=r"pseudo\.csv:3.*above 0"):
        read_training_rows(pseudo_table(folder))
