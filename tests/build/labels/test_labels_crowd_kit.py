"""Every method that crowd-kit has is as accurate as crowd-kit's, on real crowds with truth."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from undercut.build.labels.merging.merge import merge
from undercut.build.labels.votes import Votes

THEIRS = {
    "majority": "MajorityVote",
    "weighted_majority": "Wawa",
    "zero_based_skill": "ZeroBasedSkill",
    "one_coin": "OneCoinDawidSkene",
    "dawid_skene": "DawidSkene",
    "glad": "GLAD",
    "mace": "MACE",
}
# crowd-kit 1.4.2 begins every restart from the same numbers.
SETTINGS = {"mace": {"n_restarts": 1}}
SMALL = ("weather_sentiment", "duck")
LARGE = (
    "dog",
    "music_genre",
    "tweet_sentiment",
    "weather_sentiment_amt",
    "web_relevance",
    "product_match",
)
CASES = [
    *((method, name) for method in THEIRS if method != "glad" for name in SMALL),
    *(
        pytest.param(method, name, marks=pytest.mark.slow)
        for method in THEIRS
        for name in (*(SMALL if method == "glad" else ()), *LARGE)
    ),
]


@pytest.fixture(autouse=True)
def _scikit_learn_lets_crowd_kit_run(monkeypatch: pytest.MonkeyPatch) -> None:
    # crowd-kit 1.4.2 asks for the tags of estimators, which its own are not, and fails on that.
    from crowdkit.aggregation.classification import wawa, zero_based_skill

    for module in (wawa, zero_based_skill):
        monkeypatch.setattr(module, "check_is_fitted", lambda *_, **__: None)


@pytest.mark.skipif("UNDERCUT_SHARED" not in os.environ, reason="real crowd answers are absent")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("method", "name"), CASES)
def test_accuracy_is_crowd_kits(method: str, name: str) -> None:
    import crowdkit.aggregation

    folder = Path(os.environ["UNDERCUT_SHARED"]) / "data" / "crowd" / name
    rows = [(row[0], row[1], row[2]) for row in _table(folder / "answers.csv")]
    truth = pd.Series({row[0]: row[1] for row in _table(folder / "truth.csv")})
    # Where votes tie, crowd-kit takes the class that its file shows first, or the first by name.
    classes = list(dict.fromkeys(row[2] for row in rows))
    votes = Votes.of(rows, classes=sorted(classes) if method == "zero_based_skill" else classes)
    merged = merge(votes, method, discount_copies=False)
    ours = pd.Series([votes.classes[label] for label in merged.labels], index=votes.items)
    frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
    theirs = getattr(crowdkit.aggregation, THEIRS[method])(**SETTINGS.get(method, {}))
    found = _by_number(theirs, votes) if method == "mace" else theirs.fit_predict(frame)
    accuracies = [float((labels.reindex(truth.index) == truth).mean()) for labels in (ours, found)]
    assert np.diff(accuracies) == pytest.approx(0, abs=0.002), accuracies


def _by_number(theirs: Any, votes: Votes) -> pd.Series:
    """crowd-kit 1.4.2's MACE gives habits to the wrong workers unless names sort as they appear."""
    frame = pd.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
    labels = theirs.fit_predict(frame)
    return labels.rename(lambda at: votes.items[at]).map(lambda at: votes.classes[at])


def _table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]
