"""Few labels: folds with copies, class names as texts, and when teaching by pairs goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from undercut.core.dataset import Dataset
from undercut.core.price_files import load_prices
from undercut.neural.encoder import MINILM
from undercut.runs.arrays import save_arrays
from undercut.runs.progress import Silence
from undercut.runs.recipe import PAIR_OPERATIONS, Recipe
from undercut.runs.stages import Made, Stages, open_stages
from undercut.runs.steps.candidate import Candidate, facts_of
from undercut.runs.steps.few_encoders import frozen_candidate
from undercut.runs.steps.few_labels import held_out, row_folds
from undercut.runs.steps.few_pairs import VECTORS, pairs_candidate
from undercut.runs.steps.few_rows import FOLDS, HELD_OUT, FewRows, spelt, with_names

CLASSES = ("card_lost", "change_pin", "exchange-rate")
SAYINGS = (
    ("i lost my card", "my card was stolen", "where is my card gone", "report a missing card"),
    ("how do i change my pin", "i want a new pin", "pin change please", "reset the pin code"),
    ("what is the exchange rate", "rate for euros", "how many dollars a pound", "currency rate"),
)
RECIPE = Recipe(
    encoder=MINILM,
    side_encoder=None,
    thin_layers=(),
    rows=12,
    max_tokens=32,
    effort="quick",
    seed=0,
)


def few_rows() -> FewRows:
    texts = tuple(text for group in SAYINGS for text in group)
    labels = np.repeat(np.arange(3), 4)
    rows = Dataset(texts, labels, CLASSES, np.arange(2, 14), "few.csv")
    return FewRows(rows, row_folds(rows, 12, 0), 12)


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    price = load_prices().host("c7i.large")
    with open_stages(
        tmp_path / "out", price=price, budget=None, progress=Silence(), created_by="t"
    ) as opened:
        yield opened


def nothing(stages: Stages) -> Made:
    return stages.run("data", "nothing", lambda folder: None, version="1")


def says(stages: Stages, few: FewRows, share: float) -> Candidate:
    """A candidate that gives each held-out row's class this probability."""
    other = (1 - share) / (len(CLASSES) - 1)
    said = np.full((few.judged, len(CLASSES)), other, dtype=np.float32)
    said[np.arange(few.judged), few.rows.labels] = share

    def build(folder: Path) -> None:
        save_arrays(folder / HELD_OUT, {"probabilities": said})

    return Candidate("x", "frozen", stages.run("x", "x", build, version="1", config=share), {})


def trial_folder(stages: Stages) -> Path:
    found = [
        path.parent
        for path in stages.store.root.rglob("facts.json")
        if "pays" in json.loads(path.read_text(encoding="utf-8"))
    ]
    assert len(found) == 1
    return found[0]


def test_copies_are_in_their_rows_fold_and_are_not_judged() -> None:
    rows = few_rows().rows
    copied = rows.take([*range(12), 5, 0, 5])
    folds = row_folds(copied, 12, 0)
    assert folds[12:].tolist() == [folds[5], folds[0], folds[5]]
    few = FewRows(copied, folds, 12)
    for fold in range(FOLDS):
        assert few.held(fold).max() < 12
        assert not set(folds[few.train(fold)]) & {fold}
    assert sorted(row for fold in range(FOLDS) for row in few.held(fold)) == list(range(12))


def test_names_are_texts_of_their_classes() -> None:
    assert spelt("card_lost") == "card lost"
    assert spelt("__") == "__"
    rows = few_rows().rows
    named = with_names(rows)
    assert named.texts[12:] == ("card lost", "change pin", "exchange rate")
    assert named.labels[12:].tolist() == [0, 1, 2]
    assert named.texts[:12] == rows.texts
    assert named.weights is None


def test_a_frozen_encoder_answers_for_judged_rows_only(stages: Stages) -> None:
    few = few_rows()
    copied = few.rows.take([*range(12), 3])
    more = FewRows(copied, row_folds(copied, 12, 0), 12)
    candidate = frozen_candidate(stages, nothing(stages), more, RECIPE, MINILM)
    said = held_out(candidate)
    assert said.shape == (12, 3)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == few.rows.labels).mean() > 0.6


@pytest.mark.parametrize(("share", "pays"), [(0.9999, False), (0.01, True)])
def test_teaching_goes_on_only_where_one_fold_is_answered_better(
    stages: Stages, share: float, pays: bool
) -> None:
    few = few_rows()
    candidate = pairs_candidate(stages, nothing(stages), few, RECIPE, says(stages, few, share))
    assert (candidate is not None) is pays
    facts = json.loads((trial_folder(stages) / "facts.json").read_text(encoding="utf-8"))
    assert facts["passes"] == 8.0
    assert facts["frozen_loss"] == pytest.approx(-np.log(share), rel=1e-3)
    assert (facts["taught_loss"] < facts["frozen_loss"]) is pays
    if candidate is not None:
        assert held_out(candidate).shape == (12, 3)
        assert facts_of(candidate.made)["passes"] == 8.0


def test_what_cannot_be_afforded_is_not_begun(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAIR_OPERATIONS, "quick", 1e6)
    few = few_rows()
    assert pairs_candidate(stages, nothing(stages), few, RECIPE, says(stages, few, 0.1)) is None
    assert not (trial_folder(stages) / VECTORS).exists()
