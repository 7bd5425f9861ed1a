"""Labels without labelled texts: a text belongs to the class whose description it resembles.

Source: dataless classification, Chang et al. (2008), with sentence vectors; the temperature is
that of Guo et al., "On calibration of modern neural networks" (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.core.errors import InputError

Floats = NDArray[np.float64]

# Cosines of sentence vectors lie close together: a text's best class leads by a tenth or so, which
# this scale turns into odds of about 7 to 1. Only a guess, until there are labels to fit it on.
DEFAULT_SCALE = 20.0
# A factor of two either way is one standard deviation of that guess: two examples that happen to
# be far apart must not make every answer certain.
_DOUBT = float(np.log(2.0))
_SCALES = np.geomspace(1.0, 200.0, 120)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores → probabilities. scale: of the scores before softmax. examples: it was fitted on."""

    scale: float = DEFAULT_SCALE
    examples: int = 0

    def probabilities(self, scores: Floats) -> Floats:
        """(texts, classes) cosines → (texts, classes) probabilities, rows sum to 1."""
        logits = scores * self.scale
        logits = logits - logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def similarity(texts: Floats, descriptions: Sequence[Floats]) -> Floats:
    """(texts, classes): cosine with the nearest description of each class.

    texts: (texts, width). descriptions: for each class (descriptions, width), at least one row.
    """
    unit = _unit(texts)
    return np.stack([(unit @ _unit(one).T).max(axis=1) for one in descriptions], axis=1)


def calibrate(scores: Floats, labels: NDArray[np.int64]) -> Calibration:
    """The scale at which the labels of some texts are most likely, the default being a prior.

    scores: (texts, classes) as from `similarity`. labels: (texts,) class ids.
    Raises InputError where there is nothing to fit.
    """
    if len(scores) == 0 or len(scores) != len(labels):
        raise InputError(f"{len(labels)} labels for {len(scores)} texts to calibrate on")
    rows = np.arange(len(labels))
    losses = [
        float(-np.log(Calibration(float(s)).probabilities(scores)[rows, labels] + 1e-12).sum())
        + 0.5 * (float(np.log(s / DEFAULT_SCALE)) / _DOUBT) ** 2
        for s in _SCALES
    ]
    return Calibration(float(_SCALES[int(np.argmin(losses))]), len(labels))


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12))
