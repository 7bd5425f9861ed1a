"""What asking again about a label is worth, once a model that did not see it has an opinion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.labels.votes import Floats

_SURE = 1e-6
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Some labels, what is believed of them by the answers, and what a model makes of that.

    error: (labels,) chance that each is wrong by the answers alone. other: (labels,) chance, by the
    answers alone, of the class that the model suggests. doubted: (labels,) chance that each is
    wrong with the model heard. other_doubted: (labels,) of the suggested class then.
    """

    error: Floats
    other: Floats
    doubted: Floats
    other_doubted: Floats


def with_opinion(error: Floats, given: Floats) -> Floats:
    """(labels,): chance that each label is wrong, by the answers and by a model without it.

    error: (labels,) by the answers alone, 0 where a label is known. given: (labels,) probability
    that the model gives the label. Bayes' rule with the model's odds, all moved alike until as many
    labels are wrong as the answers say: a model's doubt tells where to look, but much of it is its
    own ignorance, so how many are wrong is not its to say.
    """
    known = error <= 0
    inside = np.clip(error, _SURE, 1 - _SURE)
    sure = np.clip(given, _SURE, 1 - _SURE)
    logit = np.log(inside / (1 - inside)) + np.log((1 - sure) / sure)
    total = float(error.sum())
    low, high = -50.0, 50.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        moved = np.where(known, 0.0, 1 / (1 + np.exp(-np.clip(logit + middle, -60, 60))))
        low, high = (middle, high) if moved.sum() < total else (low, middle)
    return np.asarray(moved)


def drop_of_asking(
    labels: Doubtful, *, accuracy: float, collision: float, truth: bool = False
) -> Floats:
    """(labels,): by how much one more answer lowers the chance that each label is wrong.

    accuracy: of who is asked. collision: chance that a wrong answer names one given wrong class.
    truth: whatever is answered becomes the label. Else the label turns where the answers alone, the
    new one among them, speak for another class, since the model has no vote in that: so this can be
    nothing where the answer could not turn the label.
    """
    right = 1 - labels.doubted
    if truth:
        return np.asarray(np.maximum(accuracy - right, 0.0))
    speaks = accuracy / max((1 - accuracy) * collision, 1e-12)
    own, other = 1 - labels.error, labels.other
    third = np.maximum(labels.error - other, 0.0) * min(collision, 1.0)
    turns = other * speaks > own
    turns_third = third * speaks > own
    wrong_other = (1 - accuracy) * collision
    wrong_third = (1 - accuracy) * max(1 - collision, 0.0)
    after = (
        right * accuracy
        + np.where(turns, labels.other_doubted * accuracy, right * wrong_other)
        + np.where(
            turns_third,
            np.maximum(labels.doubted - labels.other_doubted, 0.0) * accuracy,
            right * wrong_third,
        )
    )
    return np.asarray(np.maximum(after - right, 0.0))
