"""Held-out answers of a model that learnt from treated rows, beside one that learnt from them as
they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from undercut.build.data.paired_bootstrap import (
    Difference,
    macro_f1,
    macro_f1_difference,
    sign_test,
)
from undercut.core.dataset import IntArray

LEVEL = 0.025


@dataclass(frozen=True, slots=True)
class Trial:
    """One treatment on the held-out rows, beside doing nothing.

    better, worse: rows only it, or only doing nothing, answers as labelled. p_value: the chance of
    so many better ones, or more, were both equally good. macro_f1_difference: with its interval.
    tried: treatments that were looked at, among which the level is shared (Bonferroni).
    """

    name: str
    accuracy: float
    macro_f1: float
    better: int
    worse: int
    p_value: float
    macro_f1_difference: Difference
    tried: int

    @property
    def helps(self) -> bool:
        """Shown to be more accurate, and no worse for the small classes."""
        return self.p_value <= LEVEL / self.tried and self.macro_f1_difference.value >= 0


@dataclass(frozen=True, slots=True)
class Compared:
    """The untreated side, and every treatment in the order given."""

    accuracy: float
    macro_f1: float
    trials: tuple[Trial, ...]


def compare(
    labels: IntArray, answers: IntArray, names: Sequence[str], *, classes: int, seed: int
) -> Compared:
    """Every treatment beside doing nothing, each at the penalty that suits it.

    labels: (rows,); answers: (1 + treatments, penalties, rows), the untreated side first; names:
    of the treatments. Without a penalty of its own a treatment would win only by what a better
    penalty gives too.
    """
    suited = (answers == labels).mean(axis=2).argmax(axis=1)
    untreated, *treated = answers[np.arange(len(answers)), suited]
    trials = tuple(
        _trial(name, labels, untreated, answer, classes, tried=len(names), seed=seed)
        for name, answer in zip(names, treated, strict=True)
    )
    accuracy = float((untreated == labels).mean())
    return Compared(accuracy, macro_f1(labels, untreated, classes), trials)


def _trial(
    name: str,
    truth: IntArray,
    untreated: IntArray,
    treated: IntArray,
    classes: int,
    *,
    tried: int,
    seed: int,
) -> Trial:
    right, before = treated == truth, untreated == truth
    better, worse = int((right & ~before).sum()), int((before & ~right).sum())
    return Trial(
        name=name,
        accuracy=float(right.mean()),
        macro_f1=macro_f1(truth, treated, classes),
        better=better,
        worse=worse,
        p_value=sign_test(better, worse),
        macro_f1_difference=macro_f1_difference(truth, untreated, treated, classes, seed=seed),
        tried=tried,
    )
