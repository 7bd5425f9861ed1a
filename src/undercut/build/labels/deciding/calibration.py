"""From a machine's own confidence to how often it is right at that confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.votes import Floats

BIN_ROWS = 20.0
MOST_BINS = 25


@dataclass(frozen=True, slots=True)
class Curve:
    """A rising line through (confidence, share right); flat beyond its ends."""

    confidence: Floats
    right: Floats

    def __call__(self, confidence: Floats) -> Floats:
        """Chance of being right at each confidence; the shape of the argument."""
        return np.asarray(np.interp(confidence, self.confidence, self.right))


def flat(share: float) -> Curve:
    """The same chance whatever the confidence: where nothing was judged yet."""
    return Curve(np.array([0.0, 1.0]), np.array([share, share]))


def calibrate(
    confidence: Floats, right: Floats, counts: Floats, *, usual: float, weight: float = 4.0
) -> Curve:
    """Shares right in bins of equal size, drawn toward `usual` by `weight` answers, made rising.

    confidence, right, counts: (judged,); a bin's share is the sum of `right` over that of `counts`.
    Rising by pooling neighbours that fall (isotonic regression: Barlow et al. 1972).
    """
    if len(confidence) < 2 * BIN_ROWS:
        return flat(usual)
    order = np.argsort(confidence, kind="stable")
    bins = int(min(MOST_BINS, len(order) // BIN_ROWS))
    parts = np.array_split(order, bins)
    at = np.array([float(confidence[part].mean()) for part in parts])
    sizes = np.array([float(counts[part].sum()) for part in parts])
    sums = np.array([float(right[part].sum()) for part in parts])
    shares = _rising((sums + weight * usual) / (sizes + weight), sizes)
    return Curve(at, np.clip(shares, 0.01, 0.995))


def _rising(values: Floats, weights: Floats) -> Floats:
    """Pool adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((float(value), float(weight), 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (v2, w2, n2), (v1, w1, n1) = blocks.pop(), blocks.pop()
            blocks.append(((v1 * w1 + v2 * w2) / (w1 + w2), w1 + w2, n1 + n2))
    return np.concatenate([np.full(count, value) for value, _, count in blocks])
