"""Near-duplicates over all sources: leaks into the test source, groups, and who stands for whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.result import NearDuplicates
from undercut.build.data.steps import Reason
from undercut.core.dataset import FloatArray, IntArray
from undercut.runs.arrays import load_arrays, save_arrays
from undercut.runs.cleaning.config import CleanConfig
from undercut.runs.cleaning.config import NearDuplicates as NearMode
from undercut.runs.cleaning.connected import components
from undercut.runs.cleaning.parts import live_rows
from undercut.runs.cleaning.rows import Rows
from undercut.runs.cleaning.verdicts import Why, places, write_verdicts
from undercut.runs.cleaning.workers import Finder, Workers
from undercut.runs.stages import Stages

BoolArray = NDArray[np.bool_]
VERSION = "2"
ARRAYS = "groups.safetensors"


@dataclass(frozen=True, slots=True)
class Groups:
    """Which live rows of the result say nearly the same.

    rows: (n,) ascending row numbers of the run; group: (n,) the smallest row number of those a
    chain of near-duplicates connects it with, its own where it is alone.
    """

    rows: IntArray
    group: IntArray

    def of(self, rows: IntArray) -> IntArray:
        """The groups of some of the rows."""
        return np.asarray(self.group[np.searchsorted(self.rows, rows)])


@dataclass(frozen=True, slots=True)
class Seen:
    """What was compared: numbers and label ids of all live rows, those of the test source last."""

    rows: IntArray
    labels: IntArray
    kept: int


def settle_near_duplicates(
    stages: Stages, rows: Rows, config: CleanConfig, workers: Workers
) -> tuple[Rows, Groups]:
    """Rows near a test text go; near-duplicates are grouped, or dropped where nothing tells them
    apart from the row that stands for them.
    """
    settings = {"mode": config.near_duplicates, "threshold": config.near_threshold}

    def build(folder: Path) -> None:
        _build(folder, stages, rows, config, workers)

    made = stages.run(
        "near_duplicates",
        "near-duplicates",
        build,
        version=VERSION,
        config=settings,
        inputs=rows.inputs(),
    )
    arrays = load_arrays(made.path / ARRAYS)
    return rows.after("near_duplicates", made), Groups(arrays["rows"], arrays["group"])


def near_config(config: CleanConfig) -> NearDuplicateConfig:
    """How near is near."""
    threshold = config.near_threshold
    default = NearDuplicateConfig()
    return NearDuplicateConfig(
        threshold=threshold, chain_threshold=min(default.chain_threshold, threshold)
    )


def _build(folder: Path, stages: Stages, rows: Rows, config: CleanConfig, workers: Workers) -> None:
    finder = workers.finder(near_config(config))
    seen = read_live(None if config.near_duplicates == "off" else finder, stages, rows)
    if config.near_duplicates == "off":
        alone = seen.rows[: seen.kept]
        save_arrays(folder / ARRAYS, {"rows": alone, "group": alone})
        write_verdicts(folder, rows, np.zeros(0, np.int64), lambda _: Reason("", ""))
        return
    leave_groups(folder, rows, seen, finder.groups(), config.near_duplicates)


def leave_groups(
    folder: Path,
    rows: Rows,
    seen: Seen,
    found: NearDuplicates,
    mode: NearMode,
    *,
    before: Groups | None = None,
    how: str = "near",
) -> None:
    """Leave who goes, and the groups of who stays, in a stage's folder.

    before: groups of an earlier step, whose members stay together. how: what the rules are called.
    """
    leaked, near_test, likeness = _leaks(found, seen)
    dropped = _dropped(found, seen, leaked, mode)
    rejected, why = _reasons(rows, seen, found, leaked, near_test, likeness, dropped, how)
    write_verdicts(folder, rows, rejected, why)
    gone = leaked | dropped
    kept_rows = seen.rows[: seen.kept]
    joined = None if before is None else np.unique(before.of(kept_rows), return_inverse=True)[1]
    group = components(found, seen.kept, joined)
    alive = np.flatnonzero(~gone)
    # Named by the first row that is still there.
    first = np.full(seen.kept, seen.kept)
    np.minimum.at(first, group[alive], alive)
    arrays = {"rows": seen.rows[alive], "group": seen.rows[first[group[alive]]]}
    save_arrays(folder / ARRAYS, arrays)


def read_live(finder: Finder | None, stages: Stages, rows: Rows) -> Seen:
    """Hand all live texts to a finder; their rows and labels."""
    parts = (*rows.parts, *rows.test_parts)
    numbers, labels, codes, kept = [], [], dict[str | None, int](), 0
    for i, part in enumerate(parts):
        batch = live_rows(part)
        if finder is not None:
            finder.add(batch.texts)
        numbers.append(batch.rows)
        labels += [codes.setdefault(label, len(codes)) for label in batch.labels]
        kept += len(batch) if i < len(rows.parts) else 0
        stages.tick(0.8 * (i + 1) / len(parts), f"{len(labels):,} texts")
    none = codes.get(None)
    ids = np.array(labels, dtype=np.int64)
    ids[ids == (-2 if none is None else none)] = -1
    return Seen(np.concatenate(numbers) if numbers else ids, ids, kept)


def _leaks(found: NearDuplicates, seen: Seen) -> tuple[BoolArray, IntArray, FloatArray]:
    """(kept,) whether a row is near a test text, which one (position), and how near."""
    total, kept = len(seen.rows), seen.kept
    # The first test row of each text, by the first row of that text.
    test_of = np.full(total, -1)
    test = np.arange(kept, total)[::-1]
    test_of[found.exact[test]] = test
    nearest, similarity = np.full(total, -1), np.zeros(total, np.float32)
    left, right, alike = found.pairs.left, found.pairs.right, found.pairs.similarity
    for a, b in ((left, right), (right, left)):
        hit = np.flatnonzero(test_of[b] >= 0)
        for i in hit[np.argsort(alike[hit], kind="stable")].tolist():
            if alike[i] >= similarity[a[i]]:
                nearest[a[i]], similarity[a[i]] = test_of[b[i]], alike[i]
    same = test_of >= 0
    nearest[same], similarity[same] = test_of[same], 1.0
    own = found.exact[:kept]
    return nearest[own] >= 0, nearest[own], similarity[own]


def _dropped(found: NearDuplicates, seen: Seen, leaked: BoolArray, mode: NearMode) -> BoolArray:
    """(kept,) rows another one stands for: the same label, or none on both sides."""
    kept = seen.kept
    result = np.zeros(kept, dtype=bool)
    if mode == "group":
        return result
    head = found.representative[:kept]
    member = np.flatnonzero((head != np.arange(kept)) & (head < kept) & ~leaked)
    member = member[~leaked[head[member]]]
    ours, theirs = seen.labels[member], seen.labels[head[member]]
    alike = ours == theirs if mode == "drop" else (ours < 0) & (theirs < 0)
    result[member[alike]] = True
    return result


def _reasons(
    rows: Rows,
    seen: Seen,
    found: NearDuplicates,
    leaked: BoolArray,
    near_test: IntArray,
    likeness: FloatArray,
    dropped: BoolArray,
    how: str,
) -> tuple[IntArray, Why]:
    bad = np.flatnonzero(leaked | dropped)
    where = places(rows.test_parts, seen.rows[near_test[np.flatnonzero(leaked)]])

    def why(i: int) -> Reason:
        at = bad[i]
        if leaked[at]:
            place = where[int(seen.rows[near_test[at]])]
            return Reason(
                f"{how}_test", f"similarity {likeness[at]:.2f} to the test source's {place}"
            )
        head = int(seen.rows[found.representative[at]])
        alike = found.similarity[at]
        return Reason(f"{how}_duplicate", f"similarity {alike:.2f} to row {head}, which is kept")

    return seen.rows[bad], why
