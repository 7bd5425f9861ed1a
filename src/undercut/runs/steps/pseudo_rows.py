"""What a folder of labels adds to training alone: texts that a model labelled, counting less."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from undercut.build.data.findings import Finding, example
from undercut.build.data.hygiene import CleanConfig, CleanResult
from undercut.build.data.keys import loose_key
from undercut.build.data.labelled import pseudo_table, read_training_rows
from undercut.core.dataset import Dataset, IntArray

_EXAMPLES = 5


def with_pseudo(
    path: str, train: Dataset, test: CleanResult | None
) -> tuple[Dataset, IntArray, tuple[Finding, ...]]:
    """The rows with a model's at the end, their positions, and what was found.

    One is left out where its class is none of the labels', or where it says what any row or test
    text says, up to case and punctuation. The other rows then have the weight 1.
    """
    rows = read_training_rows(pseudo_table(Path(path)))
    if not rows:
        return train, np.zeros(0, np.int64), ()
    ids = {name: number for number, name in enumerate(train.classes)}
    said = {loose_key(text) for text in train.texts}
    said |= set() if test is None else {loose_key(text) for text in test.dataset.texts}
    most = CleanConfig().max_text_characters
    kept = []
    for row in rows:
        key = loose_key(row.text[:most])
        if row.text.strip() and row.label in ids and key not in said:
            said.add(key)
            kept.append(row)
    whole = replace(
        train,
        texts=(*train.texts, *(row.text[:most] for row in kept)),
        labels=np.concatenate([train.labels, _ints([ids[row.label] for row in kept])]),
        lines=np.concatenate([train.lines, _ints([row.line for row in kept])]),
        weights=np.concatenate(
            [
                np.ones(len(train), np.float32) if train.weights is None else train.weights,
                np.array([row.weight for row in kept], dtype=np.float32),
            ]
        ),
    )
    added = np.arange(len(train), len(whole))
    return whole, added, _findings(whole, added, len(rows) - len(kept))


def _ints(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _findings(whole: Dataset, added: IntArray, left_out: int) -> tuple[Finding, ...]:
    found = []
    if len(added):
        shown = tuple(
            example(int(whole.lines[i]), whole.texts[i], whole.classes[whole.labels[i]])
            for i in added[:_EXAMPLES].tolist()
        )
        action = "labelled by a model; used for training only, by their weight"
        found.append(Finding("pseudo_labelled_row", len(added), action, shown))
    if left_out:
        why = "a model's labels on what another row says, or of an unknown class: left out"
        found.append(Finding("pseudo_labelled_row_left_out", left_out, why, ()))
    return tuple(found)
