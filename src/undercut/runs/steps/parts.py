"""The user's files → cleaned rows, and which of them train, tune, certify and test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.doubted import with_doubted
from undercut.build.data.findings import Finding
from undercut.build.data.hygiene import CleanResult, clean
from undercut.build.data.labelled import labelled_table
from undercut.build.data.picked import Picks
from undercut.build.data.read import Table, read_table
from undercut.build.data.splits import SplitConfig, Splits, split
from undercut.core.dataset import Dataset, IntArray
from undercut.core.errors import InputError
from undercut.runs.config import RunConfig
from undercut.runs.steps.near_copies import groups_to_split, near_groups, without_leaks
from undercut.runs.steps.picks import judging, picks_in, said_of_picks, sample_alone
from undercut.runs.steps.pseudo_rows import with_pseudo
from undercut.runs.steps.training_only import (
    chosen_rows,
    doubted,
    few_parts,
    teaching,
    weighted,
    with_copies,
)

# With more rows a class than this, parts kept from training cost less than they tell.
FEW_PER_CLASS = 16


@dataclass(frozen=True, slots=True)
class Parts:
    """rows: of the training file; at their end edited copies, then `pseudo` that a model labelled.
    train, tune, certify: (rows,) places in them. test: the user's, where given. few: so few labels
    that all train. cleaned: what cleaning found, by file. notes: for the screen. findings: of the
    split, for the report.
    """

    rows: Dataset
    train: IntArray
    tune: IntArray
    certify: IntArray
    test: Dataset | None
    few: bool
    pseudo: int
    cleaned: dict[str, CleanResult]
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


class _Read(NamedTuple):
    """picks: which rows of the training table may judge."""

    train: Table
    test: Table | None
    picks: Picks
    notes: tuple[str | None, ...]


def make_parts(config: RunConfig) -> Parts:
    """Read, clean, split, and add what a folder brings for training alone.

    Raises InputError for files that cannot be used.
    """
    read = _read(config)
    cleaned = clean(read.train, test=read.test)
    train = cleaned.train.dataset
    taught = teaching(train)
    few = has_few_labels(train.take(np.flatnonzero(taught)), config)
    if few:  # then every row trains
        train = train.take(np.flatnonzero(taught))
    judges = judging(read.picks, read.train, train)
    places = few_parts(train, judges) if few else _split(config, read.train, train, judges)
    rows, copied, of_copies = with_copies(config.train, train, places, cleaned.test)
    guessed, of_guessed = np.zeros(0, dtype=np.int64), tuple[Finding, ...]()
    if not few:  # then every row that trains is also judged, in folds
        rows, guessed, of_guessed = with_pseudo(config.train, rows, cleaned.test)
    of_rows = (*doubted(rows), *weighted(rows), *chosen_rows(train, judges))
    results = {"train": cleaned.train, "test": cleaned.test}
    return Parts(
        rows=rows,
        train=np.concatenate([places.train, copied, guessed]),
        tune=places.tune,
        certify=places.certify,
        test=None if cleaned.test is None else cleaned.test.dataset,
        few=few,
        pseudo=len(guessed),
        cleaned={name: result for name, result in results.items() if result is not None},
        notes=tuple(note for note in read.notes if note is not None),
        findings=(*places.findings, *of_copies, *of_guessed, *of_rows),
    )


def _read(config: RunConfig) -> _Read:
    """Both files; of the test file only rows that may judge."""
    train = read_table(
        config.train, text_column=config.text_column, label_column=config.label_column
    )
    train = with_doubted(config.train, train)
    picks = picks_in(train)
    note = said_of_picks(config.train, picks, len(train.texts))
    if config.test is None:
        return _Read(train, None, picks, (note,))
    test = read_table(config.test, text_column=train.text_column, label_column=train.label_column)
    of_test = said_of_picks(str(config.test), picks_in(test), len(test.texts))
    return _Read(train, sample_alone(test), picks, (note, of_test))


def _split(
    config: RunConfig, table: Table, train: Dataset, judges: NDArray[np.bool_] | None
) -> Splits:
    """Parts in which no text, nor one that nearly says the same, is both taught and judged by."""
    sizes, taught = _split_config(config, len(train)), teaching(train)
    groups = _groups_of(train, table)
    # labels nobody has cleaned: a cleaned folder says its own groups
    looked = groups is None and (judges is not None or labelled_table(Path(config.train)))
    if not looked:
        return split(train, sizes, groups=groups, teaches=taught, judges=judges)
    near = near_groups(train)
    groups = groups_to_split(near, judges)
    places = split(train, sizes, groups=groups, teaches=taught, judges=judges)
    return without_leaks(train, places, near, judges)


def has_few_labels(train: Dataset, config: RunConfig) -> bool:
    """Whether there are too few labels a class to keep any from training.

    A user who names the size of a part wants parts.
    """
    if config.tune_rows is not None or config.certify_rows is not None:
        return False
    return len(train) <= FEW_PER_CLASS * len(train.classes)


def _groups_of(train: Dataset, table: Table) -> IntArray | None:
    """(rows,) groups of the rows that cleaning left, which are known by their lines."""
    if table.groups is None:
        return None
    return np.asarray(table.groups[np.searchsorted(table.lines, train.lines)])


def _split_config(config: RunConfig, rows: int) -> SplitConfig:
    """The default parts, or the sizes the user asks for."""
    wanted: dict[str, Any] = {"seed": config.seed}
    for part, asked in (("tune", config.tune_rows), ("certify", config.certify_rows)):
        if asked is not None:
            if asked > rows // 2:
                raise InputError(
                    f"--{part}-rows {asked} is more than half of the {rows} usable rows",
                    file=config.train,
                    hint=f"at most {rows // 2}",
                )
            wanted |= {
                f"{part}_fraction": asked / rows,
                f"{part}_rows_least": 1,
                f"{part}_rows_most": asked,
            }
    return SplitConfig(**wanted)
