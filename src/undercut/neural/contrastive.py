"""An encoder taught by pairs: texts of one class near each other, texts of others far away.

With a handful of labels a class, pairs are many where labels are few: 770 texts of 77 classes
make 3,465 pairs to draw together and 290,000 to keep apart.
Sources: SetFit, Tunstall et al. (2022), for teaching the encoder by pairs before a linear head;
supervised contrastive loss, Khosla et al. (2020), for counting all pairs of a batch at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from undercut.core.dataset import IntArray
from undercut.neural.encoder import Encoder
from undercut.neural.feed import Feed
from undercut.neural.fit import warm_up_and_decay
from undercut.neural.one_thread import one_thread
from undercut.neural.tokens import TokenisedTexts

# Texts of a batch that go through the encoder together, sorted by length.
PART_ROWS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastiveConfig:
    """How to teach by pairs.

    passes: how often each text is seen, on average. batch_classes, texts_per_class: a batch has
    so many classes with so many texts each. temperature: of the cosines; the lower, the more the
    nearest wrong text counts. frozen_share: of the layers, from below.
    """

    passes: float = 8.0
    batch_classes: int = 32
    texts_per_class: int = 2
    learning_rate: float = 1e-4
    temperature: float = 0.07
    weight_decay: float = 0.01
    warmup_fraction: float = 0.1
    frozen_share: float = 0.5
    seed: int = 0

    def steps(self, rows: int, classes: int) -> int:
        """Batches in all."""
        batch = min(self.batch_classes, classes) * self.texts_per_class
        return max(1, math.ceil(self.passes * rows / batch))


def operations_per_pass(
    encoder: Encoder, texts: TokenisedTexts, config: ContrastiveConfig
) -> float:
    """Floating-point operations of teaching on each text once, known before it starts.

    Six for each token and weight that learns: two forward, four back (Kaplan et al. 2020, section
    2.1). What the frozen part computes once, and padding, are not counted.
    """
    encoder.freeze_lower(config.frozen_share)
    weights = sum(weight.numel() for weight in encoder.trainable())
    return 6.0 * weights * float(texts.lengths.sum())


@one_thread()
def fit_contrastive(
    encoder: Encoder,
    texts: TokenisedTexts,
    labels: IntArray,
    config: ContrastiveConfig,
    *,
    report: Callable[[float], None] | None = None,
) -> float:
    """Train the encoder in place; returns the seconds it took.

    labels: (rows,) class ids. Classes with one text are only kept apart from others. report: gets
    the fraction done.
    """
    started = time.perf_counter()
    torch.manual_seed(config.seed)
    random = np.random.default_rng(config.seed)
    encoder.freeze_lower(config.frozen_share)
    weights = encoder.trainable()
    optimiser = torch.optim.AdamW(
        weights, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    feed = Feed(encoder, texts)
    texts_long = texts.lengths
    members = [np.flatnonzero(labels == name) for name in np.unique(labels)]
    steps = config.steps(len(labels), len(members))
    schedule = warm_up_and_decay(optimiser, steps, config.warmup_fraction)
    encoder.train()
    for step in range(steps):
        rows = draw_batch(members, config, random)
        rows = rows[np.argsort(texts_long[rows], kind="stable")]
        vectors = torch.cat([feed.vectors(part) for part in _parts(rows)])
        said = torch.from_numpy(labels[rows]).to(feed.device)
        loss = supervised_contrastive(vectors.float(), said, config.temperature)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        if report is not None and step % 10 == 9:
            report((step + 1) / steps)
    encoder.eval()
    return time.perf_counter() - started


def _parts(rows: IntArray) -> list[IntArray]:
    """Rows of similar length go through the encoder together: little padding, one loss for all."""
    return [rows[first : first + PART_ROWS] for first in range(0, len(rows), PART_ROWS)]


def draw_batch(
    members: list[IntArray], config: ContrastiveConfig, random: np.random.Generator
) -> IntArray:
    """Rows of some classes, some texts each; fewer where there are fewer."""
    chosen = random.permutation(len(members))[: config.batch_classes]
    return np.concatenate(
        [random.permutation(members[name])[: config.texts_per_class] for name in chosen]
    )


def supervised_contrastive(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Mean over texts with a partner of -log of the softmax share that their partners get.

    vectors: (rows, width), any length; labels: (rows,). Zero where no text has a partner.
    Source: Khosla et al., Supervised Contrastive Learning (2020), equation 2.
    """
    unit = nn.functional.normalize(vectors, dim=1)
    self_pair = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    cosines = (unit @ unit.T / temperature).masked_fill(self_pair, -1e9)
    partner = (labels[:, None] == labels[None, :]) & ~self_pair
    log_share = cosines - torch.logsumexp(cosines, dim=1, keepdim=True)
    partners = partner.sum(1)
    paired = partners > 0
    if not bool(paired.any()):
        return (unit * 0.0).sum()
    by_text = (log_share * partner).sum(1)[paired] / partners[paired]
    return -by_text.mean()
