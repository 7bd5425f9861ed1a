"""Merging votes: simulated workers with known confusions, crowd-kit, and votes that are odd."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from undercut.build.labels.merging.merge import DEFAULT, METHODS, merge
from undercut.build.labels.votes import Votes
from undercut.core.errors import ConfigError, InputError

CROWD_SETS = (
    "dog",
    "duck",
    "music_genre",
    "product_match",
    "tweet_sentiment",
    "weather_sentiment",
    "weather_sentiment_amt",
    "web_relevance",
)


def simulated(seed: int = 0, items: int = 400, classes: int = 3) -> tuple[Votes, np.ndarray]:
    """Five votes an item from twelve workers: ten decent ones, two that always say class 0."""
    random = np.random.default_rng(seed)
    truth = random.integers(classes, size=items)
    rows = []
    for item, right in enumerate(truth):
        for worker in random.choice(12, size=5, replace=False):
            accuracy = 0.6 + 0.03 * worker
            label = right if random.random() < accuracy else random.integers(classes)
            rows.append((f"i{item}", f"w{worker}", str(0 if worker >= 10 else label)))
    return Votes.of(rows), truth


@pytest.mark.parametrize("method", METHODS)
def test_beliefs_are_probabilities_and_mostly_right(method: str) -> None:
    votes, truth = simulated()
    merged = merge(votes, method)
    assert merged.probabilities.shape == (len(truth), 3)
    np.testing.assert_allclose(merged.probabilities.sum(axis=1), 1.0)
    assert (merged.labels == truth).mean() > 0.82
    assert merged.skill.shape == (12,)


def test_a_confusion_is_learnt_and_the_constant_worker_is_seen_through() -> None:
    votes, truth = simulated()
    merged = merge(votes)
    plain = merge(votes, "majority")
    assert (merged.labels == truth).mean() > (plain.labels == truth).mean()
    constant = votes.workers.index("w11")
    assert merged.confusion is not None
    assert merged.confusion[constant, :, 0].min() > 0.9
    best = votes.workers.index("w9")
    assert merged.confusion[best].diagonal().min() > 0.8


def test_dawid_skene_and_one_coin_say_what_crowd_kit_says() -> None:
    from crowdkit.aggregation import DawidSkene, OneCoinDawidSkene

    votes, _ = simulated(seed=3)
    frame = pd.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
    for method, theirs in (("dawid_skene", DawidSkene()), ("one_coin", OneCoinDawidSkene())):
        labels = theirs.fit_predict(frame).reindex(range(len(votes.items))).to_numpy()
        assert (merge(votes, method).labels == labels).mean() >= 0.99


def test_mace_says_what_crowd_kit_says() -> None:
    from crowdkit.aggregation import MACE

    votes, _ = simulated(seed=3)
    # its random start numbers workers and classes as they appear
    votes = replace(votes, label=pd.factorize(votes.label)[0])
    frame = pd.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
    theirs = MACE(n_restarts=1).fit_predict_proba(frame)
    theirs = theirs.reindex(index=range(len(votes.items)), columns=range(3)).to_numpy()
    ours = merge(votes, "mace", discount_copies=False).probabilities
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_votes_and_the_names_of_workers_do_not_matter(method: str) -> None:
    votes, _ = simulated(items=60)
    order = np.random.default_rng(1).permutation(len(votes))
    again = merge(votes.take(order), method)
    np.testing.assert_allclose(again.probabilities, merge(votes, method).probabilities, atol=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_gold_is_kept_whatever_the_votes_say(method: str) -> None:
    votes, truth = simulated(items=80)
    wrong = str((truth[0] + 1) % 3)
    merged = merge(votes, method, gold={"i0": wrong, "unasked": "0"})
    assert merged.probabilities[0, votes.classes.index(wrong)] == pytest.approx(1.0)


def test_gold_of_an_unknown_class_is_refused() -> None:
    votes, _ = simulated(items=5)
    with pytest.raises(InputError, match="'9' of item 'i0'"):
        merge(votes, gold={"i0": "9"})


def test_an_unknown_method_is_refused_with_the_names_of_the_others() -> None:
    votes, _ = simulated(items=5)
    with pytest.raises(ConfigError, match="dawid_skene_map"):
        merge(votes, "magic")


def test_no_class_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="at least one class"):
        merge(Votes.of([]))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "rows",
    [
        [("a", "w", "x")],
        [("a", "w", "x"), ("b", "w", "y")],
        [("a", "w", "x"), ("a", "v", "y")],
        [("a", "w", "x")] * 3 + [("a", "v", "y")],
    ],
    ids=["one vote", "one worker", "a tie", "one voice repeated"],
)
def test_few_votes_give_finite_beliefs(method: str, rows: list[tuple[str, str, str]]) -> None:
    merged = merge(Votes.of(rows), method)
    assert np.isfinite(merged.probabilities).all()
    assert np.isfinite(merged.skill).all()


@pytest.mark.parametrize("method", METHODS)
def test_an_item_without_votes_and_a_worker_without_answers_are_carried(method: str) -> None:
    votes, _ = simulated(items=50)
    wider = Votes(
        (*votes.items, "unasked"),
        (*votes.workers, "idle"),
        votes.classes,
        votes.item,
        votes.worker,
        votes.label,
    )
    merged = merge(wider, method)
    assert merged.probabilities[-1].sum() == pytest.approx(1.0)
    assert np.isfinite(merged.skill[-1])


def test_a_voice_repeated_counts_once() -> None:
    merged = merge(Votes.of([("a", "w", "x")] * 3 + [("a", "v", "y")]), "majority")
    np.testing.assert_allclose(merged.probabilities, [[0.5, 0.5]])


@pytest.mark.skipif("UNDERCUT_SHARED" not in os.environ, reason="real crowd answers are absent")
def test_the_default_beats_crowd_kits_best_mean_on_eight_real_sets() -> None:
    root = Path(os.environ["UNDERCUT_SHARED"]) / "data" / "crowd"
    accuracies = [crowd_accuracy(root / name, DEFAULT) for name in CROWD_SETS]
    assert np.mean(accuracies) >= 0.8624  # crowd-kit 1.4.2, Dawid-Skene, same files
    assert np.mean(accuracies) >= 0.875  # the weak prior, the default before, has .8693


def crowd_accuracy(folder: Path, method: str) -> float:
    with (folder / "answers.csv").open() as file:
        votes = Votes.of([(row[0], row[1], row[2]) for row in list(csv.reader(file))[1:]])
    with (folder / "truth.csv").open() as file:
        truth = {row[0]: row[1] for row in list(csv.reader(file))[1:]}
    named = dict(zip(votes.items, merge(votes, method).labels, strict=True))
    right = [item in named and votes.classes[named[item]] == truth[item] for item in truth]
    return float(np.mean(right))
