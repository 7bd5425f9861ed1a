"""A model's labels teach students, never the teacher; texts that were chosen judge no model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from undercut.core.dataset import Dataset
from undercut.core.errors import InputError
from undercut.runs.arrays import save_arrays
from undercut.runs.config import RunConfig
from undercut.runs.progress import Silence
from undercut.runs.recipe import Recipe
from undercut.runs.stages import open_stages
from undercut.runs.steps import further_rows
from undercut.runs.steps.candidate import OPINIONS, Candidate, train_probabilities
from undercut.runs.steps.data import RunData, make_data
from undercut.runs.steps.few_labels import few_note, row_folds
from undercut.runs.steps.few_rows import EVERY_FOLD
from undercut.runs.steps.further_rows import rows_to_learn, teacher_of
from undercut.runs.steps.training_only import few_parts


def rows_of(count: int, weights: Any = None) -> Dataset:
    return Dataset(
        tuple(f"text number {n}" for n in range(count)),
        np.arange(count) % 2,
        ("a", "b"),
        np.arange(count) + 1,
        "x.csv",
        weights,
    )


def data_of(train: Dataset, pseudo: int) -> RunData:
    return RunData(train, train, train, None, "latin", english=True, facts={}, pseudo=pseudo)


def recipe(rows: int) -> Recipe:
    return Recipe("e", None, (), rows, 64, "quick", 0)


def test_the_teacher_learns_from_bought_labels_alone() -> None:
    weights = np.array([1.0] * 6 + [0.3] * 4, dtype=np.float32)
    own, rows = rows_to_learn(data_of(rows_of(10, weights), 4), recipe(100))
    assert own.texts == rows.texts[:6] == rows_of(6).texts
    assert rows.texts == rows_of(10).texts
    assert rows.weights is not None
    assert rows.weights.tolist() == weights.tolist()
    same, both = rows_to_learn(data_of(rows_of(10), 0), recipe(100))
    assert same is both


def test_a_models_labels_take_what_room_is_left() -> None:
    weights = np.array([1.0] * 6 + [0.3] * 40, dtype=np.float32)
    own, rows = rows_to_learn(data_of(rows_of(46, weights), 40), recipe(16))
    assert (len(own), len(rows)) == (6, 16)
    own, rows = rows_to_learn(data_of(rows_of(46, weights), 40), recipe(5))
    assert (len(own), len(rows)) == (5, 5)


def test_the_teacher_is_asked_about_what_a_model_labelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Sure:
        def predict_proba(self, texts: tuple[str, ...], *, threads: int) -> np.ndarray:
            asked.extend(texts)
            return np.tile([0.0, 1.0], (len(texts), 1))

    monkeypatch.setattr(further_rows, "load_model", lambda folder: Sure())
    with open_stages(
        tmp_path, price=None, budget=None, progress=Silence(), created_by="test"
    ) as stages:
        made = stages.run(
            "main",
            "x",
            lambda folder: save_arrays(
                folder / OPINIONS, {"probabilities": np.full((6, 2), 0.5, np.float32)}
            ),
            version="1",
            config=[],
        )
        main = Candidate("main", "transformer", made, {})
        assert teacher_of(stages, main, rows_of(6), 6) is main
        teacher = teacher_of(stages, main, rows_of(10), 6)
    assert asked == list(rows_of(10).texts[6:])
    said = train_probabilities(teacher)
    np.testing.assert_allclose(said, [[0.5, 0.5]] * 6 + [[0.0, 1.0]] * 4)
    assert teacher.name == "main"


def labelled(folder: Path, picked: list[str]) -> RunConfig:
    """A folder of so many labels of two classes, each drawn or chosen."""
    folder.mkdir()
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    lines = [
        f"{words[n % 10]} {words[n // 10]} {'red' if n % 2 else 'blue'},{'ab'[n % 2]},{way}"
        for n, way in enumerate(picked)
    ]
    (folder / "labels.csv").write_text("text,label,picked\n" + "\n".join(lines) + "\n")
    return RunConfig(train=str(folder), out=str(folder / "out"))


def made(config: RunConfig) -> RunData:
    with open_stages(
        Path(config.out), price=None, budget=None, progress=Silence(), created_by="test"
    ) as stages:
        return make_data(stages, config)[1]


def test_of_few_labels_the_drawn_ones_judge(tmp_path: Path) -> None:
    data = made(labelled(tmp_path / "x", ["random", "chosen", "chosen"] * 10))
    assert data.few
    assert len(data.train) == 30
    assert data.tune.texts == data.certify.texts == data.train.texts[:10]
    assert set(data.certify.lines.tolist()) == set(range(2, 32, 3))
    assert "the 10 of them drawn at random" in few_note(data).en
    folds = row_folds(data.train, 10, 0)
    assert sorted(set(folds[:10].tolist())) == [0, 1, 2, 3]
    assert (folds[10:] == EVERY_FOLD).all()
    found = {finding["rule"]: finding["count"] for finding in data.facts["split_findings"]}
    assert found["chosen_row"] == 20


def test_without_the_column_all_few_labels_judge(tmp_path: Path) -> None:
    config = labelled(tmp_path / "x", ["random"] * 30)
    data = made(config)
    assert data.few
    assert len(data.certify) == 30
    assert "the same rows" in few_note(data).en


def test_what_says_the_same_as_a_judged_row_shares_its_fold() -> None:
    rows = rows_of(8)
    rows = replace(
        rows,
        texts=(*rows.texts[:6], "Text number 3!", "text number 0, edited"),
        lines=np.array([1, 2, 3, 4, 5, 6, 7, 1]),
    )
    folds = row_folds(rows, 6, 0)
    assert folds[6] == folds[3]
    assert folds[7] == folds[0]


def test_a_copy_of_a_chosen_row_follows_it() -> None:
    rows = rows_of(8)
    rows = replace(
        rows,
        texts=(*rows.texts[:6], "Text number 3!", "quite another text"),
        lines=np.array([1, 2, 3, 4, 5, 6, 7, 7]),
    )
    folds = row_folds(rows, 6, 0)
    assert folds[7] == folds[6] == folds[3]


def test_too_few_drawn_labels_judge_nothing_and_are_told() -> None:
    judges = np.zeros(30, dtype=bool)
    judges[:3] = True
    with pytest.raises(InputError, match="3 of 30 labelled texts are a random sample"):
        few_parts(rows_of(30), judges)
