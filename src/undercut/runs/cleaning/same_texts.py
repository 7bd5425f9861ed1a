"""Rows of equal texts, over all sources: leaks into the test source, conflicts, duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.same_text import NO_LABEL, conflicts, representatives
from undercut.build.data.steps import Reason
from undercut.core.dataset import IntArray
from undercut.runs.cleaning.mapping import run_step
from undercut.runs.cleaning.parts import Part, read_mark_column, read_table
from undercut.runs.cleaning.rows import Rows
from undercut.runs.cleaning.specs import key_spec
from undercut.runs.cleaning.verdicts import Why, places, write_verdicts
from undercut.runs.cleaning.workers import Workers
from undercut.runs.stages import Stages

VERSION = "1"
_LEAK, _LOOSE_LEAK, _LOST, _TIED, _REPEAT = range(5)


@dataclass(frozen=True, slots=True)
class Keys:
    """Live rows and which texts they hold.

    rows: (n,) ascending numbers within the run. exact, loose: (n,) group ids. labels: (n,) ids
    into `classes`, -1 where there is none. test: (n,) rows of the test source.
    """

    rows: IntArray
    exact: IntArray
    loose: IntArray
    labels: IntArray
    classes: tuple[str, ...]
    test: NDArray[np.bool_]

    def take(self, kept: IntArray | NDArray[np.bool_]) -> Keys:
        """Some of the rows."""
        return Keys(
            self.rows[kept],
            self.exact[kept],
            self.loose[kept],
            self.labels[kept],
            self.classes,
            self.test[kept],
        )


def settle_same_texts(stages: Stages, rows: Rows, workers: Workers) -> Rows:
    """Leaks, conflicts and duplicates go, as the main job's rules have it."""
    rows = run_step(stages, rows, key_spec(), workers)

    def build(folder: Path) -> None:
        rejected, why = _decide(load_keys(rows), rows)
        write_verdicts(folder, rows, rejected, why)

    made = stages.run(
        "same_texts",
        "leaks, conflicting labels, duplicates",
        build,
        version=VERSION,
        inputs=rows.inputs(),
    )
    return rows.after("same_texts", made)


def load_keys(rows: Rows) -> Keys:
    """The keys of all live rows; the step before must have been `key_spec`."""
    parts = [*rows.parts, *rows.test_parts]
    numbers, digests, labels = [], [], []
    codes: dict[str, int] = {}
    for part in parts:
        held, marks = read_mark_column(part)
        numbers.append(held + part.first)
        digests.append(marks)
        labels.append(_label_codes(part, held, codes))
    held_digests = np.concatenate(digests) if digests else np.zeros((0, 4), np.uint64)
    of = np.concatenate(numbers) if numbers else np.zeros(0, np.int64)
    first_test = rows.test_parts[0].first if rows.test_parts else rows.all_count
    return Keys(
        rows=of,
        exact=_group_ids(held_digests[:, :2]),
        loose=_group_ids(held_digests[:, 2:]),
        labels=np.concatenate(labels) if labels else of,
        classes=tuple(codes),
        test=of >= first_test,
    )


def _label_codes(part: Part, held: IntArray, codes: dict[str, int]) -> IntArray:
    labels = read_table(part.file)["label"].dictionary_encode().combine_chunks()
    chunk = labels.chunk(0) if hasattr(labels, "chunk") else labels
    names = chunk.dictionary.to_pylist()
    own = np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int64)
    indices = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)[held]
    result = np.full(len(held), NO_LABEL, dtype=np.int64)
    result[indices >= 0] = own[indices[indices >= 0]]
    return result


def _group_ids(halves: NDArray[np.uint64]) -> IntArray:
    """Ids of equal 128-bit digests, (rows, 2) uint64."""
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    ordered = halves[order]
    ids = np.empty(len(halves), dtype=np.int64)
    if len(halves):
        new = np.concatenate(([False], (ordered[1:] != ordered[:-1]).any(axis=1)))
        ids[order] = np.cumsum(new)
    return ids


def _decide(keys: Keys, rows: Rows) -> tuple[IntArray, Why]:
    """Row numbers to reject, ascending, and the reason of each."""
    fate = np.full(len(keys.rows), -1)
    other = np.full(len(keys.rows), -1)
    _mark_leaks(keys, fate, other)
    left = np.flatnonzero((fate < 0) & ~keys.test)
    kept = keys.take(left)
    found = conflicts(kept.exact, kept.labels)
    fate[left[found.lost]], fate[left[found.tied]] = _LOST, _TIED
    winners = _winning_labels(kept, found.lost)
    other[left[found.lost]] = winners
    left = np.flatnonzero((fate < 0) & ~keys.test)
    kept = keys.take(left)
    first = representatives(kept.exact, kept.labels)
    repeated = first != np.arange(len(first))
    fate[left[repeated]] = _REPEAT
    other[left[repeated]] = kept.rows[first[repeated]]
    bad = np.flatnonzero(fate >= 0)
    leaked = bad[fate[bad] <= _LOOSE_LEAK]
    where = places(rows.test_parts, other[leaked])

    def why(i: int) -> Reason:
        at = bad[i]
        return _reason(int(fate[at]), int(other[at]), keys, int(keys.labels[at]), where)

    return keys.rows[bad], why


def _reason(fate: int, other: int, keys: Keys, label: int, where: dict[int, str]) -> Reason:
    if fate in (_LEAK, _LOOSE_LEAK):
        how = "the same text" if fate == _LEAK else "the same up to case and punctuation"
        return Reason("also_in_test", f"{how} as the test source's {where[other]}")
    if fate == _LOST:
        said, most = keys.classes[label], keys.classes[other]
        return Reason("conflicting_label", f"says {said!r}, most rows of this text {most!r}")
    if fate == _TIED:
        return Reason("tied_conflicting_label", "the same text has other labels as often")
    return Reason("exact_duplicate", f"the same text as row {other}, which is kept")


def _mark_leaks(keys: Keys, fate: IntArray, other: IntArray) -> None:
    """Rows whose text stands in the test source; the loose key first, so that exact wins."""
    test = np.flatnonzero(keys.test)
    for groups, rule in ((keys.loose, _LOOSE_LEAK), (keys.exact, _LEAK)):
        held, at = np.unique(groups[test], return_index=True)
        if not len(held):
            return
        place = np.searchsorted(held, groups).clip(max=len(held) - 1)
        hit = (held[place] == groups) & ~keys.test
        fate[hit] = rule
        other[hit] = keys.rows[test[at[place[hit]]]]


def _winning_labels(keys: Keys, lost: IntArray) -> IntArray:
    """For each lost row the label that most rows of its text have."""
    asked = np.flatnonzero(np.isin(keys.exact, keys.exact[lost]) & (keys.labels != NO_LABEL))
    winners: dict[int, int] = {}
    order = asked[np.lexsort((keys.labels[asked], keys.exact[asked]))]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(keys.exact[order]) != 0)))
    for held in np.split(order, starts[1:]) if len(order) else []:
        winners[int(keys.exact[held[0]])] = int(np.bincount(keys.labels[held]).argmax())
    return np.array([winners[int(group)] for group in keys.exact[lost]], dtype=np.int64)
