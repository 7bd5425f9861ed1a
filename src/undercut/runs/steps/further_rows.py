"""Texts that a model labelled: they teach what is smaller than the teacher, never the teacher.

The teacher learns from labels that were bought, and is asked about these texts; its students learn
from what it says of them, as of all others.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.core.dataset import Dataset
from undercut.models.folder import load_model
from undercut.models.threads import available_cores
from undercut.runs.arrays import save_arrays
from undercut.runs.recipe import Recipe, training_rows
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import OPINIONS, Candidate, train_probabilities
from undercut.runs.steps.data import RunData


def rows_to_learn(data: RunData, recipe: Recipe) -> tuple[Dataset, Dataset]:
    """What teaches the teacher, and what teaches all others: the same rows, then a model's.

    A seeded sample of very many rows; a model's take what the others leave.
    """
    bought = len(data.train) - data.pseudo
    own = training_rows(data.train.take(np.arange(bought)), recipe)
    if not data.pseudo:
        return own, own
    left = max(recipe.rows - len(own), 0)
    further = np.random.default_rng(recipe.seed).permutation(data.pseudo)[:left]
    rows = data.train.take(bought + np.sort(further))
    return own, _joined(own, rows)


def teacher_of(stages: Stages, main: Candidate, rows: Dataset, own: int) -> Candidate:
    """The teacher with its opinions of all rows, the first `own` of which taught it."""
    if len(rows) == own:
        return main

    def build(folder: Path) -> None:
        model = load_model(main.folder)
        further = model.predict_proba(rows.texts[own:], threads=available_cores())
        said = np.concatenate([train_probabilities(main), further]).astype(np.float32)
        save_arrays(folder / OPINIONS, {"probabilities": said})

    made: Made = stages.run(
        "teacher-further",
        f"ask {main.name} about texts that a model labelled",
        build,
        version="1",
        inputs={"teacher": main.made},
        config=[len(rows), own],
    )
    return replace(main, made=made)


def _joined(own: Dataset, further: Dataset) -> Dataset:
    ones = [
        np.ones(len(part), np.float32) if part.weights is None else part.weights
        for part in (own, further)
    ]
    return replace(
        own,
        texts=(*own.texts, *further.texts),
        labels=np.concatenate([own.labels, further.labels]),
        lines=np.concatenate([own.lines, further.lines]),
        weights=np.concatenate(ones),
    )
