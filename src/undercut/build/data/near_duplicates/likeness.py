"""How alike two distinct texts are, in whichever way both can be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.build.data.near_duplicates.config import NearDuplicateConfig
from undercut.build.data.near_duplicates.ragged import HashSets
from undercut.build.data.near_duplicates.similarity import overlap
from undercut.build.data.near_duplicates.sketch import Grain
from undercut.core.dataset import FloatArray, IntArray
from undercut.models.threads import map_blocks

_PAIRS_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class View:
    """Distinct texts seen through one grain; at: (distinct,) row of its sets, -1 where none."""

    grain: Grain
    at: IntArray

    @property
    def sets(self) -> HashSets:
        return self.grain.sets


def view(grain: Grain, first: IntArray, *, rows: int) -> View:
    """first: (distinct,) the row each distinct text is first met at, of `rows` rows."""
    place = np.full(rows, -1, dtype=np.int64)
    place[grain.rows] = np.arange(len(grain.rows))
    return View(grain, place[first])


def likeness_of(config: NearDuplicateConfig, *, threads: int) -> Likeness:
    """The similarity that a config means."""
    return Likeness(
        agreement=config.agreement,
        long_agreement=config.long_agreement,
        few_missing=config.few_missing,
        contained=config.containment,
        threads=threads,
    )


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Similarity of pairs of distinct texts.

    agreement: where a smaller share of the smaller set lies in the larger, the similarity is 0;
    long_agreement: the same where more than few_missing shingles of the smaller set do not.
    contained: where at least this share does, that share is the similarity; None for Jaccard's.
    """

    agreement: float
    long_agreement: float
    few_missing: int
    contained: float | None
    threads: int

    def among(self, views: tuple[View, ...], left: IntArray, right: IntArray) -> FloatArray:
        """(pairs,) the largest similarity that a view gives; 0 where none holds both."""
        best = np.zeros(len(left), dtype=np.float32)
        for each in views:
            a, b = each.at[left], each.at[right]
            both = np.flatnonzero((a >= 0) & (b >= 0))
            best[both] = np.maximum(best[both], self.of_sets(each.sets, a[both], b[both]))
        return best

    def of_sets(self, sets: HashSets, left: IntArray, right: IntArray) -> FloatArray:
        """(pairs,) similarity of rows of `sets`."""

        def measure(start: int) -> FloatArray:
            part = slice(start, start + _PAIRS_AT_ONCE)
            sizes = overlap(sets, left[part], right[part])
            share = sizes.containment()
            few = np.minimum(sizes.left, sizes.right) - sizes.shared <= self.few_missing
            agrees = (share >= self.long_agreement) | (few & (share >= self.agreement))
            similarity = np.where(agrees, sizes.jaccard(), np.float32(0))
            if self.contained is None:
                return similarity
            return np.where(share >= self.contained, share, similarity)

        blocks = range(0, len(left), _PAIRS_AT_ONCE)
        found = map_blocks(measure, blocks, threads=self.threads)
        return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)
