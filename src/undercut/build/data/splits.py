"""Train, tune and certify: what selects never certifies, what certifies never trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.findings import Finding, example
from undercut.build.data.keys import loose_key
from undercut.core.dataset import Dataset, IntArray
from undercut.core.errors import ConfigError, InputError

TRAIN, TUNE, CERTIFY = 0, 1, 2
_NAMES = {TUNE: "tune", CERTIFY: "certify"}
# A small file lends a larger share, up to these, so that its certificate is not empty words.
_TUNE_SHARE_MOST, _CERTIFY_SHARE_MOST = 0.15, 0.25
_EXAMPLES = 5
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConfig:
    """How many rows are kept from training.

    The wanted rows of a part are its fraction of all rows, raised to `_rows_least` where that is
    at most 15% (tune) or 25% (certify) of the rows, and never above `_rows_most`.
    """

    seed: int = 0
    tune_fraction: float = 0.08
    certify_fraction: float = 0.20
    tune_rows_least: int = 50
    certify_rows_least: int = 150
    tune_rows_most: int = 5_000
    certify_rows_most: int = 10_000

    def __post_init__(self) -> None:
        fractions = (self.tune_fraction, self.certify_fraction)
        if min(fractions) <= 0 or sum(fractions) > 0.8:
            raise ConfigError(
                "tune_fraction and certify_fraction must be above 0 and at most 0.8 together, "
                f"got {self.tune_fraction} and {self.certify_fraction}",
                hint="0.08 and 0.20",
            )
        if self.seed < 0 or min(self.tune_rows_most, self.certify_rows_most) < 1:
            raise ConfigError(
                "seed must be 0 or more, tune_rows_most and certify_rows_most 1 or more"
            )

    def wanted(self, rows: int) -> tuple[int, int]:
        """Rows wanted for tune and for certify."""
        tune = max(self.tune_fraction * rows, min(self.tune_rows_least, _TUNE_SHARE_MOST * rows))
        certify = max(
            self.certify_fraction * rows,
            min(self.certify_rows_least, _CERTIFY_SHARE_MOST * rows),
        )
        return (
            round(min(tune, self.tune_rows_most)),
            round(min(certify, self.certify_rows_most)),
        )


@dataclass(frozen=True, slots=True)
class Splits:
    """Row positions of each part, int64, ascending; disjoint, together every row that may train."""

    train: IntArray
    tune: IntArray
    certify: IntArray
    findings: tuple[Finding, ...]


def split(
    dataset: Dataset,
    config: SplitConfig | None = None,
    *,
    groups: IntArray | None = None,
    teaches: BoolArray | None = None,
    judges: BoolArray | None = None,
) -> Splits:
    """Split by class, texts that differ only in case and punctuation together.

    groups: (rows,) int64, rows of one group stand together too, such as near-duplicates.
    teaches: (rows,) False where a row may judge and not train: it is drawn like the others, and
    left out of train. None: all may train.
    judges: (rows,) False where a row is no random one of its kind and may train only. The parts
    are as large as of all rows, as far as the others reach. None: all may judge.

    Systematic sampling over the groups of such texts, sorted by class with random order inside and
    a random start: every group has the same chance of each part, and each class its share within
    one group, so accuracy on certify estimates accuracy on the file without weights. Exceptions,
    all reported: a class keeps at least one group for train before it lends any to certify, then
    tune; a group larger than a tenth of tune goes to train.
    Same dataset and seed, same parts. Raises InputError where tune or certify would be empty.
    Source: systematic sampling, Cochran, Sampling Techniques (1977), chapter 8.
    """
    config = config or SplitConfig()
    groups = _together(group_rows(dataset.texts), groups)
    sizes = np.bincount(groups)
    first_rows = np.unique(groups, return_index=True)[1]
    group_classes = dataset.labels[first_rows]
    rng = np.random.default_rng(config.seed)
    tune_rows, certify_rows = config.wanted(len(dataset))
    small = sizes <= max(10, tune_rows // 10)
    sample = np.ones(len(sizes), dtype=bool)
    if judges is not None:
        sample[groups[~judges]] = False
        tune_rows, certify_rows = _within(tune_rows, certify_rows, int(sizes[sample].sum()))
    lending = small & sample & (np.bincount(group_classes)[group_classes] > 1)
    rows_to_lend = int(sizes[sample].sum())
    order = _by_class(group_classes, rng)
    parts = np.full(len(sizes), TRAIN)
    for part, wanted, rows in (
        (CERTIFY, certify_rows, rows_to_lend),
        (TUNE, tune_rows, max(rows_to_lend - certify_rows, 1)),
    ):
        free = order[lending[order] & (parts[order] == TRAIN)]
        parts[free[_every(len(free), wanted / rows, rng)]] = part
    taught = np.ones(len(dataset), dtype=bool) if teaches is None else teaches
    _leave_one_for_train(parts, groups[taught], dataset.labels[taught])
    _trim(parts, sizes, CERTIFY, config.certify_rows_most, rng)
    _trim(parts, sizes, TUNE, config.tune_rows_most, rng)
    row_parts = parts[groups]
    train, tune, certify = (np.flatnonzero(row_parts == p) for p in (TRAIN, TUNE, CERTIFY))
    train = train[taught[train]]
    if not len(tune) or not len(certify):
        raise InputError(
            f"{len(dataset)} rows in {len(dataset.classes)} classes are too few to keep some of "
            "them from training",
            file=dataset.source,
            hint="label more rows of each class",
        )
    return Splits(train, tune, certify, _findings(dataset, row_parts, groups, sizes, small))


def group_rows(texts: Sequence[str]) -> IntArray:
    """(rows,) group ids, in order of first appearance, the same for texts with one loose key."""
    ids: dict[str, int] = {}
    return np.array([ids.setdefault(loose_key(text), len(ids)) for text in texts], dtype=np.int64)


def _together(one: IntArray, other: IntArray | None) -> IntArray:
    """(rows,) ids, in order of first appearance, of rows that a chain of either grouping joins."""
    if other is None:
        return one
    ids = np.unique(other, return_inverse=True)[1]
    head = np.arange(len(one))
    while True:
        before = head
        for grouping in (one, ids):
            least = np.full(int(grouping.max()) + 1, len(one))
            np.minimum.at(least, grouping, head)
            head = least[grouping]
        if (head == before).all():
            return np.asarray(np.unique(head, return_inverse=True)[1])


def _within(tune: int, certify: int, rows: int) -> tuple[int, int]:
    """Both parts, in their proportion, no larger together than the rows there are."""
    most = min(1.0, rows / max(tune + certify, 1))
    return int(tune * most), int(certify * most)


def _by_class(group_classes: IntArray, rng: np.random.Generator) -> IntArray:
    """Groups sorted by class; classes and the groups inside them in random order."""
    shuffled = rng.permutation(len(group_classes))
    rank = rng.permutation(int(group_classes.max()) + 1)
    ordered: IntArray = shuffled[np.argsort(rank[group_classes[shuffled]], kind="stable")]
    return ordered


def _every(count: int, fraction: float, rng: np.random.Generator) -> BoolArray:
    """A mask that picks evenly spaced positions, each with probability `fraction`."""
    steps = np.floor(np.arange(count + 1) * fraction + rng.random())
    picked: BoolArray = np.diff(steps) > 0
    return picked


def _leave_one_for_train(parts: IntArray, groups: IntArray, labels: IntArray) -> None:
    """Give a group back, from tune first, to each class that lent all it has."""
    trained = np.unique(labels[parts[groups] == TRAIN])
    for name in np.setdiff1d(labels, trained):
        if (parts[groups[labels == name]] == TRAIN).any():
            continue  # came back with another class of its group
        held = np.unique(groups[labels == name])
        parts[held[np.argmin(parts[held])]] = TRAIN  # TUNE < CERTIFY


def _trim(parts: IntArray, sizes: IntArray, part: int, most: int, rng: np.random.Generator) -> None:
    """Give random groups back to train until the part is within its cap."""
    groups = rng.permutation(np.flatnonzero(parts == part))
    over = np.cumsum(sizes[groups]) > most
    parts[groups[over]] = TRAIN


def _findings(
    dataset: Dataset, row_parts: IntArray, groups: IntArray, sizes: IntArray, small: BoolArray
) -> tuple[Finding, ...]:
    found = [_class_finding(dataset, row_parts, part) for part in (CERTIFY, TUNE)]
    together = np.flatnonzero(sizes[groups] > 1)
    found.append(_row_finding(dataset, together, "near_duplicate", "kept together in one part"))
    large = np.flatnonzero(~small[groups])
    found.append(_row_finding(dataset, large, "large_group", "used for training only"))
    return tuple(finding for finding in found if finding is not None)


def _class_finding(dataset: Dataset, row_parts: IntArray, part: int) -> Finding | None:
    present = np.unique(dataset.labels[row_parts == part])
    missing = np.flatnonzero(~np.isin(dataset.labels, present))
    name = _NAMES[part]
    action = f"too few rows of their classes for {name}; used in the other parts"
    return _row_finding(dataset, missing, f"class_not_in_{name}", action)


def _row_finding(dataset: Dataset, rows: IntArray, rule: str, action: str) -> Finding | None:
    if not len(rows):
        return None
    shown = tuple(
        example(int(dataset.lines[i]), dataset.texts[i], dataset.classes[dataset.labels[i]])
        for i in rows[:_EXAMPLES]
    )
    return Finding(rule, len(rows), action, shown)
