"""What the student of a labelling job sees of the texts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from undercut.build.labels.deciding.panel import leave_one_out
from undercut.runs.labelling import vectors as vectors_module
from undercut.runs.labelling.vectors import text_vectors

BANKING77 = Path(__file__).parents[3] / "src" / "undercut" / "assets" / "banking77"
MULTILINGUAL = 512


def errors(vectors: np.ndarray, labels: np.ndarray) -> int:
    """Texts that a ridge model gets wrong which learnt from all others."""
    targets = np.eye(int(labels.max()) + 1)[labels]
    scores = leave_one_out(vectors, targets, np.ones(len(labels)), 0.3)
    return int((scores.argmax(axis=1) != labels).sum())


def test_the_student_of_english_texts_sees_them_through_two_encoders_and_errs_less() -> None:
    with (BANKING77 / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::10]
    names = sorted({row["intent"] for row in rows})
    labels = np.array([names.index(row["intent"]) for row in rows])

    vectors = text_vectors([row["text"] for row in rows])

    assert vectors.shape[1] > MULTILINGUAL
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    both, multilingual, english = (
        errors(part / np.linalg.norm(part, axis=1, keepdims=True), labels)
        for part in (vectors, vectors[:, :MULTILINGUAL], vectors[:, MULTILINGUAL:])
    )
    assert both < 0.9 * multilingual
    assert both <= 1.03 * english  # less on all texts; on so few that may be chance


def test_chinese_texts_and_very_many_keep_the_multilingual_encoder_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert text_vectors(["我的卡在哪里?", "什么时候发货"]).shape == (2, MULTILINGUAL)
    monkeypatch.setattr(vectors_module, "MOST_OF_BOTH", 1)
    texts = ["Where is my card?", "When will it be sent?"]
    assert text_vectors(texts).shape == (2, MULTILINGUAL)
