"""Training of the n-gram linear model: multinomial logistic regression on tf-idf features.

A text's features are words, word sequences and the character n-grams of its words, each once,
weighted by inverse document frequency and divided by the length of the vector. The n-grams of
a word come with the word, so the design matrix is a product of two small sparse matrices
(texts x units, units x features), eight times cheaper to multiply by than the product itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator

from undercut.build.training.lbfgs import Progress
from undercut.build.training.ngram_vocabulary import Vocabulary, learn_vocabulary
from undercut.build.training.softmax_regression import Design, choose_penalty, fit_softmax
from undercut.core.dataset import FloatArray, IntArray, weighted_targets
from undercut.core.errors import InputError
from undercut.models.ngram import NgramModel, text_blocks

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_LEAST_LENGTH = 1e-3


class NgramConfig(BaseModel):
    """Settings of the n-gram model; the defaults were chosen on training rows, English and Chinese.

    gram_orders: shortest and longest character n-gram, word boundaries counted.
    longest_sequence: words in the longest sequence.
    longest_run: characters in the longest sequence where a character is a token (Chinese).
    min_documents: texts in which a sequence or n-gram must stand to be learnt.
    max_words, max_cells: bounds on the vocabulary; cells are features times classes.
    penalties: weights of half the squared weights against the mean log loss; where there are
    several, the one with the least held-out loss is taken.
    seed: draws those rows.
    iterations, tolerance: when L-BFGS stops.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gram_orders: tuple[int, int] = (2, 5)
    longest_sequence: int = Field(default=2, ge=1, le=5)
    longest_run: int = Field(default=3, ge=1, le=5)
    min_documents: int = Field(default=2, ge=1)
    max_words: int = Field(default=50_000, ge=1)
    max_cells: int = Field(default=8_000_000, ge=1)
    penalties: tuple[PositiveFloat, ...] = Field(
        default=(1e-4, 3e-5, 1e-5, 3e-6, 1e-6), min_length=1
    )
    seed: int = Field(default=0, ge=0)
    iterations: int = Field(default=60, ge=1)
    tolerance: float = Field(default=1e-4, ge=0)

    @field_validator("gram_orders")
    @classmethod
    def _orders_ascend(cls, orders: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= orders[0] <= orders[1] <= 8:
            raise ValueError(f"must be (shortest, longest) within 1 to 8, got {orders}")
        return orders


def train_ngram(
    texts: Sequence[str],
    labels: IntArray,
    classes: tuple[str, ...],
    config: NgramConfig,
    *,
    soft_targets: FloatArray | None = None,
    weights: FloatArray | None = None,
    progress: Progress | None = None,
) -> NgramModel:
    """Fit the n-gram model; the same rows and config give the same model.

    texts, labels: (rows,), labels are ids into classes.
    soft_targets: (rows, classes) probabilities to be learnt in place of the labels, such as a
    teacher's: the cross-entropy against them differs from the KL divergence by a constant.
    weights: (rows,) above 0, what each row counts; only their proportions matter. Features and
    their document frequencies do not depend on them.
    progress: called with iterations done and the most there can be.
    Raises InputError where shapes or ids do not fit, or there are no rows.
    """
    targets = weighted_targets(_targets(len(texts), labels, len(classes), soft_targets), weights)
    vocabulary = learn_vocabulary(
        texts,
        gram_orders=config.gram_orders,
        longest_sequence=config.longest_sequence,
        longest_run=config.longest_run,
        min_documents=config.min_documents,
        max_words=config.max_words,
        max_features=max(config.max_cells // (len(classes) + 1), 1),
    )
    design, gram_idf = _design(texts, vocabulary)
    penalty = choose_penalty(
        design,
        targets,
        config.penalties,
        iterations=config.iterations,
        tolerance=config.tolerance,
        seed=config.seed,
    )
    fitted = fit_softmax(
        design,
        targets,
        penalty=penalty,
        iterations=config.iterations,
        tolerance=config.tolerance,
        progress=progress,
    )
    return _model(classes, vocabulary, design.units, gram_idf, fitted)


def out_of_fold_proba(
    texts: Sequence[str],
    labels: IntArray,
    classes: tuple[str, ...],
    config: NgramConfig,
    *,
    folds: int = 5,
    seed: int = 0,
    soft_targets: FloatArray | None = None,
) -> FloatArray:
    """Probabilities of each row from a model that did not see it, (rows, classes) float32.

    For fitting what stands behind this model: a combination, a threshold, a calibration.
    Rows with the same text share a fold; classes are spread evenly over folds.
    """
    fold = _folds(texts, labels, folds=folds, seed=seed)
    result = np.zeros((len(texts), len(classes)), dtype=np.float32)
    for number in range(folds):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not len(held):
            continue
        model = train_ngram(
            [texts[int(i)] for i in rest],
            labels[rest],
            classes,
            config,
            soft_targets=None if soft_targets is None else soft_targets[rest],
        )
        result[held] = model.predict_proba([texts[int(i)] for i in held])
    return result


def _folds(texts: Sequence[str], labels: IntArray, *, folds: int, seed: int) -> IntArray:
    distinct = {text: i for i, text in reversed(list(enumerate(texts)))}
    if folds < 2 or len(distinct) < folds:
        raise InputError(
            f"{folds} folds of {len(distinct)} different texts cannot be made",
            hint="give at least 2 folds and as many different texts as folds",
        )
    first = np.array(sorted(distinct.values()), dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(first)
    # Dealt out in turn, one class after the other.
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold = np.empty(len(texts), dtype=np.int64)
    fold[dealt] = np.arange(len(dealt)) % folds
    return fold[[distinct[text] for text in texts]]


def _targets(
    rows: int, labels: IntArray, classes: int, soft_targets: FloatArray | None
) -> FloatArray:
    if rows == 0 or len(labels) != rows:
        raise InputError(
            f"texts and labels must be equally many and at least one, got {rows} and {len(labels)}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(f"labels must lie in [0, {classes}), got {labels.min()} to {labels.max()}")
    if soft_targets is None:
        return np.eye(classes, dtype=np.float32)[labels]
    if soft_targets.shape != (rows, classes):
        raise InputError(
            f"soft_targets must have shape {(rows, classes)}, got {soft_targets.shape}"
        )
    return soft_targets.astype(np.float32)


def _idf(documents: IntArray, texts: int) -> FloatArray:
    """Inverse document frequency, smoothed as if one more text held every feature."""
    return (np.log((1 + texts) / (1 + documents)) + 1).astype(np.float32)


def _design(texts: Sequence[str], vocabulary: Vocabulary) -> tuple[Design, FloatArray]:
    from scipy import sparse

    features = vocabulary.features
    ids, counts, unknown = _read_all(texts, vocabulary)
    units = features.rows + len(unknown)
    starts = np.concatenate(([0], np.cumsum(counts)))
    ones = np.ones(len(ids), dtype=np.float32)
    held = sparse.csr_array((ones, ids, starts), shape=(len(texts), units))

    own_idf = _idf(np.bincount(ids, minlength=units)[: features.rows], len(texts))
    gram_idf = _idf(vocabulary.gram_documents, len(texts))
    own = sparse.diags_array(own_idf, shape=(units, features.rows), dtype=np.float32)
    spelling = sparse.hstack([own, _spelling(vocabulary, unknown, gram_idf)]).tocsr()
    lengths = np.sqrt(held @ _squares(spelling))
    scale = 1 / np.maximum(lengths, _LEAST_LENGTH)
    held.data *= np.repeat(scale, counts)
    return Design(texts=held, units=spelling.astype(np.float32)), gram_idf


def _read_all(
    texts: Sequence[str], vocabulary: Vocabulary
) -> tuple[IntArray, IntArray, dict[str, int]]:
    """Unit ids by text, their counts, and words outside the vocabulary, numbered for all texts."""
    rows = vocabulary.features.rows
    ids, counts, unknown = [], [], dict[str, int]()
    for block in text_blocks(texts):
        reading = vocabulary.features.read(texts[block])
        renumbered = [unknown.setdefault(word, len(unknown)) for word in reading.unknown]
        number = np.array(renumbered, dtype=np.int64) + rows
        outside = reading.ids >= rows
        block_ids = reading.ids.copy()
        block_ids[outside] = number[reading.ids[outside] - rows]
        ids.append(block_ids)
        counts.append(reading.counts)
    return np.concatenate(ids), np.concatenate(counts), unknown


def _spelling(vocabulary: Vocabulary, unknown: dict[str, int], gram_idf: FloatArray) -> Any:
    """(units, grams) csr: the weighted character n-grams of each word; sequences have none."""
    from scipy import sparse

    features = vocabulary.features
    known_grams, known_counts = features.grams(features.words)
    other_grams, other_counts = features.grams(tuple(unknown))
    grams = np.concatenate([known_grams, other_grams])
    none = np.zeros(len(features.sequence_keys), dtype=np.int64)
    counts = np.concatenate([[0], known_counts, none, other_counts])
    shape = (len(counts) - 1, len(features.gram_keys))
    return sparse.csr_array((gram_idf[grams], grams, np.cumsum(counts)), shape=shape)


def _squares(units: csr_array) -> FloatArray:
    return np.asarray(units.multiply(units).sum(axis=1), dtype=np.float32).ravel()


def _model(
    classes: tuple[str, ...],
    vocabulary: Vocabulary,
    units: csr_array,
    gram_idf: FloatArray,
    weights: FloatArray,
) -> NgramModel:
    features = vocabulary.features
    known = units[: features.rows]
    grams = gram_idf[:, None] * weights[features.rows : -1]
    return NgramModel(
        classes=classes,
        features=features,
        rows=_rounded(known @ weights[:-1], _squares(known)),
        gram_rows=_rounded(grams, gram_idf**2),
        bias=weights[-1].copy(),
    )


def _rounded(weights: FloatArray, squared_length: FloatArray) -> FloatArray:
    """Rows as they will be after saving: prediction is the same before and after."""
    return np.column_stack([weights, squared_length]).astype(np.float16).astype(np.float32)
