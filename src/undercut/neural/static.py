"""A static model trained on soft targets: a teacher's probabilities, labels, or both mixed.

What measured best on short texts: token vectors that start from the encoder's input embeddings,
rows for neighbouring tokens that start at zero and go straight to the scores, and dropping both at
random, the pairs twice as often, since most of them are seen once or twice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import InputError
from undercut.models.static import StaticModel, bare
from undercut.models.static_words import TokenTable
from undercut.neural.fit import FitProgress, Report
from undercut.neural.one_thread import one_thread
from undercut.neural.static_features import Bags, Vocabulary, find_vocabulary, read_tokens
from undercut.neural.static_student import SCALE, StaticConfig, Student

__all__ = ["StaticConfig", "distil_static", "input_vectors"]

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from undercut.neural.encoder import Encoder


def distil_static(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    targets: FloatArray,
    classes: tuple[str, ...],
    config: StaticConfig,
    *,
    tune_texts: Sequence[str],
    tune_labels: IntArray,
    start: FloatArray | None = None,
    report: Report | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> StaticModel:
    """Train by cross-entropy and keep the epoch that does best on the tune texts.

    targets: (rows, classes), rows sum to 1 or to what the row counts. start: (vocabulary, any
    width) vectors by token id, `input_vectors(encoder)` for one; random where None. tune_labels:
    (tune rows,) class ids; with no tune texts the last epoch is kept. The same seed gives the same
    model.
    Raises InputError where there are no texts or targets do not fit them.
    """
    if not texts or targets.shape != (len(texts), len(classes)):
        raise InputError(
            f"targets have shape {targets.shape}, expected ({len(texts)}, {len(classes)}), "
            "with at least one text"
        )
    tokenizer = bare(tokenizer)
    runs = read_tokens(tokenizer, texts)
    vocabulary = find_vocabulary(runs, most_pairs=config.most_pairs)
    tune = vocabulary.bags(read_tokens(tokenizer, tune_texts))
    with one_thread():
        student = Student(vocabulary, len(classes), config, start)
        _train(
            student,
            vocabulary.bags(runs),
            targets,
            tune,
            tune_labels,
            config,
            report=report,
            clock=clock,
        )
    return _fold(student, vocabulary, tokenizer, classes)


def input_vectors(encoder: Encoder) -> FloatArray | None:
    """The encoder's input embeddings, (vocabulary, width); None where it has none."""
    size = encoder.tokenizer.get_vocab_size()
    for module in encoder.modules():
        if isinstance(module, nn.Embedding) and module.num_embeddings >= size:
            vectors: FloatArray = module.weight.detach().float().cpu().numpy()
            return vectors
    return None


def _train(
    student: Student,
    bags: tuple[Bags, Bags],
    targets: FloatArray,
    tune: tuple[Bags, Bags],
    tune_labels: IntArray,
    config: StaticConfig,
    *,
    report: Report | None,
    clock: Callable[[], float],
) -> None:
    started = clock()
    random = np.random.default_rng(config.seed)
    batch, epoch_steps, epochs = config.steps(len(targets))
    steps = epoch_steps * epochs
    optimiser = torch.optim.AdamW(student.groups(), weight_decay=config.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / (steps + 1))
    wanted = torch.from_numpy(np.asarray(targets, dtype=np.float32))
    best_score, best = -math.inf, student.state_dict()
    for epoch in range(epochs):
        student.train()
        order = random.permutation(len(targets))
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            logs = torch.log_softmax(student(bags, rows), dim=1)
            loss = -(wanted[rows] * logs).sum(1).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        score, accuracy = _score(student, tune, tune_labels)
        if score >= best_score:
            best_score = score
            best = {name: value.clone() for name, value in student.state_dict().items()}
        if report is not None:
            done = (epoch + 1) * epoch_steps
            report(FitProgress(done, steps, clock() - started, epoch, accuracy))
    student.load_state_dict(best)
    student.eval()


def _score(
    student: Student, tune: tuple[Bags, Bags], labels: IntArray
) -> tuple[float, float | None]:
    """Accuracy, with a little of the log-loss between equals; 0 without tune texts."""
    if not len(labels):
        return 0.0, None
    probabilities = student.predict(tune)
    accuracy = float((probabilities.argmax(1) == labels).mean())
    chosen = probabilities[np.arange(len(labels)), labels]
    return accuracy + 1e-3 * float(np.log(np.maximum(chosen, 1e-12)).mean()), accuracy


def _fold(
    student: Student, vocabulary: Vocabulary, tokenizer: Tokenizer, classes: tuple[str, ...]
) -> StaticModel:
    with torch.no_grad():
        weights = student.log_weights.exp().unsqueeze(1)
        rows = student.vectors * weights * SCALE
        if student.folds:
            rows = rows @ student.linear
        rows = torch.cat((rows, weights), dim=1)
    table = TokenTable(
        vocabulary.tokens, _rounded(rows), vocabulary.pairs, _rounded(student.pairs.detach())
    )
    return StaticModel(
        classes,
        tokenizer=tokenizer,
        table=table,
        linear=None if student.folds else student.linear.detach().numpy().copy(),
        bias=student.bias.detach().numpy().copy(),
    )


def _rounded(rows: Tensor) -> FloatArray:
    """As float16 holds it, which is how rows are saved."""
    return rows.numpy().astype(np.float16).astype(np.float32)
