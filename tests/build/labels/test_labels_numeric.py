"""Numeric answers: known means, far answers, workers told apart, intervals that cover."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.build.labels.merging.agreement import (
    Scale,
    interval_alpha,
    krippendorff_alpha,
)
from undercut.build.labels.merging.numeric import NUMERIC_METHODS, Scores, merge_scores
from undercut.build.labels.votes import Votes
from undercut.core.errors import ConfigError, InputError


def crowd(seed: int = 0, items: int = 300, noisy: int = 3) -> tuple[Scores, np.ndarray]:
    """Five answers an item from ten workers, the first `noisy` of them ten times as wild."""
    random = np.random.default_rng(seed)
    truth = random.normal(50, 20, size=items)
    rows = []
    for item in range(items):
        for worker in random.choice(10, size=5, replace=False):
            spread = 30.0 if worker < noisy else 3.0
            rows.append((f"i{item}", f"w{worker}", truth[item] + spread * random.normal()))
    return Scores.of(rows), truth


def test_small_cases_by_hand() -> None:
    scores = Scores.of([("a", w, v) for w, v in zip("12345", (1, 2, 3, 4, 100), strict=True)])
    assert merge_scores(scores, "mean").values[0] == pytest.approx(22)
    assert merge_scores(scores, "median").values[0] == pytest.approx(3)
    assert merge_scores(scores, "trimmed").values[0] == pytest.approx(3)
    assert 2.5 < merge_scores(scores, "huber").values[0] < 4
    even = Scores.of([("a", w, v) for w, v in zip("1234", (1, 2, 4, 100), strict=True)])
    assert merge_scores(even, "median").values[0] == pytest.approx(3)


@pytest.mark.parametrize("method", NUMERIC_METHODS)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12),
    shift=st.floats(-1e3, 1e3),
)
def test_merged_values_stay_within_the_answers_and_move_with_them(
    method: str, values: list[float], shift: float
) -> None:
    rows = [(str(at // 3), str(at % 3), value) for at, value in enumerate(values)]
    merged = merge_scores(Scores.of(rows), method)
    moved = merge_scores(Scores.of([(i, w, v + shift) for i, w, v in rows]), method)
    size = 1 + max(map(abs, values)) + abs(shift)
    for at, item in enumerate(dict.fromkeys(row[0] for row in rows)):
        mine = [value for name, _, value in rows if name == item]
        assert min(mine) - 1e-9 * size <= merged.values[at] <= max(mine) + 1e-9 * size
    if method in {"mean", "median", "trimmed"}:  # the others stop by tolerance
        np.testing.assert_allclose(moved.values, merged.values + shift, atol=1e-7 * size)


def test_catd_finds_the_noisy_workers_and_beats_the_mean() -> None:
    scores, truth = crowd()
    right = truth[[int(name[1:]) for name in scores.items]]
    off = {m: np.abs(merge_scores(scores, m).values - right).mean() for m in NUMERIC_METHODS}
    assert off["catd"] < 0.5 * off["mean"]
    assert off["catd"] < min(off["median"], off["huber"], off["trimmed"])
    merged = merge_scores(scores)
    noisy = np.array([int(name[1:]) < 3 for name in scores.workers])
    assert merged.weight[noisy].max() < 0.1 * merged.weight[~noisy].min()
    assert merged.error[noisy].min() > merged.error[~noisy].max()


def test_a_worker_of_few_answers_is_not_trusted_for_luck() -> None:
    scores, _ = crowd(noisy=0)
    median = merge_scores(scores, "median").values
    lucky = [("i0", "new", float(median[scores.items.index("i0")]))]
    rows = [
        (scores.items[i], scores.workers[w], float(v))
        for i, w, v in zip(scores.item, scores.worker, scores.value, strict=True)
    ]
    merged = merge_scores(Scores.of(rows + lucky))
    assert merged.weight[-1] < merged.weight[:-1].min()


def test_intervals_cover_where_errors_are_gaussian() -> None:
    for method in ("mean", "catd"):
        inside = []
        for seed in range(5):
            scores, truth = crowd(seed, noisy=0)
            merged = merge_scores(scores, method, confidence=0.9)
            right = truth[[int(name[1:]) for name in scores.items]]
            inside.append((merged.low <= right) & (right <= merged.high))
        assert 0.86 < np.mean(inside) < 0.96, method


def test_a_repeated_answer_is_one_voice_and_order_does_not_matter() -> None:
    once = merge_scores(Scores.of([("a", "1", 0), ("a", "2", 10)]), "mean")
    twice = merge_scores(Scores.of([("a", "1", 0), ("a", "2", 10), ("a", "2", 10)]), "mean")
    assert once.values[0] == pytest.approx(twice.values[0]) == pytest.approx(5)
    scores, _ = crowd()
    order = np.random.default_rng(1).permutation(len(scores))
    mixed = Scores(
        scores.items, scores.workers, scores.item[order], scores.worker[order], scores.value[order]
    )
    for method in NUMERIC_METHODS:
        np.testing.assert_allclose(
            merge_scores(scores, method).values, merge_scores(mixed, method).values, rtol=1e-6
        )


def test_odd_input() -> None:
    none = Scores(("a",), (), np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    one = Scores.of([("a", "w", 3.0)])
    for method in NUMERIC_METHODS:
        assert np.isnan(merge_scores(none, method).values).all()
        merged = merge_scores(one, method)
        assert merged.values.tolist() == [3.0]
        assert np.isnan(merged.low).all()
        same = merge_scores(Scores.of([("a", "1", 2.0), ("a", "2", 2.0)]), method)
        assert same.values.tolist() == [2.0]
    with pytest.raises(InputError, match="finite"):
        Scores.of([("a", "w", float("nan"))])
    with pytest.raises(ConfigError, match="does not exist"):
        merge_scores(one, "mode")


def test_interval_alpha_is_krippendorffs() -> None:
    random = np.random.default_rng(0)
    rows = [(str(i), str(w), int(random.integers(9))) for i in range(30) for w in range(i % 4)]
    scores = Scores.of(rows)
    votes = Votes.of([(i, w, str(v)) for i, w, v in rows])
    assert interval_alpha(scores.item, scores.value) == pytest.approx(
        krippendorff_alpha(votes, Scale.INTERVAL)
    )
    assert interval_alpha(np.zeros(0, int), np.zeros(0)) is None


@pytest.mark.skipif("UNDERCUT_SHARED" not in os.environ, reason="public crowd sets not here")
def test_the_plain_mean_has_its_published_error_and_catd_is_near_it() -> None:
    """Mean error 12.02, RMSE 17.84: Zheng et al., Truth Inference in Crowdsourcing (2017)."""
    folder = Path(os.environ["UNDERCUT_SHARED"]) / "data" / "crowd" / "emotion_score"
    answers, truth = (
        list(csv.reader((folder / f"{name}.csv").open()))[1:] for name in ("answers", "truth")
    )
    scores = Scores.of([(item, worker, float(value)) for item, worker, value in answers])
    known = {item: float(value) for item, value in truth}
    right = np.array([known[name] for name in scores.items])
    off = merge_scores(scores, "mean").values - right
    assert np.abs(off).mean() == pytest.approx(12.02, abs=0.005)
    assert np.sqrt((off**2).mean()) == pytest.approx(17.84, abs=0.005)
    assert np.abs(merge_scores(scores).values - right).mean() < 12.2
