"""The cleaning rules, one function each: rows in, rows and what was found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from undercut.build.data.findings import Finding, example
from undercut.build.data.keys import exact_key, loose_key
from undercut.build.data.same_text import conflicts, representatives
from undercut.core.dataset import IntArray


@dataclass(frozen=True, slots=True)
class Labelled:
    """(rows,) texts with class names and 1-based lines."""

    texts: Sequence[str]
    labels: Sequence[str]
    lines: IntArray

    def take(self, rows: Sequence[int]) -> Labelled:
        """The rows at these positions."""
        return Labelled(
            [self.texts[i] for i in rows],
            [self.labels[i] for i in rows],
            self.lines[np.asarray(rows, dtype=np.int64)],
        )


Outcome = tuple[Labelled, Finding | None]


def drop_unlabelled(
    texts: Sequence[str], labels: Sequence[str | None], lines: IntArray, *, most: int
) -> Outcome:
    """Rows whose label is missing."""
    bad = [i for i, label in enumerate(labels) if label is None]
    kept = [label for label in labels if label is not None]
    if not bad:
        return Labelled(texts, kept, lines), None
    rows = [i for i, label in enumerate(labels) if label is not None]
    finding = Finding(
        "missing_label",
        len(bad),
        "dropped",
        tuple(example(int(lines[i]), texts[i], None) for i in bad[:most]),
    )
    index = np.asarray(rows, dtype=np.int64)
    return Labelled([texts[i] for i in rows], kept, lines[index]), finding


def drop_empty(rows: Labelled, *, most: int) -> Outcome:
    """Rows whose text has no visible character."""
    bad = [i for i, text in enumerate(rows.texts) if not exact_key(text)]
    return _without(rows, bad, "empty_text", "dropped", most=most)


def cut_long(rows: Labelled, characters: int, *, most: int) -> Outcome:
    """Texts beyond a bound: models read the start only, and one of a megabyte stalls the rest."""
    long = [i for i, text in enumerate(rows.texts) if len(text) > characters]
    if not long:
        return rows, None
    finding = _finding(rows, long, "long_text", f"cut to {characters} characters", most=most)
    return replace(rows, texts=[text[:characters] for text in rows.texts]), finding


def drop_overlap(rows: Labelled, test_texts: Iterable[str], *, most: int) -> Outcome:
    """Training rows whose text stands in the test file, up to case and punctuation."""
    held_out = {loose_key(text) for text in test_texts}
    bad = [i for i, text in enumerate(rows.texts) if loose_key(text) in held_out]
    action = "removed from train, test untouched"
    return _without(rows, bad, "also_in_test", action, most=most)


def settle_conflicts(rows: Labelled, *, most: int) -> tuple[Labelled, list[Finding | None]]:
    """The same text with several labels: the majority's rows stay; no majority, none stay."""
    found = conflicts(_groups(rows), _ids(rows.labels))
    lost, tied = found.lost.tolist(), found.tied.tolist()
    findings = [
        _finding(rows, lost, "conflicting_label", _MAJORITY, most=most),
        _finding(rows, tied, "tied_conflicting_label", _TIED, most=most),
    ]
    return _rest(rows, [*lost, *tied]), findings


_MAJORITY = "dropped; the rows with the majority label of the same text kept"
_TIED = "dropped; the same text has other labels as often"


def collapse_duplicates(rows: Labelled, *, most: int) -> Outcome:
    """Exact duplicates after their first row (labels agree by now)."""
    first = representatives(_groups(rows))
    bad = np.flatnonzero(first != np.arange(len(first))).tolist()
    return _without(rows, bad, "exact_duplicate", "dropped; the first row of each kept", most=most)


def _groups(rows: Labelled) -> IntArray:
    return _ids([exact_key(text) for text in rows.texts])


def _ids(values: Sequence[str]) -> IntArray:
    ids: dict[str, int] = {}
    return np.array([ids.setdefault(value, len(ids)) for value in values], dtype=np.int64)


def small_classes(rows: Labelled, *, most: int) -> Finding | None:
    """Classes with a single row: they can be trained on but neither tuned nor certified."""
    counts = Counter(rows.labels)
    single = [i for i, label in enumerate(rows.labels) if counts[label] == 1]
    return _finding(rows, single, "single_row_class", "kept for training only", most=most)


def drop_unknown_classes(rows: Labelled, classes: Sequence[str], *, most: int) -> Outcome:
    """Test rows of classes without a training row; no model could answer them."""
    known = frozenset(classes)
    bad = [i for i, label in enumerate(rows.labels) if label not in known]
    action = "dropped; accuracy is over the classes of the training file"
    return _without(rows, bad, "class_not_in_train", action, most=most)


def _without(rows: Labelled, bad: list[int], rule: str, action: str, *, most: int) -> Outcome:
    return _rest(rows, bad), _finding(rows, bad, rule, action, most=most)


def _rest(rows: Labelled, bad: list[int]) -> Labelled:
    if not bad:
        return rows
    dropped = frozenset(bad)
    return rows.take([i for i in range(len(rows.texts)) if i not in dropped])


def _finding(
    rows: Labelled, touched: list[int], rule: str, action: str, *, most: int
) -> Finding | None:
    if not touched:
        return None
    shown = [example(int(rows.lines[i]), rows.texts[i], rows.labels[i]) for i in touched[:most]]
    return Finding(rule, len(touched), action, tuple(shown))
