"""Which texts run together: those of similar length, and no more padding than a run is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from undercut.models.onnx import OnnxModel, OnnxSettings

LENGTHS = [8, 30, 5, 29, 8, 8]


def batches(lengths: list[int], threads: int = 1, **settings: Any) -> list[list[int]]:
    unused: Any = None
    model = OnnxModel(
        ("a", "b"),
        OnnxSettings(**settings),
        tokenizer=unused,
        session=unused,
        folder=Path(),
    )
    ids = [[1] * length for length in lengths]
    return [rows.tolist() for rows in model._batches(ids, threads)]


def test_without_a_known_cost_of_a_run_nothing_is_cut() -> None:
    assert batches(LENGTHS) == [[1, 3, 0, 4, 5, 2]]


@pytest.mark.parametrize(
    ("run_tokens", "expected"),
    [
        (0, [[1], [3], [0, 4, 5], [2]]),
        (2, [[1, 3], [0, 4, 5], [2]]),
        (3, [[1, 3], [0, 4, 5, 2]]),
        (1000, [[1, 3, 0, 4, 5, 2]]),
    ],
)
def test_more_padding_than_a_run_costs_is_cut_off(
    run_tokens: int, expected: list[list[int]]
) -> None:
    assert batches(LENGTHS, run_tokens=run_tokens) == expected


def test_every_text_runs_once_and_limits_hold() -> None:
    lengths = np.random.default_rng(0).integers(1, 120, size=500).tolist()
    found = batches(lengths, threads=2, run_tokens=6, batch_rows=16, batch_tokens=256)
    assert sorted(row for rows in found for row in rows) == list(range(500))
    for rows in found:
        longest = max(lengths[row] for row in rows)
        assert len(rows) <= 16
        assert len(rows) * longest <= 256 or len(rows) == 1
        assert sum(longest - lengths[row] for row in rows) <= 6
