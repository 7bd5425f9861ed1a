"""What learns when a static model is distilled: token vectors, their weights, pair rows, a head."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from undercut.core.dataset import FloatArray, IntArray
from undercut.core.errors import ConfigError
from undercut.models.onnx import softmax
from undercut.neural.static_features import Bags, Vocabulary

# Length of a vector at the start, so that the first scores are of the size of logits.
SCALE: Final = 8.0
_PREDICT_ROWS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticConfig:
    """How to distil.

    width: columns of a token vector. most_pairs: pairs of neighbouring tokens that get a row, 0 for
    none. *_drop_fraction: share of token vectors' columns, tokens and pairs left out at random.
    Small data sets run more epochs, until `least_steps`; large ones take larger batches, so that
    an epoch has at most `most_epoch_steps`.
    """

    epochs: int = 6
    batch_rows: int = 64
    least_steps: int = 300
    most_epoch_steps: int = 400
    learning_rate: float = 2e-3
    weight_learning_rate: float = 2e-2
    pair_learning_rate: float = 3e-2
    head_learning_rate: float = 4e-3
    weight_decay: float = 0.1
    vector_drop_fraction: float = 0.3
    token_drop_fraction: float = 0.2
    pair_drop_fraction: float = 0.4
    width: int = 256
    most_pairs: int = 30_000
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_rows, self.width, self.most_epoch_steps) < 1:
            raise ConfigError(
                "epochs, batch_rows, width and most_epoch_steps must be at least 1, "
                f"got {self.epochs}, {self.batch_rows}, {self.width}, {self.most_epoch_steps}"
            )

    def steps(self, rows: int) -> tuple[int, int, int]:
        """Rows of a batch, steps of an epoch, and epochs for this many training rows."""
        batch = max(self.batch_rows, math.ceil(rows / self.most_epoch_steps))
        steps = math.ceil(rows / batch)
        return batch, steps, max(self.epochs, math.ceil(self.least_steps / steps))


class Student(nn.Module):
    """Token vectors with weights, a linear layer, and pair rows."""

    def __init__(
        self, vocabulary: Vocabulary, classes: int, config: StaticConfig, start: FloatArray | None
    ) -> None:
        super().__init__()
        self.random = torch.Generator().manual_seed(config.seed)
        self.config = config
        vectors = _start_vectors(vocabulary, config.width, start, self.random)
        width = vectors.shape[1]
        # Pairs add to the scores, or to the vectors where scores would take more columns.
        self.folds = classes <= width
        self.vectors = nn.Parameter(vectors)
        rarity = 1e-3 / (1e-3 + vocabulary.frequency)
        self.log_weights = nn.Parameter(torch.from_numpy(np.log(rarity)))
        columns = classes if self.folds else width
        self.pairs = nn.Parameter(torch.zeros(len(vocabulary.pairs), columns))
        self.linear = nn.Parameter(
            torch.randn(width, classes, generator=self.random) / math.sqrt(width)
        )
        self.bias = nn.Parameter(torch.zeros(classes))

    def groups(self) -> list[dict[str, object]]:
        """Parameters with their learning rates."""
        config = self.config
        return [
            {"params": [self.vectors], "lr": config.learning_rate},
            {"params": [self.log_weights], "lr": config.weight_learning_rate},
            {"params": [self.pairs], "lr": config.pair_learning_rate},
            {"params": [self.linear, self.bias], "lr": config.head_learning_rate},
        ]

    def forward(self, bags: tuple[Bags, Bags], rows: IntArray) -> Tensor:
        """(rows, classes) logits."""
        config = self.config
        tokens, offsets, counts = _tensors(bags[0], rows)
        weights = self._dropped(self.log_weights.exp()[tokens], config.token_drop_fraction)
        owners = torch.repeat_interleave(torch.arange(len(rows)), counts)
        total = torch.zeros(len(rows)).index_add(0, owners, weights)
        length = total.clamp(min=1e-6).sqrt().unsqueeze(1)
        vectors = _bag(tokens, self.vectors, offsets, weights) * SCALE / length
        vectors = self._scaled(vectors, config.vector_drop_fraction)

        pairs, offsets, _ = _tensors(bags[1], rows)
        kept = self._scaled(torch.ones(len(pairs)), config.pair_drop_fraction)
        added = _bag(pairs, self.pairs, offsets, kept) / length
        if self.folds:
            return vectors @ self.linear + added + self.bias
        return (vectors + added) @ self.linear + self.bias

    def _dropped(self, values: Tensor, share: float) -> Tensor:
        if not self.training or share <= 0:
            return values
        return values * (torch.rand(values.shape, generator=self.random) >= share)

    def _scaled(self, values: Tensor, share: float) -> Tensor:
        """Dropped, and what is left scaled so that the mean stays."""
        return self._dropped(values, share) / (1 - share) if self.training else values

    def predict(self, bags: tuple[Bags, Bags]) -> FloatArray:
        """Class probabilities of all texts, (texts, classes)."""
        self.eval()
        texts = len(bags[0].starts) - 1
        out = np.empty((texts, len(self.bias)), dtype=np.float32)
        with torch.inference_mode():
            for first in range(0, texts, _PREDICT_ROWS):
                rows = np.arange(first, min(first + _PREDICT_ROWS, texts))
                out[rows] = softmax(self(bags, rows).numpy())
        return out


def _start_vectors(
    vocabulary: Vocabulary, width: int, start: FloatArray | None, random: torch.Generator
) -> Tensor:
    """(tokens, at most width) vectors of mean length 1: principal components of `start`."""
    tokens = vocabulary.tokens
    if start is None or not len(tokens) or tokens.max() >= len(start):
        return torch.randn(len(tokens), width, generator=random) / math.sqrt(width)
    chosen = np.asarray(start[tokens], dtype=np.float64)
    chosen -= chosen.mean(axis=0)
    if chosen.shape[1] > width:
        _, axes = np.linalg.eigh(chosen.T @ chosen)
        chosen = chosen @ axes[:, ::-1][:, :width]
    length = float(np.linalg.norm(chosen, axis=1).mean())
    return torch.from_numpy((chosen / max(length, 1e-12)).astype(np.float32))


def _bag(ids: Tensor, table: Tensor, offsets: Tensor, weights: Tensor) -> Tensor:
    if not len(ids):
        return torch.zeros(len(offsets), table.shape[1])
    return nn.functional.embedding_bag(ids, table, offsets, mode="sum", per_sample_weights=weights)


def _tensors(bags: Bags, rows: IntArray) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, offsets and counts of a batch."""
    ids, counts = bags.take(rows)
    offsets = np.cumsum(counts) - counts
    return torch.from_numpy(ids), torch.from_numpy(offsets), torch.from_numpy(counts)
