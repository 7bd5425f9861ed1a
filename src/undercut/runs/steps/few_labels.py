"""Few labels: every row trains, and cross-validation says what no row can be spared to say.

With five or ten texts a class a tune and a certify split would cost a quarter of the labels and
prove nothing. Each candidate is trained on all rows, and once a fold on the others for what it
says of the fold: those answers choose and mix the models and are their reported quality.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from undercut.build.data.splits import group_rows
from undercut.core.dataset import Dataset, FloatArray, IntArray
from undercut.neural.encoder import MINILM, USE
from undercut.runs.arrays import load_arrays
from undercut.runs.recipe import Recipe
from undercut.runs.report.schema import Note
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidate import MODEL, Candidate
from undercut.runs.steps.data import RunData
from undercut.runs.steps.few_encoders import frozen_candidate, keep
from undercut.runs.steps.few_pairs import pairs_candidate
from undercut.runs.steps.few_rows import EVERY_FOLD, FOLDS, HELD_OUT, FewRows
from undercut.runs.steps.parts import FEW_PER_CLASS
from undercut.runs.steps.training_only import CHOSEN_ROW


def make_few_candidates(
    stages: Stages, made: Made, data: RunData, recipe: Recipe
) -> tuple[Candidate, ...]:
    """Cheapest first: n-grams, frozen encoders with a linear head, and the encoder taught by pairs
    where one fold shows that this pays."""
    judged = len(data.certify)
    rows = FewRows(data.train, row_folds(data.train, judged, recipe.seed), judged)
    encoders = list(dict.fromkeys([recipe.encoder, MINILM if data.english else USE, USE]))
    frozen = [frozen_candidate(stages, made, rows, recipe, encoder) for encoder in encoders]
    pairs = pairs_candidate(stages, made, rows, recipe, frozen[0])
    ngram = _ngram(stages, made, rows, recipe)
    return (ngram, *frozen, *([] if pairs is None else [pairs]))


def few_note(data: RunData) -> Note:
    """What a reader must know of a run without a certificate."""
    rows, classes = len(data.train), len(data.classes)
    need = (FEW_PER_CLASS + 1) * classes
    on, on_zh = "the same rows", "同一批数据"
    if any(finding["rule"] == CHOSEN_ROW for finding in data.facts["split_findings"]):
        judged = len(data.certify)
        on, on_zh = f"the {judged:,} of them drawn at random", f"其中随机抽取的 {judged:,} 条"
    return Note(
        level="warning",
        en=f"Only {rows:,} labels for {classes:,} classes: all of them train, models were chosen "
        f"by {FOLDS}-fold cross-validation on {on}, and nothing is certified. From "
        f"{need:,} labels on some are kept to certify.",
        zh=f"{classes:,} 个类别只有 {rows:,} 条标签：全部用于训练，模型由{on_zh}上的 {FOLDS} 折"
        f"交叉验证选出，没有任何认证。标签达到 {need:,} 条后，才会留出一部分用于认证。",
    )


def held_out(candidate: Candidate) -> FloatArray:
    """(rows, classes): what was said of each judged row by a model that did not see it."""
    return load_arrays(candidate.made.path / HELD_OUT)["probabilities"]


def row_folds(rows: Dataset, judged: int, seed: int) -> IntArray:
    """(rows,) fold of each row, -1 of one that trains in all; texts that say the same are in one.

    judged: the first so many rows. Those after them are edited copies, in their row's fold, and
    rows that were chosen for what they teach.
    """
    from undercut.neural.few_head import folds_of

    groups = group_rows(rows.texts)
    folds = folds_of(groups[:judged], rows.labels[:judged], FOLDS, seed)
    by_group = dict(zip(groups[:judged].tolist(), folds.tolist(), strict=True))
    by_line = dict(zip(rows.lines[:judged].tolist(), folds.tolist(), strict=True))
    further = []
    for line, group in zip(rows.lines[judged:].tolist(), groups[judged:].tolist(), strict=True):
        # a copy follows its row whatever it says itself; rows stand before their copies
        further.append(by_line.setdefault(line, by_group.get(group, EVERY_FOLD)))
    return np.concatenate([folds, np.array(further, dtype=np.int64)])


def _ngram(stages: Stages, data: Made, few: FewRows, recipe: Recipe) -> Candidate:
    from undercut.build.training.ngram import NgramConfig, train_ngram

    config, rows = NgramConfig(seed=recipe.seed), few.rows

    def build(folder: Path) -> None:
        said = np.zeros((few.judged, len(rows.classes)), dtype=np.float32)
        for fold in range(FOLDS):
            part, held = rows.take(few.train(fold)), few.held(fold)
            model = train_ngram(part.texts, part.labels, rows.classes, config, weights=part.weights)
            said[held] = model.predict_proba([rows.texts[row] for row in held])
            stages.tick((fold + 1) / (FOLDS + 1), "cross-validation")
        keep(folder, said)
        model = train_ngram(rows.texts, rows.labels, rows.classes, config, weights=rows.weights)
        (folder / MODEL).mkdir()
        model.save(folder / MODEL)

    made = stages.run(
        "few-ngram",
        "train the n-gram model",
        build,
        version="2",
        config=[config, FOLDS],
        inputs={"data": data},
    )
    return Candidate("ngram", "ngram", made, {"licence": None, "source": "trained here"})
