"""The training loop: cross-entropy against labels or a teacher's probabilities, early stopping.

The recipe (bf16 autocast, frozen embeddings and lower layers, fused AdamW, batches of similar
length) is what measured fastest for its accuracy on two CPU cores; the frozen part of the encoder
is computed once per text and not once per epoch.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from undercut.core.dataset import FloatArray, IntArray
from undercut.neural.classifier import Classifier
from undercut.neural.encoder import device_of
from undercut.neural.feed import Feed, autocast
from undercut.neural.tokens import TokenisedTexts, shuffled_batches, sorted_batches

PREDICT_ROWS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """How to train.

    frozen_share: share of the encoder's layers, from below, left as they are.
    patience: epochs without a better tune score before stopping.
    """

    epochs: int = 4
    batch_rows: int = 32
    learning_rate: float = 3e-4
    head_learning_rate: float = 2e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    warmup_fraction: float = 0.1
    frozen_share: float = 0.5
    patience: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FitProgress:
    """Where training stands: steps done and planned, seconds so far, the last tune accuracy."""

    step: int
    steps: int
    seconds: float
    epoch: int
    tune_accuracy: float | None = None

    @property
    def seconds_left(self) -> float:
        """Seconds to go at the pace so far."""
        return self.seconds / max(1, self.step) * (self.steps - self.step)


@dataclass(frozen=True, slots=True)
class FitResult:
    """What training did.

    best_epoch: the one whose weights were kept; tune_accuracy: after each epoch.
    train_probabilities: (rows, classes) what the classifier said of each training row when it met
    the row in the kept epoch: a teacher's answers for nothing, and less sure of rows learnt by
    heart than a later pass would be.
    """

    best_epoch: int
    tune_accuracy: tuple[float, ...]
    train_probabilities: FloatArray
    seconds: float


Report = Callable[[FitProgress], None]


def fit(
    classifier: Classifier,
    train: TokenisedTexts,
    targets: FloatArray,
    tune: TokenisedTexts,
    tune_labels: IntArray,
    config: FitConfig,
    *,
    report: Report | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> FitResult:
    """Train in place and keep the weights of the epoch that does best on the tune texts.

    targets: (rows, classes): smoothed labels or a teacher's probabilities; rows sum to 1, or to
    what the row counts (`weighted_targets`).
    """
    started = clock()
    torch.manual_seed(config.seed)
    classifier.encoder.freeze_lower(config.frozen_share)
    feed = Feed(classifier.encoder, train)
    random = np.random.default_rng(config.seed)
    steps_per_epoch = math.ceil(len(train) / config.batch_rows)
    steps = steps_per_epoch * config.epochs
    optimiser = _optimiser(classifier, config)
    schedule = warm_up_and_decay(optimiser, steps, config.warmup_fraction)
    wanted = torch.from_numpy(targets).to(device_of(classifier))

    best_score, best_epoch, best_state = -1.0, 0, classifier.trained_state()
    said = best_said = np.zeros_like(targets)
    accuracies: list[float] = []
    step = 0
    for epoch in range(config.epochs):
        classifier.train()
        said = np.zeros_like(targets)
        for rows in shuffled_batches(train.lengths, config.batch_rows, random):
            with autocast(feed.device):
                logits = classifier.classify(feed.vectors(rows))
            loss = -(wanted[rows] * torch.log_softmax(logits.float(), dim=1)).sum(1).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            said[rows] = torch.softmax(logits.detach().float(), dim=1).cpu().numpy()
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            step += 1
            if report is not None and step % 10 == 0:
                report(FitProgress(step, steps, clock() - started, epoch))
        probabilities = predict_proba(classifier, tune)
        accuracies.append(float((probabilities.argmax(1) == tune_labels).mean()))
        score = accuracies[-1] - 1e-3 * _log_loss(probabilities, tune_labels)
        if report is not None:
            report(FitProgress(step, steps, clock() - started, epoch, accuracies[-1]))
        if score > best_score:
            best_score, best_epoch, best_state = score, epoch, classifier.trained_state()
            best_said = said
        elif epoch - best_epoch >= config.patience:
            break
    classifier.restore(best_state)
    classifier.eval()
    return FitResult(best_epoch, tuple(accuracies), best_said, clock() - started)


def smoothed_targets(labels: IntArray, classes: int, smoothing: float) -> FloatArray:
    """One-hot labels with `smoothing` spread evenly, (rows, classes) (Szegedy et al. 2016)."""
    targets = np.full((len(labels), classes), smoothing / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += np.float32(1.0 - smoothing)
    return targets


def predict_proba(
    classifier: Classifier, texts: TokenisedTexts, *, half: bool = True
) -> FloatArray:
    """Class probabilities in torch, (rows, classes) float32, in the order of the texts.

    half: in bfloat16 where the hardware has it.
    """
    classifier.eval()
    device = device_of(classifier)
    out = np.empty((len(texts), classifier.head.out_features), dtype=np.float32)
    precision = autocast(device) if half else contextlib.nullcontext()
    with torch.inference_mode(), precision:
        for rows in sorted_batches(texts.lengths, PREDICT_ROWS):
            ids, mask = (torch.from_numpy(array).to(device) for array in texts.batch(rows))
            out[rows] = torch.softmax(classifier(ids, mask).float(), dim=1).cpu().numpy()
    return out


def _optimiser(classifier: Classifier, config: FitConfig) -> torch.optim.Optimizer:
    head = list(classifier.head.parameters())
    body = classifier.encoder.trainable()
    groups = [{"params": head, "lr": config.head_learning_rate}]
    if body:
        groups.append({"params": body, "lr": config.learning_rate})
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay, fused=True)


def warm_up_and_decay(
    optimiser: torch.optim.Optimizer, steps: int, warmup: float
) -> torch.optim.lr_scheduler.LRScheduler:
    """Linear warm-up, then linear decay to zero."""
    rising = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        return min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))

    return torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


def _log_loss(probabilities: FloatArray, labels: IntArray) -> float:
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())
