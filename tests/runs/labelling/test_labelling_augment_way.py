"""Edited copies as a way on: taken where the small model learns from them, and then trained on."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from test_labelling_choose import good, joint_of, quick_vectors, run_through
from test_labelling_distil_trial import sample

from undercut.build.data.keys import loose_key
from undercut.build.data.labelled import copies_table, read_training_rows
from undercut.core.errors import InputError
from undercut.runs.config import RunConfig
from undercut.runs.labelling import joint_looking
from undercut.runs.labelling.augment_trial import augment_trial, copies_of, edited_copies
from undercut.runs.labelling.joint_curve import Known
from undercut.runs.labelling.student_trial import Trial
from undercut.runs.progress import Silence
from undercut.runs.stages import open_stages
from undercut.runs.steps.data import RunData, make_data
from undercut.runs.steps.digest import digest_path

__all__ = ["quick_vectors"]


def test_copies_teach_words_that_few_texts_hold() -> None:
    """Of each word there is one text or two; the small model learns a word from two on."""
    known, texts, _, _ = sample(0.15)
    found = augment_trial(known, texts, seed=0)
    assert found.further > 0.9 * 0.75 * len(texts)
    assert found.gain > 0.03
    assert augment_trial(known, texts, seed=0) == found


def test_where_labels_are_chance_copies_gain_nothing() -> None:
    known, texts, _, _ = sample(0.15)
    shuffled = np.random.default_rng(3).permutation(known.labels)
    blind = Known(known.vectors, shuffled, known.error, known.drawn, known.classes)
    assert augment_trial(blind, texts, seed=0).gain < 0.03


def test_no_copy_says_what_a_labelled_text_says() -> None:
    texts = ["one two three four", "Two one three four!", "two one three four"]
    said = {loose_key(text) for text in texts}
    for seed in range(20):
        assert not {loose_key(copy) for copy, _ in copies_of(texts, said, seed=seed)} & said


def test_it_is_measured_beside_what_was_taken_already() -> None:
    known, texts, _, _ = sample(0.15)
    taken = [edited_copies(known, texts, seed=0)]
    assert augment_trial(known, texts, seed=0, beside=taken).mean < 0.01


def always(monkeypatch: pytest.MonkeyPatch, mean: float) -> None:
    monkeypatch.setattr(joint_looking, "augment_trial", lambda *_, **__: Trial(mean, 0.0, 9))


def data_of(folder: Path, out: Path) -> RunData:
    with open_stages(out, price=None, budget=None, progress=Silence(), created_by="test") as stages:
        return make_data(stages, RunConfig(train=str(folder), out=str(out)))[1]


@pytest.mark.usefixtures("quick_vectors")
def test_what_was_taken_is_trained_on_and_judges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always(monkeypatch, 0.02)
    report = run_through(tmp_path, good())
    folder = tmp_path / "labelled"
    assert [line.chosen for line in report.curve].count("augment") == 1
    assert joint_of(tmp_path)["augment"]
    copies = read_training_rows(copies_table(folder))
    assert report.edited_copies == len(copies) > 0.9 * report.labelled
    assert "Edited copies of labelled texts" in (folder / "report.html").read_text("utf-8")
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        labels = {row["id"]: row for row in csv.DictReader(file)}
    assert all(labels[copy.item]["label"] == copy.label for copy in copies)
    data = data_of(folder, tmp_path / "run")
    made = {copy.text: copy for copy in copies}
    held = {*data.tune.texts, *data.certify.texts}
    assert not held & set(made)
    trained = [text for text in data.train.texts if text in made]
    assert len(trained) > 0.5 * len(copies)
    assert not {labels[made[text].item]["text"] for text in trained} & held
    of = dict(zip(data.train.texts, data.train.labels.tolist(), strict=True))
    assert all(data.classes[of[text]] == made[text].label for text in trained)
    assert data.train.weights is None, "a copy counts as much as its text"
    found = {finding["rule"]: finding["count"] for finding in data.facts["split_findings"]}
    assert found["augmented_row"] == len(trained)


@pytest.mark.usefixtures("quick_vectors")
def test_what_does_not_pay_is_shown_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always(monkeypatch, -0.01)
    report = run_through(tmp_path, good())
    ways = [way for line in report.curve for way in line.options if way.name == "augment"]
    assert len(ways) == len(report.curve)
    assert all(way.gain == -0.01 and way.cost == 0 for way in ways)
    assert not (tmp_path / "labelled" / "augmented.csv").exists()
    page = (tmp_path / "labelled" / "report.html").read_text(encoding="utf-8")
    assert "edited copies of labelled texts: −1.0" in page


def by_hand(folder: Path, weight: str) -> Path:
    """Labels with copies of every fourth text."""
    folder.mkdir()
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(f"t{n}", f"text {'ab'[n % 2]} number {n}", "ab"[n % 2]) for n in range(300)]
        csv.writer(file).writerows([("id", "text", "label"), *rows])
    with (folder / "augmented.csv").open("w", encoding="utf-8", newline="") as file:
        more = [(row[0], row[1] + " indeed", row[2], weight) for row in rows[::4]]
        more += [("gone", "of no text", "a", weight), ("t0", rows[5][1].upper(), "a", weight)]
        csv.writer(file).writerows([("id", "text", "label", "weight"), *more])
    return folder


def test_the_weight_of_a_copy_is_a_part_of_its_rows(tmp_path: Path) -> None:
    data = data_of(by_hand(tmp_path / "labelled", "0.5"), tmp_path / "run")
    assert data.train.weights is not None
    copied = [text.endswith(" indeed") for text in data.train.texts]
    assert 20 < sum(copied) < 75
    assert data.train.weights == pytest.approx(np.where(copied, 0.5, 1.0))
    assert not {"of no text", "TEXT B NUMBER 5"} & set(data.train.texts)
    assert data.certify.weights is None


def test_other_copies_are_other_data_and_a_wrong_weight_is_told(tmp_path: Path) -> None:
    folder = by_hand(tmp_path / "labelled", "0.5")
    before = digest_path(folder)
    (folder / "augmented.csv").unlink()
    assert digest_path(folder) != before
    with pytest.raises(InputError, match=r"augmented\.csv:2.*above 0"):
        data_of(by_hand(tmp_path / "wrong", "-1"), tmp_path / "run")
