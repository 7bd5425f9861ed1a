"""What a folder says of training alone: edited copies, what rows count, who is doubted, chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.cleaned import Copies, cleaned_folder
from undercut.build.data.findings import Finding, example
from undercut.build.data.hygiene import CleanConfig, CleanResult
from undercut.build.data.keys import loose_key
from undercut.build.data.labelled import copies_table, lines_of_items, read_training_rows
from undercut.build.data.splits import Splits
from undercut.core.dataset import Dataset, FloatArray, IntArray
from undercut.core.errors import InputError
from undercut.runs.steps.few_rows import FOLDS

_EXAMPLES = 5
CHOSEN_ROW = "chosen_row"


def with_copies(
    path: str, train: Dataset, parts: Splits, test: CleanResult | None
) -> tuple[Dataset, IntArray, tuple[Finding, ...]]:
    """The rows with the copies at the end, the copies' positions, and what was found.

    A copy joins its row in train and is left out where its row stands in another part or went;
    also where it says what any row or test text says, up to case and punctuation.
    """
    copies = _copies_in(Path(path))
    if not len(copies.records):
        return train, np.zeros(0, np.int64), ()
    at = np.searchsorted(train.lines, copies.records).clip(max=len(train) - 1)
    taught = np.zeros(len(train), dtype=bool)
    taught[parts.train] = True
    allowed = (train.lines[at] == copies.records) & taught[at]
    said = {loose_key(text) for text in train.texts}
    said |= set() if test is None else {loose_key(text) for text in test.dataset.texts}
    most = CleanConfig().max_text_characters
    texts, sources, shares = list[str](), list[int](), list[float]()
    for i in np.flatnonzero(allowed).tolist():
        text = copies.texts[i][:most]
        if loose_key(text) not in said:
            texts.append(text)
            sources.append(int(at[i]))
            shares.append(1.0 if copies.weights is None else float(copies.weights[i]))
    whole = _joined(train, texts, np.array(sources, dtype=np.int64), np.array(shares, np.float32))
    copied = np.arange(len(train), len(whole))
    return whole, copied, _findings(whole, copied, len(copies.texts) - len(texts))


def teaching(train: Dataset) -> NDArray[np.bool_]:
    """(rows,) False for rows of weight 0: their label is doubted, they judge and teach nothing."""
    return np.ones(len(train), dtype=bool) if train.weights is None else train.weights > 0


def few_parts(train: Dataset, judges: NDArray[np.bool_] | None) -> Splits:
    """All rows train, and are judged in folds: those that may judge, which come first.

    judges: as of `judging`. Raises InputError where fewer may judge than there are folds.
    """
    every = np.arange(len(train))
    if judges is None:
        return Splits(every, every, every, ())
    judged = np.flatnonzero(judges)
    if len(judged) < FOLDS:
        raise InputError(
            f"{len(judged)} of {len(train)} labelled texts are a random sample, and only these may "
            f"judge a model; expected {FOLDS} at least",
            file=train.source,
            hint="undercut label resume FOLDER --budget MORE, to label more of them",
        )
    return Splits(np.concatenate([judged, np.flatnonzero(~judges)]), judged, judged, ())


def chosen_rows(train: Dataset, judges: NDArray[np.bool_] | None) -> tuple[Finding, ...]:
    """A finding of the texts that were chosen; none where all are a sample."""
    if judges is None:
        return ()
    action = "labelled because they teach much: no random sample, so they train and judge nothing"
    return (_finding(train, np.flatnonzero(~judges), CHOSEN_ROW, action),)


def doubted(train: Dataset) -> tuple[Finding, ...]:
    """A finding of the rows that judge only; none where there are none."""
    action = "their label is doubted: judged like all others, never trained on"
    rows = np.flatnonzero(~teaching(train))
    return (_finding(train, rows, "doubted_row", action),) if len(rows) else ()


def weighted(train: Dataset) -> tuple[Finding, ...]:
    """A finding of the rows that count less than others, or more; none where all count alike."""
    if train.weights is None:
        return ()
    rows = np.flatnonzero((train.weights != 1.0) & teaching(train))
    if not len(rows):
        return ()
    action = "count by their weight in training, like all others wherever models are judged"
    return (_finding(train, rows, "weighted_row", action),)


def _copies_in(path: Path) -> Copies:
    """Of a folder that `undercut clean` left, or of a folder of labels."""
    folder = cleaned_folder(path)
    if folder is not None:
        return folder.copies()
    rows = read_training_rows(copies_table(path))
    lines = lines_of_items(path) if rows else {}
    # line 0 is no row's: a copy of a text that has no label is left out
    return Copies(
        np.array([lines.get(row.item, 0) for row in rows], dtype=np.int64),
        tuple(row.text for row in rows),
        np.array([row.weight for row in rows], dtype=np.float32),
    )


def _joined(train: Dataset, texts: list[str], sources: IntArray, shares: FloatArray) -> Dataset:
    """shares: (copies,) of the weight of its row that each counts."""
    copied = train.take(sources)
    weights = None
    if train.weights is not None or (shares != 1.0).any():
        own = np.ones(len(train), np.float32) if train.weights is None else train.weights
        weights = np.concatenate([own, own[sources] * shares])
    return replace(
        train,
        texts=(*train.texts, *texts),
        labels=np.concatenate([train.labels, copied.labels]),
        lines=np.concatenate([train.lines, copied.lines]),
        weights=weights,
    )


def _findings(whole: Dataset, copied: IntArray, left_out: int) -> tuple[Finding, ...]:
    action = "edited copies of training rows, used for training only"
    found = [_finding(whole, copied, "augmented_row", action)] if len(copied) else []
    if left_out:
        why = "copies of rows that do not train, or of what another row says: left out"
        found.append(Finding("augmented_row_left_out", left_out, why, ()))
    return tuple(found)


def _finding(data: Dataset, rows: IntArray, rule: str, action: str) -> Finding:
    shown = tuple(
        example(int(data.lines[i]), data.texts[i], data.classes[data.labels[i]])
        for i in rows[:_EXAMPLES]
    )
    return Finding(rule, len(rows), action, shown)
