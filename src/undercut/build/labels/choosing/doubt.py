"""Items by a model's doubt: Settles, Active Learning Literature Survey (2009), section 3.1."""

from __future__ import annotations

import numpy as np

from undercut.build.labels.votes import Floats


def uncertainty(probabilities: Floats) -> Floats:
    """(rows,): one minus the best class's probability."""
    return np.asarray(1.0 - probabilities.max(axis=1))


def margin(probabilities: Floats) -> Floats:
    """(rows,): minus the lead of the best class over the second."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(best[:, 0] - best[:, 1])


def entropy(probabilities: Floats) -> Floats:
    """(rows,): in nats."""
    safe = np.clip(probabilities, 1e-12, 1.0)
    return np.asarray(-(safe * np.log(safe)).sum(axis=1))


def most_doubtful(doubt: Floats, size: int, random: np.random.Generator) -> np.ndarray:
    """Positions of the largest; equal ones in random order."""
    shuffled = random.permutation(len(doubt))
    return np.asarray(shuffled[np.argsort(-doubt[shuffled], kind="stable")[:size]])
