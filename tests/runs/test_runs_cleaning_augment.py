"""`undercut clean --augment`: copies only where they help, marked, and away from every judge."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from cleaning_rows import banking_rows, write_rows
from test_runs_cleaning import cleaned, digests, table
from test_runs_training_only import data_of

from undercut.build.data.augmentation import AugmentConfig
from undercut.build.data.keys import loose_key
from undercut.build.data.paired_bootstrap import Difference
from undercut.core.dataset import Dataset
from undercut.runs.cleaning import augmentation
from undercut.runs.cleaning.augment_trial import RECIPES, Verdict, with_copies
from undercut.runs.cleaning.comparison import Trial, compare
from undercut.runs.cleaning.noise_trial import TREATMENTS
from undercut.runs.report.words import Words

Rows = list[tuple[str, str]]


def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that says four copies help; what is done then is what is tested."""
    trial = Trial("four edited copies a row", 0.9, 0.9, 40, 3, 1e-8, Difference(0.1, 0.05, 0.2), 2)
    verdict = Verdict(0.8, 0.8, (trial,), RECIPES[1])
    monkeypatch.setattr(augmentation, "try_copies", lambda *_, **__: verdict)


def test_off_leaves_an_empty_file(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "t.csv", banking_rows("train.csv")[:60])
    report = cleaned(tmp_path / "out", file)
    assert table(tmp_path / "out", "augmented") == []
    assert report.augmentation.why_not == "turned off"


def test_too_few_rows_are_told(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "t.csv", banking_rows("train.csv")[:30])
    report = cleaned(tmp_path / "out", file, augment="auto")
    assert "too few" in str(report.augmentation.why_not)
    assert "too few" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_chinese_report_says_why_in_chinese(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "t.csv", banking_rows("train.csv")[:30])
    cleaned(tmp_path / "out", file, augment="auto", language="zh")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "带标签的行或类别太少" in page
    assert "too few" not in page


def test_every_treatment_has_a_chinese_name() -> None:
    words = Words("zh", "clean")
    for each in (*TREATMENTS, *RECIPES):
        assert words.named("treatment", each.name) != each.name


@pytest.mark.parametrize("sources", [1, 2])
def test_copies_are_marked_and_their_rows_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: int
) -> None:
    chosen(monkeypatch)
    rows = banking_rows("train.csv")[:240]
    files = [write_rows(tmp_path / f"{i}.csv", rows[i::sources]) for i in range(sources)]
    report = cleaned(tmp_path / "out", *files, augment="auto")
    data = {row["row"]: row for row in table(tmp_path / "out", "data")}
    copies = table(tmp_path / "out", "augmented")
    assert report.kept == len(data)  # copies are no rows of the data
    assert report.augmentation.copies == len(copies) > 600
    said = {loose_key(str(row["text"])) for row in data.values()}
    for copy in copies:
        row = data[copy["row"]]
        assert all(copy[name] == row[name] for name in ("label", "group", "source", "place"))
        assert loose_key(str(copy["text"])) not in said
    keys = [(copy["row"], copy["copy"]) for copy in copies]
    assert len(set(keys)) == len(keys)
    assert {number for _, number in keys} <= {1, 2, 3, 4}
    data = data_of(tmp_path / "out", tmp_path / "run")
    assert data.train.lines[-1] <= report.kept
    real = {*data.tune.lines, *data.certify.lines}
    assert not real & set(data.train.lines), "a copy of a held-out row would leak"
    assert len(data.train) + len(data.tune) + len(data.certify) > report.kept


def test_no_copy_says_what_a_test_text_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(monkeypatch)
    rows = [(f"alpha beta gamma delta {i}", "ab"[i % 2]) for i in range(120)]
    train = write_rows(tmp_path / "train.csv", rows)
    cleaned(tmp_path / "free", train, augment="auto", near_duplicates="off")
    copy = table(tmp_path / "free", "augmented")[0]
    test = write_rows(tmp_path / "test.csv", [(str(copy["text"]).upper(), "a")])
    cleaned(tmp_path / "out", train, test=str(test), augment="auto", near_duplicates="off")
    key = loose_key(str(copy["text"]))
    assert key not in {loose_key(str(c["text"])) for c in table(tmp_path / "out", "augmented")}


def test_same_input_same_copies_and_a_new_seed_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(monkeypatch)
    file = write_rows(tmp_path / "t.csv", banking_rows("train.csv")[:150])

    def made(name: str, seed: int) -> str:
        cleaned(tmp_path / name, file, augment="auto", seed=seed)
        return hashlib.sha256((tmp_path / name / "augmented.parquet").read_bytes()).hexdigest()

    assert made("one", 0) == made("two", 0) != made("three", 1)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    again = cleaned(tmp_path / "one", file, augment="auto")
    assert all(step.reused for step in again.steps)
    assert again.augmentation.copies > 0


def test_turning_it_off_takes_the_copies_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(monkeypatch)
    file = write_rows(tmp_path / "t.csv", banking_rows("train.csv")[:150])
    cleaned(tmp_path / "out", file, augment="auto")
    assert table(tmp_path / "out", "augmented")
    cleaned(tmp_path / "out", file)
    assert table(tmp_path / "out", "augmented") == []


def test_copies_weigh_what_their_rows_weigh() -> None:
    texts = tuple(f"please send the {word} parcel to me" for word in ("red", "blue", "green"))
    weights = np.array([1.0, 0.2, 1.0], np.float32)
    data = Dataset(texts, np.array([0, 1, 0]), ("a", "b"), np.arange(3), "", weights)
    more = with_copies(data, AugmentConfig(copies=2), np.random.default_rng(0))
    assert more.texts[:3] == texts
    assert more.weights is not None
    for label, line, weight in zip(more.labels, more.lines, more.weights, strict=True):
        assert (label, weight) == (data.labels[line], weights[line])


@pytest.mark.parametrize(("gained", "helps"), [(30, True), (12, False)])
def test_a_treatment_helps_only_where_it_is_shown_to(gained: int, helps: bool) -> None:
    rng = random.Random(0)
    labels = np.array([rng.randrange(4) for _ in range(400)])
    plain = labels.copy()
    plain[:60] = (plain[:60] + 1) % 4
    treated = plain.copy()
    treated[:gained] = labels[:gained]
    treated[100:110] = (labels[100:110] + 1) % 4
    # Two penalties: the second one spoils everything and is chosen by no side.
    answers = np.stack([[plain, labels * 0 - 1], [labels * 0 - 1, treated]])
    found = compare(labels, answers, ["try"], classes=4, seed=0)
    assert (found.trials[0].better, found.trials[0].worse) == (gained, 10)
    assert found.trials[0].helps is helps


@pytest.mark.slow
def test_the_trial_is_made_on_held_out_rows(tmp_path: Path) -> None:
    rows = banking_rows("train.csv")[:400]
    report = cleaned(tmp_path / "out", write_rows(tmp_path / "t.csv", rows), augment="auto")
    found = report.augmentation
    assert len(found.trials) == len(RECIPES)
    assert found.examined == report.labelled
    assert found.untreated_accuracy is not None
    assert 0.5 < found.untreated_accuracy < 1
    assert (found.chosen is None) == (found.copies == 0)
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8").count("<caption>") >= 1
