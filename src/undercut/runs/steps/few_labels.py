"""Few labels: every row trains, and cross-validation says what no row can be spared to say.

With five or ten texts a class a tune and a certify split would cost a quarter of the labels and
prove nothing. Each candidate is trained on all rows, and once a fold on the others for what it
says of the fold: those answers choose and mix the models and are their reported quality.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from undercut.build.data.splits import group_rows
from undercut.core.dataset import Dataset, FloatArray, IntArray
from undercut.neural.encoder import MINILM, USE
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.recipe import Recipe
from undercut.runs.report.schema import Note
from undercut.runs.stages import Made, Stages
from undercut.runs.steps.candidates import MODEL, Candidate, facts_of, prepare, store
from undercut.runs.steps.data import FEW_PER_CLASS, RunData

if TYPE_CHECKING:
    from torch import Tensor

    from undercut.neural.classifier import Classifier
    from undercut.neural.contrastive import ContrastiveConfig
    from undercut.neural.few_head import FoldedHead

FOLDS = 4
HELD_OUT = "held_out.safetensors"


def make_few_candidates(
    stages: Stages, made: Made, data: RunData, recipe: Recipe
) -> tuple[Candidate, ...]:
    """N-grams, frozen encoders with a linear head, and the encoder taught by pairs."""
    rows = data.train
    folds = row_folds(rows, recipe.seed)
    encoders = list(dict.fromkeys([recipe.encoder, MINILM if data.english else USE, USE]))
    return (
        _ngram(stages, made, rows, folds, recipe),
        *(_frozen(stages, made, rows, folds, recipe, encoder) for encoder in encoders),
        _contrastive(stages, made, rows, folds, recipe),
    )


def few_note(data: RunData) -> Note:
    """What a reader must know of a run without a certificate."""
    rows, classes = len(data.train), len(data.classes)
    need = (FEW_PER_CLASS + 1) * classes
    return Note(
        level="warning",
        en=f"Only {rows:,} labels for {classes:,} classes: all of them train, models were chosen "
        f"by {FOLDS}-fold cross-validation on the same rows, and nothing is certified. From "
        f"{need:,} labels on some are kept to certify.",
        zh=f"{classes:,} 个类别只有 {rows:,} 条标签：全部用于训练，模型由同一批数据上的 {FOLDS} 折"
        f"交叉验证选出，没有任何认证。标签达到 {need:,} 条后，才会留出一部分用于认证。",
    )


def held_out(candidate: Candidate) -> FloatArray:
    """(rows, classes): what was said of each training row by a model that did not see it."""
    return load_arrays(candidate.made.path / HELD_OUT)["probabilities"]


def row_folds(rows: Dataset, seed: int) -> IntArray:
    """(rows,) fold of each row; texts that say the same are in one."""
    from undercut.neural.few_head import folds_of

    return folds_of(group_rows(rows.texts), rows.labels, FOLDS, seed)


def _ngram(stages: Stages, data: Made, rows: Dataset, folds: IntArray, recipe: Recipe) -> Candidate:
    from undercut.build.training.ngram import NgramConfig, train_ngram

    config = NgramConfig(seed=recipe.seed)

    def build(folder: Path) -> None:
        said = np.zeros((len(rows), len(rows.classes)), dtype=np.float32)
        for fold in range(FOLDS):
            part, held = rows.take(np.flatnonzero(folds != fold)), np.flatnonzero(folds == fold)
            model = train_ngram(part.texts, part.labels, rows.classes, config, weights=part.weights)
            said[held] = model.predict_proba([rows.texts[row] for row in held])
            stages.tick((fold + 1) / (FOLDS + 1), "cross-validation")
        _keep(folder, said)
        model = train_ngram(rows.texts, rows.labels, rows.classes, config, weights=rows.weights)
        (folder / MODEL).mkdir()
        model.save(folder / MODEL)

    made = stages.run(
        "few-ngram",
        "train the n-gram model",
        build,
        version="1",
        config=[config, FOLDS],
        inputs={"data": data},
    )
    return Candidate("ngram", "ngram", made, {"licence": None, "source": "trained here"})


def _frozen(
    stages: Stages, data: Made, rows: Dataset, folds: IntArray, recipe: Recipe, encoder: str
) -> Candidate:
    """A linear head on an encoder as it comes."""
    name = f"{Path(encoder).name}-frozen"

    def build(folder: Path) -> None:
        from undercut.neural.encoder import encode
        from undercut.neural.few_head import Fold, choose_head, set_head

        classifier, tokens, limit = prepare(rows, rows, recipe, encoder, None)
        classifier.eval()
        vectors = encode(classifier.encoder, tokens[0])
        parts = [
            Fold(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold), vectors)
            for fold in range(FOLDS)
        ]
        head = choose_head(parts, rows.labels, len(rows.classes))
        set_head(classifier, vectors, rows.labels, head.penalty)
        _keep(folder, head.probabilities)
        store(folder, classifier, rows, limit, _learnt(head))

    made = stages.run(
        f"few-{name}",
        f"train a linear head on {Path(encoder).name}",
        build,
        version="1",
        config=[encoder, recipe.max_tokens, FOLDS, recipe.seed],
        inputs={"data": data},
    )
    return Candidate(name, "frozen", made, facts_of(made))


def _contrastive(
    stages: Stages, data: Made, rows: Dataset, folds: IntArray, recipe: Recipe
) -> Candidate:
    """The encoder taught by pairs of labelled texts, then a linear head."""
    from undercut.neural.contrastive import ContrastiveConfig

    config = ContrastiveConfig(seed=recipe.seed)
    name = f"{Path(recipe.encoder).name}-pairs"

    def build(folder: Path) -> None:
        from undercut.neural.few_head import Fold, choose_head, set_head

        parts = []
        for fold in range(FOLDS):
            train, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            ticker = _share(stages, fold)
            _, vectors, _ = _taught(rows, train, recipe, config, ticker)
            parts.append(Fold(train, held, vectors))
        head = choose_head(parts, rows.labels, len(rows.classes))
        ticker = _share(stages, FOLDS)
        classifier, vectors, limit = _taught(rows, np.arange(len(rows)), recipe, config, ticker)
        set_head(classifier, vectors, rows.labels, head.penalty)
        _keep(folder, head.probabilities)
        store(folder, classifier, rows, limit, _learnt(head))

    made = stages.run(
        f"few-{name}",
        f"teach {Path(recipe.encoder).name} by pairs",
        build,
        version="1",
        config=[recipe.encoder, asdict(config), recipe.max_tokens, FOLDS],
        inputs={"data": data},
    )
    return Candidate(name, "transformer", made, facts_of(made))


def _taught(
    rows: Dataset,
    train: IntArray,
    recipe: Recipe,
    config: ContrastiveConfig,
    ticker: Callable[[float], None],
) -> tuple[Classifier, Tensor, int]:
    """A fresh classifier whose encoder was taught on `train`, and its vectors of all rows."""
    from undercut.neural.contrastive import fit_contrastive
    from undercut.neural.encoder import encode

    classifier, tokens, limit = prepare(rows, rows, recipe, recipe.encoder, None)
    fit_contrastive(
        classifier.encoder, tokens[0].take(train), rows.labels[train], config, report=ticker
    )
    return classifier, encode(classifier.encoder, tokens[0]), limit


def _share(stages: Stages, fold: int) -> Callable[[float], None]:
    def report(done: float) -> None:
        stages.tick((fold + done) / (FOLDS + 1), "pairs" if fold == FOLDS else "cross-validation")

    return report


def _keep(folder: Path, said: FloatArray) -> None:
    save_arrays(folder / HELD_OUT, {"probabilities": said})


def _learnt(head: FoldedHead) -> dict[str, object]:
    return {"penalty": head.penalty, "fold_accuracy": list(head.accuracy)}
