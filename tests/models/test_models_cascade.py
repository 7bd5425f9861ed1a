"""The cascade: who answers, what is run, and what mixing and tempering do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from undercut.core.errors import ArtefactError
from undercut.models.cascade import (
    Cascade,
    CascadeSpec,
    StageSpec,
    answer,
    margin,
    mix,
    temper,
)


def probabilities(rows: int, classes: int, seed: int, sharpness: float = 3.0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(rows, classes)) * sharpness
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)


class Recorder:
    """Stored probabilities that note which rows were asked of which model."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.asked: list[tuple[str, list[int]]] = []

    def __call__(self, model: str, rows: np.ndarray) -> np.ndarray:
        self.asked.append((model, rows.tolist()))
        return self.arrays[model][rows]


def two_stages(threshold: float) -> CascadeSpec:
    return CascadeSpec(
        stages=(
            StageSpec(name="small", weights={"small": 1.0}, threshold=threshold),
            StageSpec(name="large", weights={"small": 0.25, "large": 0.75}),
        )
    )


def test_sure_rows_stop_and_only_the_others_go_on() -> None:
    arrays = {"small": probabilities(200, 5, 0), "large": probabilities(200, 5, 1)}
    recorder = Recorder(arrays)
    answers = answer(two_stages(0.5), 200, recorder)

    unsure = np.flatnonzero(margin(arrays["small"]) < 0.5)
    assert 0 < len(unsure) < 200
    assert recorder.asked == [("small", list(range(200))), ("large", unsure.tolist())]
    assert np.array_equal(np.flatnonzero(answers.stages == 1), unsure)
    mixed = 0.25 * arrays["small"] + 0.75 * arrays["large"]
    assert np.array_equal(answers.labels[unsure], mixed[unsure].argmax(axis=1))
    sure = answers.stages == 0
    assert np.array_equal(answers.labels[sure], arrays["small"][sure].argmax(axis=1))
    np.testing.assert_allclose(answers.confidence[unsure], mixed[unsure].max(axis=1), rtol=1e-6)


@given(st.floats(0.0, 1.0), st.integers(0, 10_000))
def test_the_answer_of_a_row_does_not_depend_on_its_neighbours(threshold: float, seed: int) -> None:
    arrays = {"small": probabilities(12, 4, seed), "large": probabilities(12, 4, seed + 1)}
    spec = two_stages(threshold)
    together = answer(spec, 12, lambda model, rows: arrays[model][rows])
    for row in range(12):
        alone = answer(spec, 1, lambda model, rows, row=row: arrays[model][row : row + 1])
        assert alone.labels[0] == together.labels[row]
        assert alone.stages[0] == together.stages[row]


def test_no_rows_give_no_answers() -> None:
    answers = answer(two_stages(0.5), 0, lambda model, rows: np.empty((0, 3), dtype=np.float32))
    assert len(answers.labels) == len(answers.confidence) == len(answers.stages) == 0


def test_temper_keeps_the_order_and_the_sum() -> None:
    rows = probabilities(50, 7, 3)
    sharp, flat = temper(rows, 0.5), temper(rows, 2.0)
    assert np.array_equal(sharp.argmax(axis=1), rows.argmax(axis=1))
    np.testing.assert_allclose(sharp.sum(axis=1), 1.0, rtol=1e-5)
    assert (sharp.max(axis=1) >= rows.max(axis=1) - 1e-6).all()
    assert (flat.max(axis=1) <= rows.max(axis=1) + 1e-6).all()
    assert temper(rows, 1.0) is rows
    # 0.8 : 0.2 at temperature 1/2 is 0.64 : 0.04
    two = temper(np.array([[0.8, 0.2]], dtype=np.float32), 0.5)
    np.testing.assert_allclose(two, [[0.64 / 0.68, 0.04 / 0.68]], rtol=1e-5)


def test_mix_is_the_weighted_mean() -> None:
    first, second = probabilities(4, 3, 0), probabilities(4, 3, 1)
    mixed = mix({"a": first, "b": second}, {"a": 0.3, "b": 0.7})
    np.testing.assert_allclose(mixed, 0.3 * first + 0.7 * second, rtol=1e-6)


def test_margin_of_one_class_is_certain() -> None:
    assert margin(np.ones((3, 1), dtype=np.float32)).tolist() == [1.0, 1.0, 1.0]


def test_the_last_stage_must_answer_everything() -> None:
    with pytest.raises(ValidationError, match="threshold must be 0"):
        CascadeSpec(stages=(StageSpec(name="only", weights={"a": 1.0}, threshold=0.5),))


def test_a_missing_model_is_named() -> None:
    with pytest.raises(ArtefactError, match="large"):
        Cascade(two_stages(0.5), {}, ("a", "b"))


def test_added_models_are_those_no_earlier_stage_ran() -> None:
    spec = two_stages(0.5)
    assert spec.models == ("small", "large")
    assert spec.added_models(0) == ("small",)
    assert spec.added_models(1) == ("large",)
