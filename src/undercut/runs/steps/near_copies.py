"""Labelled texts that nearly say the same: none may teach what another one is judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.findings import Finding, example
from undercut.build.data.near_duplicates import near_duplicates
from undercut.build.data.splits import Splits
from undercut.core.dataset import Dataset, IntArray
from undercut.runs.cleaning.connected import components

LEFT_OUT = "near_copy_left_out"
_EXAMPLES = 5


def near_groups(train: Dataset) -> IntArray:
    """(rows,) the same for texts that a chain of near-duplicates connects."""
    return components(near_duplicates(train.texts), len(train))


def groups_to_split(near: IntArray, judges: NDArray[np.bool_] | None) -> IntArray:
    """`near` among the rows that may judge; the others stand alone.

    A drawn text must not stop judging because a chosen one nearly says the same: the sample would
    then lack the texts of which there are many. The chosen one goes instead (`without_leaks`).
    """
    if judges is None:
        return near
    alone = len(near) + np.arange(len(near))
    return np.where(judges, near, alone)


def without_leaks(
    train: Dataset, parts: Splits, near: IntArray, judges: NDArray[np.bool_] | None
) -> Splits:
    """The parts without training rows that nearly say what a row of tune or certify says.

    A class keeps its rows where it would lose the last of them.
    """
    held = near[np.concatenate([parts.tune, parts.certify])]
    leaks = parts.train[np.isin(near[parts.train], held)]
    left = np.setdiff1d(parts.train, leaks)
    leaks = leaks[np.isin(train.labels[leaks], train.labels[left])]
    if judges is None or not len(leaks):
        return parts
    shown = tuple(
        example(int(train.lines[i]), train.texts[i], train.classes[train.labels[i]])
        for i in leaks[:_EXAMPLES].tolist()
    )
    action = "nearly the same as a row that judges: left out of training"
    found = Finding(LEFT_OUT, len(leaks), action, shown)
    return replace(parts, train=np.setdiff1d(parts.train, leaks), findings=(*parts.findings, found))
